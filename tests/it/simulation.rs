//! The simulation, as every change meets it: a hundred seeds of the commit, every seed that ever broke a promise, and the whole crash
//! matrix. `koban simulate` runs more.

use koban::registry::{SERVICES, SIMULATED};
use simulator::seeds::{Seeds, run_all};
use simulator::{Registry, Seed, Size, command, matrix, reduce};
use std::process::Command;

const SIZE: Size = Size { people: 6, operations: 140 };
const SEEDS: u64 = 100;
const THREADS: usize = 2;
/// What each seed does at least: less would find little.
const OPERATIONS_MIN: u64 = 200;
const FAULTS_MIN: u64 = 20;

/// Seeds that broke a promise once, with what they found. The code that they found it in has changed since, and so has their history; they
/// are run all the same.
const PINNED: &[(u64, &str)] =
    &[(214_950_767_757_342, "a message that was sent by a process that is gone woke no poller, in the simulator alone")];

/// A first seed that is the commit's own, so that each commit looks somewhere else.
fn seed_of_commit() -> u64 {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let commit = Command::new("git").args(["-C", root, "rev-parse", "HEAD"]).output();
    let commit = commit.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let digits = commit.and_then(|commit| String::from_utf8(commit).ok()).unwrap_or_default();
    u64::from_str_radix(digits.get(..12).unwrap_or("1"), 16).expect("a commit's id is hexadecimal")
}

fn seed(number: u64) -> Seed {
    Seed { number, size: SIZE, without: Vec::new(), shows: false }
}

#[test]
fn a_hundred_seeds_of_this_commit_break_no_promise() {
    let seeds = Seeds { from: seed_of_commit(), count: SEEDS, size: SIZE, threads: THREADS, until_first: false };
    let summary = run_all(SIMULATED, &seeds, &|| ()).unwrap();
    assert!(summary.operations_min >= OPERATIONS_MIN && summary.faults_min >= FAULTS_MIN, "{summary:?}");
    if let Some(broken) = summary.broken.first() {
        let (smallest, outcome) = reduce(SIMULATED, &seed(broken.seed)).unwrap().expect("the same seed fails again");
        panic!("{} of {SEEDS} seeds broke a promise: {:?}\n{}", summary.violations, outcome.violations, command(&smallest));
    }
}

#[test]
fn every_seed_that_ever_broke_a_promise_breaks_none_now() {
    for (number, found) in PINNED {
        let outcome = simulator::run(SIMULATED, &seed(*number)).unwrap();
        assert_eq!(outcome.violations, Vec::<String>::new(), "{number}: {found}");
    }
}

#[test]
fn the_same_seed_has_the_same_history_and_another_has_another() {
    let hash = |number| simulator::run(SIMULATED, &seed(number)).unwrap().hash;
    let first = hash(7);
    assert_eq!(first, hash(7));
    assert_ne!(first, hash(8));
}

/// The other version is the same code under other addresses: the place where a real one goes.
#[test]
fn instances_of_two_versions_work_on_the_same_tables() {
    let both = Registry { other_version: Some(SERVICES), ..SIMULATED };
    for number in 1..=5 {
        let outcome = simulator::run(both, &seed(number)).unwrap();
        assert_eq!(outcome.violations, Vec::<String>::new(), "{number}");
    }
}

#[test]
fn every_call_of_every_path_may_fail_in_every_way() {
    let matrix = matrix::play(SIMULATED, None, THREADS, &|_| (), &|| ()).unwrap();
    assert_eq!(matrix.missing, Vec::<String>::new());
    assert_eq!(matrix.exactly_once, matrix.cells, "{:?}", matrix.broken);
    assert!(matrix.cells > 1_000, "{} cells", matrix.cells);
}
