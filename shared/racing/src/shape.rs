//! The common form of every selection: one set of numbers per position, and how orders count. Counting and settling use set operations on
//! this form. So a box of 4,896 combinations costs no more to settle than a single. The numbers are runners', or of a bracket bet
//! brackets'.

use super::{BetType, Combination, RunnerNumber, RunnerSet};
use std::collections::BTreeSet;

/// One to three legs, each a set of numbers; a combination takes a different number from each, or one of `repeats` twice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    legs: [RunnerSet; 3],
    length: usize,
    order: Order,
    /// The brackets that may stand in a combination twice; none where runners are named.
    repeats: RunnerSet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// An ordered bet: the runner of leg i at position i.
    Fixed,
    /// An unordered bet: each set of runners once, whichever way it fills the legs.
    Any,
    /// An ordered bet on all orders of each set of runners that fills the legs.
    Every,
}

impl Shape {
    /// The shape of `legs` for `bet_type`; `None` unless there is one leg for each runner of its combinations.
    pub(super) fn new(bet_type: BetType, legs: impl IntoIterator<Item = RunnerSet>, every_order: bool) -> Option<Self> {
        let mut shape = Self { legs: [RunnerSet::EMPTY; 3], length: 0, order: Order::Any, repeats: RunnerSet::EMPTY };
        for leg in legs {
            *shape.legs.get_mut(shape.length)? = leg;
            shape.length += 1;
        }
        if bet_type.ordered() {
            shape.order = if every_order { Order::Every } else { Order::Fixed };
        }
        (shape.length == bet_type.runners()).then_some(shape)
    }

    /// This shape without the numbers that are not in `allowed`.
    pub(super) fn within(mut self, allowed: RunnerSet) -> Self {
        self.legs = self.legs.map(|leg| leg.intersection(allowed));
        self
    }

    /// This shape with combinations of one bracket twice, of those in `brackets`. Only for types of two brackets.
    pub(super) const fn repeating(mut self, brackets: RunnerSet) -> Self {
        self.repeats = brackets;
        self
    }

    /// How many different combinations there are.
    pub(super) fn count(&self) -> u32 {
        let of_different = match self.order {
            Order::Fixed => count_tuples(self.legs()),
            Order::Any => self.count_sets(),
            Order::Every => self.count_sets() * [1, 1, 2, 6][self.length],
        };
        of_different + self.repeated().len()
    }

    pub(super) fn covers(&self, combination: Combination) -> bool {
        if let Some(bracket) = combination.repeated() {
            return self.repeated().contains(bracket);
        }
        match self.order {
            Order::Fixed => self.legs().iter().zip(combination.numbers()).all(|(leg, number)| leg.contains(*number)),
            Order::Any | Order::Every => fills(combination.set(), self.legs()),
        }
    }

    /// Each combination once, ascending.
    pub(super) fn combinations(&self, bet_type: BetType) -> Vec<Combination> {
        let mut found = BTreeSet::new();
        self.expand(bet_type, self.legs(), &mut Vec::new(), &mut found);
        found.into_iter().collect()
    }

    fn expand(&self, bet_type: BetType, open: &[RunnerSet], taken: &mut Vec<RunnerNumber>, found: &mut BTreeSet<Combination>) {
        if open.is_empty() {
            found.extend(Combination::new(bet_type, taken));
        }
        // With every order, any of the open legs may give the next position; otherwise only the first.
        let choices = if self.order == Order::Every { open.len() } else { open.len().min(1) };
        for choice in 0..choices {
            let mut rest = open.to_vec();
            for runner in rest.remove(choice).iter() {
                if !taken.contains(&runner) || self.repeats.contains(runner) {
                    taken.push(runner);
                    self.expand(bet_type, &rest, taken, found);
                    taken.pop();
                }
            }
        }
    }

    /// The brackets of which a combination of one twice is here: it has one order only.
    fn repeated(&self) -> RunnerSet {
        self.legs[0].intersection(self.legs[1]).intersection(self.repeats)
    }

    fn legs(&self) -> &[RunnerSet] {
        &self.legs[..self.length]
    }

    /// How many sets of runners fill the legs. There are at most 816 sets of three out of eighteen to look at, 20 in a boat race.
    fn count_sets(&self) -> u32 {
        let candidates = self.legs().iter().fold(RunnerSet::EMPTY, |all, leg| all.union(*leg));
        count_sets_from(RunnerSet::EMPTY, candidates, self.length, self.legs())
    }
}

/// How many ways there are to take a different runner from each leg: by inclusion and exclusion, without looking at any.
fn count_tuples(legs: &[RunnerSet]) -> u32 {
    match *legs {
        [a] => a.len(),
        [a, b] => a.len() * b.len() - a.intersection(b).len(),
        [a, b, c] => {
            let (ab, ac, bc) = (a.intersection(b), a.intersection(c), b.intersection(c));
            a.len() * b.len() * c.len() + 2 * ab.intersection(c).len()
                - (ab.len() * c.len() + ac.len() * b.len() + bc.len() * a.len())
        }
        _ => 0,
    }
}

/// How many sets fill the legs that are `chosen` and `missing` more of the candidates.
fn count_sets_from(chosen: RunnerSet, mut candidates: RunnerSet, missing: usize, legs: &[RunnerSet]) -> u32 {
    if missing == 0 {
        return u32::from(fills(chosen, legs));
    }
    let mut count = 0;
    for runner in candidates.iter() {
        candidates = candidates.minus(RunnerSet::of(runner));
        count += count_sets_from(chosen.union(RunnerSet::of(runner)), candidates, missing - 1, legs);
    }
    count
}

/// Whether `runners`, as many as there are legs, can be shared out so that each leg gets one of its own.
fn fills(runners: RunnerSet, legs: &[RunnerSet]) -> bool {
    let Some((leg, others)) = legs.split_first() else { return true };
    leg.intersection(runners).iter().any(|runner| fills(runners.minus(RunnerSet::of(runner)), others))
}
