//! The proof that nothing is off: every journal replayed, and every record compared with one that was written independently of it. Each
//! service brings its proof (decision 0020); here is what drives them. It reads the stored tables directly and in order of their keys. So
//! it needs no running cloud, disturbs none, and keeps one item in memory. A local cloud's tables are read as one snapshot. A deployment
//! has no snapshot, so its tables are read until the same fault shows again.
//!
//! What cannot be read is named and proves nothing; everything else is proved all the same.

mod findings;
mod item;
mod ledger;
pub mod live;
pub mod proof;
pub mod rows;
mod tables;
#[cfg(test)]
mod tests;
mod verdict;

pub use findings::Findings;
pub use item::Item;
pub use proof::{Definition, Proof};
pub use tables::{Spool, Tables};
pub use verdict::{Fault, Verdict};

use cloud::clock::LocalClock;
use jiff::Timestamp;
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
    #[error("there are no tables in memory to prove")]
    NoTables,
    #[error("a proof reads the table {0}, which no service defines")]
    NoTable(&'static str),
    #[error("the proof ended early: {0}")]
    Ended(String),
}

/// Proves what a data directory holds, by its cloud's own clock.
///
/// # Errors
/// When there is nothing to read, or the proof's own file cannot be written; here and below.
pub fn of_directory(data: &Path, proofs: &[&'static Definition]) -> Result<Verdict, VerifyError> {
    let tables = Tables::open(data)?;
    let now = LocalClock::shown(data).map_err(VerifyError::Clock)?;
    verify(&tables, proofs, now)
}

/// Proves the tables as they are at `now`, by the cloud's clock. The proofs are of all services that move the same money: each says one
/// side of what the others say.
///
/// # Errors
/// As [`of_directory`].
pub fn verify(tables: &Tables, proofs: &[&'static Definition], now: Timestamp) -> Result<Verdict, VerifyError> {
    prove(tables, proofs, now, FAULTS_NAMED_MAX)
}

/// The same, naming at most `faults_max` faults.
fn prove(tables: &Tables, proofs: &[&'static Definition], now: Timestamp, faults_max: usize) -> Result<Verdict, VerifyError> {
    let mut findings = Findings::new(proofs, now, faults_max)?;
    for (service, definition) in proofs.iter().enumerate() {
        findings.read_service(tables, service, definition)?;
    }
    Ok(findings.end(proofs))
}
