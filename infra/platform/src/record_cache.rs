//! Copies of records that one process keeps for a moment, for what many requests read and few change. The reader chooses how old a copy may
//! be. Other code must correct what follows from an old one, as settlement refunds a late slip.

use crate::store::record::{Key, Record};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many copies are kept; beyond it all are dropped, since the oldest are too old anyway.
const COPIES_MAX: usize = 1_000;

/// The copies of a process.
#[derive(Debug, Default)]
pub(crate) struct RecordCache(Mutex<HashMap<Key, (Timestamp, Record)>>);

impl RecordCache {
    pub(crate) fn get(&self, key: &Key, now: Timestamp, age_max: Duration) -> Option<Record> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, record) = records.get(key)?;
        let age = now.duration_since(*read_at);
        (!age.is_negative() && age.unsigned_abs() <= age_max).then(|| record.clone())
    }

    pub(crate) fn put(&self, record: &Record, now: Timestamp) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() >= COPIES_MAX {
            records.clear();
        }
        records.insert(record.key.clone(), (now, record.clone()));
    }
}
