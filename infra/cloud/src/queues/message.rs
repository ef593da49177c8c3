//! Messages as `cloud.sqlite` keeps them. A message is visible once its time has come, in flight when it was received before that, and
//! delayed when it never was.

use super::{Batch, receipt};
use jiff::Timestamp;
use platform::resource::dead_letter_name;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// A message to be sent.
#[derive(Debug, Clone, Default)]
pub struct NewMessage {
    pub queue: String,
    pub body: String,
    pub delay: Duration,
    /// `traceparent`, when there is one.
    pub trace: String,
    /// The other attributes, as `attributes::stored` writes them.
    pub attributes: String,
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub id: i64,
    pub message_id: String,
    pub body: String,
    pub trace: String,
    /// The other attributes, as `attributes::stored` writes them.
    pub attributes: String,
    pub sent_ms: i64,
    /// 1 at the first delivery.
    pub receives: u32,
    pub first_received_ms: i64,
    pub receipt: String,
}

/// How many messages a queue has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Depth {
    pub visible: u64,
    /// Received and not deleted: being handled, or to come again.
    pub in_flight: u64,
    /// Not due yet for the first time.
    pub delayed: u64,
}

impl Depth {
    pub const fn is_idle(self) -> bool {
        self.visible == 0 && self.in_flight == 0
    }
}

impl NewMessage {
    /// Stores it, once for each of `copies`, that much later than it is to come. Returns its id.
    pub fn insert(&self, connection: &Connection, now: Timestamp, copies: &[Duration]) -> rusqlite::Result<String> {
        let now = now.as_millisecond();
        let after = |late: &Duration| now + i64::try_from((self.delay + *late).as_millis()).unwrap_or(0);
        let id = random_uuid();
        let mut insert = connection.prepare_cached(
            "INSERT INTO messages (queue, message_id, body, trace, attributes, sent_ms, visible_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for late in copies {
            insert.execute(params![self.queue, id, self.body, self.trace, self.attributes, now, after(late)])?;
        }
        Ok(id)
    }
}

/// A receive.
pub(super) struct Take {
    pub queue: String,
    pub receives_max: Option<u32>,
    pub count: u32,
    pub now: Timestamp,
    /// Until when the messages stay invisible.
    pub until: Timestamp,
}

impl Take {
    pub(super) fn run(&self, connection: &Connection) -> rusqlite::Result<Batch> {
        if let Some(receives_max) = self.receives_max {
            self.move_worn_out(connection, receives_max)?;
        }
        let mut select = connection.prepare_cached(
            "SELECT id, message_id, body, trace, attributes, sent_ms, receives, first_received_ms FROM messages \
             WHERE queue = ?1 AND visible_ms <= ?2 ORDER BY visible_ms, id LIMIT ?3",
        )?;
        let now = self.now.as_millisecond();
        let rows = select.query_map(params![self.queue, now, self.count], |row| received(row, &self.queue, now))?;
        let messages = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut hold = connection.prepare_cached(
            "UPDATE messages SET receives = ?2, first_received_ms = ?3, receipt = ?4, visible_ms = ?5, held = 1 WHERE id = ?1",
        )?;
        for message in &messages {
            let Received { id, receives, first_received_ms, receipt, .. } = message;
            hold.execute(params![id, receives, first_received_ms, receipt, self.until.as_millisecond()])?;
        }
        let next_due = if messages.is_empty() { self.next_due(connection)? } else { None };
        Ok(Batch { messages, next_due })
    }

    /// Moves what is due and was received too often to the dead-letter queue, where its receives count from 0.
    fn move_worn_out(&self, connection: &Connection, receives_max: u32) -> rusqlite::Result<()> {
        let mut update = connection.prepare_cached(
            "UPDATE messages SET queue = ?1, receives = 0, first_received_ms = NULL, receipt = NULL, held = 0 \
             WHERE queue = ?2 AND visible_ms <= ?3 AND receives >= ?4",
        )?;
        update.execute(params![dead_letter_name(&self.queue), self.queue, self.now.as_millisecond(), receives_max])?;
        Ok(())
    }

    fn next_due(&self, connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
        let mut select =
            connection.prepare_cached("SELECT visible_ms FROM messages WHERE queue = ?1 ORDER BY visible_ms LIMIT 1")?;
        let next: Option<i64> = select.query_row([&self.queue], |row| row.get(0)).optional()?;
        Ok(next.and_then(|next| Timestamp::from_millisecond(next).ok()))
    }
}

fn received(row: &Row<'_>, queue: &str, now: i64) -> rusqlite::Result<Received> {
    Ok(Received {
        id: row.get(0)?,
        message_id: row.get(1)?,
        body: row.get(2)?,
        trace: row.get(3)?,
        attributes: row.get(4)?,
        sent_ms: row.get(5)?,
        receives: row.get::<_, u32>(6)? + 1,
        first_received_ms: row.get::<_, Option<i64>>(7)?.unwrap_or(now),
        receipt: receipt::new(queue),
    })
}

/// The queues with a message that is visible, or that an invocation holds.
pub(super) fn busy(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<String>> {
    let mut select = connection.prepare_cached("SELECT DISTINCT queue FROM messages WHERE held OR visible_ms <= ?1")?;
    select.query_map([now.as_millisecond()], |row| row.get(0))?.collect()
}

pub(super) fn depths(connection: &Connection, now: Timestamp) -> rusqlite::Result<BTreeMap<String, Depth>> {
    let mut select = connection.prepare_cached(
        "SELECT queue, sum(visible_ms <= ?1 AND NOT held), sum(held OR (visible_ms > ?1 AND receives > 0)), \
         sum(visible_ms > ?1 AND receives = 0) FROM messages GROUP BY queue",
    )?;
    let rows = select.query_map([now.as_millisecond()], |row| {
        Ok((row.get(0)?, Depth { visible: row.get(1)?, in_flight: row.get(2)?, delayed: row.get(3)? }))
    })?;
    rows.collect()
}

/// An id in the form of a random UUID.
pub fn random_uuid() -> String {
    let bits = fastrand::u128(..);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xffff,
        (bits >> 68) & 0xfff,
        (bits >> 48) & 0x3fff | 0x8000,
        bits & 0xffff_ffff_ffff
    )
}
