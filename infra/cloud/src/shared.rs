//! What the parts of a running local cloud share, and what can be asked of all of them together.

use super::CloudError;
use super::activity::Activity;
use super::clock::LocalClock;
use super::connector::Backends;
use super::connector::permits::Permits;
use super::database::Database;
use super::engine::StreamReader;
use super::issuer::Issuer;
use super::log::FileLog;
use super::queues::{Depth, NewMessage};
use super::streams::{Relay, lag};
use jiff::Timestamp;
use platform::clock::Clock;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

pub struct Shared {
    pub backends: Arc<Backends>,
    /// Where the AWS endpoint answers.
    pub aws_url: String,
    pub clock: Arc<LocalClock>,
    pub issuer: Arc<Issuer>,
    pub permits: Vec<Arc<Permits>>,
    pub(super) database: Arc<Database>,
    pub(super) activity: Arc<Activity>,
    pub(super) relays: Vec<Arc<Relay>>,
    pub(super) stream: Mutex<StreamReader>,
    pub(super) log: Arc<FileLog>,
    /// The queues that a function consumes.
    pub(super) consumed: BTreeSet<&'static str>,
}

/// The state of everything that happens without a request.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    pub now: Timestamp,
    /// Nothing is left to do until the clock moves or a request comes. The dead do not count.
    pub idle: bool,
    pub queues: BTreeMap<String, Depth>,
    /// Changes that the slowest relay has not relayed yet.
    pub stream_lag: i64,
    /// Messages in queues that no function consumes: dead-letter queues and on-failure queues.
    pub dead: u64,
    /// Log lines that were dropped.
    pub log_lines_dropped: u64,
}

impl Shared {
    /// Looks at streams and queues, and again if something happened in between.
    pub async fn status(&self) -> Result<Status, CloudError> {
        let before = self.activity.count();
        let lag_before = self.stream_lag()?;
        let queues = self.backends.queues.depths().await?;
        let stream_lag = self.stream_lag()?;
        let is_dead = |name: &str| !self.consumed.contains(name);
        let quiet = self.activity.count() == before && lag_before == 0 && stream_lag == 0;
        Ok(Status {
            now: self.clock.now(),
            idle: quiet && queues.iter().all(|(name, depth)| is_dead(name) || depth.is_idle()),
            dead: queues.iter().filter(|(name, _)| is_dead(name)).map(|(_, depth)| depth.visible + depth.in_flight).sum(),
            queues,
            stream_lag,
            log_lines_dropped: self.log.dropped(),
        })
    }

    fn stream_lag(&self) -> Result<i64, CloudError> {
        let newest = self.stream.lock().unwrap_or_else(PoisonError::into_inner).newest();
        Ok(lag(&self.relays, newest.map_err(CloudError::engine)?))
    }

    /// Sets the clock. Everything that is due by then happens.
    pub async fn set_clock(&self, now: Timestamp) -> Result<(), CloudError> {
        if !LocalClock::can_show(now) {
            return Err(CloudError::Time(now));
        }
        let moved = self.clock.set(now).map_err(CloudError::Directory)?;
        self.backends.queues.clock_moved(moved).await
    }

    /// Puts a message on a queue. Returns its id.
    pub async fn publish(&self, queue: &str, body: String) -> Result<String, CloudError> {
        let message = NewMessage { queue: queue.to_owned(), body, ..NewMessage::default() };
        Ok(self.backends.queues.send(vec![message]).await?.swap_remove(0))
    }
}
