//! Whether anything happened between two looks. "Idle" describes queues and streams at one moment, but they can only be inspected one after
//! the other. If nothing happened meanwhile, the results fit together.

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
