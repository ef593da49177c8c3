//! The proof that nothing is off: every journal is replayed, every record is compared with an independent one, and every certificate is
//! computed again. It reads the stored tables directly, so it needs no running cloud and disturbs none. It reads in order of keys, so
//! memory holds no more than one person's part of a race. A local cloud's tables are read as one snapshot. A deployment has no snapshot:
//! its tables are read again, and only repeated faults count.
//!
//! What cannot be read is named and proves nothing; everything else is proved all the same.

mod item;
mod ledger;
pub mod live;
mod race;
pub mod rows;
mod shard;
mod tables;
#[cfg(test)]
mod tests;
mod wallet;

use item::Item;
pub use tables::{Spool, Tables};

use cloud::clock::LocalClock;
use jiff::Timestamp;
use ledger::Ledger;
use racing_domain::AssetTotals;
use shared::money::Asset;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// How many faults are named one by one; beyond it they are counted.
pub const FAULTS_NAMED_MAX: usize = 200;

/// Why nothing could be proved, either way.
#[derive(Debug, Error)]
pub enum VerifyError {
    #[error("there is no data of a local cloud in {}: start one with `koban up`, or name its directory with --data", path.display())]
    NoData { path: PathBuf },
    #[error("{} cannot be read: put it back from a copy", file.display())]
    File { file: PathBuf, source: rusqlite::Error },
    #[error("the proof's own temporary file cannot be used: is there room for it in the temporary directory?")]
    Temporary(#[from] rusqlite::Error),
    #[error("{}", platform::problem::chain(.0))]
    Lost(cloud::CloudError),
    #[error("{0}")]
    Read(#[from] operations::OperationError),
    #[error(
        "{0} things looked off in one reading: too many to separate faults from writes under way. Verify again when less is written"
    )]
    TooMuchOff(u64),
    #[error("the cloud's clock cannot be read")]
    Clock(#[source] std::io::Error),
    #[error("the proof ended early: {0}")]
    Ended(String),
}

/// What was found.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one promise, reported by its own name")]
pub struct Proof {
    /// Items that were read, of all tables; those that only repeat a refusal are among them.
    pub items: u64,
    /// Items, or ends of tables, that could not be read.
    pub unreadable: u64,
    /// Journals, of wallets and of payouts, and their lines.
    pub journals: u64,
    pub lines: u64,
    pub topups: u64,
    pub payouts: u64,
    pub races: u64,
    pub slips: u64,
    pub combinations: u64,
    /// People who placed a slip.
    pub bettors: u64,
    pub totals: BTreeMap<Asset, AssetTotals>,
    /// People to whom a race paid something, race by race.
    pub paid_users: u64,
    /// Slips whose race is not settled, or whose bettor was posted something else than is due.
    pub unsettled: u64,
    /// Races whose certificate still waits for its repetition. Not a fault before its time has come.
    pub certificates_waiting: u64,
    pub sum_zero: bool,
    pub chains_ok: bool,
    pub certificates_ok: bool,
    pub dues_ok: bool,
    pub all_read: bool,
    pub faults: Vec<Fault>,
    pub faults_unnamed: u64,
}

impl Proof {
    /// What a race came to in `asset`, all races together.
    pub fn of(&self, asset: Asset) -> AssetTotals {
        self.totals.get(&asset).copied().unwrap_or_default()
    }

    fn clean() -> Self {
        Self { sum_zero: true, chains_ok: true, certificates_ok: true, dues_ok: true, all_read: true, ..Self::default() }
    }

    fn breaks(&mut self, promise: Promise) {
        match promise {
            Promise::SumZero => self.sum_zero = false,
            Promise::Chains => self.chains_ok = false,
            Promise::Certificates => self.certificates_ok = false,
            Promise::Dues => self.dues_ok = false,
            // What was not read is on neither side, so no sum is proved.
            Promise::Read => (self.all_read, self.sum_zero) = (false, false),
        }
    }

    /// Keeps only the faults that `stays` holds of.
    fn retain_faults(&mut self, stays: impl Fn(&Fault) -> bool) {
        self.faults.retain(stays);
        (self.sum_zero, self.chains_ok, self.certificates_ok, self.dues_ok, self.all_read) = (true, true, true, true, true);
        for promise in self.faults.iter().map(|fault| fault.promise).collect::<Vec<_>>() {
            self.breaks(promise);
        }
    }

    /// Whether every promise holds for everything that is stored. Open races and work under way are no faults. Work that is under way for
    /// longer than it ever takes is one.
    pub fn is_clean(&self) -> bool {
        let holds = self.sum_zero && self.chains_ok && self.certificates_ok && self.dues_ok && self.all_read;
        holds && self.faults.is_empty()
    }

    /// Whether there was nothing, and so nothing was proved.
    pub fn is_empty(&self) -> bool {
        self.items == 0 && self.is_clean()
    }
}

/// Something that is off.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fault {
    promise: Promise,
    what: String,
}

impl Fault {
    /// Whether its words have these.
    pub fn contains(&self, words: &str) -> bool {
        self.what.contains(words)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

/// Which promise a fault breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Promise {
    /// Independent records agree.
    SumZero,
    /// Journals fold.
    Chains,
    /// Settled races are certified, truly and twice.
    Certificates,
    /// A settled race has posted what is due, and one with a result is settled soon.
    Dues,
    /// Everything can be read.
    Read,
}

/// What ends the reading of an item.
enum Stop {
    /// Something is off with it; the next one is read all the same.
    Fault(String),
    /// Nothing can be read any more.
    Failed(VerifyError),
}

impl From<String> for Stop {
    fn from(fault: String) -> Self {
        Self::Fault(fault)
    }
}

/// Of the proof's own ledger: what goes wrong with the tables that are proved is a fault.
impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// The proof in the making.
struct Checking {
    proof: Proof,
    ledger: Ledger,
    now: Timestamp,
    faults_max: usize,
}

impl Checking {
    fn fault(&mut self, promise: Promise, what: String) {
        self.proof.breaks(promise);
        if self.proof.faults.len() < self.faults_max {
            self.proof.faults.push(Fault { promise, what });
        } else {
            self.proof.faults_unnamed += 1;
        }
    }

    /// Hands every item of `table` to `visit`, and names those that cannot be read.
    fn each(
        &mut self,
        tables: &Tables,
        table: &'static str,
        mut visit: impl FnMut(&mut Self, &Item) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        tables.each(table, |read| match read {
            Ok(item) => {
                self.proof.items += 1;
                visit(self, &item)
            }
            Err(what) => {
                self.proof.unreadable += 1;
                self.fault(Promise::Read, format!("{table}: {what}"));
                Ok(())
            }
        })
    }

    /// Notes the fault, if that is what ended the reading.
    fn read(&mut self, promise: Promise, read: Result<(), Stop>) -> Result<(), VerifyError> {
        match read {
            Ok(()) => Ok(()),
            Err(Stop::Fault(what)) => {
                self.fault(promise, what);
                Ok(())
            }
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

/// Proves what a data directory holds, by its cloud's own clock.
pub fn of_directory(data: &Path) -> Result<Proof, VerifyError> {
    let tables = Tables::open(data)?;
    let now = LocalClock::shown(data).map_err(VerifyError::Clock)?;
    verify(&tables, now)
}

/// Proves the tables as they stand at `now`, by the cloud's clock.
pub fn verify(tables: &Tables, now: Timestamp) -> Result<Proof, VerifyError> {
    prove(tables, now, FAULTS_NAMED_MAX)
}

/// The same, naming at most `faults_max` faults.
fn prove(tables: &Tables, now: Timestamp, faults_max: usize) -> Result<Proof, VerifyError> {
    let mut checking = Checking { proof: Proof::clean(), ledger: Ledger::open()?, now, faults_max };
    let mut wallets = wallet::Reading::default();
    checking.each(tables, "wallet", |checking, item| wallets.item(checking, item))?;
    checking.each(tables, "bank", wallet::bank_item)?;
    let mut races = race::Reading::default();
    checking.each(tables, "racing", |checking, item| races.item(checking, item))?;
    races.end(&mut checking);
    compare(&mut checking)?;
    Ok(checking.proof)
}

fn compare(checking: &mut Checking) -> Result<(), VerifyError> {
    checking.proof.bettors = checking.ledger.bettors()?;
    for difference in checking.ledger.differences(checking.faults_max) {
        checking.fault(Promise::SumZero, difference);
    }
    Ok(())
}
