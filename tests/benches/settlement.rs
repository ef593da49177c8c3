//! The settlement benchmark: one race of 25,000 one-combination slips of 25,000 people, 12 % of them paid, on the local cloud with
//! everything in the way. Its yardstick is what the engine alone does in the same run, so that the ratio holds on any machine.
//!
//! `cargo bench -p tests --bench settlement`

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run says where it failed")]

#[path = "settlement/seed.rs"]
mod seed;

use cloud::engine::ceiling::{Pair, transactions_per_second};
use cloud::{Cloud, Config};
use jiff::{SignedDuration, Timestamp};
use platform::secrets::SecretValue;
use platform::webhook::sign;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::http::Client;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PEOPLE: u32 = 25_000;
const SHARDS: u16 = 10;
/// What is asked of it.
const RATIO_MIN: f64 = 0.25;
const PAID_SHARE: f64 = 0.12;
const WRU_PER_SLIP_MAX: f64 = 0.5;
const CALLS_PER_SLIP_MAX: f64 = 0.3;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let reached = runtime.block_on(run());
    std::process::exit(i32::from(!reached));
}

async fn run() -> bool {
    let directory = tempfile::tempdir().unwrap();
    let pair = Pair { object: &racing::RACING, line: &wallet::WALLET, body_bytes: 250 };
    let ceiling = transactions_per_second(&directory.path().join("ceiling"), koban::registry::SERVICES, pair, 20_000).unwrap();
    println!("engine alone: {ceiling:.0} two-item transactions a second");

    let data = directory.path().join("cloud");
    let mut config = Config::new(&data, koban::registry::SERVICES);
    config.start_at = Some("2026-05-23T01:00:00Z".parse().unwrap());
    config.settings = [("SHARDS".to_owned(), SHARDS.to_string())].into();
    let cloud = cloud::start(config).await.unwrap();
    let closes_at: Timestamp = "2026-05-23T02:00:00Z".parse().unwrap();
    announce(&cloud, closes_at).await;
    seed::place_slips(&cloud, PEOPLE, SHARDS).await;
    cloud.idle().await.unwrap();
    println!("{PEOPLE} slips are placed");

    cloud.set_clock(closes_at + SignedDuration::from_mins(15)).await.unwrap();
    cloud.idle().await.unwrap();
    let log = data.join("logs/functions.jsonl");
    let logged_before = std::fs::metadata(&log).map_or(0, |file| file.len());
    let took = settle(&cloud).await;
    let usage = usage(&cloud, &log, logged_before).await;
    cloud.stop().await;
    report(ceiling, took, usage)
}

async fn announce(cloud: &Cloud, closes_at: Timestamp) {
    let runners: Vec<Value> = (1..=6).map(|number| json!({"number": number, "name": format!("boat {number}")})).collect();
    let race = json!({"number": 1, "closes_at": closes_at, "title": "benchmark", "runners": runners});
    feed(cloud, "races", json!({"date": "2026-05-23", "venue": 1, "races": [race]})).await;
}

/// Posts the result and waits until the race is settled, with its certificate.
async fn settle(cloud: &Cloud) -> Duration {
    let started = Instant::now();
    let dividends = json!({"win": [{"combination": "1", "per_100": 520}]});
    feed(cloud, "results", json!({"date": "2026-05-23", "venue": 1, "results": [{"number": 1, "dividends": dividends}]})).await;
    let mut client = Client::connect(cloud.url()).await;
    loop {
        let (status, race) = client.get("/v1/races/rac_20260523-01-01", None).await;
        assert_eq!(status, 200, "{race}");
        if race["state"] == "settled" {
            let totals = &race["settlement"]["totals"];
            println!("settled: {totals}");
            assert_eq!(totals["paid_users"], u64::from(PEOPLE) * 3 / 25);
            return started.elapsed();
        }
        assert!(started.elapsed() < Duration::from_mins(2), "not settled after two minutes: {race}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn feed(cloud: &Cloud, kind: &str, body: Value) {
    let body = body.to_string();
    let now = koban_now(cloud);
    let secret = SecretValue::new(cloud.feed_secret("feed").unwrap());
    let id = format!("bench-{kind}");
    let signature = sign(&secret, &id, now, body.as_bytes()).unwrap();
    let headers = [("webhook-id", id), ("webhook-timestamp", now.as_second().to_string()), ("webhook-signature", signature)];
    let mut client = Client::connect(cloud.url()).await;
    let (status, reply) = client.post(&format!("/v1/feeds/{kind}"), &headers, body).await;
    assert_eq!(status, 200, "{reply}");
}

fn koban_now(cloud: &Cloud) -> Timestamp {
    use platform::clock::Clock;
    cloud.clock().now()
}

/// Write units and calls of the settlement's functions, by their own log lines.
async fn usage(cloud: &Cloud, log: &std::path::Path, from: u64) -> (f64, f64) {
    cloud.idle().await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let text = std::fs::read(log).unwrap();
    let text = String::from_utf8_lossy(&text[usize::try_from(from).unwrap()..]).into_owned();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let settlement =
        lines.filter(|line| ["settle-race", "settle-shard", "certify-race"].contains(&line["function"].as_str().unwrap_or("")));
    settlement.fold((0.0, 0.0), |(wru, calls), line| {
        (wru + line["wru"].as_f64().unwrap_or(0.0), calls + line["calls"].as_f64().unwrap_or(0.0))
    })
}

fn report(ceiling: f64, took: Duration, (wru, calls): (f64, f64)) -> bool {
    let people = f64::from(PEOPLE);
    let rate = people / took.as_secs_f64();
    let ratio = rate / (ceiling / PAID_SHARE);
    let checks = [
        ("slips settled a second, of the engine's transactions a second / 0.12", ratio, ratio >= RATIO_MIN, RATIO_MIN),
        ("write units a slip", wru / people, wru / people <= WRU_PER_SLIP_MAX, WRU_PER_SLIP_MAX),
        ("calls a slip", calls / people, calls / people <= CALLS_PER_SLIP_MAX, CALLS_PER_SLIP_MAX),
    ];
    println!("result to settled, certificate included: {took:.2?}, {rate:.0} slips a second");
    for (what, value, reached, limit) in checks {
        println!("{} {what}: {value:.3} (asked: {limit})", if reached { "ok  " } else { "MISS" });
    }
    checks.iter().all(|(_, _, reached, _)| *reached)
}
