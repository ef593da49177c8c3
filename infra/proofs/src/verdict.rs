//! What was found: how much was proved, which promises hold, and what is off.

use super::proof::{CHAINS, Count, Definition, JOURNALS, LINES, Promise, READ, SUM_ZERO, Shown, Sum};
use shared::money::Asset;
use std::collections::{BTreeMap, BTreeSet};

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Items that were read, of all tables; those that only repeat a refusal are among them.
    pub items: u64,
    /// Items, or ends of tables, that could not be read.
    pub unreadable: u64,
    pub faults: Vec<Fault>,
    pub faults_unnamed: u64,
    shows: Vec<Shown>,
    promises: Vec<Promise>,
    counts: BTreeMap<&'static str, u64>,
    sums: BTreeMap<(&'static str, Asset), i64>,
    broken: BTreeSet<&'static str>,
}

impl Verdict {
    /// Of nothing, by these proofs: every promise holds.
    pub fn of_nothing(proofs: &[&'static Definition]) -> Self {
        let own = [Shown::Count(JOURNALS), Shown::Count(LINES)];
        let shows = own.into_iter().chain(proofs.iter().flat_map(|proof| proof.shows).copied()).collect();
        let own = [READ, SUM_ZERO, CHAINS];
        let promises = own.into_iter().chain(proofs.iter().flat_map(|proof| proof.promises).copied()).collect();
        Self { shows, promises, ..Self::default() }
    }

    /// How many there are.
    pub fn count(&self, of: Count) -> u64 {
        self.counts.get(of.key).copied().unwrap_or_default()
    }

    /// What it comes to in `asset`, in minor units.
    pub fn sum(&self, of: Sum, asset: Asset) -> i64 {
        self.sums.get(&(of.0, asset)).copied().unwrap_or_default()
    }

    pub fn holds(&self, promise: Promise) -> bool {
        !self.broken.contains(promise.key)
    }

    /// Whether every promise holds for everything that is stored. What is under way is no fault; what has been under way for longer than
    /// it ever takes is.
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty() && self.faults.is_empty()
    }

    /// Whether there was nothing, and so nothing was proved.
    pub fn is_empty(&self) -> bool {
        self.items == 0 && self.is_clean()
    }

    /// What is shown of it, in order.
    pub fn shows(&self) -> &[Shown] {
        &self.shows
    }

    /// What was to be proved, in order.
    pub fn promises(&self) -> &[Promise] {
        &self.promises
    }

    pub fn add(&mut self, of: Count, number: u64) {
        let count = self.counts.entry(of.key).or_default();
        *count = count.saturating_add(number);
    }

    /// Right records are far away from the end of an i64; wrong ones must not end the proof.
    pub fn add_sum(&mut self, of: Sum, asset: Asset, minor: i64) {
        let sum = self.sums.entry((of.0, asset)).or_default();
        *sum = sum.saturating_add(minor);
    }

    pub fn breaks(&mut self, promise: Promise) {
        self.broken.insert(promise.key);
        if promise == READ {
            // What was not read is on neither side, so no sum is proved.
            self.broken.insert(SUM_ZERO.key);
        }
    }

    /// Keeps only the faults that `stays` holds of.
    pub(super) fn retain_faults(&mut self, stays: impl Fn(&Fault) -> bool) {
        self.faults.retain(stays);
        self.broken.clear();
        for promise in self.faults.iter().map(|fault| fault.promise).collect::<Vec<_>>() {
            self.breaks(promise);
        }
    }
}

/// Something that is off.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fault {
    pub(super) promise: Promise,
    pub(super) what: String,
}

impl Fault {
    /// Whether its words have these.
    pub fn contains(&self, words: &str) -> bool {
        self.what.contains(words)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}
