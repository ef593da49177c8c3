//! Many seeds, one after another on each of a few threads.

use super::registry::Registry;
use super::run::{Outcome, Seed, SimulationError, run};
use super::size::Size;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// How many violations are kept one by one.
const KEPT_MAX: usize = 20;

/// Which seeds.
#[derive(Debug, Clone)]
pub struct Seeds {
    pub from: u64,
    pub count: u64,
    pub size: Size,
    pub threads: usize,
    /// Whether the first violation ends it.
    pub until_first: bool,
}

/// What came of them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    pub seeds: u64,
    pub operations: u64,
    pub faults: u64,
    /// Seeds that broke a promise.
    pub violations: u64,
    pub seeds_per_s: f64,
    pub slowest_seed: u64,
    pub slowest_seed_ms: u64,
    /// The fewest of any seed.
    pub operations_min: u64,
    pub faults_min: u64,
    pub faults_by_kind: BTreeMap<super::fault::Fault, u64>,
    /// The hash of all histories together, in the order of the seeds.
    pub history: String,
    /// The first that broke a promise.
    pub broken: Vec<Outcome>,
}

/// Runs them, and calls `done` after each.
pub fn run_all(registry: Registry, seeds: &Seeds, done: &(dyn Fn() + Sync)) -> Result<Summary, SimulationError> {
    let next = AtomicU64::new(seeds.from);
    let end = seeds.from + seeds.count;
    let summary = Mutex::new(Summary { operations_min: u64::MAX, faults_min: u64::MAX, ..Summary::default() });
    let hash = AtomicU64::new(0);
    let started = Instant::now();
    let work = || -> Result<(), SimulationError> {
        loop {
            let number = next.fetch_add(1, Relaxed);
            if number >= end {
                return Ok(());
            }
            let began = Instant::now();
            let seed = Seed { number, size: seeds.size, without: Vec::new(), shows: false };
            let outcome = run(registry, &seed)?;
            let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            // In any order: threads end when they end.
            hash.fetch_add(outcome.hash.wrapping_mul(number | 1), Relaxed);
            if !outcome.violations.is_empty() && seeds.until_first {
                next.store(end, Relaxed);
            }
            add(&mut summary.lock().unwrap_or_else(PoisonError::into_inner), outcome, took);
            done();
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..seeds.threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.history = format!("{:016x}", hash.load(Relaxed));
    summary.broken.sort_by_key(|outcome| outcome.seed);
    #[expect(clippy::cast_precision_loss, reason = "a count of seeds")]
    let rate = summary.seeds as f64 / started.elapsed().as_secs_f64();
    summary.seeds_per_s = (rate * 10.0).round() / 10.0;
    Ok(summary)
}

fn add(summary: &mut Summary, outcome: Outcome, took: u64) {
    summary.seeds += 1;
    summary.operations += outcome.operations;
    summary.faults += outcome.fault_count();
    summary.operations_min = summary.operations_min.min(outcome.operations);
    summary.faults_min = summary.faults_min.min(outcome.fault_count());
    for (fault, count) in &outcome.faults {
        *summary.faults_by_kind.entry(*fault).or_default() += count;
    }
    if took >= summary.slowest_seed_ms {
        (summary.slowest_seed, summary.slowest_seed_ms) = (outcome.seed, took);
    }
    if !outcome.violations.is_empty() {
        summary.violations += 1;
        if summary.broken.len() < KEPT_MAX {
            summary.broken.push(outcome);
        }
    }
}
