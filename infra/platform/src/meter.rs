//! What one invocation used. Capacity is counted as DynamoDB reports it, and a canceled transaction as if it had been applied: AWS bills
//! it.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Counters of one invocation. Units are kept in tenths: half units exist.
#[derive(Debug, Default)]
pub struct Meter {
    calls: AtomicU32,
    dynamodb_calls: AtomicU32,
    write_tenths: AtomicU32,
    read_tenths: AtomicU32,
    rounds: AtomicU32,
    check_calls: AtomicU32,
    check_read_tenths: AtomicU32,
}

impl Meter {
    pub fn count_call(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    /// Counts a decision: one a mutation, more where others changed what it had read.
    pub(crate) fn count_round(&self) {
        self.rounds.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_dynamodb(&self, read_units: f64, write_units: f64) {
        self.calls.fetch_add(1, Relaxed);
        self.dynamodb_calls.fetch_add(1, Relaxed);
        self.read_tenths.fetch_add(tenths(read_units), Relaxed);
        self.write_tenths.fetch_add(tenths(write_units), Relaxed);
    }

    /// Counts a call of the check of the caller: apart, because a copy often spares it.
    pub(crate) fn count_check(&self, read_units: f64) {
        self.calls.fetch_add(1, Relaxed);
        self.check_calls.fetch_add(1, Relaxed);
        self.check_read_tenths.fetch_add(tenths(read_units), Relaxed);
    }

    pub fn usage(&self) -> Usage {
        Usage {
            dynamodb_calls: self.dynamodb_calls.load(Relaxed),
            calls: self.calls.load(Relaxed),
            wru: f64::from(self.write_tenths.load(Relaxed)) / 10.0,
            rru: f64::from(self.read_tenths.load(Relaxed)) / 10.0,
            rounds: self.rounds.load(Relaxed),
            check_calls: self.check_calls.load(Relaxed),
            check_rru: f64::from(self.check_read_tenths.load(Relaxed)) / 10.0,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "units are small and never negative")]
fn tenths(units: f64) -> u32 {
    (units * 10.0).round() as u32
}

/// What an invocation used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Calls of DynamoDB by the handler.
    pub dynamodb_calls: u32,
    /// Calls of every AWS service.
    pub calls: u32,
    /// Write request units.
    pub wru: f64,
    /// Read request units.
    pub rru: f64,
    /// Decisions: one a mutation, more where others changed what it had read.
    pub rounds: u32,
    /// DynamoDB calls of the check of the caller, which are not among `dynamodb_calls`.
    pub check_calls: u32,
    /// The read request units of that check, which are not among `rru`.
    pub check_rru: f64,
}
