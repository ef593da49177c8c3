//! Event source mappings of table streams: each relay reads the changes of its table in order and its position moves only when they are
//! handled. A batch that fails is halved until it has only the record at fault. After five attempts that record goes to the relay's
//! on-failure queue, and the stream goes on.

mod event;
mod trim;

pub use trim::trim;

use crate::CloudError;
use crate::activity::Activity;
use crate::clock::LocalClock;
use crate::deliveries::Deliveries;
use crate::engine::{Engine, StreamReader, StreamRow};
use crate::queues::{NewMessage, Queues};
use crate::runner::{RunError, Runner};
use platform::clock::Clock;
use platform::function::Trigger;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How often a single record is tried.
const ATTEMPTS_MAX: u32 = 5;
/// The first wait between attempts; doubled each time.
const RETRY_WAIT: Duration = Duration::from_millis(200);
/// The least time between two batches that are not full: under load many changes share one invocation.
const BATCH_WINDOW: Duration = Duration::from_millis(20);
const TROUBLE_WAIT: Duration = Duration::from_millis(500);

/// What the relays share.
pub struct RelayBackends {
    pub engine: Arc<Engine>,
    pub queues: Arc<Queues>,
    pub clock: Arc<LocalClock>,
    pub activity: Arc<Activity>,
    pub deliveries: Arc<dyn Deliveries>,
}

/// A function that a table's stream triggers.
pub struct Relay {
    runner: Arc<Runner>,
    backends: Arc<RelayBackends>,
    reader: Mutex<StreamReader>,
    /// As the engine names it.
    table: String,
    batch: u32,
    /// It is done with every change up to this one.
    position: AtomicI64,
}

impl Relay {
    /// The relay of a function, if a stream triggers it.
    pub fn of(runner: &Arc<Runner>, backends: &Arc<RelayBackends>) -> Result<Option<Self>, CloudError> {
        let Trigger::Stream { table, batch, .. } = runner.function().trigger else { return Ok(None) };
        let reader = backends.engine.stream_reader()?;
        let position = reader.position(runner.function().name).map_err(CloudError::engine)?;
        Ok(Some(Self {
            table: runner.names().table(table),
            runner: runner.clone(),
            backends: backends.clone(),
            reader: reader.into(),
            batch,
            position: position.into(),
        }))
    }

    /// It is done with every change up to this one.
    pub fn position(&self) -> i64 {
        self.position.load(SeqCst)
    }

    pub fn function(&self) -> &'static str {
        self.runner.function().name
    }

    /// Relays until `stopping`. What was under way is relayed again at the next start.
    pub async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = self.relay_continually() => {}
        }
    }

    async fn relay_continually(&self) {
        let mut written = self.backends.engine.written();
        loop {
            written.catch_up();
            let earliest_next = tokio::time::Instant::now() + BATCH_WINDOW;
            match self.relay_next().await {
                Ok(Next::More) => {}
                Ok(Next::CaughtUp) => {
                    written.next().await;
                    tokio::time::sleep_until(earliest_next).await;
                }
                Err(_) => tokio::time::sleep(TROUBLE_WAIT).await,
            }
        }
    }

    async fn relay_next(&self) -> Result<Next, CloudError> {
        let (rows, newest) = self.read().map_err(CloudError::engine)?;
        let read = rows.len();
        let (late, rows) = self.backends.deliveries.changes(self.function(), rows);
        if !late.is_zero() {
            tokio::time::sleep(late).await;
        }
        let full = read == self.batch as usize || rows.len() < read;
        let Some(last) = rows.iter().map(|row| row.id).max() else {
            self.position.store(newest, SeqCst);
            return Ok(Next::CaughtUp);
        };
        self.deliver(rows).await?;
        self.backends.engine.advance_stream(self.function(), last).await?;
        self.backends.activity.happened();
        // Beyond the last change of its own table there are only other tables' ones.
        self.position.store(if full { last } else { newest }, SeqCst);
        Ok(if full { Next::More } else { Next::CaughtUp })
    }

    fn read(&self) -> rusqlite::Result<(Vec<StreamRow>, i64)> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = reader.newest()?;
        Ok((reader.read(&self.table, self.position(), newest, self.batch)?, newest))
    }

    /// Returns when every row is handled or given up.
    async fn deliver(&self, rows: Vec<StreamRow>) -> Result<(), CloudError> {
        let mut parts = vec![rows];
        while let Some(mut part) = parts.pop() {
            if self.invoke(&part).await.is_ok() {
                continue;
            }
            if part.len() > 1 {
                let later = part.split_off(part.len() / 2);
                parts.push(later);
                parts.push(part);
            } else {
                self.retry(&part).await?;
            }
        }
        Ok(())
    }

    /// Tries a single record again, and at last gives it up.
    async fn retry(&self, row: &[StreamRow]) -> Result<(), CloudError> {
        for attempt in 1..ATTEMPTS_MAX {
            tokio::time::sleep(RETRY_WAIT * 2_u32.pow(attempt - 1)).await;
            if self.invoke(row).await.is_ok() {
                return Ok(());
            }
        }
        let Some(failures) = self.runner.function().failures() else { return Ok(()) };
        let now = self.backends.clock.now();
        let bodies = row.iter().map(|row| event::given_up(self.runner.names(), self.function(), &self.table, row, now));
        let message = |body| NewMessage { queue: failures.name.to_owned(), body, ..NewMessage::default() };
        self.backends.queues.send(bodies.map(message).collect()).await.map(|_| ())
    }

    async fn invoke(&self, rows: &[StreamRow]) -> Result<(), RunError> {
        let event = event::event(self.runner.names(), &self.table, rows);
        let event = event.map_err(|error| RunError::Failed(error.to_string()))?;
        self.runner.invoke(event).await.map(|_| ())
    }
}

enum Next {
    More,
    CaughtUp,
}

/// How many changes the slowest relay has before it.
pub fn lag(relays: &[Arc<Relay>], newest: i64) -> i64 {
    relays.iter().map(|relay| newest - relay.position()).max().unwrap_or(0).max(0)
}
