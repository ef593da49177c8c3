//! The connections that do the work of the load. Each serves its own part of the people, so that nobody places two slips at once. Real
//! people do not either, and two slips of one wallet would conflict.

use super::morning::Morning;
use super::outstanding::Outstanding;
use crate::plan::{PlannedDay, PlannedSlip, SlipPlan};
use client::http::{Call, Connection, Reply, uri};
use demo::measure::Tally;
use demo::people::People;
use demo::{Acknowledgements, DemoError};
use http::Uri;
use jiff::Timestamp;
use jiff::civil::Date;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

/// Slips handed out and not answered, all connections together: enough that hardly any connection waits for a slip.
const HANDED_OUT_MAX: usize = 384;
/// A reply that says so itself is asked for again this often.
const REPEATS_MAX: u32 = 5;
const WAIT_BETWEEN: Duration = Duration::from_millis(50);

/// A slip to place, in the order of the day.
pub struct Job {
    pub number: u64,
    pub slip: PlannedSlip,
    pub closes_at: Timestamp,
}

/// Everybody at work. A connection is with its task while there is work, and here otherwise.
pub struct Crew {
    connections: Vec<Connection>,
    acknowledgements: Arc<Acknowledgements>,
}

/// A day's betting under way.
pub struct Placing {
    /// Of each connection. Bounded by the permits.
    jobs: Vec<mpsc::UnboundedSender<(Job, OwnedSemaphorePermit)>>,
    permits: Arc<Semaphore>,
    tasks: JoinSet<(Connection, Tally)>,
    refused: Arc<AtomicUsize>,
}

/// What all tasks of a day share.
struct Desk {
    bettors: Arc<People>,
    outstanding: Arc<Outstanding>,
    refused: Arc<AtomicUsize>,
    /// Where the slips of each race go.
    paths: Vec<Uri>,
    key_prefix: String,
    acknowledgements: Arc<Acknowledgements>,
}

impl Placing {
    pub async fn place(&self, job: Job) -> Result<(), DemoError> {
        let gone = || DemoError::Unexpected("nobody is left to place slips".into());
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| gone())?;
        self.jobs[job.slip.bettor % self.jobs.len()].send((job, permit)).map_err(|_| gone())
    }

    pub fn refused(&self) -> usize {
        self.refused.load(Relaxed)
    }
}

impl Crew {
    pub fn new(to: &Connection, connections: usize, acknowledgements: Arc<Acknowledgements>) -> Self {
        Self { connections: (0..connections).map(|_| to.another()).collect(), acknowledgements }
    }

    /// Gives everybody what the day will need.
    pub async fn fund(
        &mut self,
        bettors: &People,
        plan: &SlipPlan,
        date: Date,
        now: Timestamp,
        seed: u64,
    ) -> Result<(), DemoError> {
        let morning = Morning { bettors, plan, date, now, seed, acknowledgements: &self.acknowledgements };
        let (count, people) = (self.connections.len(), plan.top_ups.len());
        let parts = self.connections.iter_mut().enumerate();
        let parts = parts.map(|(part, connection)| morning.of((part..people).step_by(count), connection));
        futures_util::future::try_join_all(parts).await.map(drop)
    }

    /// Begins a day's betting.
    pub fn begin(
        &mut self,
        bettors: &Arc<People>,
        outstanding: &Arc<Outstanding>,
        day: &PlannedDay,
        seed: u64,
    ) -> Result<Placing, DemoError> {
        let paths = day.races.iter().map(|race| uri(&format!("/v1/races/{}/slips", race.id)));
        let refused = Arc::new(AtomicUsize::new(0));
        let desk = Arc::new(Desk {
            bettors: bettors.clone(),
            outstanding: outstanding.clone(),
            refused: refused.clone(),
            paths: paths.collect::<Result<_, _>>()?,
            key_prefix: format!("demo-{seed}-{}", day.date),
            acknowledgements: self.acknowledgements.clone(),
        });
        let (mut tasks, mut jobs) = (JoinSet::new(), Vec::new());
        for connection in self.connections.drain(..) {
            let (sender, receiver) = mpsc::unbounded_channel();
            jobs.push(sender);
            tasks.spawn(desk.clone().work(connection, receiver));
        }
        Ok(Placing { jobs, permits: Arc::new(Semaphore::new(HANDED_OUT_MAX)), tasks, refused })
    }

    /// Waits until every slip is answered.
    pub async fn end(&mut self, placing: Placing) -> Tally {
        let Placing { jobs, mut tasks, .. } = placing;
        drop(jobs);
        let mut sum = Tally::default();
        while let Some(done) = tasks.join_next().await {
            // A task that panicked has said so; its slips are missing in the sum.
            if let Ok((connection, tally)) = done {
                self.connections.push(connection);
                sum.add(tally);
            }
        }
        sum
    }
}

impl Desk {
    async fn work(
        self: Arc<Self>,
        mut connection: Connection,
        mut jobs: mpsc::UnboundedReceiver<(Job, OwnedSemaphorePermit)>,
    ) -> (Connection, Tally) {
        let mut tally = Tally::default();
        while let Some((job, _permit)) = jobs.recv().await {
            if let Err(error) = self.place(&job, &mut connection, &mut tally).await {
                tally.refused.push(error.to_string());
                self.refused.fetch_add(1, Relaxed);
            }
            self.outstanding.end(job.closes_at, job.slip.bettor);
        }
        (connection, tally)
    }

    async fn place(&self, job: &Job, connection: &mut Connection, tally: &mut Tally) -> Result<(), DemoError> {
        let Job { number, slip, .. } = job;
        let authorization = self.bettors.authorization(slip.bettor, slip.at, connection).await?;
        let call = Call::post_to(self.paths[slip.race].clone(), slip.body.clone())
            .with("idempotency-key", &format!("{}-{number}", self.key_prefix))
            .by(authorization);
        let started = Instant::now();
        let mut reply = connection.send(&call).await?;
        for repeat in 1..=REPEATS_MAX {
            if !is_passing(&reply) {
                break;
            }
            tokio::time::sleep(WAIT_BETWEEN * repeat).await;
            reply = connection.send(&call).await?;
        }
        let reply = reply.accepted("placing a slip")?;
        self.acknowledgements.note("slip", Some(&self.bettors.name(slip.bettor)), &call, &reply)?;
        tally.accepted(*number, started.elapsed(), reply.headers.get("server-timing"));
        Ok(())
    }
}

/// Contention: nothing was decided, and the same again may be.
fn is_passing(reply: &Reply) -> bool {
    let says_so = |body: &[u8]| body.windows(RETRYABLE.len()).any(|window| window == RETRYABLE);
    reply.status == http::StatusCode::CONFLICT && says_so(&reply.body)
}

const RETRYABLE: &[u8] = br#""retryable":true"#;
