//! The plan of a demo: the same for the same seed, and never a slip that cannot be placed.

use super::*;
use jiff::civil::date;
use racing_domain::{Bet, BetType, Selection};
use serde_json::Value;
use std::collections::BTreeSet;

fn day(seed: u64) -> PlannedDay {
    generated_day(date(2026, 5, 1), seed).unwrap()
}

#[test]
fn the_same_seed_is_the_same_plan() {
    assert_eq!(day(7), day(7));
    assert_ne!(day(7), day(8));
    let plan = |seed| SlipPlan::new(&day(7), 500, 50, seed);
    assert_eq!(plan(1), plan(1));
    assert_ne!(plan(1), plan(2));
}

#[test]
fn a_generated_day_has_24_races_with_results_that_are_theirs() {
    for seed in 0..50 {
        let day = day(seed);
        assert_eq!(day.races.len(), 24);
        for race in &day.races {
            race.result.check(&race.field()).unwrap_or_else(|error| panic!("seed {seed}, {}: {error}", race.id));
            assert!(race.result_at > race.closes_at() && race.closes_at() > day.morning());
        }
    }
}

#[test]
fn everything_that_settlement_must_know_happens() {
    let day = day(1);
    let results: Vec<_> = day.races.iter().map(|race| &race.result).collect();
    let shares_a_place = |result: &&&RaceResult| {
        let places: BTreeSet<_> = result.places.iter().map(|placing| placing.place).collect();
        places.len() < result.places.len()
    };
    assert_eq!(results.iter().filter(|result| !result.refunded.is_empty()).count(), 2);
    assert_eq!(results.iter().filter(shares_a_place).count(), 2);
    assert!(results.iter().any(|result| result.dividends_of(BetType::Win).len() == 2), "a dead heat for the first place");
    assert!(results.iter().any(|result| result.is_void_for(BetType::QuinellaPlace) && !result.is_void()));
    assert!(results.iter().any(|result| !result.consolation.is_empty()));
    assert_eq!(results.iter().filter(|result| result.is_void()).count(), 1);
    assert_eq!(day.races.iter().filter(|race| !race.field().brackets().is_empty()).count(), 12, "one venue has brackets");
    let pairs = |result: &&&RaceResult| {
        let mut listed = result.dividends_of(BetType::BracketQuinella).iter();
        listed.any(|dividend| dividend.combination.repeated().is_some())
    };
    assert!(results.iter().any(|result| pairs(&result)), "one bracket first and second");
    let scratched = day.races.iter().filter(|race| !race.result.refunded.is_empty());
    let loses_combinations = |race: &&PlannedRace| {
        let started = race.field().without(race.result.refunded);
        !race.field().brackets().is_empty() && started.brackets_of_two() != race.field().brackets_of_two()
    };
    assert!(scratched.clone().any(|race| loses_combinations(&race)), "a scratch takes a bracket's pair away");
}

#[test]
fn slips_are_in_time_affordable_and_of_every_type_and_kind() {
    let day = day(1);
    let plan = SlipPlan::new(&day, 3_000, 100, 9);
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    let (mut yen, mut medals) = (vec![0; 100], vec![0; 100]);
    for slip in &plan.slips {
        let race = &day.races[slip.race];
        assert!(slip.at < race.closes_at() && slip.at > day.morning());
        let body: Value = serde_json::from_slice(&slip.body).unwrap();
        let bets: Vec<Bet> = serde_json::from_value(body["bets"].clone()).unwrap();
        let totals = racing_domain::check_bets(&bets, &race.field()).unwrap();
        let spent = if body["asset"] == "MEDAL" { &mut medals } else { &mut yen };
        spent[slip.bettor] += totals.stake;
        for bet in &bets {
            match &bet.selection {
                Selection::Single { runners } if runners.len() == 2 && runners[0] == runners[1] => drop(twice.insert("single")),
                Selection::Wheel { axis, with, .. } if with.contains(&axis[0]) => drop(twice.insert("wheel")),
                _ => {}
            }
        }
        for bet in body["bets"].as_array().unwrap() {
            seen.insert((bet["bet_type"].to_string(), bet["selection"]["kind"].to_string()));
        }
    }
    assert_eq!(seen.len(), 9 * 4 - 2, "a win and a place have no wheel");
    assert_eq!(twice.len(), 2, "one bracket twice, as a single and around an axis");
    assert!(yen.iter().zip(&plan.top_ups).all(|(spent, top_up)| spent <= top_up && top_up % 10_000 == 0));
    assert!(medals.iter().zip(&plan.takes_medals).all(|(spent, takes)| *spent <= 1_000 && (*spent > 0) == *takes));
    assert!(plan.slips.is_sorted_by_key(|slip| slip.at));
    assert!((0..24).all(|race| plan.slips.iter().any(|slip| slip.race == race)), "every race has a slip");
}

#[test]
fn a_feed_is_played_day_by_day_and_one_day_can_be_chosen() {
    let mut days = Days::default();
    for (key, closes) in [("20251226-03-01", "2025-12-26T01:59:00Z"), ("20260515-03-01", "2026-05-15T01:59:00Z")] {
        let id = RaceId::from_key(key).unwrap();
        let announcement = Announcement { closes_at: closes.parse().unwrap(), title: String::new(), runners: Vec::new() };
        days.programs.insert(id, announcement);
        days.results.insert(id, RaceResult::default());
    }
    let all = days_of_feed(&days, None, 1).unwrap();
    assert_eq!(all.iter().map(|day| day.date).collect::<Vec<_>>(), [date(2025, 12, 26), date(2026, 5, 15)]);
    assert_eq!(days_of_feed(&days, Some(date(2026, 5, 15)), 1).unwrap(), all[1..]);
    assert!(days_of_feed(&days, Some(date(2026, 5, 16)), 1).unwrap_err().to_string().contains("2026-05-16"));
}
