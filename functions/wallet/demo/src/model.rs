//! What each wallet must come to: plain sums, by the rules as the API's description and the development bank state them. It shares no
//! code with the wallet's domain.

use fastrand::Rng;

/// Medals of a day, for each person who asks.
const MEDALS_PER_DAY: i64 = 1_000;
/// Amounts that end so are declined by the development bank; other amounts are collected, even where it answers too late at first.
const DECLINED_TAIL: i64 = 97;
const LATE_TAILS: [i64; 2] = [98, 99];
const HUNDRED: i64 = 100;
/// Of a hundred top-ups, how many end in a way of their own.
const DECLINED_PERCENT: u8 = 5;
const LATE_PERCENT: u8 = 4;

/// Something that a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Yen.
    TopUp(i64),
    Medals,
}

/// What a wallet must show in the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holdings {
    pub yen: i64,
    pub medals: i64,
    pub lines: u64,
}

/// What `people` do with `count` top-ups: each person's deeds in order. Half of the people take medals, some of them twice.
pub fn plan(people: usize, count: usize, seed: u64) -> Vec<Vec<Deed>> {
    let mut rng = Rng::with_seed(seed);
    let mut deeds = vec![Vec::new(); people];
    for _ in 0..count {
        let hundreds = rng.i64(1..=1_000) * HUNDRED;
        let minor = match rng.u8(0..100) {
            draw if draw < DECLINED_PERCENT => hundreds + DECLINED_TAIL,
            draw if draw < DECLINED_PERCENT + LATE_PERCENT => hundreds + LATE_TAILS[rng.usize(..LATE_TAILS.len())],
            _ => hundreds,
        };
        deeds[rng.usize(..people)].push(Deed::TopUp(minor));
    }
    for deeds in &mut deeds {
        let times = rng.usize(0..4).saturating_sub(1);
        for _ in 0..times {
            deeds.insert(rng.usize(..=deeds.len()), Deed::Medals);
        }
    }
    deeds
}

/// What somebody's deeds of one day come to.
pub fn holdings(deeds: &[Deed]) -> Holdings {
    let mut sum = Holdings::default();
    for deed in deeds {
        match *deed {
            Deed::TopUp(minor) if minor % HUNDRED != DECLINED_TAIL => {
                sum.yen += minor;
                sum.lines += 1;
            }
            Deed::TopUp(_) => {}
            // The second time is the first one's repetition.
            Deed::Medals if sum.medals > 0 => {}
            Deed::Medals => {
                sum.medals = MEDALS_PER_DAY;
                sum.lines += 1;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_come_to_plain_sums() {
        let deeds = [Deed::TopUp(500), Deed::Medals, Deed::TopUp(1_097), Deed::Medals, Deed::TopUp(2_098)];
        assert_eq!(holdings(&deeds), Holdings { yen: 2_598, medals: 1_000, lines: 3 });
        assert_eq!(holdings(&[Deed::TopUp(1_097)]), Holdings::default());
    }

    #[test]
    fn a_plan_has_every_top_up_and_something_of_each_kind() {
        let planned = plan(100, 2_000, 1);
        let all: Vec<_> = planned.iter().flatten().copied().collect();
        let top_ups = |tail: Option<i64>| {
            let of = |deed: &&Deed| matches!(deed, Deed::TopUp(minor) if tail.is_none_or(|tail| minor % HUNDRED == tail));
            all.iter().filter(of).count()
        };
        assert_eq!(top_ups(None), 2_000);
        let tails = [DECLINED_TAIL, LATE_TAILS[0], LATE_TAILS[1]];
        assert!(tails.into_iter().all(|tail| top_ups(Some(tail)) > 0) && all.contains(&Deed::Medals));
        assert_eq!(plan(100, 2_000, 1), planned, "the same seed repeats it");
        assert_ne!(plan(100, 2_000, 2), planned);
    }
}
