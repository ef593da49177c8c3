//! Compares the records of every movement: the objects (slips, payouts, top-ups, grants), the wallets' lines, and the bank's ledger.
//! Different code wrote them into different items. A movement that only one side has is named. SQLite keeps all movements in a private
//! temporary file, so a million slips need no memory.

use rusqlite::{Connection, OptionalExtension, Result, params};

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Object = 0,
    Line = 1,
    Bank = 2,
}

/// A movement between a wallet and another account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Movement<'a> {
    /// The object it belongs to.
    pub operation: &'a str,
    /// Whose wallet; empty where the bank, which does not know, says it.
    pub user: &'a str,
    /// `stake`, `settlement`: the kind of the wallet line.
    pub kind: &'a str,
    pub asset: &'a str,
    /// The account on the other side.
    pub account: &'a str,
    /// Into the wallet; negative out of it.
    pub minor: i64,
}

pub(super) struct Ledger {
    connection: Connection,
}

const SCHEMA: &str = "
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32000; PRAGMA temp_store = FILE;
CREATE TABLE movements (side INTEGER, operation TEXT, user TEXT, kind TEXT, asset TEXT, account TEXT, minor INTEGER);
-- Top-ups that are not final: the bank may have taken what the wallet has not been credited yet. One that stays so is a fault of its own.
CREATE TABLE open_topups (operation TEXT PRIMARY KEY, user TEXT);
BEGIN;";

/// Objects against lines: each movement must be there on both sides, as often and with the same sums.
const OBJECTS_AND_LINES: &str = "
SELECT operation, user, kind, asset, account,
       SUM(minor) FILTER (WHERE side = 0), SUM(minor) FILTER (WHERE side = 1)
FROM movements WHERE side IN (0, 1)
GROUP BY operation, user, kind, asset, account
HAVING COUNT(*) FILTER (WHERE side = 0) <> COUNT(*) FILTER (WHERE side = 1)
    OR TOTAL(minor) FILTER (WHERE side = 0) <> TOTAL(minor) FILTER (WHERE side = 1)
ORDER BY operation LIMIT ?1";

/// A race's escrow, account by account: what went in and out by slips and payouts, and by wallets' lines.
const ACCOUNTS: &str = "
SELECT '', '', 'sum', asset, account, SUM(minor) FILTER (WHERE side = 0), SUM(minor) FILTER (WHERE side = 1)
FROM movements WHERE side IN (0, 1) GROUP BY asset, account
HAVING TOTAL(minor) FILTER (WHERE side = 0) <> TOTAL(minor) FILTER (WHERE side = 1) LIMIT ?1";

/// Bank clearing: the bank's own ledger against the lines that credit it.
const BANK_AND_LINES: &str = "
SELECT operation, '', 'bank', asset, account,
       SUM(minor) FILTER (WHERE side = 2), SUM(minor) FILTER (WHERE side = 1)
FROM movements WHERE account = 'bank_clearing' AND side IN (1, 2) AND operation NOT IN (SELECT operation FROM open_topups)
GROUP BY operation, asset
HAVING COUNT(*) FILTER (WHERE side = 2) <> COUNT(*) FILTER (WHERE side = 1)
    OR TOTAL(minor) FILTER (WHERE side = 2) <> TOTAL(minor) FILTER (WHERE side = 1)
ORDER BY operation LIMIT ?1";

impl Ledger {
    pub fn open() -> Result<Self> {
        let connection = Connection::open("")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    pub fn add(&self, side: Side, movement: Movement<'_>) -> Result<()> {
        let Movement { operation, user, kind, asset, account, minor } = movement;
        let mut statement = self.connection.prepare_cached("INSERT INTO movements VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        statement.execute(params![side as i64, operation, user, kind, asset, account, minor]).map(drop)
    }

    pub fn add_open_topup(&self, operation: &str, user: &str) -> Result<()> {
        let mut statement = self.connection.prepare_cached("INSERT OR REPLACE INTO open_topups VALUES (?1, ?2)")?;
        statement.execute([operation, user]).map(drop)
    }

    /// Whose top-up it is, if it is not final.
    pub fn open_topup(&self, operation: &str) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached("SELECT user FROM open_topups WHERE operation = ?1")?;
        statement.query_row([operation], |row| row.get(0)).optional()
    }

    /// How many people staked, by their slips.
    pub fn bettors(&self) -> Result<u64> {
        let sql = "SELECT COUNT(DISTINCT user) FROM movements WHERE side = 0 AND kind = 'stake'";
        self.connection.query_row(sql, [], |row| row.get(0))
    }

    /// The movements that one side only has, in words, at most `count_max` of a kind. Sums that no integer holds are a difference, too:
    /// they are of records that are wrong.
    pub fn differences(&self, count_max: usize) -> Vec<String> {
        let mut found = Vec::new();
        for (sql, ours, theirs) in [
            (OBJECTS_AND_LINES, "the objects say", "the wallets' lines say"),
            (ACCOUNTS, "slips and payouts come to", "the wallets' lines come to"),
            (BANK_AND_LINES, "the bank says", "the wallets' lines say"),
        ] {
            if let Err(error) = self.add_differences(sql, ours, theirs, count_max, &mut found) {
                found.push(format!("what {ours} and what {theirs} cannot be compared: {error}"));
            }
        }
        found
    }

    fn add_differences(&self, sql: &str, ours: &str, theirs: &str, count_max: usize, found: &mut Vec<String>) -> Result<()> {
        let mut statement = self.connection.prepare(sql)?;
        let limit = i64::try_from(count_max).unwrap_or(i64::MAX);
        let mut rows = statement.query([limit])?;
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
