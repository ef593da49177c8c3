//! SQS as functions and Lambda's pollers see it: visibility timeouts, delays, receive counts, dead-letter queues, standard queues with
//! at-least-once delivery. Every message is durable before it is acknowledged, and all times follow the settable clock.

pub mod attributes;
pub mod event;
mod message;
pub mod poller;
pub mod receipt;

pub use message::{Depth, NewMessage, Received, random_uuid};

use crate::CloudError;
use crate::activity::Activity;
use crate::clock::LocalClock;
use crate::database::Database;
use crate::deliveries::Deliveries;
use crate::signal::{Listener, Signal};
use jiff::{SignedDuration, Timestamp};
use platform::Service;
use platform::clock::Clock;
use platform::resource::{QueueSpec, dead_letter_name};
use rusqlite::params;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

/// The longest delay SQS takes.
pub const DELAY_MAX: Duration = Duration::from_mins(15);

/// The queues of a data directory, by their names without the environment's prefix; its dead-letter queue beside each.
pub struct Queues {
    database: Arc<Database>,
    clock: Arc<LocalClock>,
    activity: Arc<Activity>,
    deliveries: Arc<dyn Deliveries>,
    by_name: BTreeMap<String, OneQueue>,
}

/// How often a queue may be purged.
const PURGE_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// What one queue is, as Terraform makes it, and what wakes those who wait for it.
struct OneQueue {
    settings: Settings,
    changes: Signal,
    /// When it was purged, in milliseconds.
    purged_ms: AtomicI64,
}

/// What a queue does with its messages.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a received message stays invisible, unless who receives it says.
    pub visibility: Duration,
    /// How long a receive waits for a message, unless it says.
    pub wait: Duration,
    /// How often a message is received before it goes to the dead-letter queue; none where there is no such queue.
    pub receives_max: Option<u32>,
    /// The queue whose dead letters it holds.
    pub source: Option<String>,
}

/// What a receipt holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// A message that is invisible: it is.
    Held,
    /// A message that became visible again.
    Over,
    /// Nothing any more.
    None,
}

/// Where a queue says nothing else.
const VISIBILITY: Duration = Duration::from_secs(30);
/// How long a receive from a consumed queue waits.
const WAIT: Duration = Duration::from_secs(20);

fn queues_of(services: &[&Service]) -> BTreeMap<String, OneQueue> {
    let functions = || services.iter().flat_map(|service| service.functions);
    let plain = Settings { visibility: VISIBILITY, wait: Duration::ZERO, receives_max: None, source: None };
    let mut queues = BTreeMap::new();
    let mut add = |name: String, settings| {
        queues.insert(name, OneQueue { settings, changes: Signal::default(), purged_ms: AtomicI64::new(i64::MIN) })
    };
    for queue in services.iter().flat_map(|service| service.queues()) {
        let consumer =
            functions().find(|function| function.definition.consumes().is_some_and(|consumed| consumed.name == queue.name));
        let settings = consumer.map_or_else(
            || plain.clone(),
            |function| Settings {
                visibility: function.visibility(),
                wait: WAIT,
                receives_max: Some(queue.receives_max),
                ..plain.clone()
            },
        );
        add(queue.name.to_owned(), settings);
        add(dead_letter_name(queue.name), Settings { source: Some(queue.name.to_owned()), ..plain.clone() });
    }
    queues
}

impl Queues {
    /// Opens the queues of `services`. What was in the hands of an invocation when the process ended is due again: nobody holds it.
    pub async fn open(
        database: Arc<Database>,
        clock: Arc<LocalClock>,
        activity: Arc<Activity>,
        deliveries: Arc<dyn Deliveries>,
        services: &[&Service],
    ) -> Result<Self, CloudError> {
        let by_name = queues_of(services);
        let now = clock.now().as_millisecond();
        let release = "UPDATE messages SET held = 0, visible_ms = min(visible_ms, ?1) WHERE held = 1";
        database.run(move |connection| connection.execute(release, [now])).await?;
        Ok(Self { database, clock, activity, deliveries, by_name })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    pub fn has(&self, queue: &str) -> bool {
        self.by_name.contains_key(queue)
    }

    /// Notes an event that was published, whether a queue wants it or not.
    pub(super) fn published(&self, event: &str) {
        self.deliveries.published(event);
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
        let messages: Vec<_> = messages.into_iter().map(|message| (self.deliveries.copies(&message.queue), message)).collect();
        let store = move |connection: &rusqlite::Connection| {
            let insert = |(copies, message): &(Vec<Duration>, NewMessage)| message.insert(connection, now, copies);
            messages.iter().map(insert).collect::<rusqlite::Result<Vec<_>>>()
        };
        let ids = self.database.run(store).await?;
        for queue in &queues {
            self.sent(queue);
        }
        Ok(ids)
    }

    /// Notes that a message was stored on `queue`, and wakes its receivers.
    pub fn sent(&self, queue: &str) {
        self.activity.happened();
        self.wake(queue);
    }

    /// Lets everyone who waits for `queue` look again.
    fn wake(&self, queue: &str) {
        if let Some(queue) = self.by_name.get(queue) {
            queue.changes.give();
        }
    }

    /// Lets everyone who waits for any queue look again.
    pub fn wake_all(&self) {
        self.by_name.values().for_each(|queue| queue.changes.give());
    }

    pub fn settings(&self, queue: &str) -> Option<&Settings> {
        self.by_name.get(queue).map(|queue| &queue.settings)
    }

    /// The changes of a queue; none when there is no such queue.
    fn changes(&self, queue: &str) -> Option<Listener> {
        self.by_name.get(queue).map(|queue| queue.changes.listen())
    }

    /// Waits until something may be due on a queue: it changed, `due` has come, or the clock was set.
    async fn changed(&self, changes: &mut Listener, due: Option<Timestamp>) {
        let mut moves = self.clock.moves();
        let at_due = async {
            match due {
                Some(due) => self.clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = at_due => {}
            () = changes.next() => {}
            () = moves.next() => {}
        }
    }

    /// Receives as a caller outside this process does: up to `count` messages, after at most `wait`. They stay invisible for `visibility`,
    /// or for the queue's own time. Nobody here holds them, so they come again also after a restart.
    ///
    /// # Errors
    /// `NoQueue` for a queue that no service has.
    pub async fn wait_for(
        &self,
        queue: &str,
        count: u32,
        visibility: Option<Duration>,
        wait: Duration,
    ) -> Result<Vec<Received>, CloudError> {
        let (Some(settings), Some(mut changes)) = (self.settings(queue), self.changes(queue)) else {
            return Err(CloudError::NoQueue(queue.to_owned()));
        };
        let until = tokio::time::Instant::now() + wait;
        let visibility = visibility.unwrap_or(settings.visibility);
        loop {
            changes.catch_up();
            let Batch { messages, next_due } = self.receive_from(queue, settings.receives_max, count, visibility).await?;
            if !messages.is_empty() {
                self.settle(Vec::new(), messages.clone()).await?;
                // Receivers that looked in between saw them, but not when they are visible again.
                self.wake(queue);
                return Ok(messages);
            }
            if tokio::time::timeout_at(until, self.changed(&mut changes, next_due)).await.is_err() {
                return Ok(messages);
            }
        }
    }

    /// Deletes every message of `queue`, those in flight too. Returns whether a minute has passed since the last time: only then it does.
    ///
    /// # Errors
    /// `NoQueue` for a queue that no service has.
    pub async fn purge(&self, queue: &str) -> Result<bool, CloudError> {
        let one = self.by_name.get(queue).ok_or_else(|| CloudError::NoQueue(queue.to_owned()))?;
        let now = self.clock.now().as_millisecond();
        let last = one.purged_ms.load(SeqCst);
        let waits = last.saturating_add(i64::try_from(PURGE_EVERY.as_millis()).unwrap_or(i64::MAX)) > now && last <= now;
        if waits || one.purged_ms.compare_exchange(last, now, SeqCst, SeqCst).is_err() {
            return Ok(false);
        }
        let queue = queue.to_owned();
        self.database.run(move |connection| connection.execute("DELETE FROM messages WHERE queue = ?1", [queue])).await?;
        self.activity.happened();
        Ok(true)
    }

    /// Receives up to `count` messages, which stay invisible for `visibility`. Without any it returns when the next one is due. What was
    /// received too often goes to the dead-letter queue instead.
    pub async fn receive(&self, queue: &'static QueueSpec, count: u32, visibility: Duration) -> Result<Batch, CloudError> {
        self.receive_from(queue.name, Some(queue.receives_max), count, visibility).await
    }

    /// The same from any queue; `receives_max` is none for a dead-letter queue.
    async fn receive_from(
        &self,
        queue: &str,
        receives_max: Option<u32>,
        count: u32,
        visibility: Duration,
    ) -> Result<Batch, CloudError> {
        let now = self.clock.now();
        let visibility = self.deliveries.visibility(queue, visibility);
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

    /// Lets a received message come again after `delay`. Returns what the receipt held.
    pub async fn change_visibility(&self, queue: &str, receipt: String, delay: Duration) -> Result<Hold, CloudError> {
        let now = self.clock.now();
        let visible = now.saturating_add(delay).map_err(CloudError::engine)?.as_millisecond();
        let (name, now) = (queue.to_owned(), now.as_millisecond());
        let change = move |connection: &rusqlite::Connection| {
            let change = "UPDATE messages SET visible_ms = ?3 WHERE queue = ?1 AND receipt = ?2 AND (held OR visible_ms > ?4)";
            if connection.execute(change, params![name, receipt, visible, now])? > 0 {
                return Ok(Hold::Held);
            }
            let known = "SELECT count(*) FROM messages WHERE queue = ?1 AND receipt = ?2";
            let known: u32 = connection.query_row(known, params![name, receipt], |row| row.get(0))?;
            Ok(if known > 0 { Hold::Over } else { Hold::None })
        };
        let held = self.database.run(change).await?;
        self.wake(queue);
        Ok(held)
    }

    /// Ages nothing that an invocation holds: it takes real time, however far the clock was set.
    pub async fn clock_moved(&self, by: SignedDuration) -> Result<(), CloudError> {
        let by = i64::try_from(by.as_millis()).unwrap_or(0);
        let shift = "UPDATE messages SET visible_ms = visible_ms + ?1 WHERE held = 1";
        self.database.run(move |connection| connection.execute(shift, [by])).await?;
        self.activity.happened();
        Ok(())
    }

    /// Moves everything but `poison` from `dead` to `queue`, where it is new. Returns how much that was.
    pub async fn redrive(&self, queue: &str, dead: &str, poison: &str) -> Result<u64, CloudError> {
        let (to, from, now) = (queue.to_owned(), dead.to_owned(), self.clock.now().as_millisecond());
        let poison = poison.to_owned();
        let update = "UPDATE messages SET queue = ?1, receives = 0, visible_ms = ?3 WHERE queue = ?2 AND body <> ?4";
        let moved = self.database.run(move |connection| connection.execute(update, params![to, from, now, poison])).await?;
        self.sent(queue);
        Ok(moved as u64)
    }

    /// The queues with a message that is visible, or that an invocation holds. What waits to become visible again does not count.
    pub async fn busy(&self) -> Result<Vec<String>, CloudError> {
        let now = self.clock.now();
        self.database.run(move |connection| message::busy(connection, now)).await
    }

    /// When the next message of any queue becomes visible, after now.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, CloudError> {
        let now = self.clock.now().as_millisecond();
        let select = "SELECT min(visible_ms) FROM messages WHERE visible_ms > ?1";
        let next: Option<i64> =
            self.database.run(move |connection| connection.query_row(select, [now], |row| row.get(0))).await?;
        Ok(next.and_then(|next| Timestamp::from_millisecond(next).ok()))
    }

    /// How many messages each queue holds.
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
