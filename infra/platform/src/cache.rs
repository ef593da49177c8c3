//! Copies of what was read that one process keeps for a moment, for what many requests read and few change. The reader chooses how old a
//! copy may be. Other code must correct what follows from an old one, as settlement refunds a late slip.

use jiff::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many copies are kept; beyond it all are dropped, since the oldest are too old anyway.
const COPIES_MAX: usize = 1_000;

/// The copies of a process.
#[derive(Debug)]
pub(crate) struct Cache<K, V>(Mutex<HashMap<K, (Timestamp, V)>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    pub(crate) fn get(&self, key: &K, now: Timestamp, age_max: Duration) -> Option<V> {
        let copies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, value) = copies.get(key)?;
        let age = now.duration_since(*read_at);
        (!age.is_negative() && age.unsigned_abs() <= age_max).then(|| value.clone())
    }

    /// `now` is a time before the value was read.
    pub(crate) fn put(&self, key: K, value: V, now: Timestamp) {
        let mut copies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if copies.len() >= COPIES_MAX {
            copies.clear();
        }
        copies.insert(key, (now, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    const AGE_MAX: Duration = Duration::from_secs(30);

    #[test]
    fn a_copy_is_used_up_to_its_age_and_never_before_it_was_read() {
        let copies = Cache::default();
        let read_at = Timestamp::UNIX_EPOCH + 1.hour();
        copies.put("a", 1, read_at);
        let after = |milliseconds: i64| copies.get(&"a", read_at + milliseconds.milliseconds(), AGE_MAX);
        assert_eq!((after(0), after(30_000)), (Some(1), Some(1)));
        assert_eq!((after(30_001), after(-1)), (None, None));
        assert_eq!(copies.get(&"b", read_at, AGE_MAX), None);
    }

    #[test]
    fn copies_have_a_bound() {
        let copies = Cache::default();
        for number in 0..10 * COPIES_MAX {
            copies.put(number, number, Timestamp::UNIX_EPOCH);
            assert!(copies.0.lock().unwrap().len() <= COPIES_MAX);
        }
    }
}
