//! The 100,000th slip costs no more than the 1,000th. Two clouds take slips in turns, one with a hundred times the slips and lines of the
//! other. So the machine's other work slows both.

use crate::harness::{Race, Target, User, win};
use cloud::clock::LocalClock;
use cloud::engine::Engine;
use cloud::local_names;
use data_encoding::BASE64;
use jiff::Timestamp;
use koban::registry::SERVICES;
use serde_json::{Value, json};
use shared::calendar::day_of;
use shared::id::UserId;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const FEW: u32 = 1_000;
const MANY: u32 = 100_000;
/// The most that a slip among many may cost of one among few.
const RATIO_MAX: f64 = 1.5;
/// Slips of a round, in each cloud.
const SLIPS: usize = 150;
/// A round on a busy machine may be unlucky; a cost that grows is not.
const ROUNDS: usize = 3;
/// What one transaction takes: slips and as many lines.
const PAIRS_PER_WRITE: u32 = 50;

fn put(table: &str, item: &Value) -> Value {
    json!({"Put": {"TableName": format!("{}{table}", local_names().prefix), "Item": item}})
}

/// A slip and the wallet line that paid for it, as they are stored, of one of a thousand people.
fn pair(race_key: &str, number: u32) -> [Value; 2] {
    let user = UserId::of_subject("growth", &(number % 1_000).to_string());
    let tail = shared::hash::text(&shared::hash::of_parts(&[&number.to_be_bytes()]));
    let blob = |length: usize| json!({"B": BASE64.encode(&vec![b'x'; length])});
    let slip = json!({
        "pk": {"S": format!("race#{race_key}#{:04}", number % 4)},
        "sk": {"S": format!("{user}#b#{tail}")},
        "body": blob(180), "hash": blob(32),
        "user": {"S": user.as_str()}, "placed": {"S": format!("2026-01-01T00:00:00.{number:06}Z")},
    });
    let line = json!({
        "pk": {"S": format!("wallet#{user}")}, "sk": {"S": format!("{:012}", number / 1_000 + 1)},
        "body": blob(330), "hash": blob(32),
    });
    [put("racing", &slip), put("wallet", &line)]
}

/// Fills a directory's tables as if `count` slips had been placed on the race, and their events relayed, long ago.
async fn fill(data: &Path, race_key: &str, count: u32) {
    let clock = Arc::new(LocalClock::open(data, None).unwrap());
    let engine = Engine::open(data, SERVICES, &local_names(), &clock).unwrap();
    for first in (0..count).step_by(PAIRS_PER_WRITE as usize) {
        let items: Vec<_> = (first..first + PAIRS_PER_WRITE).flat_map(|number| pair(race_key, number)).collect();
        let reply = engine.call("TransactWriteItems", json!({"TransactItems": items}).to_string().as_bytes()).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    let newest = engine.stream_reader().unwrap().newest().unwrap();
    for relay in ["relay-wallet", "relay-racing"] {
        engine.advance_stream(relay, newest).await.unwrap();
    }
    while engine.trim_stream(newest).await.unwrap() > 0 {}
    engine.close().await;
}

/// A race of today whose key is known before any cloud runs.
fn race() -> Race {
    let now = Timestamp::now();
    let date = day_of(now);
    let closes_at = Timestamp::from_second(now.as_second()).unwrap() + Duration::from_hours(6);
    Race { id: format!("rac_{}-01-01", date.strftime("%Y%m%d")), date, venue: 1, number: 1, closes_at }
}

/// A cloud whose tables hold `count` slips of `race`, and somebody to place more.
async fn cloud_with(race: &Race, count: u32) -> User {
    let data = tempfile::tempdir().unwrap();
    fill(data.path(), race.id.trim_start_matches("rac_"), count).await;
    let target = Target::start_in(data).await;
    target.feed_races(&race.announcement(&race.announced())).await.expect(200);
    target.rich_user(1_000_000).await
}

async fn place(user: &User, race: &Race) -> f64 {
    let started = Instant::now();
    user.bet(race, win(1, 100)).await;
    started.elapsed().as_secs_f64()
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// What a slip among many costs of one among few.
async fn ratio(among_few: &User, among_many: &User, race: &Race) -> f64 {
    let (mut few, mut many) = (Vec::with_capacity(SLIPS), Vec::with_capacity(SLIPS));
    for _ in 0..SLIPS {
        few.push(place(among_few, race).await);
        many.push(place(among_many, race).await);
    }
    let (few, many) = (median(&mut few), median(&mut many));
    println!("a slip among {FEW}: {:.2} ms, among {MANY}: {:.2} ms", few * 1e3, many * 1e3);
    many / few
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_100_000th_slip_costs_at_most_1_5_times_the_1_000th() {
    if Target::is_deployed() {
        return;
    }
    let race = race();
    let started = Instant::now();
    let (among_few, among_many) = (cloud_with(&race, FEW).await, cloud_with(&race, MANY).await);
    println!("filled in {:.1} s", started.elapsed().as_secs_f64());
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        best = best.min(ratio(&among_few, &among_many, &race).await);
        if best <= RATIO_MAX {
            return;
        }
    }
    panic!("a slip among {MANY} costs {best:.2} times one among {FEW}, at most {RATIO_MAX}");
}
