//! All sides of every movement, put beside each other: the services' objects, the journals' lines, and witnesses outside of Koban. They
//! were written by different code into different items. What one side has and another has not is named. SQLite keeps it all in a temporary
//! file of its own, so a million objects need no memory.

use super::VerifyError;
use super::proof::{Movement, Witness};
use rusqlite::{Connection, OptionalExtension, Result, ToSql, params};

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Object = 0,
    Line = 1,
    Witness = 2,
}

pub(super) struct Ledger {
    connection: Connection,
}

const SCHEMA: &str = "
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32000; PRAGMA temp_store = FILE;
CREATE TABLE movements (side INTEGER, service INTEGER, operation TEXT, person TEXT, kind TEXT, asset TEXT, account TEXT, minor INTEGER);
-- A witness may know of these what no line says yet.
CREATE TABLE unfinished (operation TEXT PRIMARY KEY, person TEXT);
BEGIN;";

/// Objects against lines: each movement must be there on both sides, as often and with the same sums.
const OBJECTS_AND_LINES: &str = "
SELECT operation, person, kind, asset, account,
       SUM(minor) FILTER (WHERE side = 0), SUM(minor) FILTER (WHERE side = 1)
FROM movements WHERE side IN (0, 1)
GROUP BY operation, person, kind, asset, account
HAVING COUNT(*) FILTER (WHERE side = 0) <> COUNT(*) FILTER (WHERE side = 1)
    OR TOTAL(minor) FILTER (WHERE side = 0) <> TOTAL(minor) FILTER (WHERE side = 1)
ORDER BY operation LIMIT ?1";

/// An account's sum in each asset: what went in and out by objects, and by lines.
const ACCOUNTS: &str = "
SELECT '', '', 'sum', asset, account, SUM(minor) FILTER (WHERE side = 0), SUM(minor) FILTER (WHERE side = 1)
FROM movements WHERE side IN (0, 1) GROUP BY asset, account
HAVING TOTAL(minor) FILTER (WHERE side = 0) <> TOTAL(minor) FILTER (WHERE side = 1) LIMIT ?1";

/// A witness's entries of an account against the lines of that account.
const WITNESS_AND_LINES: &str = "
SELECT operation, '', 'witness', asset, account,
       SUM(minor) FILTER (WHERE side = 2), SUM(minor) FILTER (WHERE side = 1)
FROM movements WHERE account = ?2 AND side IN (1, 2) AND operation NOT IN (SELECT operation FROM unfinished)
GROUP BY operation, asset
HAVING COUNT(*) FILTER (WHERE side = 2) <> COUNT(*) FILTER (WHERE side = 1)
    OR TOTAL(minor) FILTER (WHERE side = 2) <> TOTAL(minor) FILTER (WHERE side = 1)
ORDER BY operation LIMIT ?1";

const LINES_SAY: &str = "the journals' lines say";

impl Ledger {
    pub fn open() -> Result<Self, VerifyError> {
        let connection = Connection::open("")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    pub fn add(&self, side: Side, service: usize, movement: Movement<'_>) -> Result<(), VerifyError> {
        let Movement { operation, person, kind, asset, account, minor } = movement;
        let mut insert = self.connection.prepare_cached("INSERT INTO movements VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
        insert.execute(params![side as i64, index(service), operation, person, kind, asset.code(), account, minor])?;
        Ok(())
    }

    pub fn add_unfinished(&self, operation: &str, person: &str) -> Result<(), VerifyError> {
        let mut insert = self.connection.prepare_cached("INSERT OR REPLACE INTO unfinished VALUES (?1, ?2)")?;
        insert.execute([operation, person])?;
        Ok(())
    }

    pub fn person_of_unfinished(&self, operation: &str) -> Result<Option<String>, VerifyError> {
        let mut query = self.connection.prepare_cached("SELECT person FROM unfinished WHERE operation = ?1")?;
        Ok(query.query_row([operation], |row| row.get(0)).optional()?)
    }

    /// How many people the objects of `service` and `kind` are of.
    pub fn people(&self, service: usize, kind: &str) -> Result<u64, VerifyError> {
        let sql = "SELECT COUNT(DISTINCT person) FROM movements WHERE side = 0 AND service = ?1 AND kind = ?2";
        Ok(self.connection.query_row(sql, params![index(service), kind], |row| row.get(0))?)
    }

    /// What is on one side only, in words, at most `count_max` of a kind.
    /// Sums that no integer holds are a difference, too: they are of records that are wrong.
    pub fn differences(&self, witnesses: &[&Witness], count_max: usize) -> Vec<String> {
        let limit = i64::try_from(count_max).unwrap_or(i64::MAX);
        let mut found = Vec::new();
        let mut compare = |sql: &str, of: &[&dyn ToSql], ours: &str, theirs: &str| {
            if let Err(error) = self.add_differences(sql, of, ours, theirs, &mut found) {
                found.push(format!("what {ours} and what {theirs} cannot be compared: {error}"));
            }
        };
        compare(OBJECTS_AND_LINES, &[&limit], "the objects say", LINES_SAY);
        compare(ACCOUNTS, &[&limit], "the objects come to", "the journals' lines come to");
        for Witness { account, says } in witnesses {
            compare(WITNESS_AND_LINES, &[&limit, account], says, LINES_SAY);
        }
        found
    }

    fn add_differences(&self, sql: &str, of: &[&dyn ToSql], ours: &str, theirs: &str, found: &mut Vec<String>) -> Result<()> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(of)?;
        while let Some(row) = rows.next()? {
            let text = |column| row.get::<_, String>(column);
            let amount = |column| Ok(row.get::<_, Option<i64>>(column)?.map_or("nothing".into(), |minor| minor.to_string()));
            let (one, other): (Result<String>, Result<String>) = (amount(5), amount(6));
            let what = [text(2)?, text(0)?, text(1)?].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
            found.push(format!("{} ({} with {}): {ours} {}, {theirs} {}", what.join(" "), text(3)?, text(4)?, one?, other?));
        }
        Ok(())
    }
}

/// A service's place, as SQLite stores it.
fn index(service: usize) -> i64 {
    i64::try_from(service).unwrap_or(i64::MAX)
}
