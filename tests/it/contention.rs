//! One person, many slips at once. A busy wallet takes one after another. A slip that it cannot take in time gets a time to retry. The
//! money adds up in any case.

use crate::harness::{Target, random_text, win};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

const SLIPS: usize = 640;
const AT_ONCE: usize = 64;
const STAKE: i64 = 100;
/// How many of them are taken at the first attempt, at the least. Two cores took all 640, three times; without waits that grow it was 329.
const TAKEN_MIN: usize = 480;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_wallet_takes_slips_in_turn() {
    let Some(target) = Target::start_local().await else { return };
    let race = Arc::new(target.open_race().await);
    let user = Arc::new(target.rich_user(1_000_000).await);
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (race, user, next) = (race.clone(), user.clone(), next.clone());
            tokio::spawn(async move {
                let (mut taken, mut refused, mut slowest) = (0, 0, Duration::ZERO);
                while next.fetch_add(1, Relaxed) < SLIPS {
                    let asked = Instant::now();
                    let reply = user.place_keyed(&race, &random_text(), "JPY", win(1, STAKE)).await;
                    slowest = slowest.max(asked.elapsed());
                    if reply.status == 201 {
                        taken += 1;
                        continue;
                    }
                    assert_eq!(reply.refused(409, "contention")["retryable"], json!(true));
                    assert_eq!(reply.header("retry-after"), Some("1"));
                    refused += 1;
                }
                (taken, refused, slowest)
            })
        })
        .collect();
    let (mut taken, mut refused, mut slowest) = (0, 0, Duration::ZERO);
    for task in tasks {
        let (of_task, refused_of_task, slowest_of_task) = task.await.unwrap();
        (taken, refused, slowest) = (taken + of_task, refused + refused_of_task, slowest.max(slowest_of_task));
    }
    println!("{taken} taken, {refused} refused in {:?}; the slowest took {slowest:?}", started.elapsed());
    assert_eq!(taken + refused, SLIPS);
    let spent = i64::try_from(taken).unwrap() * STAKE;
    assert_eq!(user.balance("JPY").await, 1_000_000 - spent);
    assert_eq!(user.lines().await.len(), 1 + taken);
    assert!(taken >= TAKEN_MIN, "{taken} of {SLIPS} were taken");
}
