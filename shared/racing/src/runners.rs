//! Runner numbers and sets of them. A race has at most 18 runners, so a set is one integer, and each operation is one instruction.
//! Settlement does such operations for each bet of each slip.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The number a runner wears, from 1 to [`RUNNER_MAX`].
pub type RunnerNumber = u8;

/// The largest number of any runner: horse racing's full gate. Boats have 6, keirin 9, auto 8.
pub const RUNNER_MAX: RunnerNumber = 18;

/// Different runner numbers from 1 to 18, ascending.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<RunnerNumber>", into = "Vec<RunnerNumber>")]
#[schemars(
    with = "Vec<RunnerNumber>",
    extend("maxItems" = RUNNER_MAX, "uniqueItems" = true, "items" = {"type": "integer", "minimum": 1, "maximum": RUNNER_MAX})
)]
pub struct RunnerSet(u32);

impl RunnerSet {
    pub const EMPTY: Self = Self(0);
    /// Every number a runner can have.
    pub const ALL: Self = Self(((1 << RUNNER_MAX) - 1) << 1);

    /// The set of one runner; empty if there is no such number.
    pub const fn of(runner: RunnerNumber) -> Self {
        if runner == 0 || runner > RUNNER_MAX { Self::EMPTY } else { Self(1 << runner) }
    }

    /// Adds `runner`; false if it was in the set already or is no runner's number.
    pub const fn insert(&mut self, runner: RunnerNumber) -> bool {
        let before = self.0;
        self.0 |= Self::of(runner).0;
        self.0 != before
    }

    pub const fn contains(self, runner: RunnerNumber) -> bool {
        self.0 & Self::of(runner).0 != 0
    }

    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// [`Self::is_empty`] as serde's `skip_serializing_if` calls it.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) const fn is_empty_ref(&self) -> bool {
        self.is_empty()
    }

    /// The runners of this set that are not in `other`.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every runner of this set is in `other`.
    pub const fn is_within(self, other: Self) -> bool {
        self.minus(other).is_empty()
    }

    /// The numbers, ascending.
    pub fn iter(self) -> impl Iterator<Item = RunnerNumber> {
        (1..=RUNNER_MAX).filter(move |runner| self.contains(*runner))
    }
}

impl FromIterator<RunnerNumber> for RunnerSet {
    /// Numbers no runner can have are left out; those who must know check first.
    fn from_iter<I: IntoIterator<Item = RunnerNumber>>(runners: I) -> Self {
        runners.into_iter().fold(Self::EMPTY, |set, runner| set.union(Self::of(runner)))
    }
}

impl TryFrom<Vec<RunnerNumber>> for RunnerSet {
    type Error = String;

    fn try_from(runners: Vec<RunnerNumber>) -> Result<Self, String> {
        let mut set = Self::EMPTY;
        match runners.into_iter().find(|runner| !set.insert(*runner)) {
            Some(runner) => Err(format!("{runner} is no runner's number (1 to {RUNNER_MAX}) or occurs here twice")),
            None => Ok(set),
        }
    }
}

impl From<RunnerSet> for Vec<RunnerNumber> {
    fn from(set: RunnerSet) -> Self {
        set.iter().collect()
    }
}

impl std::fmt::Debug for RunnerSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_only_runner_numbers() {
        let numbers: RunnerSet = (0..=255).collect();
        assert_eq!(numbers, RunnerSet::ALL);
        assert_eq!(numbers.iter().collect::<Vec<_>>(), (1..=18).collect::<Vec<_>>());
        assert_eq!(RunnerSet::ALL.len(), u32::from(RUNNER_MAX));
        let mut set = RunnerSet::EMPTY;
        assert!(!set.insert(0) && !set.insert(19) && set.is_empty());
        assert!(set.insert(18) && !set.insert(18) && set.contains(18));
    }

    #[test]
    fn in_json_it_is_a_list() {
        let set: RunnerSet = [5, 2].into_iter().collect();
        assert_eq!(serde_json::to_string(&set).unwrap(), "[2,5]");
        assert_eq!(serde_json::from_str::<RunnerSet>("[5,2]").unwrap(), set);
        for refused in ["[0]", "[19]", "[2,2]"] {
            assert!(serde_json::from_str::<RunnerSet>(refused).is_err(), "{refused}");
        }
    }
}
