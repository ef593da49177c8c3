//! `cloud.sqlite`: the state of the local cloud's own parts, which are its queues and schedules. One thread owns it and commits all waiting
//! changes together, so a hundred messages cost one commit. No caller gets a reply before the commit.

use crate::CloudError;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

const WAITING_MAX: usize = 1_024;
/// How many changes are committed together.
const TOGETHER_MAX: usize = 256;

const SCHEMA: &str = "
PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 2000;
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    trace TEXT NOT NULL,
    sent_ms INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL,
    receives INTEGER NOT NULL DEFAULT 0,
    first_received_ms INTEGER,
    receipt TEXT,
    -- 1 while an invocation of this process holds it: not after a restart, and not aged when the clock is set.
    held INTEGER NOT NULL DEFAULT 0,
    attributes TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS due ON messages (queue, visible_ms, id);
CREATE TABLE IF NOT EXISTS schedules (function TEXT PRIMARY KEY, fired_ms INTEGER NOT NULL);
";

/// For a directory that an earlier version made.
const HAS_ATTRIBUTES: &str = "SELECT count(*) FROM pragma_table_info('messages') WHERE name = 'attributes'";
const ADD_ATTRIBUTES: &str = "ALTER TABLE messages ADD COLUMN attributes TEXT NOT NULL DEFAULT ''";

/// Replies to the caller after the commit.
type Notify = Box<dyn FnOnce() + Send>;
type Change = Box<dyn FnOnce(&Connection) -> rusqlite::Result<Notify> + Send>;

/// The database of a data directory, or of a simulation.
pub struct Database {
    writer: Writer,
}

enum Writer {
    Thread {
        /// None once closed.
        changes: Mutex<Option<mpsc::Sender<Change>>>,
        thread: Mutex<Option<JoinHandle<()>>>,
    },
    /// The caller: in memory, and at once. Another thread would break a runtime's paused time.
    Caller(Mutex<Connection>),
}

impl Database {
    pub fn open(directory: &Path) -> Result<Self, CloudError> {
        let file = directory.join("cloud.sqlite");
        let unusable = |error: rusqlite::Error| CloudError::engine(format!("{}: {error}", file.display()));
        let connection = Connection::open(&file).map_err(unusable)?;
        connection.execute_batch(SCHEMA).map_err(unusable)?;
        let has_attributes: u32 = connection.query_row(HAS_ATTRIBUTES, [], |row| row.get(0)).map_err(unusable)?;
        if has_attributes == 0 {
            connection.execute_batch(ADD_ATTRIBUTES).map_err(unusable)?;
        }
        connection.set_prepared_statement_cache_capacity(64);
        keep_plans(&connection).map_err(unusable)?;
        let (sender, changes) = mpsc::channel(WAITING_MAX);
        let thread = std::thread::Builder::new().name("cloud-database".into());
        let thread = thread.spawn(move || commit_until_closed(&connection, changes)).map_err(CloudError::Directory)?;
        Ok(Self { writer: Writer::Thread { changes: Some(sender).into(), thread: Some(thread).into() } })
    }

    /// In memory, for as long as it lives.
    pub fn in_memory() -> Result<Self, CloudError> {
        let connection = Connection::open_in_memory().map_err(CloudError::engine)?;
        connection.execute_batch(SCHEMA).map_err(CloudError::engine)?;
        connection.set_prepared_statement_cache_capacity(64);
        keep_plans(&connection).map_err(CloudError::engine)?;
        Ok(Self { writer: Writer::Caller(connection.into()) })
    }

    /// Runs `change` and waits until it is committed.
    ///
    /// # Errors
    /// When it, or another change that would have been committed with it, failed: then nothing of it happened. Or when the database
    /// is closed.
    pub async fn run<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, CloudError> {
        let changes = match &self.writer {
            Writer::Thread { changes, .. } => changes,
            Writer::Caller(connection) => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let transaction = connection.unchecked_transaction().map_err(CloudError::engine)?;
                let done = change(&connection).map_err(CloudError::engine)?;
                return transaction.commit().map(|()| done).map_err(CloudError::engine);
            }
        };
        let (reply, replied) = oneshot::channel();
        let change: Change = Box::new(move |connection| {
            let done = change(connection)?;
            Ok(Box::new(move || drop(reply.send(done))))
        });
        let sender = changes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sender.ok_or(CloudError::Closed)?.send(change).await.map_err(|_| CloudError::Closed)?;
        replied.await.map_err(|_| CloudError::NotCommitted)
    }

    /// Finishes what was accepted and lets go of the file.
    pub async fn close(&self) {
        let Writer::Thread { changes, thread } = &self.writer else { return };
        drop(changes.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(|| thread.join()).await;
        }
    }
}

/// Lets prepared statements stay prepared, with any values bound to them. Otherwise SQLite plans a statement again for each value of a range.
/// It hopes for statistics of the table, and here there are none.
pub(super) fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

fn commit_until_closed(connection: &Connection, mut changes: mpsc::Receiver<Change>) {
    let mut together = Vec::with_capacity(TOGETHER_MAX);
    while changes.blocking_recv_many(&mut together, TOGETHER_MAX) > 0 {
        match commit(connection, &mut together) {
            Ok(results) => results.into_iter().for_each(|reply| reply()),
            // The callers learn it from their senders, which are dropped with the changes.
            Err(error) => {
                let _ = connection.execute_batch("ROLLBACK");
                // Standard error may be closed.
                let _ = writeln!(std::io::stderr(), "the local cloud's database refused a change: {error}");
            }
        }
        together.clear();
    }
}

fn commit(connection: &Connection, together: &mut Vec<Change>) -> rusqlite::Result<Vec<Notify>> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let results = together.drain(..).map(|change| change(connection)).collect::<rusqlite::Result<_>>()?;
    connection.execute_batch("COMMIT")?;
    Ok(results)
}
