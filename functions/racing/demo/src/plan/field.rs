//! Chances: how strong each runner is, and from that what a combination would pay if people bet by strength. Whole numbers only, as
//! everywhere near money.

use fastrand::Rng;
use racing_domain::{BetType, RunnerNumber};

/// The pool keeps a quarter, as Japanese pools do.
const PAID_PERCENT: u64 = 75;
const PER_100_MIN: u64 = 100;
const PER_100_MAX: u64 = 500_000;

/// Who starts, and how strong each is.
#[derive(Debug, Clone)]
pub struct Field {
    strengths: Vec<(RunnerNumber, u64)>,
}

impl Field {
    /// `runners` of different strengths; the inner ones are favoured, as in boat racing.
    pub fn new(runners: impl IntoIterator<Item = RunnerNumber>, rng: &mut Rng) -> Self {
        let strength = |number: RunnerNumber| (number, rng.u64(20..=100) * 10 / (10 + u64::from(number)).min(16));
        Self { strengths: runners.into_iter().map(strength).collect() }
    }

    /// All runners in an order of finishing, the strong ones more often in front.
    pub fn finish(&self, rng: &mut Rng) -> Vec<RunnerNumber> {
        let mut left = self.strengths.clone();
        let mut order = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let all: u64 = left.iter().map(|(_, strength)| strength).sum();
            let mut draw = rng.u64(..all);
            let next = left.iter().position(|(_, strength)| {
                let drawn = draw < *strength;
                draw = draw.saturating_sub(*strength);
                drawn
            });
            order.push(left.remove(next.unwrap_or(0)).0);
        }
        order
    }

    /// What the combination of `runners`, or of their brackets, pays per 100, in tens: the shorter the odds the less.
    pub fn per_100(&self, bet_type: BetType, runners: &[RunnerNumber]) -> i64 {
        // Chances in parts per million, by the first runners' strengths alone: close enough to look like a race day.
        let mut left: u64 = self.strengths.iter().map(|(_, strength)| strength).sum();
        let mut chance: u64 = 1_000_000;
        for runner in runners {
            let strength = self.strengths.iter().find(|(number, _)| number == runner).map_or(1, |(_, strength)| *strength);
            chance = chance * strength / left.max(1);
            left = left.saturating_sub(strength).max(1);
        }
        let orders = match bet_type {
            BetType::Win | BetType::Exacta | BetType::Trifecta => 1,
            BetType::Place | BetType::Quinella | BetType::BracketExacta => 2,
            BetType::BracketQuinella => 4,
            BetType::QuinellaPlace | BetType::Trio => 6,
        };
        let fair = PAID_PERCENT * 1_000_000 / (chance * orders).max(1);
        let per_100 = (fair / 10 * 10).clamp(PER_100_MIN, PER_100_MAX);
        i64::try_from(per_100).unwrap_or(100)
    }
}
