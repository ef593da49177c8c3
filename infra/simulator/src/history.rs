//! What happened, in order: hashed, and shown when somebody asks. The same seed of the same code has the same history, in any process.
//! What differs between two runs and means nothing is left out: the order in which a map is written.

use jiff::Timestamp;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// The events of one seed.
pub struct History {
    inner: Mutex<Inner>,
    shows: bool,
}

#[derive(Default)]
struct Inner {
    hasher: DefaultHasher,
    events: u64,
    shown: Vec<String>,
}

impl History {
    /// With `shows` every event is kept as a line.
    pub fn new(shows: bool) -> Self {
        Self { inner: Mutex::default(), shows }
    }

    /// Notes an event: `what` is what its hash is of, and `text` is what is shown.
    pub fn note(&self, at: Timestamp, what: impl Hash, text: impl FnOnce() -> String) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        (at.as_millisecond(), what).hash(&mut inner.hasher);
        inner.events += 1;
        if self.shows {
            inner.shown.push(format!("{at:.3}  {}", text()));
        }
    }

    /// The hash of everything so far.
    pub fn hash(&self) -> u64 {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).hasher.finish()
    }

    pub fn events(&self) -> u64 {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).events
    }

    /// The lines that were kept.
    pub fn take_shown(&self) -> Vec<String> {
        std::mem::take(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner).shown)
    }
}

/// A digest of bytes in any order: maps are written in the order of their hashing, which differs from run to run.
pub fn digest(bytes: &[u8]) -> u64 {
    let sum = |sum: u64, byte: &u8| {
        let byte = u64::from(*byte);
        sum.wrapping_add(byte.wrapping_mul(byte).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ byte << 7)
    };
    bytes.iter().fold(bytes.len() as u64, sum)
}
