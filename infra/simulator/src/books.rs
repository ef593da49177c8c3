//! The reference model: a plain ledger in memory. It knows who has how much of what, and by which operations. It shares no code with any
//! domain.

use std::collections::{BTreeMap, BTreeSet};

/// Who has what, as it must be in the end.
#[derive(Debug, Default)]
pub struct Books {
    /// By person and asset, in minor units.
    balances: BTreeMap<(String, String), i64>,
    /// Each operation counts once.
    operations: BTreeSet<(String, String, String)>,
    lines: BTreeMap<String, u64>,
}

impl Books {
    /// Notes that `operation` moves `minor` of `asset` into the wallet of `person`, or out of it. The same again changes nothing.
    pub fn post(&mut self, person: &str, operation: &str, asset: &str, minor: i64) {
        if self.operations.insert((person.to_owned(), operation.to_owned(), asset.to_owned())) {
            *self.balances.entry((person.to_owned(), asset.to_owned())).or_default() += minor;
            *self.lines.entry(person.to_owned()).or_default() += 1;
        }
    }

    pub fn balance(&self, person: &str, asset: &str) -> i64 {
        self.balances.get(&(person.to_owned(), asset.to_owned())).copied().unwrap_or(0)
    }

    pub fn has(&self, person: &str, operation: &str) -> bool {
        self.operations.iter().any(|(whose, what, _)| whose == person && what == operation)
    }

    /// Everybody with a balance that is not zero, or that was.
    pub fn people(&self) -> BTreeSet<String> {
        self.balances.keys().map(|(person, _)| person.clone()).collect()
    }

    /// The balances of `person` that are not zero.
    pub fn of(&self, person: &str) -> BTreeMap<String, i64> {
        let own = self.balances.iter().filter(|((whose, _), minor)| whose == person && **minor != 0);
        own.map(|((_, asset), minor)| (asset.clone(), *minor)).collect()
    }
}
