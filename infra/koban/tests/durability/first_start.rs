//! A cloud that is killed while it starts for the first time, at any moment: tables half made, a key half written. The next start makes
//! the rest, and everything works.

use super::acknowledged::Acknowledged;
use super::ask::Asking;
use super::child::Cloud;
use super::{nothing_is_off, random};
use client::http::Call;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Directories whose cloud is killed anywhere in its first start, and in its second.
const ANYWHERE: u32 = 3;
/// Directories whose cloud is killed while it makes its tables, which takes two or three milliseconds.
const MAKING_TABLES: u32 = 8;
const MAKING_TABLES_US: std::ops::Range<u64> = 0..3_000;

#[tokio::test]
async fn a_first_start_may_be_killed_at_any_moment() {
    let mut rng = random();
    // So that the kills fall on all of it, however fast the machine is.
    let (key, undisturbed) = undisturbed().await;
    for number in 0..ANYWHERE {
        let directory = tempfile::tempdir().unwrap();
        let mut cloud = Cloud::start(directory.path());
        for _ in 0..2 {
            let into = undisturbed.mul_f64(rng.f64());
            tokio::time::sleep(into).await;
            cloud.kill();
            println!("directory {number}: killed {} ms into its start, {:?} there", into.as_millis(), files(&cloud));
            cloud.start_again();
        }
        cloud.until_ready().await;
        it_works(&cloud).await;
    }
    for number in 0..MAKING_TABLES {
        let directory = tempfile::tempdir().unwrap();
        // Given the key, a start takes little else than making tables.
        std::fs::create_dir(directory.path().join("data")).unwrap();
        std::fs::write(directory.path().join("data/issuer.pem"), &key).unwrap();
        let mut cloud = Cloud::start(directory.path());
        let into = Duration::from_micros(rng.u64(MAKING_TABLES_US));
        let engine = cloud.data().join("dynamodb.sqlite");
        until_tables_are_begun(&mut cloud, &engine);
        std::thread::sleep(into);
        cloud.kill();
        println!("directory {number}: killed {} us later, {:?} tables listed", into.as_micros(), tables(&engine));
        cloud.start_again();
        cloud.until_ready().await;
        it_works(&cloud).await;
    }
}

/// The key that an undisturbed start makes, and how long such a start takes.
async fn undisturbed() -> (Vec<u8>, Duration) {
    let directory = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let mut cloud = Cloud::start(directory.path());
    cloud.until_ready().await;
    (std::fs::read(cloud.data().join("issuer.pem")).unwrap(), started.elapsed())
}

/// Waits, as closely as can be, until the engine keeps a list of its tables.
fn until_tables_are_begun(cloud: &mut Cloud, engine: &Path) {
    let started = Instant::now();
    while let Err(error) = tables(engine) {
        cloud.assert_lives();
        assert!(started.elapsed() < Duration::from_mins(1), "{}: {error}", engine.display());
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// How many tables the engine lists; an error before it has a list.
fn tables(engine: &Path) -> rusqlite::Result<u32> {
    let connection = Connection::open_with_flags(engine, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.query_row("SELECT COUNT(*) FROM _tables", [], |row| row.get(0))
}

fn files(cloud: &Cloud) -> Vec<String> {
    let entries = std::fs::read_dir(cloud.data()).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Every table takes part: a wallet, the bank, the medals. (A race day is what the other test plays.)
async fn it_works(cloud: &Cloud) {
    let mut asking = Asking::of(cloud);
    let call = Call::post("/v1/topups", json!({"asset": "JPY", "minor": 10_000}).to_string()).unwrap();
    let reply = asking.send(Some("alice"), call.with("idempotency-key", "first")).await.accepted("topping up").unwrap();
    let topup = Acknowledged {
        what: "topup".into(),
        by: Some("alice".into()),
        path: "/v1/topups".into(),
        key: Some("first".into()),
        body: String::new(),
        reply: String::from_utf8(reply.body.to_vec()).unwrap(),
    };
    let medals = asking.send(Some("alice"), Call::post("/v1/medals/daily", "").unwrap()).await;
    let medals = Acknowledged {
        what: "medals".into(),
        path: "/v1/medals/daily".into(),
        key: None,
        reply: String::from_utf8(medals.accepted("medals").unwrap().body.to_vec()).unwrap(),
        ..topup.clone()
    };
    asking.until_nothing_is_queued().await;
    nothing_is_off(cloud, &[topup, medals]).await;
    every_table_is_whole(cloud).await;
}

/// As Terraform makes them: with their indexes, streams and times to live.
async fn every_table_is_whole(cloud: &Cloud) {
    for table in platform::service::tables_of(koban::registry::SERVICES) {
        let name = json!({"TableName": format!("koban-local-{}", table.name)});
        let made: Value = cloud.aws("DescribeTable", &name).await["Table"].take();
        let indexes = made["GlobalSecondaryIndexes"].as_array().map_or(0, Vec::len);
        assert_eq!(indexes, table.indexes.len(), "{made}");
        assert_eq!(made["StreamSpecification"]["StreamEnabled"], true, "{made}");
        let lives = cloud.aws("DescribeTimeToLive", &name).await;
        assert_eq!(lives["TimeToLiveDescription"]["TimeToLiveStatus"], "ENABLED", "{name} {lives}");
    }
}
