//! What a data directory must still have. `manifest.json`, beside the databases, reveals a database that was deleted, replaced or cut
//! short. Such a directory is refused rather than silently started empty. Each database keeps the directory's random id. The manifest keeps
//! the id too, and how much the tables held at the last start or clean stop.
//!
//! The id is in the databases, durably, before the manifest has it. A directory that an older version made has neither, and gets both.

use super::private::{damaged, named};
use super::{CloudError, local_names};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const MANIFEST: &str = "manifest.json";
/// Tables, their streams and the relays' positions.
pub const TABLES: &str = "dynamodb.sqlite";
/// Queues and schedules.
const QUEUES: &str = "cloud.sqlite";
const CLOCK: &str = "clock.json";

/// `FULL`: what the manifest says must not be younger than what the database has kept when the power fails.
const IDENTITY: &str = "PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS koban_identity (id TEXT NOT NULL, noted INTEGER NOT NULL DEFAULT 0)";
const IDENTIFY: &str = "INSERT INTO koban_identity (id) SELECT COALESCE(?1, lower(hex(randomblob(16))))
WHERE NOT EXISTS (SELECT 1 FROM koban_identity)";
const NOTE: &str = "UPDATE koban_identity SET id = COALESCE(?1, id), noted = noted + 1";

/// The manifest.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    id: String,
    #[serde(flatten)]
    held: Held,
}

/// How much the tables hold.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    /// Changes of items since the database was made; it never falls.
    changes: u64,
    /// Items by the table's name, without its prefix. It falls only by changes.
    items: BTreeMap<String, u64>,
}

/// The directory's witness.
#[derive(Debug, Clone)]
pub struct Witness {
    data: PathBuf,
}

impl Witness {
    pub fn of(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into() }
    }

    /// Whether everything is there that was.
    ///
    /// # Errors
    /// `Lost`, which says what is missing and what to do; `Directory` where the manifest cannot be read.
    pub fn check(&self) -> Result<(), CloudError> {
        let manifest = self.manifest().map_err(CloudError::Directory)?;
        let queues = self.id_in(QUEUES)?;
        // Written after the databases, so where it is missing they are not: then the one is witness to the other.
        let Some(id) = manifest.as_ref().map(|manifest| &manifest.id).or(queues.as_ref()) else { return Ok(()) };
        if self.id_in(TABLES)?.as_ref() != Some(id) {
            return Err(self.lost(TABLES, "with everything that was stored"));
        }
        let Some(Manifest { held, .. }) = &manifest else { return Ok(()) };
        if queues.as_ref() != Some(id) {
            return Err(self.lost(QUEUES, "with the messages and schedules"));
        }
        if !self.data.join(CLOCK).exists() {
            let next = "put it back, or write {\"offset_ms\":0} into it to go by the machine's clock";
            return Err(CloudError::Lost(format!("{} is gone: {next}", self.data.join(CLOCK).display())));
        }
        self.check_held(held)
    }

    fn check_held(&self, before: &Held) -> Result<(), CloudError> {
        let file = self.data.join(TABLES);
        let now = held(&open(&file)?).map_err(|error| unusable(&file, &error))?;
        let older = |what: String| {
            let advice = self.advice();
            Err(CloudError::Lost(format!("{} has lost {what}: {advice}", file.display())))
        };
        if now.changes < before.changes {
            return older(format!("the newest {} changes of its tables", before.changes - now.changes));
        }
        for (table, count) in &before.items {
            let Some(left) = now.items.get(table) else { return older(format!("its table {table} with {count} items")) };
            // Each item that went by a request is a change that was counted.
            if count.saturating_sub(*left) > now.changes - before.changes {
                return older(format!("{} items of its table {table}", count - left));
            }
        }
        Ok(())
    }

    /// Notes what is there now. Each database must be.
    pub fn note(&self) -> Result<(), CloudError> {
        let (tables, queues) = (self.data.join(TABLES), self.data.join(QUEUES));
        let noted = |connection: &mut Connection| Ok(Manifest { id: identify(connection, None)?, held: held(connection)? });
        let manifest = noted(&mut open(&tables)?).map_err(|error| unusable(&tables, &error))?;
        identify(&mut open(&queues)?, Some(&manifest.id)).map_err(|error| unusable(&queues, &error))?;
        self.write(&manifest).map_err(|error| CloudError::Directory(named(&self.data.join(MANIFEST))(error)))
    }

    /// Replaces the file as a whole.
    fn write(&self, manifest: &Manifest) -> std::io::Result<()> {
        let (file, next) = (self.data.join(MANIFEST), self.data.join("manifest.json.next"));
        std::fs::write(&next, serde_json::to_vec(manifest)?)?;
        std::fs::File::open(&next)?.sync_all()?;
        std::fs::rename(next, file)
    }

    fn manifest(&self) -> std::io::Result<Option<Manifest>> {
        let file = self.data.join(MANIFEST);
        match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
                damaged(&file, &bytes, &error, "put it back, or remove it if you are sure that the rest is complete")
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(named(&file)(error)),
        }
    }

    /// The id that the database keeps; none where it, its file or its table is not there.
    fn id_in(&self, name: &str) -> Result<Option<String>, CloudError> {
        let file = self.data.join(name);
        if !file.exists() {
            return Ok(None);
        }
        let id = || -> rusqlite::Result<Option<String>> {
            let connection = connect(&file)?;
            let listed = "SELECT 1 FROM sqlite_schema WHERE name = 'koban_identity'";
            match connection.query_row(listed, [], |_| Ok(())).optional()? {
                Some(()) => connection.query_row("SELECT id FROM koban_identity", [], |row| row.get(0)).optional(),
                None => Ok(None),
            }
        };
        id().map_err(|error| unusable(&file, &error))
    }

    fn lost(&self, name: &str, with: &str) -> CloudError {
        let (file, advice) = (self.data.join(name), self.advice());
        let what = match file.metadata() {
            Ok(metadata) if metadata.len() == 0 => "is empty".to_owned(),
            Ok(_) => "is not the one that was made with this directory".to_owned(),
            Err(_) => format!("is gone, {with}"),
        };
        CloudError::Lost(format!("{} {what}: {advice}", file.display()))
    }

    fn advice(&self) -> String {
        format!("put it back from a copy, or remove all of {} to begin with nothing", self.data.display())
    }
}

/// Gives the database the id, or, where it is none, one of its own unless it has one. At once: a start may be killed at any moment.
fn identify(connection: &mut Connection, id: Option<&str>) -> rusqlite::Result<String> {
    connection.execute_batch(IDENTITY)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(IDENTIFY, [id])?;
    transaction.execute(NOTE, [id])?;
    let id = transaction.query_row("SELECT id FROM koban_identity", [], |row| row.get(0))?;
    transaction.commit()?;
    Ok(id)
}

fn held(connection: &Connection) -> rusqlite::Result<Held> {
    let prefix = local_names().prefix;
    let changes = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = '_stream_records'";
    let mut held = Held { changes: connection.query_row(changes, [], |row| row.get(0))?, items: BTreeMap::new() };
    let mut names = connection.prepare("SELECT table_name FROM _tables")?;
    for name in names.query_map([], |row| row.get::<_, String>(0))? {
        let name = name?;
        let sql = format!("SELECT COUNT(*) FROM \"{}\"", name.replace('"', "\"\""));
        let count = connection.query_row(&sql, [], |row| row.get(0))?;
        held.items.insert(name.strip_prefix(&prefix).unwrap_or(&name).to_owned(), count);
    }
    Ok(held)
}

/// Never makes a file that is not there.
fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch("PRAGMA busy_timeout = 10000")?;
    Ok(connection)
}

fn open(file: &Path) -> Result<Connection, CloudError> {
    connect(file).map_err(|error| unusable(file, &error))
}

fn unusable(file: &Path, error: &rusqlite::Error) -> CloudError {
    CloudError::engine(format!("{}: {error}; put it back from a copy", file.display()))
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
