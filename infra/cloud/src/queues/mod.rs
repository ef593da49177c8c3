//! SQS as functions and Lambda's pollers see it: visibility timeouts, delays, receive counts, dead-letter queues, standard queues with
//! at-least-once delivery. Every message is durable before it is acknowledged, and all times follow the settable clock.

pub mod event;
mod message;
pub mod poller;

pub use message::{Depth, NewMessage, Received, random_uuid};

use crate::CloudError;
use crate::activity::Activity;
use crate::clock::LocalClock;
use crate::database::Database;
use jiff::{SignedDuration, Timestamp};
use platform::Service;
use platform::clock::Clock;
use platform::resource::{QueueSpec, dead_letter_name};
use rusqlite::params;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The longest delay SQS takes.
pub const DELAY_MAX: Duration = Duration::from_mins(15);

/// The queues of a data directory, by their names without the environment's prefix; its dead-letter queue beside each.
pub struct Queues {
    database: Arc<Database>,
    clock: Arc<LocalClock>,
    activity: Arc<Activity>,
    /// What wakes the poller of each.
    changes: BTreeMap<String, Notify>,
}

impl Queues {
    /// Opens the queues of `services`. What was in the hands of an invocation when the process ended is due again: nobody holds it.
    pub async fn open(
        database: Arc<Database>,
        clock: Arc<LocalClock>,
        activity: Arc<Activity>,
        services: &[&Service],
    ) -> Result<Self, CloudError> {
        let names = services
            .iter()
            .flat_map(|service| service.queues())
            .flat_map(|queue| [queue.name.to_owned(), dead_letter_name(queue.name)]);
        let changes = names.map(|name| (name, Notify::new())).collect();
        let now = clock.now().as_millisecond();
        let release = "UPDATE messages SET held = 0, visible_ms = min(visible_ms, ?1) WHERE held = 1";
        database.run(move |connection| connection.execute(release, [now])).await?;
        Ok(Self { database, clock, activity, changes })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.changes.keys().map(String::as_str)
    }

    pub fn has(&self, queue: &str) -> bool {
        self.changes.contains_key(queue)
    }

    /// Stores messages, all or none. Returns their ids.
    ///
    /// # Errors
    /// `NoQueue` for a queue that no service has.
    pub async fn send(&self, messages: Vec<NewMessage>) -> Result<Vec<String>, CloudError> {
        if let Some(unknown) = messages.iter().find(|message| !self.has(&message.queue)) {
            return Err(CloudError::NoQueue(unknown.queue.clone()));
        }
        let now = self.clock.now();
        let queues: Vec<_> = messages.iter().map(|message| message.queue.clone()).collect();
        let store = move |connection: &rusqlite::Connection| {
            messages.iter().map(|message| message.insert(connection, now)).collect::<rusqlite::Result<Vec<_>>>()
        };
        let ids = self.database.run(store).await?;
        for queue in &queues {
            self.sent(queue);
        }
        Ok(ids)
    }

    /// Tells that a message was stored on `queue`.
    pub fn sent(&self, queue: &str) {
        self.activity.happened();
        self.wake(queue);
    }

    /// Lets the poller of `queue` look again.
    fn wake(&self, queue: &str) {
        if let Some(changed) = self.changes.get(queue) {
            changed.notify_one();
        }
    }

    /// Waits until something may be due on `queue`: it was woken, `due` has come, or the clock was set.
    async fn changed(&self, queue: &str, due: Option<Timestamp>) {
        let mut moves = self.clock.moves();
        let at_due = async {
            match due {
                Some(due) => self.clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let woken = async {
            match self.changes.get(queue) {
                Some(changed) => changed.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = at_due => {}
            () = woken => {}
            _ = moves.changed() => {}
        }
    }

    /// Receives up to `count` messages, which stay invisible for `visibility`; or tells when the next one is due. What was received
    /// too often goes to the dead-letter queue instead.
    pub async fn receive(&self, queue: &'static QueueSpec, count: u32, visibility: Duration) -> Result<Batch, CloudError> {
        self.receive_from(queue.name, Some(queue.receives_max), count, visibility).await
    }

    /// The same from any queue; `receives_max` is none for a dead-letter queue.
    pub async fn receive_from(
        &self,
        queue: &str,
        receives_max: Option<u32>,
        count: u32,
        visibility: Duration,
    ) -> Result<Batch, CloudError> {
        let now = self.clock.now();
        let until = now.saturating_add(visibility).map_err(CloudError::engine)?;
        let take = message::Take { queue: queue.to_owned(), receives_max, count, now, until };
        let batch = self.database.run(move |connection| take.run(connection)).await?;
        if !batch.messages.is_empty() {
            self.activity.happened();
        }
        Ok(batch)
    }

    /// Ends an invocation's hold of its messages: those handled are deleted, the others wait for their visibility timeout.
    pub async fn settle(&self, handled: Vec<Received>, failed: Vec<Received>) -> Result<(), CloudError> {
        let settle = move |connection: &rusqlite::Connection| {
            let mut delete = connection.prepare_cached("DELETE FROM messages WHERE id = ?1 AND receipt = ?2")?;
            for message in &handled {
                delete.execute(params![message.id, message.receipt])?;
            }
            let mut release = connection.prepare_cached("UPDATE messages SET held = 0 WHERE id = ?1 AND receipt = ?2")?;
            for message in &failed {
                release.execute(params![message.id, message.receipt])?;
            }
            Ok(())
        };
        self.database.run(settle).await?;
        self.activity.happened();
        Ok(())
    }

    /// Deletes a message by its newest receipt. Returns whether there was one.
    pub async fn delete(&self, queue: &str, receipt: String) -> Result<bool, CloudError> {
        let queue = queue.to_owned();
        let delete = "DELETE FROM messages WHERE queue = ?1 AND receipt = ?2";
        let deleted = self.database.run(move |connection| connection.execute(delete, params![queue, receipt])).await?;
        self.activity.happened();
        Ok(deleted > 0)
    }

    /// Lets a received message come again after `delay`. Returns whether the receipt is its newest.
    pub async fn change_visibility(&self, queue: &str, receipt: String, delay: Duration) -> Result<bool, CloudError> {
        let visible = self.clock.now().saturating_add(delay).map_err(CloudError::engine)?.as_millisecond();
        let name = queue.to_owned();
        let change = "UPDATE messages SET visible_ms = ?3 WHERE queue = ?1 AND receipt = ?2";
        let changed = self.database.run(move |connection| connection.execute(change, params![name, receipt, visible])).await?;
        self.wake(queue);
        Ok(changed > 0)
    }

    /// Ages nothing that an invocation holds: it takes real time, however far the clock was set.
    pub async fn clock_moved(&self, by: SignedDuration) -> Result<(), CloudError> {
        let by = i64::try_from(by.as_millis()).unwrap_or(0);
        let shift = "UPDATE messages SET visible_ms = visible_ms + ?1 WHERE held = 1";
        self.database.run(move |connection| connection.execute(shift, [by])).await?;
        self.activity.happened();
        Ok(())
    }

    /// What lies in each queue.
    pub async fn depths(&self) -> Result<BTreeMap<String, Depth>, CloudError> {
        let now = self.clock.now();
        let mut depths: BTreeMap<_, _> = self.names().map(|name| (name.to_owned(), Depth::default())).collect();
        depths.extend(self.database.run(move |connection| message::depths(connection, now)).await?);
        Ok(depths)
    }
}

/// What was received.
#[derive(Debug, Default)]
pub struct Batch {
    pub messages: Vec<Received>,
    /// When the next message becomes visible, if nothing was received.
    pub next_due: Option<Timestamp>,
}

#[cfg(test)]
mod tests;
