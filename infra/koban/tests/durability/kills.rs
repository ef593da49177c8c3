//! When the cloud is killed. The moments are spread at random over the whole day. They hit each kind of its work in turn: collecting,
//! settling, relaying, placing and starting. So no run kills it only while it is idle.

use super::Demo;
use super::acknowledged::{self, Acknowledged};
use super::ask::Asking;
use super::child::Cloud;
use fastrand::Rng;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a kill waits for its work to be under way.
const UNDER_WAY_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(2);
const SETTLING: [&str; 3] = ["settle-race", "settle-shard", "certify-race"];
/// How far into its work the cloud comes before the kill, in milliseconds.
const INTO_MS: std::ops::Range<u64> = 0..12;
/// How far into its start.
const INTO_START_MS: std::ops::Range<u64> = 0..250;

/// What the cloud is to be interrupted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Top-ups that were accepted and are not paid by the bank.
    Collecting,
    /// Answering requests.
    Placing,
    /// Changes that are not relayed yet.
    Relaying,
    /// Messages of settlement that are queued or in hand.
    Settling,
    /// Coming up again: killed once more before it answers.
    Starting,
}

/// A kill to come.
#[derive(Debug)]
struct Kill {
    /// Once there are this many acknowledgements.
    after: usize,
    in_: Work,
    into_ms: u64,
    into_start_ms: u64,
}

pub struct Kills(Vec<Kill>);

impl Kills {
    /// `rounds` kills over a day of `slips` slips by `bettors` people.
    pub fn plan(rounds: usize, slips: usize, bettors: usize, rng: &mut Rng) -> Self {
        // Slips are acknowledged, and most of them reported again when they are settled; some is left at the end for sure.
        let (morning, day) = (bettors, slips + slips / 2);
        let works = [Work::Settling, Work::Relaying, Work::Placing, Work::Starting].into_iter().cycle();
        let works = std::iter::once(Work::Collecting).chain(works).take(rounds);
        let kill = |(round, in_)| Kill {
            after: match round {
                0 => rng.usize(..morning),
                _ => morning + (day * (round - 1) + rng.usize(..day)) / (rounds - 1),
            },
            in_,
            into_ms: rng.u64(INTO_MS),
            into_start_ms: rng.u64(INTO_START_MS),
        };
        Self((0..).zip(works).map(kill).collect())
    }

    /// Kills and restarts the cloud while `demo` plays, and says where each kill landed.
    pub async fn carry_out(self, cloud: &mut Cloud, file: &Path, demo: &mut Demo) {
        let rounds = self.0.len();
        for (round, kill) in (1..).zip(self.0) {
            let last = acknowledged_after(kill.after, file, demo).await;
            let status = until(kill.in_, last, cloud, file).await;
            tokio::time::sleep(Duration::from_millis(kill.into_ms)).await;
            cloud.kill();
            let counts = acknowledged::read(file);
            let counts = acknowledged::count(&counts);
            println!("kill {round}/{rounds}, {:?} ({}), after {counts:?}", kill.in_, in_words(status.as_ref()));
            cloud.start_again();
            if kill.in_ == Work::Starting {
                tokio::time::sleep(Duration::from_millis(kill.into_start_ms)).await;
                cloud.kill();
                println!("  and once more {} ms after it was started again", kill.into_start_ms);
                cloud.start_again();
            }
            cloud.until_ready().await;
            assert!(demo.is_playing(), "the demo ended before the last kill, number {rounds}:\n{}", demo.said());
        }
    }
}

/// Waits until there are `count` acknowledgements. Returns how many there are.
async fn acknowledged_after(count: usize, file: &Path, demo: &mut Demo) -> usize {
    loop {
        let there = acknowledged::read(file).len();
        if there >= count || !demo.is_playing() {
            return there;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until `work` is under way: for a limited time, because all of it may be done. Returns the last status.
async fn until(work: Work, before: usize, cloud: &Cloud, file: &Path) -> Option<Value> {
    let (started, mut asking) = (Instant::now(), Asking::of(cloud));
    loop {
        let status = asking.status().await;
        let is_under_way = match work {
            Work::Relaying => status.as_ref().is_some_and(|status| status["stream_lag"].as_u64() > Some(0)),
            Work::Collecting => is_collecting(&acknowledged::read(file)),
            Work::Settling => status.as_ref().is_some_and(|status| messages(status, &SETTLING) > 0),
            Work::Placing | Work::Starting => acknowledged::read(file).len() > before,
        };
        if is_under_way || started.elapsed() > UNDER_WAY_WITHIN {
            return status;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether a top-up was accepted and is not collected.
fn is_collecting(acknowledged: &[Acknowledged]) -> bool {
    let count = |what| acknowledged::of(what, acknowledged).count();
    count("topup") > count("collected_topup")
}

/// How many messages of `queues` are due or in hand.
fn messages(status: &Value, queues: &[&str]) -> u64 {
    let of = |queue: &str| ["visible", "in_flight"].map(|part| status["queues"][queue][part].as_u64().unwrap_or(0));
    queues.iter().flat_map(|queue| of(queue)).sum()
}

fn in_words(status: Option<&Value>) -> String {
    let Some(status) = status else { return "no status was read".into() };
    let [topups, settlement] = [&["collect-topup"][..], &SETTLING].map(|queues| messages(status, queues));
    format!("{} changes not relayed, messages of {topups} top-ups and {settlement} of settlement", status["stream_lag"])
}
