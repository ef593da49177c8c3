//! Whether anything happened between two looks. "Idle" is a statement about queues and streams at one moment, but they can only be
//! looked at one after the other; if nothing happened meanwhile the looks agree.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Counts what happens in queues and streams.
#[derive(Debug, Default)]
pub struct Activity(AtomicU64);

impl Activity {
    pub fn happened(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    pub fn count(&self) -> u64 {
        self.0.load(SeqCst)
    }
}
