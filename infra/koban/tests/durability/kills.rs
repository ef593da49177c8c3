//! When the cloud is killed: at moments spread at random over the whole day, and in each of its works (placing, relaying, settling,
//! starting) in turn, so that no run happens to kill it only where it rests.

use super::acknowledged;
use super::ask::Asking;
use super::child::Cloud;
use fastrand::Rng;
use serde_json::Value;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// How long a kill waits for its work to be under way.
const UNDER_WAY_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How far into its work the cloud comes before the kill, in milliseconds.
const INTO_MS: std::ops::Range<u64> = 0..12;
/// How far into its start.
const INTO_START_MS: std::ops::Range<u64> = 0..250;

/// What the cloud is to be interrupted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Answering whatever is asked.
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
        // Top-ups and slips are acknowledged, most slips are reported again when they are settled; some is left at the end for sure.
        let expected = 2 * bettors + slips + slips / 3;
        let mut works = [Work::Settling, Work::Placing, Work::Relaying, Work::Starting].into_iter().cycle();
        let mut kill = |round: usize| Kill {
            after: (expected * round + rng.usize(..expected)) / rounds,
            in_: works.next().unwrap_or(Work::Placing),
            into_ms: rng.u64(INTO_MS),
            into_start_ms: rng.u64(INTO_START_MS),
        };
        Self((0..rounds).map(&mut kill).collect())
    }

    /// Kills and restarts the cloud while `demo` plays, and says where each kill landed.
    pub async fn carry_out(self, cloud: &mut Cloud, file: &Path, demo: &mut Child) {
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
            assert!(demo.try_wait().unwrap().is_none(), "the demo ended before kill {round} of {rounds}: the day is too short");
        }
    }
}

/// Waits until there are `count` acknowledgements. Returns how many there are.
async fn acknowledged_after(count: usize, file: &Path, demo: &mut Child) -> usize {
    loop {
        let there = acknowledged::read(file).len();
        if there >= count || demo.try_wait().unwrap().is_some() {
            return there;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until `work` is under way: not for ever, because it may be done for good. Returns the last status.
async fn until(work: Work, before: usize, cloud: &Cloud, file: &Path) -> Option<Value> {
    let (started, mut asking) = (Instant::now(), Asking::of(cloud));
    loop {
        let status = asking.status().await;
        let is_under_way = match work {
            Work::Relaying => status.as_ref().is_some_and(|status| status["stream_lag"].as_u64() > Some(0)),
            Work::Settling => status.as_ref().is_some_and(|status| settling(status) > 0),
            Work::Placing | Work::Starting => acknowledged::read(file).len() > before,
        };
        if is_under_way || started.elapsed() > UNDER_WAY_WITHIN {
            return status;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Messages of settlement that are due or in hand.
fn settling(status: &Value) -> u64 {
    let of = |queue: &str| ["visible", "in_flight"].map(|part| status["queues"][queue][part].as_u64().unwrap_or(0));
    ["settle-race", "settle-shard", "certify-race"].iter().flat_map(|queue| of(queue)).sum()
}

fn in_words(status: Option<&Value>) -> String {
    let Some(status) = status else { return "it did not tell".into() };
    format!("{} changes not relayed, {} messages of settlement", status["stream_lag"], settling(status))
}
