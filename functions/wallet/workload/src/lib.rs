//! What the wallet's users do in a simulation: they top up, take the day's medals, look at what they have, ask twice and at once. What must
//! come of it is noted in the reference model.

mod paths;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use simulator::{Ask, Play, Size, Workload, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

pub static WORKLOAD: Workload = Workload { service: "wallet", begin, settings: &[], varies: &[], paths: paths::PATHS };

/// Amounts that the development bank declines end so; others come late or after the bank was asked again.
const DECLINED_TAIL: i64 = 97;
const LATE_TAILS: [i64; 2] = [98, 99];
const TAILS: i64 = 100;
/// Pages of a history that are read at most.
const PAGES_MAX: usize = 100;

struct Users {
    people: Vec<String>,
    size: Size,
    /// Every top-up that was accepted, with its owner and amount.
    topups: Mutex<BTreeMap<String, (String, i64)>>,
}

fn begin(world: &World, size: Size) -> Arc<dyn Play> {
    Arc::new(Users { people: world.people(size), size, topups: Mutex::default() })
}

impl Play for Users {
    fn actors(self: Arc<Self>, world: &World) -> Vec<BoxFuture<'static, ()>> {
        let actor = |person: &String| {
            let (users, world, person) = (self.clone(), world.clone(), person.clone());
            Box::pin(async move { users.act(&world, &person).await }) as BoxFuture<'static, ()>
        };
        self.people.iter().map(actor).collect()
    }

    fn is_done<'a>(&'a self, world: &'a World) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            for (id, (person, _)) in self.topups() {
                if !matches!(state(world, &person, &id).await.as_str(), "COLLECTED" | "DECLINED") {
                    return false;
                }
            }
            true
        })
    }

    /// Everything was posted when it was accepted.
    fn account<'a>(&'a self, _world: &'a World) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn check<'a>(&'a self, world: &'a World) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            for (id, (person, minor)) in self.topups() {
                let (state, expected) = (state(world, &person, &id).await, expected(minor));
                if state != expected {
                    world.violation(format!("the top-up {id} of {minor} is {state}, not {expected}"));
                }
            }
            for person in &self.people {
                compare(world, person).await;
            }
        })
    }
}

impl Users {
    fn topups(&self) -> BTreeMap<String, (String, i64)> {
        self.topups.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn act(&self, world: &World, person: &str) {
        let mut step = 0;
        while world.goes_on(self.size) {
            step += 1;
            world.pass_some(0..20_000).await;
            match world.draw(|rng| rng.u8(..10)) {
                0..=4 => self.top_up(world, person, step).await,
                5 | 6 => take_medals(world, person).await,
                7 => refused(world, person, step).await,
                8 => drop(world.ask(&Ask::get("/v1/wallet/lines?limit=5").by(person)).await),
                _ => drop(world.ask(&Ask::get("/v1/wallet").by(person)).await),
            }
        }
    }

    async fn top_up(&self, world: &World, person: &str, step: u32) {
        let minor = amount(world);
        let body = |minor: i64| json!({"asset": "JPY", "minor": minor});
        let ask = Ask::post("/v1/topups").by(person).under(format!("top-up-{step}"));
        let ask = ask.with(body(minor)).not_with(body(minor + TAILS));
        let several = world.draw(|rng| rng.u8(..5)) == 0;
        let answer = if several { world.ask_at_once(&ask, 3).await } else { world.ask(&ask).await };
        let Some(answer) = answer else { return };
        let Some(id) = answer.body["id"].as_str().filter(|_| answer.status == 202) else {
            return world.violation(format!("a top-up of {minor} was answered {answer:?}"));
        };
        self.topups.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), (person.to_owned(), minor));
        if expected(minor) == "COLLECTED" {
            world.books().post(person, id, "JPY", minor);
        }
    }
}

fn amount(world: &World) -> i64 {
    world.draw(|rng| {
        let hundreds = rng.i64(5..=300) * TAILS;
        match rng.u8(..12) {
            0 => hundreds + DECLINED_TAIL,
            1 => hundreds + LATE_TAILS[0],
            2 => hundreds + LATE_TAILS[1],
            _ => hundreds,
        }
    })
}

fn expected(minor: i64) -> &'static str {
    if minor % TAILS == DECLINED_TAIL { "DECLINED" } else { "COLLECTED" }
}

async fn state(world: &World, person: &str, id: &str) -> String {
    let answer = world.ask(&Ask::get(format!("/v1/topups/{id}")).by(person)).await;
    answer.and_then(|answer| Some(answer.body["state"].as_str()?.to_owned())).unwrap_or_default()
}

async fn take_medals(world: &World, person: &str) {
    let Some(answer) = world.ask(&Ask::post("/v1/medals/daily").by(person)).await else { return };
    match (answer.body["day"].as_str(), answer.body["minor"].as_i64()) {
        (Some(day), Some(1_000)) => world.books().post(person, &format!("medals:{day}"), "MEDAL", 1_000),
        _ => world.violation(format!("the day's medals were answered {answer:?}")),
    }
}

/// Too little to be a top-up: it must change nothing.
async fn refused(world: &World, person: &str, step: u32) {
    let ask = Ask::post("/v1/topups").by(person).under(format!("too-little-{step}"));
    if let Some(answer) = world.ask(&ask.with(json!({"asset": "JPY", "minor": 99}))).await
        && answer.status != 422
    {
        world.violation(format!("a top-up of 99 was answered {answer:?}"));
    }
}

/// Compares a wallet and its history with the reference model.
async fn compare(world: &World, person: &str) {
    let expected = world.books().of(person);
    let Some(answer) = world.ask(&Ask::get("/v1/wallet").by(person)).await else { return };
    let balances = answer.body["balances"].as_array().into_iter().flatten();
    let named = balances.filter_map(|balance| Some((balance["asset"].as_str()?.to_owned(), balance["available"].as_i64()?)));
    let found: BTreeMap<_, _> = named.filter(|(_, minor)| *minor != 0).collect();
    if found != expected {
        world.violation(format!("the wallet of {person} has {found:?}, and the reference model {expected:?}"));
    }
    let lines = history(world, person).await;
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    let mut sequence = BTreeSet::new();
    for line in &lines {
        sequence.insert(line["seq"].as_u64().unwrap_or_default());
        for amount in line["amounts"].as_array().into_iter().flatten() {
            *sums.entry(amount["asset"].as_str().unwrap_or_default().to_owned()).or_default() +=
                amount["minor"].as_i64().unwrap_or_default();
        }
    }
    sums.retain(|_, minor| *minor != 0);
    if sums != expected {
        world.violation(format!("the history of {person} adds up to {sums:?}, and the reference model to {expected:?}"));
    }
    let wanted: BTreeSet<_> = (1..=answer.body["lines"].as_u64().unwrap_or_default()).collect();
    if sequence != wanted || lines.len() != wanted.len() {
        world.violation(format!("the history of {person} has gaps: {} lines of {}", lines.len(), wanted.len()));
    }
}

async fn history(world: &World, person: &str) -> Vec<Value> {
    let (mut lines, mut path) = (Vec::new(), "/v1/wallet/lines?limit=100".to_owned());
    for _ in 0..PAGES_MAX {
        let Some(page) = world.ask(&Ask::get(&path).by(person)).await else { break };
        lines.extend(page.body["items"].as_array().into_iter().flatten().cloned());
        match page.body["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/wallet/lines?limit=100&cursor={cursor}"),
            None => break,
        }
    }
    lines
}
