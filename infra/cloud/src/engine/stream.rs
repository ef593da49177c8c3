//! The tables' changes, as dynoxide records them in the transaction of each write. They are read on a connection of its own, beside the
//! writer, or on an engine in memory. Changes that every relay has handled are deleted in small chunks through the writer's thread, because nothing else deletes them.

use super::direct::Direct;
use super::{Engine, PRAGMAS};
use crate::CloudError;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::path::Path;
use std::sync::Arc;

/// How many records one deletion takes: about 2 ms of the writer.
pub const TRIMMED_MAX: i64 = 500;

/// One change of one item.
#[derive(Debug, Clone)]
pub struct StreamRow {
    /// Counts the changes of all tables, in the order of their commits.
    pub id: i64,
    pub event_id: String,
    pub event_name: String,
    pub keys_json: String,
    pub new_image: Option<String>,
    pub sequence_number: String,
    pub shard_id: String,
    /// Seconds since 1970.
    pub created_at: i64,
}

/// Reads changes.
pub struct StreamReader(Source);

enum Source {
    File(Connection),
    Memory(Arc<Direct>),
}

impl StreamReader {
    pub(super) fn open(file: &Path) -> Result<Self, CloudError> {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(CloudError::engine)?;
        connection.execute_batch(PRAGMAS).map_err(CloudError::engine)?;
        Ok(Self(Source::File(connection)))
    }

    pub(super) const fn of(engine: Arc<Direct>) -> Self {
        Self(Source::Memory(engine))
    }

    fn with<T>(&self, read: impl FnOnce(&Connection) -> T) -> T {
        match &self.0 {
            Source::File(connection) => read(connection),
            Source::Memory(engine) => engine.with(|storage| read(storage.conn())),
        }
    }

    /// The id of the newest change of any table; 0 before the first.
    pub fn newest(&self) -> rusqlite::Result<i64> {
        self.with(|connection| {
            // From the counter, not from the records: those may all be deleted.
            let mut statement = connection.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = '_stream_records'")?;
            Ok(statement.query_row([], |row| row.get(0)).optional()?.unwrap_or(0))
        })
    }

    /// The changes of `table` after `after` and up to `until`, at most `limit`.
    pub fn read(&self, table: &str, after: i64, until: i64, limit: u32) -> rusqlite::Result<Vec<StreamRow>> {
        self.with(|connection| read(connection, table, after..until, limit))
    }

    /// The position of `function`: the last change that it has handled.
    pub fn position(&self, function: &str) -> rusqlite::Result<i64> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT id FROM koban_stream_positions WHERE function = ?1")?;
            Ok(statement.query_row([function], |row| row.get(0)).optional()?.unwrap_or(0))
        })
    }
}

fn read(connection: &Connection, table: &str, beyond: std::ops::Range<i64>, limit: u32) -> rusqlite::Result<Vec<StreamRow>> {
    // NOT INDEXED: by the row id, in order; the other index would make SQLite sort everything.
    let mut statement = connection.prepare_cached(
        "SELECT id, event_id, event_name, keys_json, new_image, sequence_number, shard_id, created_at \
         FROM _stream_records NOT INDEXED WHERE id > ?1 AND id <= ?2 AND table_name = ?3 ORDER BY id LIMIT ?4",
    )?;
    let rows = statement.query_map(params![beyond.start, beyond.end, table, limit], |row| {
        Ok(StreamRow {
            id: row.get(0)?,
            event_id: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            event_name: row.get(2)?,
            keys_json: row.get(3)?,
            new_image: row.get(4)?,
            sequence_number: row.get(5)?,
            shard_id: row.get(6)?,
            created_at: row.get(7)?,
        })
    })?;
    rows.collect()
}

impl Engine {
    /// Stores that `function` is done with every change up to `id`.
    pub async fn advance_stream(&self, function: &'static str, id: i64) -> Result<(), CloudError> {
        let advanced = self.with(move |storage| {
            let mut statement = storage.conn().prepare_cached(
                "INSERT INTO koban_stream_positions VALUES (?1, ?2) ON CONFLICT (function) DO UPDATE SET id = excluded.id",
            )?;
            statement.execute(params![function, id])
        });
        advanced.await.ok_or(CloudError::Closed)?.map(|_| ()).map_err(CloudError::engine)
    }

    /// Deletes changes up to `id` of the services that run, a chunk of them. Returns how many. The changes of other services stay: their
    /// relays have not read them when they run again.
    pub async fn trim_stream(&self, id: i64) -> Result<usize, CloudError> {
        let tables = self.tables.clone();
        let trimmed = self.with(move |storage| {
            let mut statement = storage.conn().prepare_cached(
                "DELETE FROM _stream_records WHERE id IN (SELECT id FROM _stream_records NOT INDEXED \
                 WHERE id <= ?1 AND table_name IN (SELECT value FROM json_each(?3)) ORDER BY id LIMIT ?2)",
            )?;
            statement.execute(params![id, TRIMMED_MAX, tables])
        });
        trimmed.await.ok_or(CloudError::Closed)?.map_err(CloudError::engine)
    }
}
