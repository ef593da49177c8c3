//! Looks after races whose result was posted until they are settled, and notes how long that took.

use super::pace::Pace;
use super::reports::Reports;
use crate::settled::Settled;
use client::http::Connection;
use demo::DemoError;
use jiff::{SignedDuration, Timestamp};
use racing_domain::RaceId;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// A race is looked at again after an eighth of the time it has taken so far: exact to that, and cheap.
const AGE_BY_LOOK: u32 = 8;
const LOOK_AFTER_MIN: Duration = Duration::from_millis(5);
const LOOK_AFTER_MAX: Duration = Duration::from_millis(250);
/// When nothing settles for this long, retries may be waiting for the clock, which is then moved on.
const PATIENCE: Duration = Duration::from_secs(5);
const NUDGE: SignedDuration = SignedDuration::from_mins(2);
/// After this many nudges without any progress the rest counts as unsettled.
const NUDGES_MAX: u32 = 20;

pub struct Watch {
    resulted: UnboundedSender<Pending>,
    /// Races that were settled and not yet asked for.
    settled: UnboundedReceiver<RaceId>,
    waiting: Arc<AtomicUsize>,
    task: JoinHandle<Vec<Settled>>,
}

struct Pending {
    race: RaceId,
    /// Once for each slip.
    bettors: Vec<usize>,
    /// By the cloud's clock.
    resulted_at: Timestamp,
    since: Instant,
    look_at: Instant,
}

impl Watch {
    pub fn start(connection: Connection, reports: Reports) -> Self {
        let (resulted, receiver) = unbounded_channel();
        let (sender, settled) = unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let looking = Looking { connection, reports, settled: sender, waiting: waiting.clone() };
        let task = tokio::spawn(looking.look(receiver));
        Self { resulted, settled, waiting, task }
    }

    /// The result of `race` was posted just now: at `resulted_at` by the cloud's clock. `bettors` are named once for each slip.
    pub fn resulted(&self, race: RaceId, bettors: Vec<usize>, resulted_at: Timestamp) {
        self.waiting.fetch_add(1, SeqCst);
        let now = Instant::now();
        // Fails only when the task is gone; then the count says so.
        let _ = self.resulted.send(Pending { race, bettors, resulted_at, since: now, look_at: now + LOOK_AFTER_MIN });
    }

    /// A race that was settled since the last time of asking.
    pub fn next_settled(&mut self) -> Option<RaceId> {
        self.settled.try_recv().ok()
    }

    /// How many races wait for their settlement.
    pub fn waiting(&self) -> usize {
        self.waiting.load(SeqCst)
    }

    /// Waits until every race is settled, or nothing has moved for long.
    pub async fn all_settled(&self, pace: &mut Pace) -> Result<(), DemoError> {
        let (mut nudges, mut before, mut since) = (0, self.waiting(), Instant::now());
        while self.waiting() > 0 && nudges < NUDGES_MAX {
            tokio::time::sleep(LOOK_AFTER_MIN).await;
            let now = self.waiting();
            if now < before {
                (nudges, before, since) = (0, now, Instant::now());
            } else if since.elapsed() > PATIENCE {
                pace.advance(pace.now() + NUDGE).await?;
                (nudges, since) = (nudges + 1, Instant::now());
            }
        }
        Ok(())
    }

    /// Everything that was settled.
    pub async fn end(self) -> Vec<Settled> {
        drop(self.resulted);
        self.task.await.unwrap_or_default()
    }
}

struct Looking {
    connection: Connection,
    reports: Reports,
    settled: UnboundedSender<RaceId>,
    waiting: Arc<AtomicUsize>,
}

impl Looking {
    async fn look(mut self, mut resulted: UnboundedReceiver<Pending>) -> Vec<Settled> {
        let mut pending: Vec<Pending> = Vec::new();
        let mut settled = Vec::new();
        loop {
            let next_look = pending.iter().map(|race| race.look_at).min();
            let next_look = async {
                match next_look {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                new = resulted.recv() => match new {
                    Some(new) => pending.push(new),
                    None => return settled,
                },
                () = next_look => {
                    let now = Instant::now();
                    for race in pending.extract_if(.., |race| race.look_at <= now).collect::<Vec<_>>() {
                        match self.look_after(race).await {
                            Ok(done) => settled.push(done),
                            Err(race) => pending.push(race),
                        }
                    }
                }
            }
        }
    }

    /// The race's settlement, or the race to be looked at again.
    async fn look_after(&mut self, race: Pending) -> Result<Settled, Pending> {
        // One that cannot be asked after is asked after again.
        let reported = self.reports.of(race.race, &race.bettors, race.resulted_at, &mut self.connection).await;
        if !reported.unwrap_or(false) {
            let wait = (race.since.elapsed() / AGE_BY_LOOK).clamp(LOOK_AFTER_MIN, LOOK_AFTER_MAX);
            return Err(Pending { look_at: Instant::now() + wait, ..race });
        }
        let settled = Settled { slips: race.bettors.len(), from: race.since, until: Instant::now() };
        self.waiting.fetch_sub(1, SeqCst);
        // Fails only when the demo has ended.
        let _ = self.settled.send(race.race);
        Ok(settled)
    }
}
