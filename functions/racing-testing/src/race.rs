//! Races to bet on, and the words of slips and results. Each race has its own day and venue, so that tests do not collide on a deployed API
//! either.

use super::Target;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use shared::calendar::day_of;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

const VENUES: u32 = 99;
/// The days that races of a local cloud are of: today and before, so that the sweep looks at them.
const DAYS_SWEPT: u32 = 5;
/// Deployed APIs are shared between runs: race days come from a range of 800 years, so that runs rarely collide.
const DAYS: u32 = 300_000;

/// A race of six runners.
#[derive(Debug, Clone)]
pub struct Race {
    pub id: String,
    pub date: Date,
    pub venue: u8,
    pub number: u8,
    pub closes_at: Timestamp,
}

/// How many days ago, and at which venue: of `days`, one that no other test of this process has.
fn next_place(days: u32) -> (u32, u8) {
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(fastrand::u32(..DAYS * VENUES)));
    place(NEXT.fetch_add(1, Relaxed), days)
}

/// The place that `number` means. Neighbors differ in their venues: a test may let days pass, and then another day ago is the same date.
fn place(number: u32, days: u32) -> (u32, u8) {
    (number / VENUES % days, u8::try_from(number % VENUES + 1).expect("a venue"))
}

impl Race {
    pub fn path(&self) -> String {
        format!("/v1/races/{}", self.id)
    }

    pub fn slips_path(&self) -> String {
        format!("/v1/races/{}/slips", self.id)
    }

    /// The race as the feed announces it.
    pub fn announced(&self) -> Value {
        let runners: Vec<_> = (1..=6).map(|number| json!({"number": number, "name": format!("boat {number}")})).collect();
        json!({"number": self.number, "closes_at": self.closes_at, "title": "test", "runners": runners})
    }

    /// The race as the feed announces one of keirin's: nine riders in brackets 1, 2, 3, 4·5, 6·7 and 8·9.
    pub fn announced_as_keirin(&self) -> Value {
        let rider = |(number, bracket)| json!({"number": number, "name": format!("rider {number}"), "bracket": bracket});
        let mut announced = self.announced();
        announced["runners"] = (1..=9).zip([1, 2, 3, 4, 4, 5, 5, 6, 6]).map(rider).collect();
        announced
    }

    /// The feed's message that announces it alone, as `race`.
    pub fn announcement(&self, race: &Value) -> Value {
        json!({"date": self.date, "venue": self.venue, "races": [race]})
    }

    /// The feed's message that says how it ended.
    pub fn ended(&self, result: &Value) -> Value {
        let mut result = result.clone();
        result["number"] = self.number.into();
        json!({"date": self.date, "venue": self.venue, "results": [result]})
    }
}

impl Target {
    /// A race that nobody has announced yet.
    pub fn new_race(&self, closes_in: Duration) -> Race {
        self.new_races(1, closes_in).swap_remove(0)
    }

    /// Races of one venue and day that nobody has announced yet.
    pub fn new_races(&self, count: u8, closes_in: Duration) -> Vec<Race> {
        let (days_ago, venue) = next_place(if self.is_local() { DAYS_SWEPT } else { DAYS });
        self.races_at(days_ago, venue, count, closes_in)
    }

    /// A race of today that nobody of this process has announced; on a deployed API another run may have.
    pub fn new_race_of_today(&self, closes_in: Duration) -> Race {
        let (_, venue) = next_place(1);
        self.races_at(0, venue, 1, closes_in).swap_remove(0)
    }

    fn races_at(&self, days_ago: u32, venue: u8, count: u8, closes_in: Duration) -> Vec<Race> {
        let date = day_of(self.now()).checked_sub(i64::from(days_ago).days()).expect("a day");
        let closes_at = Timestamp::from_second(self.now().as_second()).expect("now") + closes_in;
        let race = |number| Race {
            id: format!("rac_{}-{venue:02}-{number:02}", date.strftime("%Y%m%d")),
            date,
            venue,
            number,
            closes_at,
        };
        (1..=count).map(race).collect()
    }

    /// An announced race that closes in `closes_in`.
    pub async fn announce(&self, closes_in: Duration) -> Race {
        self.announce_all(1, closes_in).await.swap_remove(0)
    }

    /// A race that stays open until its result comes.
    pub async fn open_race(&self) -> Race {
        self.announce(Duration::from_hours(1)).await
    }

    /// A keirin race that stays open until its result comes.
    pub async fn open_keirin_race(&self) -> Race {
        let race = self.new_race(Duration::from_hours(1));
        self.feed_races(&race.announcement(&race.announced_as_keirin())).await.expect(200);
        race
    }

    /// Announced races of one venue and day.
    pub async fn announce_all(&self, count: u8, closes_in: Duration) -> Vec<Race> {
        let races = self.new_races(count, closes_in);
        let announced: Vec<_> = races.iter().map(Race::announced).collect();
        let body = json!({"date": races[0].date, "venue": races[0].venue, "races": announced});
        self.feed_races(&body).await.expect(200);
        races
    }

    /// The race as anyone sees it.
    pub async fn race(&self, race: &Race) -> Value {
        self.get(&race.path()).await.expect(200)
    }

    /// Ends the race with `result`, which closes it, and waits until it is settled. Returns the race.
    pub async fn settle(&self, race: &Race, result: &Value) -> Value {
        self.feed_results(&race.ended(result)).await.expect(200);
        self.until_settled(race).await
    }

    /// Waits until the newest result of the race is settled, letting the time pass that its shards wait. Returns the race.
    pub async fn until_settled(&self, race: &Race) -> Value {
        let version = self.race(race).await["result_version"].as_u64().expect("a version");
        // Close, slip timeout and 15 s; a correction waits for settle-shard's timeout and 15 s.
        self.pass(Duration::from_secs(if version > 1 { 76 } else { 26 })).await;
        let settled = async || {
            let seen = self.race(race).await;
            (seen["state"] == "settled").then_some(seen)
        };
        self.eventually(&format!("{} is settled", race.id), settled).await
    }
}

/// One bet: a single of `runners`.
pub fn bet(bet_type: &str, runners: &[u8], stake: i64) -> Value {
    json!({"bet_type": bet_type, "selection": {"kind": "single", "runners": runners}, "stake": stake})
}

/// The bets of a slip that puts `stake` on one runner to win.
pub fn win(runner: u8, stake: i64) -> Value {
    json!([bet("win", &[runner], stake)])
}

/// A result of these dividends: bet type, combination, per 100.
pub fn dividends(listed: &[(&str, &str, i64)]) -> Value {
    let mut dividends = json!({});
    for (bet_type, combination, per_100) in listed {
        let of_type = &mut dividends[*bet_type];
        if of_type.is_null() {
            *of_type = json!([]);
        }
        of_type.as_array_mut().unwrap().push(json!({"combination": combination, "per_100": per_100}));
    }
    json!({"dividends": dividends})
}

#[test]
fn the_tests_of_two_runs_have_places_of_their_own() {
    let places = |days| (0..10_000).map(|number| place(number, days)).collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!((places(DAYS_SWEPT), places(DAYS)), (495, 10_000));
    assert!((0..10_000).all(|number| place(number, DAYS_SWEPT).1 != place(number + 1, DAYS_SWEPT).1));
    assert!((0..u32::MAX).step_by(65_537).all(|number| (1..=99).contains(&place(number, DAYS).1)));
}
