//! Publishes events again. It reads the records of a table that were written in a range of time. It maps them as the table's relay does, so
//! the ids are the same. It publishes them to the same topic in the order of their times. For consumers they are duplicates, which they
//! expect. What they read is the newest version of each record; its earlier states have no events any more, and nobody needs them.

use super::scan::{self, Page};
use super::{Deployment, OperationError};
use jiff::Timestamp;
use platform::Service;
use platform::function::{Function, Handler};
use platform::relay::{self, MapChange, WrittenAt};
use platform::resource::{Table, Topic};
use platform::sender::{SendError, connect_topics};
use platform::service::functions_of;
use rusqlite::{Connection, params};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use thiserror::Error;
use tokio::sync::mpsc;

/// Pages that wait to be mapped.
const PAGES_WAITING_MAX: usize = 4;
/// Events that are taken from the file at once.
const CHUNK: u32 = 500;
/// Events of one publish, by SNS's own limit. Koban's events have less than a kilobyte each.
const BATCH: usize = 10;
/// Records that no event can be made of are named one by one up to here.
const UNMAPPABLE_NAMED_MAX: usize = 20;

/// Why events could not be made again.
#[derive(Debug, Error)]
pub enum RepublishError {
    #[error(transparent)]
    Read(#[from] OperationError),
    #[error("the events could not be kept until they are published")]
    Kept(#[from] rusqlite::Error),
    #[error("{published} events were published, then it failed: run it again, duplicates do no harm")]
    Publish {
        published: u64,
        #[source]
        source: SendError,
    },
}

/// How a table's changes become events.
#[derive(Clone, Copy)]
pub struct Relay {
    pub table: &'static Table,
    pub topic: &'static Topic,
    map: MapChange,
    written_at: WrittenAt,
}

impl Relay {
    /// The relay of every table of `services` that has one.
    pub fn all(services: &'static [&'static Service]) -> impl Iterator<Item = Self> {
        functions_of(services).filter_map(Self::of)
    }

    fn of(function: &'static Function) -> Option<Self> {
        let table = function.definition.relays()?;
        match &function.handler {
            Handler::Relay { topic, map, written_at } => Some(Self { table, topic, map: *map, written_at: *written_at }),
            Handler::Http(_) | Handler::Message(_) => None,
        }
    }
}

/// The events that were found, kept in a file of its own that vanishes with it.
pub struct Events {
    connection: Connection,
    /// How many of each type.
    pub counts: BTreeMap<String, u64>,
    /// Records that were read.
    pub records: u64,
    pub read_units: f64,
    /// Records that no event can be made of, in words; not all of them when they are many.
    pub unmappable: Vec<String>,
    pub unmappable_count: u64,
}

/// An event's position among the others: its time in milliseconds, its number.
type Position = (i64, i64);

/// What is counted by.
#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
}

const SCHEMA: &str = "
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32000; PRAGMA temp_store = FILE;
CREATE TABLE events (at_ms INTEGER, number INTEGER PRIMARY KEY, event TEXT);
BEGIN;";

impl Events {
    /// Reads the records of `relay`'s table that were written in `times`. Calls `progress` with the number read and the approximate total.
    pub async fn read(
        deployment: &Deployment,
        relay: Relay,
        times: &Range<Timestamp>,
        progress: impl Fn(u64, u64),
    ) -> Result<Self, RepublishError> {
        let mut events = Self::open()?;
        let estimate = scan::count_estimate(deployment, relay.table).await?;
        let (sender, mut pages) = mpsc::channel::<Page>(PAGES_WAITING_MAX);
        let map = async {
            while let Some(page) = pages.recv().await {
                events.add(relay, page, times)?;
                progress(events.records, estimate);
            }
            Ok::<_, RepublishError>(())
        };
        let read = async { Ok(scan::read(deployment, relay.table, sender).await?) };
        tokio::try_join!(read, map)?;
        events.connection.execute_batch("CREATE INDEX by_time ON events (at_ms, number)")?;
        Ok(events)
    }

    fn open() -> Result<Self, RepublishError> {
        let connection = Connection::open("")?;
        connection.execute_batch(SCHEMA)?;
        let (counts, unmappable) = (BTreeMap::new(), Vec::new());
        Ok(Self { connection, counts, records: 0, read_units: 0.0, unmappable, unmappable_count: 0 })
    }

    fn add(&mut self, relay: Relay, page: Page, times: &Range<Timestamp>) -> Result<(), RepublishError> {
        self.read_units += page.read_units;
        for what in page.unreadable {
            self.records += 1;
            self.refuse(what);
        }
        for record in page.records {
            self.records += 1;
            let key = format!("{} {}", record.key.pk, record.key.sk);
            match relay::events_again((relay.map, relay.written_at), record, times) {
                Ok(None) => {}
                Ok(Some((written_at, events))) => {
                    for event in events {
                        self.keep(written_at, &event)?;
                    }
                }
                Err(error) => self.refuse(format!("{key}: {error}")),
            }
        }
        Ok(())
    }

    /// Counts what no event can be made of.
    fn refuse(&mut self, what: String) {
        self.unmappable_count += 1;
        if self.unmappable.len() < UNMAPPABLE_NAMED_MAX {
            self.unmappable.push(what);
        }
    }

    fn keep(&mut self, written_at: Timestamp, event: &str) -> Result<(), RepublishError> {
        let kind = serde_json::from_str::<Typed<'_>>(event).map_or_else(|_| String::new(), |typed| typed.kind.into_owned());
        *self.counts.entry(kind).or_default() += 1;
        let mut insert = self.connection.prepare_cached("INSERT INTO events (at_ms, event) VALUES (?1, ?2)")?;
        insert.execute(params![written_at.as_millisecond(), event])?;
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Publishes them all, in the order of their times. Calls `progress` with the number published.
    pub async fn publish(&self, deployment: &Deployment, relay: Relay, progress: impl Fn(u64)) -> Result<(), RepublishError> {
        let arn = deployment.sdk.names.topic_arn(relay.topic);
        let sender = connect_topics(&deployment.sdk);
        let (mut published, mut after) = (0, (i64::MIN, 0));
        loop {
            let chunk = self.chunk(after)?;
            let Some((last, _)) = chunk.last() else { return Ok(()) };
            after = *last;
            let events: Vec<_> = chunk.into_iter().map(|(_, event)| event).collect();
            for batch in events.chunks(BATCH) {
                let sent = sender.publish(&arn, batch, "").await;
                sent.map_err(|source| RepublishError::Publish { published, source })?;
                published += batch.len() as u64;
                progress(published);
            }
        }
    }

    /// The next events after a time and number.
    fn chunk(&self, after: Position) -> Result<Vec<(Position, String)>, rusqlite::Error> {
        let mut select = self.connection.prepare_cached(
            "SELECT at_ms, number, event FROM events WHERE (at_ms, number) > (?1, ?2) ORDER BY at_ms, number LIMIT ?3",
        )?;
        let rows = select.query_map(params![after.0, after.1, CHUNK], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
        rows.collect()
    }
}
