//! The rules of a race's bets, as plain as they are stated. Dividends are paid for each hundred. Bets on scratched runners and bets of types
//! without dividends go back. It shares no code with the domain.

use fastrand::Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const RUNNERS: u8 = 6;

/// Bet types: the name, how many runners it names, whether their order counts.
const TYPES: [(&str, usize, bool); 4] = [("win", 1, true), ("exacta", 2, true), ("quinella", 2, false), ("trifecta", 3, true)];

/// One bet on one combination.
#[derive(Debug, Clone)]
pub struct Bet {
    kind: usize,
    runners: Vec<u8>,
    pub stake: i64,
}

impl Bet {
    pub fn draw(rng: &mut Rng) -> Self {
        let kind = rng.usize(..TYPES.len());
        // The first runners win often: so that many bets do.
        let mut runners: Vec<u8> = (1..=RUNNERS).collect();
        let among = if rng.bool() { TYPES[kind].1 + 1 } else { runners.len() };
        runners.truncate(among);
        rng.shuffle(&mut runners);
        runners.truncate(TYPES[kind].1);
        Self { kind, runners, stake: rng.i64(1..=20) * 100 }
    }

    pub fn json(&self) -> Value {
        json!({"bet_type": TYPES[self.kind].0, "selection": {"kind": "single", "runners": self.runners}, "stake": self.stake})
    }
}

/// How a race ended.
#[derive(Debug, Clone, Default)]
pub struct Finish {
    /// By bet type and combination, for each hundred.
    dividends: BTreeMap<&'static str, BTreeMap<String, i64>>,
    consolation: BTreeMap<&'static str, i64>,
    scratched: Vec<u8>,
}

impl Finish {
    pub fn draw(rng: &mut Rng) -> Self {
        let mut finish = Self::default();
        if rng.u8(..8) == 0 {
            // The race is void.
            return finish;
        }
        let mut order: Vec<u8> = (1..=RUNNERS).collect();
        if rng.bool() {
            let (first, _) = order.split_at_mut(4);
            rng.shuffle(first);
        } else {
            rng.shuffle(&mut order);
        }
        if rng.u8(..3) == 0 {
            finish.scratched.extend(order.pop());
        }
        for (kind, (name, named, _)) in TYPES.into_iter().enumerate() {
            match rng.u8(..12) {
                0 => {}
                1 => drop(finish.consolation.insert(name, rng.i64(10..100))),
                draw => {
                    let mut winning = BTreeMap::from([(text(kind, &order[..named]), rng.i64(100..5_000))]);
                    if draw == 2 {
                        // A dead heat.
                        order.swap(0, named);
                        winning.insert(text(kind, &order[..named]), rng.i64(100..5_000));
                        order.swap(0, named);
                    }
                    finish.dividends.insert(name, winning);
                }
            }
        }
        finish
    }

    /// As the feed says it.
    pub fn result(&self) -> Value {
        let listed = |winning: &BTreeMap<String, i64>| {
            winning
                .iter()
                .map(|(combination, per_100)| json!({"combination": combination, "per_100": per_100}))
                .collect::<Vec<_>>()
        };
        let dividends: BTreeMap<_, _> = self.dividends.iter().map(|(name, winning)| (name, listed(winning))).collect();
        json!({"dividends": dividends, "consolation": self.consolation, "refunded": self.scratched})
    }

    /// The payout and the refund of a bet.
    pub fn decides(&self, bet: &Bet) -> (i64, i64) {
        let name = TYPES[bet.kind].0;
        let (winning, consolation) = (self.dividends.get(name), self.consolation.get(name));
        let is_void = winning.is_none() && consolation.is_none();
        if is_void || bet.runners.iter().any(|runner| self.scratched.contains(runner)) {
            return (0, bet.stake);
        }
        let per_100 = winning.and_then(|winning| winning.get(&text(bet.kind, &bet.runners))).or(consolation);
        (bet.stake / 100 * per_100.copied().unwrap_or(0), 0)
    }
}

/// A combination as dividends name it: `3-1` in this order, `1=3` in any.
fn text(kind: usize, runners: &[u8]) -> String {
    let mut runners = runners.to_vec();
    if !TYPES[kind].2 {
        runners.sort_unstable();
    }
    let separator = if TYPES[kind].2 { "-" } else { "=" };
    runners.iter().map(u8::to_string).collect::<Vec<_>>().join(separator)
}
