//! The tables where they lie, in the order of their keys, one row at a time: a local cloud's, from the engine's SQLite file, opened to
//! read only; or a deployment's, from a spool. One read transaction of the file is one snapshot of all tables, so that a cloud may run
//! meanwhile and its records still agree. A spool is no snapshot: `live` says what follows.

use super::{Item, VerifyError};
use cloud::local_names;
use platform::store::Record;
use rusqlite::{Connection, OpenFlags, params};
use std::path::Path;

/// Every table.
pub struct Tables {
    connection: Connection,
    source: Source,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    /// The engine's own tables.
    Engine,
    Spool,
}

/// Records that come in any order, on their way to be tables. A file of its own that nobody else sees and that vanishes with it, so
/// that millions need no memory.
pub struct Spool {
    connection: Connection,
}

const SPOOL: &str = "
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32000; PRAGMA temp_store = FILE;
CREATE TABLE items (tbl TEXT, pk TEXT, sk TEXT, body BLOB, hash BLOB, expires INTEGER);
BEGIN;";

impl Spool {
    pub fn open() -> Result<Self, VerifyError> {
        let connection = Connection::open("")?;
        connection.execute_batch(SPOOL)?;
        Ok(Self { connection })
    }

    pub fn add(&self, table: &'static str, record: &Record) -> Result<(), VerifyError> {
        let Record { key, body, hash, expires_at, .. } = record;
        let mut insert = self.connection.prepare_cached("INSERT INTO items VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        insert.execute(params![table, key.pk, key.sk, body, hash.as_deref().unwrap_or_default(), expires_at.is_some()])?;
        Ok(())
    }

    /// What was added, in the order of the keys: SQLite compares text by its bytes, as DynamoDB does.
    pub fn into_tables(self) -> Result<Tables, VerifyError> {
        self.connection.execute_batch("CREATE INDEX by_key ON items (tbl, pk, sk)")?;
        Ok(Tables { connection: self.connection, source: Source::Spool })
    }
}

impl Tables {
    /// Opens the tables of a local cloud's data directory.
    pub fn open(data: &Path) -> Result<Self, VerifyError> {
        let file = data.join("dynamodb.sqlite");
        if !file.is_file() {
            return Err(VerifyError::NoData { path: data.to_owned() });
        }
        // Read-write where SQLite asks for it (its log's index is a file), but nothing here writes.
        let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch("PRAGMA busy_timeout = 10000; PRAGMA query_only = ON; PRAGMA cache_size = -16000; BEGIN")?;
        Ok(Self { connection, source: Source::Engine })
    }

    /// Hands every item of `table` to `visit`, in the order of their keys.
    pub(super) fn each(
        &self,
        table: &'static str,
        mut visit: impl FnMut(Item) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        let sql = match self.source {
            Source::Engine => {
                let name = format!("{}{table}", local_names().prefix);
                format!("SELECT item_json FROM \"{}\" ORDER BY pk, sk", name.replace('"', "\"\""))
            }
            Source::Spool => format!("SELECT pk, sk, body, hash, expires FROM items WHERE tbl = '{table}' ORDER BY pk, sk"),
        };
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(match self.source {
                Source::Engine => Item::parse(table, row.get_ref(0)?.as_bytes().map_err(rusqlite::Error::from)?)?,
                Source::Spool => {
                    Item { pk: row.get(0)?, sk: row.get(1)?, body: row.get(2)?, hash: row.get(3)?, expires: row.get(4)? }
                }
            })?;
        }
        Ok(())
    }
}
