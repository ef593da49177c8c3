//! The tables where they lie: the engine's SQLite file, opened to read only. One read transaction is one snapshot of all tables, so
//! that a cloud may run meanwhile and its records still agree. Rows come in the order of their keys, one at a time.

use super::{Item, VerifyError};
use crate::cloud::local_names;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// A snapshot of every table.
pub struct Tables {
    source: Source,
}

enum Source {
    File(Connection),
    #[cfg(test)]
    Memory(std::collections::BTreeMap<&'static str, Vec<Item>>),
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
        Ok(Self { source: Source::File(connection) })
    }

    #[cfg(test)]
    pub(super) fn of(tables: std::collections::BTreeMap<&'static str, Vec<Item>>) -> Self {
        Self { source: Source::Memory(tables) }
    }

    /// Hands every item of `table` to `visit`, in the order of their keys.
    pub(super) fn each(
        &self,
        table: &'static str,
        mut visit: impl FnMut(Item) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        match &self.source {
            Source::File(connection) => {
                let name = format!("{}{table}", local_names().prefix);
                let sql = format!("SELECT item_json FROM \"{}\" ORDER BY pk, sk", name.replace('"', "\"\""));
                let mut statement = connection.prepare(&sql)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let json = row.get_ref(0)?.as_bytes().map_err(rusqlite::Error::from)?;
                    visit(Item::parse(table, json)?)?;
                }
                Ok(())
            }
            #[cfg(test)]
            Source::Memory(tables) => {
                let mut items = tables.get(table).cloned().unwrap_or_default();
                items.sort_by(|one, other| (&one.pk, &one.sk).cmp(&(&other.pk, &other.sk)));
                items.into_iter().try_for_each(visit)
            }
        }
    }
}
