//! Makes a failing seed small before it is shown: fewer people, fewer steps, fewer faults, as long as it still fails.

use super::fault::Fault;
use super::registry::Registry;
use super::run::{Outcome, Seed, SimulationError, run};
use super::size::Size;

/// The smallest failing variant of `seed` that was found, and what came of it. None when it does not fail.
pub fn reduce(registry: Registry, seed: &Seed) -> Result<Option<(Seed, Outcome)>, SimulationError> {
    let fails = |seed: &Seed| -> Result<Option<Outcome>, SimulationError> {
        let outcome = run(registry, seed)?;
        Ok((!outcome.violations.is_empty()).then_some(outcome))
    };
    let Some(outcome) = fails(seed)? else { return Ok(None) };
    let mut smallest = (seed.clone(), outcome);
    loop {
        let mut smaller = None;
        for candidate in smaller_than(&smallest.0) {
            if let Some(outcome) = fails(&candidate)? {
                smaller = Some((candidate, outcome));
                break;
            }
        }
        match smaller {
            Some(found) => smallest = found,
            None => return Ok(Some(smallest)),
        }
    }
}

/// Variants with less, the much smaller ones first.
fn smaller_than(seed: &Seed) -> Vec<Seed> {
    let mut smaller = Vec::new();
    let mut sized = |people: u32, operations: u32| {
        let size = Size { people, operations };
        if size != seed.size && people > 0 && operations > 0 {
            smaller.push(Seed { size, ..seed.clone() });
        }
    };
    let Size { people, operations } = seed.size;
    for people in [1, people / 2, people - 1] {
        sized(people, operations);
    }
    for operations in [operations / 4, operations / 2, operations * 9 / 10, operations - 1] {
        sized(people, operations);
    }
    for fault in Fault::ALL {
        if !seed.without.contains(&fault) {
            smaller.push(Seed { without: [&seed.without[..], &[fault]].concat(), ..seed.clone() });
        }
    }
    smaller
}

/// What runs it again and shows everything.
pub fn command(seed: &Seed) -> String {
    let Seed { number, size, without, .. } = seed;
    let without: Vec<_> = without.iter().map(|fault| fault.name()).collect();
    let without = if without.is_empty() { String::new() } else { format!(" --without {}", without.join(",")) };
    format!("koban simulate --seed {number} --people {} --operations {}{without} --trace", size.people, size.operations)
}
