//! The stored tables, in the order of their keys, one row at a time. A local cloud's come from the engine's SQLite file, opened to read
//! only. A deployment's come from a spool. One read transaction of the file is one snapshot of all tables, so records agree although the
//! cloud may run meanwhile. A spool is no snapshot: `live` says what follows.

use super::{Item, VerifyError};
use cloud::engine::Engine;
use cloud::local_names;
use cloud::witness::{TABLES, Witness};
use platform::store::Record;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row, params};
use std::path::Path;
use std::sync::Arc;

/// Every table.
pub struct Tables {
    source: Source,
    form: Form,
}

enum Source {
    Connection(Connection),
    /// An engine in memory, whose tables nobody else can open.
    Engine(Arc<Engine>),
}

#[derive(Debug, Clone, Copy)]
enum Form {
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
CREATE TABLE unreadable (tbl TEXT, what TEXT);
BEGIN;";

/// Its first reading begins it, so that what is no database is noticed at once.
const SNAPSHOT: &str = "PRAGMA busy_timeout = 10000; PRAGMA query_only = ON; PRAGMA cache_size = -16000; BEGIN;
SELECT COUNT(*) FROM sqlite_schema;";

impl Spool {
    pub fn open() -> Result<Self, VerifyError> {
        let connection = Connection::open("")?;
        connection.execute_batch(SPOOL)?;
        Ok(Self { connection })
    }

    pub fn add(&self, table: &str, record: &Record) -> Result<(), VerifyError> {
        let Record { key, body, hash, expires_at, .. } = record;
        let mut insert = self.connection.prepare_cached("INSERT INTO items VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        insert.execute(params![table, key.pk, key.sk, body, hash.as_deref().unwrap_or_default(), expires_at.is_some()])?;
        Ok(())
    }

    /// Adds what is no record, with its key and the reason.
    pub fn add_unreadable(&self, table: &str, what: &str) -> Result<(), VerifyError> {
        let mut insert = self.connection.prepare_cached("INSERT INTO unreadable VALUES (?1, ?2)")?;
        insert.execute([table, what])?;
        Ok(())
    }

    /// What was added, in the order of the keys: SQLite compares text by its bytes, as DynamoDB does.
    pub fn into_tables(self) -> Result<Tables, VerifyError> {
        self.connection.execute_batch("CREATE INDEX by_key ON items (tbl, pk, sk)")?;
        Ok(Tables { source: Source::Connection(self.connection), form: Form::Spool })
    }
}

impl Tables {
    /// Opens the tables of a local cloud's data directory, if everything is there that was.
    pub fn open(data: &Path) -> Result<Self, VerifyError> {
        Witness::of(data).check().map_err(VerifyError::Lost)?;
        let file = data.join(TABLES);
        if !file.exists() {
            return Err(VerifyError::NoData { path: data.to_owned() });
        }
        let unreadable = |source| VerifyError::File { file: file.clone(), source };
        // Read-write where SQLite asks for it (its log's index is a file), but nothing here writes.
        let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(unreadable)?;
        connection.execute_batch(SNAPSHOT).map_err(unreadable)?;
        Ok(Self { source: Source::Connection(connection), form: Form::Engine })
    }

    /// The tables of an engine in memory, which does nothing meanwhile.
    pub const fn of_engine(engine: Arc<Engine>) -> Self {
        Self { source: Source::Engine(engine), form: Form::Engine }
    }

    /// Hands every item of `table` to `visit`, in the order of their keys; in its place, what cannot be read and why.
    ///
    /// # Errors
    /// Those of `visit`, and of a spool.
    pub(super) fn each(
        &self,
        table: &str,
        visit: impl FnMut(Result<Item, String>) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        match &self.source {
            Source::Connection(connection) => self.each_of(connection, table, visit),
            Source::Engine(engine) => {
                engine.read(|connection| self.each_of(connection, table, visit)).ok_or(VerifyError::NoTables)?
            }
        }
    }

    fn each_of(
        &self,
        connection: &Connection,
        table: &str,
        mut visit: impl FnMut(Result<Item, String>) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        if matches!(self.form, Form::Spool) {
            let mut unreadable = connection.prepare("SELECT what FROM unreadable WHERE tbl = ?1 ORDER BY what")?;
            for what in unreadable.query_map([table], |row| row.get::<_, String>(0))? {
                visit(Err(what?))?;
            }
        }
        let mut statement = match connection.prepare(&self.query(table)) {
            Ok(statement) => statement,
            Err(error) => return visit(Err(format!("the whole table cannot be read: {error}"))),
        };
        let mut rows = match statement.query([]) {
            Ok(rows) => rows,
            Err(error) => return visit(Err(format!("the whole table cannot be read: {error}"))),
        };
        let mut last = "its beginning".to_owned();
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    let key = key(row);
                    let item = self.item(row).map_err(|reason| format!("{key} cannot be read: {reason}"));
                    last = key;
                    visit(item)?;
                }
                Ok(None) => return Ok(()),
                // Where one page is lost, those behind it are not to be found in this order.
                Err(error) => return visit(Err(format!("nothing after {last} can be read: {error}"))),
            }
        }
    }

    fn query(&self, table: &str) -> String {
        match self.form {
            Form::Engine => {
                let name = format!("{}{table}", local_names().prefix);
                format!("SELECT pk, sk, item_json FROM \"{}\" ORDER BY pk, sk", name.replace('"', "\"\""))
            }
            Form::Spool => format!("SELECT pk, sk, body, hash, expires FROM items WHERE tbl = '{table}' ORDER BY pk, sk"),
        }
    }

    /// The item of a row; the reason when it cannot be read.
    fn item(&self, row: &Row<'_>) -> Result<Item, String> {
        let reason = |error: rusqlite::Error| error.to_string();
        let (pk, sk): (String, String) = (row.get(0).map_err(reason)?, row.get(1).map_err(reason)?);
        match self.form {
            Form::Engine => {
                let json = row.get_ref(2).map_err(reason)?;
                let item = Item::parse(json.as_bytes().map_err(|error| error.to_string())?)?;
                if [&item.pk, &item.sk] == [untyped(&pk), untyped(&sk)] {
                    return Ok(item);
                }
                Err(format!("it says that it is {} {}", item.pk, item.sk))
            }
            Form::Spool => {
                let (body, hash) = (row.get(2).map_err(reason)?, row.get(3).map_err(reason)?);
                Ok(Item { pk, sk, body, hash, expires: row.get(4).map_err(reason)? })
            }
        }
    }
}

/// The engine writes a key's type before it; every key of ours is text.
fn untyped(key: &str) -> &str {
    key.strip_prefix("S:").unwrap_or(key)
}

/// The key, as far as it is text.
fn key(row: &Row<'_>) -> String {
    let part = |index| match row.get_ref(index) {
        Ok(ValueRef::Text(text) | ValueRef::Blob(text)) => untyped(&String::from_utf8_lossy(text)).to_owned(),
        Ok(ValueRef::Integer(number)) => number.to_string(),
        _ => "?".to_owned(),
    };
    format!("{} {}", part(0), part(1))
}
