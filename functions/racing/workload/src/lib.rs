//! What happens around races in a simulation. A race office announces them and sends results: early, late, twice, corrected, of races that
//! nobody knows. Bettors place slips meanwhile. What must come of it is computed by a model of its own, from the rules as they are stated.

mod model;
mod paths;

use futures_util::future::{BoxFuture, join, join_all};
use jiff::{SignedDuration, Timestamp};
use model::{Bet, Finish, RUNNERS};
use serde_json::{Value, json};
use simulator::{Answer, Ask, Play, Size, Workload, World};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub static WORKLOAD: Workload =
    Workload { service: "racing", begin, settings: &[("SHARDS", "2")], varies: &["turn"], paths: paths::PATHS };

/// Races of one seed: all of one venue and day.
const RACES: std::ops::RangeInclusive<u8> = 1..=3;
const VENUE: u8 = 7;

struct RaceDay {
    people: Vec<String>,
    size: Size,
    date: String,
    races: Mutex<Vec<Race>>,
    slips: Mutex<Vec<Slip>>,
}

/// A race as its office knows it.
#[derive(Debug, Clone)]
struct Race {
    id: String,
    closes_at: Timestamp,
    /// When the office began to send its first result.
    first_sent: Option<Timestamp>,
    /// The newest result that was taken.
    finish: Option<Finish>,
}

/// A slip that was accepted.
#[derive(Debug, Clone)]
struct Slip {
    id: String,
    race: String,
    person: String,
    asset: &'static str,
    bets: Vec<Bet>,
    placed_at: Timestamp,
    answered_at: Timestamp,
}

fn begin(world: &World, size: Size) -> Arc<dyn Play> {
    let date = world.now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).date().to_string();
    Arc::new(RaceDay { people: world.people(size), size, date, races: Mutex::default(), slips: Mutex::default() })
}

impl Play for RaceDay {
    fn actors(self: Arc<Self>, world: &World) -> Vec<BoxFuture<'static, ()>> {
        let bettor = |person: &String| {
            let (day, world, person) = (self.clone(), world.clone(), person.clone());
            Box::pin(async move { day.bet(&world, &person).await }) as BoxFuture<'static, ()>
        };
        let mut actors: Vec<_> = self.people.iter().map(bettor).collect();
        for number in 1..=world.draw(|rng| rng.u8(RACES)) {
            let (day, world) = (self.clone(), world.clone());
            actors.push(Box::pin(async move { day.hold(&world, number).await }));
        }
        actors
    }

    fn is_done<'a>(&'a self, world: &'a World) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let races = self.races().clone();
            for race in races {
                if race.finish.is_some() && !is_proved_twice(world, &race.id).await {
                    return false;
                }
            }
            true
        })
    }

    fn account<'a>(&'a self, world: &'a World) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let races = self.races().clone();
            for race in races {
                self.settle(world, &race).await;
            }
        })
    }

    /// Each race was looked at when it was accounted for; what people have of it, the wallet's service compares.
    fn check<'a>(&'a self, _world: &'a World) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl RaceDay {
    fn races(&self) -> MutexGuard<'_, Vec<Race>> {
        self.races.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slips(&self) -> MutexGuard<'_, Vec<Slip>> {
        self.slips.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The office's side of a race, from its announcement to its last correction.
    async fn hold(&self, world: &World, number: u8) {
        world.pass_some(0..20_000).await;
        let id = format!("rac_{}-{VENUE:02}-{number:02}", self.date.replace('-', ""));
        let open_s = world.draw(|rng| rng.i64(60..300));
        let mut closes_at = whole(world.now() + SignedDuration::from_secs(open_s));
        if !taken(world, self.announce(world, number, closes_at, "announced").await) {
            return;
        }
        let race = Race { id: id.clone(), closes_at, first_sent: None, finish: None };
        self.races().push(race);
        if world.draw(|rng| rng.u8(..3)) == 0 {
            world.pass_some(0..30_000).await;
            let later = closes_at + SignedDuration::from_secs(world.draw(|rng| rng.i64(1..200)));
            let answer = self.announce(world, number, later, "postponed").await;
            // Refused when the close had passed before the message came.
            if answer.as_ref().is_some_and(|answer| answer.code() != "race_changed") && taken(world, answer) {
                closes_at = later;
                self.change(&id, |race| race.closes_at = later);
            }
        }
        if world.draw(|rng| rng.u8(..8)) == 0 {
            self.unknown(world, number).await;
        }
        // Mostly after the close, sometimes before it.
        let early = world.draw(|rng| rng.u8(..4)) == 0;
        let until = if early { closes_at - SignedDuration::from_secs(60) } else { closes_at + SignedDuration::from_secs(30) };
        world.pass(Duration::try_from(until.duration_since(world.now())).unwrap_or_default()).await;
        let now = world.now();
        self.change(&id, |race| race.first_sent = Some(now));
        let versions = world.draw(|rng| if rng.u8(..3) == 0 { rng.u8(2..=3) } else { 1 });
        for version in 1..=versions {
            let finish = world.draw(Finish::draw);
            let message = format!("result-{number}-{version}");
            let sent = self.send(world, number, &finish, &message);
            let sent = if version == 1 { join(sent, self.rush(world, &id)).await.0 } else { sent.await };
            if !sent {
                return;
            }
            self.change(&id, |race| race.finish = Some(finish.clone()));
            if world.draw(|rng| rng.u8(..4)) == 0 {
                // The same result by another message changes nothing.
                self.send(world, number, &finish, &format!("result-{number}-{version}-again")).await;
            }
            world.pass_some(0..200_000).await;
        }
    }

    /// Everybody bets in the last moment, when the result is on its way.
    async fn rush(&self, world: &World, race: &str) {
        let Some(race) = self.races().iter().find(|known| known.id == race).cloned() else { return };
        let step = 1_000
            + u32::try_from(self.races().iter().position(|known| known.id == race.id).unwrap_or_default()).unwrap_or_default();
        let bet = |person: &String| {
            let (race, person) = (race.clone(), person.clone());
            async move {
                world.pass_some(0..1_500).await;
                self.place(world, &person, &race, step).await;
            }
        };
        join_all(self.people.iter().map(bet)).await;
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Race)) {
        if let Some(race) = self.races().iter_mut().find(|race| race.id == id) {
            change(race);
        }
    }

    async fn announce(&self, world: &World, number: u8, closes_at: Timestamp, what: &str) -> Option<Answer> {
        let runners: Vec<_> = (1..=RUNNERS).map(|runner| json!({"number": runner, "name": format!("boat {runner}")})).collect();
        let race = json!({"number": number, "closes_at": closes_at, "title": "simulated", "runners": runners});
        let body = json!({"date": self.date, "venue": VENUE, "races": [race]});
        let id = format!("{what}-{number}");
        world.ask(&Ask::post("/v1/feeds/races").signed(id).with(body)).await
    }

    async fn send(&self, world: &World, number: u8, finish: &Finish, id: &str) -> bool {
        let mut result = finish.result();
        result["number"] = number.into();
        let body = json!({"date": self.date, "venue": VENUE, "results": [result]});
        taken(world, world.ask(&Ask::post("/v1/feeds/results").signed(id).with(body)).await)
    }

    /// A result of a race that was never announced: it is refused and changes nothing.
    async fn unknown(&self, world: &World, number: u8) {
        let mut result = world.draw(Finish::draw).result();
        result["number"] = 12.into();
        let body = json!({"date": self.date, "venue": VENUE, "results": [result]});
        let answer = world.ask(&Ask::post("/v1/feeds/results").signed(format!("unknown-{number}")).with(body)).await;
        if answer.as_ref().is_some_and(|answer| answer.code() != "unknown_race") {
            world.violation(format!("the result of an unknown race was answered {answer:?}"));
        }
    }

    /// A bettor's side.
    async fn bet(&self, world: &World, person: &str) {
        let mut step = 0;
        while world.goes_on(self.size) {
            step += 1;
            world.pass_some(0..20_000).await;
            let races = self.races().clone();
            if races.is_empty() {
                continue;
            }
            let race = races[world.draw(|rng| rng.usize(..races.len()))].clone();
            match world.draw(|rng| rng.u8(..10)) {
                0 => drop(world.ask(&Ask::get("/v1/slips").by(person)).await),
                1 => drop(world.ask(&Ask::get(format!("/v1/races/{}", race.id))).await),
                _ => self.place(world, person, &race, step).await,
            }
        }
    }

    async fn place(&self, world: &World, person: &str, race: &Race, step: u32) {
        let bets: Vec<Bet> = (0..world.draw(|rng| rng.usize(1..=3))).map(|_| world.draw(Bet::draw)).collect();
        let asset = if world.draw(|rng| rng.u8(..4)) == 0 { "MEDAL" } else { "JPY" };
        let stake: i64 = bets.iter().map(|bet| bet.stake).sum();
        let body = |asset: &str| json!({"asset": asset, "bets": bets.iter().map(Bet::json).collect::<Vec<_>>()});
        let other = if asset == "JPY" { "MEDAL" } else { "JPY" };
        let ask = Ask::post(format!("/v1/races/{}/slips", race.id)).by(person).under(format!("slip-{step}"));
        let ask = ask.with(body(asset)).not_with(body(other));
        let several = world.draw(|rng| rng.u8(..6)) == 0;
        let asked_at = world.now();
        let answer = if several { world.ask_at_once(&ask, 3).await } else { world.ask(&ask).await };
        let Some(answer) = answer else { return };
        match (answer.status, answer.code()) {
            (201, _) => self.placed(world, person, race, (asset, bets, stake, asked_at), &answer),
            (402, "insufficient_funds") => {
                let minor = |name: &str| answer.body[name]["minor"].as_i64();
                if minor("available") >= Some(stake) || minor("needed") != Some(stake) {
                    world.violation(format!("a slip of {stake} was refused for too little: {answer:?}"));
                }
            }
            (409, "betting_closed") => {}
            _ => world.violation(format!("a slip was answered {answer:?}")),
        }
    }

    fn placed(
        &self,
        world: &World,
        person: &str,
        race: &Race,
        (asset, bets, stake, asked_at): (&'static str, Vec<Bet>, i64, Timestamp),
        answer: &Answer,
    ) {
        let id = answer.body["id"].as_str().unwrap_or_default().to_owned();
        let Some(placed_at) = time(&answer.body["placed_at"]) else {
            return world.violation(format!("a slip was answered without a time: {answer:?}"));
        };
        if placed_at < asked_at {
            world.violation(format!("the slip {id} was placed at {placed_at}, and asked for at {asked_at}"));
        }
        world.books().post(person, &id, asset, -stake);
        let (race, person) = (race.id.clone(), person.to_owned());
        self.slips().push(Slip { id, race, person, asset, bets, placed_at, answered_at: world.now() });
    }

    /// Posts what everybody must have of a race, once it is settled, and compares each slip.
    async fn settle(&self, world: &World, race: &Race) {
        let Some(finish) = &race.finish else { return };
        let seen = view(world, &race.id).await;
        if seen["state"] != "settled" {
            return world.violation(format!("{} is not settled: {seen}", race.id));
        }
        let announced = time(&seen["closes_at"]).unwrap_or_default();
        let close = time(&seen["closed_at"]).map_or(announced, |closed_at| closed_at.min(announced));
        if announced != race.closes_at || race.first_sent.is_some_and(|sent| close < sent.min(race.closes_at)) {
            world.violation(format!("{} closed at {close}: it was to close at {}", race.id, race.closes_at));
        }
        let slips: Vec<_> = self.slips().iter().filter(|slip| slip.race == race.id).cloned().collect();
        let mut sums: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for slip in &slips {
            *sums.entry((&slip.person, slip.asset)).or_default() += due(world, race, finish, close, slip).await;
        }
        for ((person, asset), minor) in sums {
            world.books().post(person, &format!("settled:{}", race.id), asset, minor);
        }
    }
}

/// What is due for a slip; the API must say the same.
async fn due(world: &World, race: &Race, finish: &Finish, close: Timestamp, slip: &Slip) -> i64 {
    let all = (0, slip.bets.iter().map(|bet| bet.stake).sum::<i64>());
    let by_result = slip.bets.iter().map(|bet| finish.decides(bet)).fold((0, 0), |sum, due| (sum.0 + due.0, sum.1 + due.1));
    let seen = world.ask(&Ask::get(format!("/v1/slips/{}", slip.id)).by(&slip.person)).await;
    let outcome = seen.map(|answer| answer.body["outcome"].clone()).unwrap_or_default();
    let amount = |name: &str| outcome[name].as_i64().unwrap_or(-1);
    let found = (amount("payout"), amount("refund"));
    // One that was answered only after the result had come may have come too late to be counted: then it is refunded.
    let may_be_late = race.first_sent.is_none_or(|sent| slip.answered_at >= sent);
    let expected = if slip.placed_at >= close || (may_be_late && found == all) { all } else { by_result };
    if found != expected {
        world.violation(format!("the slip {} came to {found:?}, and the model to {expected:?}: {slip:?} {finish:?}", slip.id));
    }
    expected.0 + expected.1
}

/// Whether the race is settled for its newest result, and proved again.
async fn is_proved_twice(world: &World, race: &str) -> bool {
    let seen = world.ask(&Ask::get(format!("/v1/races/{race}/settlement"))).await.map(|answer| answer.body).unwrap_or_default();
    let is_again = |certificate: &Value| {
        certificate["result_version"] == seen["result_version"] && certificate["pass"].as_u64().is_some_and(|pass| pass > 1)
    };
    seen["state"] == "settled" && seen["certificates"].as_array().is_some_and(|certificates| certificates.iter().any(is_again))
}

async fn view(world: &World, race: &str) -> Value {
    world.ask(&Ask::get(format!("/v1/races/{race}"))).await.map(|answer| answer.body).unwrap_or_default()
}

fn taken(world: &World, answer: Option<Answer>) -> bool {
    match answer {
        Some(answer) if answer.status == 200 => true,
        Some(answer) => {
            world.violation(format!("the race office was answered {answer:?}"));
            false
        }
        None => false,
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
