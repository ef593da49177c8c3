//! The proof of a deployment, whose tables go on being written while they are read: DynamoDB has no snapshot of several tables to scan.
//! What looks off in one reading may just have been half written. So everything is read again, from the beginning, and only faults with the
//! same words in every reading are reported. That is sound. Every fault names its object. A record of one reading was committed with its
//! whole transaction before the next reading began, so a consistent scan then sees both sides. A fault that only a later reading finds is
//! left to the next `verify`.

use super::{Definition, Fault, Spool, Verdict, VerifyError};
use jiff::Timestamp;
use operations::scan::{self, Page};
use operations::{Deployment, OperationError};
use platform::Service;
use platform::resource::Table;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often what is off is read.
const READINGS_MAX: u32 = 3;
/// Longer than any transaction and its retries.
const PAUSE: Duration = Duration::from_secs(10);
/// How many faults of a reading are compared with the next one's.
const FAULTS_COMPARED_MAX: usize = 20_000;
/// Pages that wait to be stored: some megabytes.
const PAGES_WAITING_MAX: usize = 4;

/// A verdict and what it took.
#[derive(Debug)]
pub struct Live {
    pub verdict: Verdict,
    pub readings: u32,
    pub records: u64,
    pub read_units: f64,
}

/// Hears how far the reading is.
pub trait Progress {
    fn reads(&self, reading: u32, table: &str, records: u64, records_estimate: u64);
}

/// What is proved, and by which proofs.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub deployment: &'a Deployment,
    /// Those that define the tables.
    pub services: &'a [&'static Service],
    pub proofs: &'static [&'static Definition],
}

impl<'a> Subject<'a> {
    /// Every table that a proof reads, once.
    fn tables(self) -> Result<Vec<&'a Table>, VerifyError> {
        let names: BTreeSet<_> = self.proofs.iter().flat_map(|proof| proof.tables).collect();
        let table = |name: &&'static str| {
            let mut tables = self.services.iter().flat_map(|service| service.tables);
            tables.find(|table| table.name == *name).copied().ok_or(VerifyError::NoTable(name))
        };
        names.into_iter().map(table).collect()
    }
}

/// Proves what a deployment holds.
///
/// # Errors
/// When a table cannot be read, or too much is off to compare one reading with the next.
pub async fn prove(subject: Subject<'_>, progress: &impl Progress) -> Result<Live, VerifyError> {
    prove_with(subject, progress, PAUSE).await
}

/// The same with another pause between readings.
///
/// # Errors
/// As [`prove`].
pub async fn prove_with(subject: Subject<'_>, progress: &impl Progress, pause: Duration) -> Result<Live, VerifyError> {
    let mut live = read_once(subject, 1, progress).await?;
    while !live.verdict.faults.is_empty() && live.readings < READINGS_MAX {
        tokio::time::sleep(pause).await;
        let standing: HashSet<Fault> = live.verdict.faults.into_iter().collect();
        let again = read_once(subject, live.readings + 1, progress).await?;
        live = Live { read_units: live.read_units + again.read_units, ..again };
        live.verdict.retain_faults(|fault| standing.contains(fault));
    }
    Ok(live)
}

async fn read_once(subject: Subject<'_>, reading: u32, progress: &impl Progress) -> Result<Live, VerifyError> {
    let begun = Timestamp::now();
    let Reading { spool, records, read_units } = read(subject, reading, progress).await?;
    Ok(Live { verdict: prove_spool(spool, subject.proofs, begun).await?, readings: reading, records, read_units })
}

async fn prove_spool(spool: Spool, proofs: &'static [&'static Definition], now: Timestamp) -> Result<Verdict, VerifyError> {
    let prove = move || super::prove(&spool.into_tables()?, proofs, now, FAULTS_COMPARED_MAX);
    let verdict = tokio::task::spawn_blocking(prove).await.map_err(|error| VerifyError::Ended(error.to_string()))??;
    let off = verdict.faults.len() as u64 + verdict.faults_unnamed;
    if verdict.faults_unnamed > 0 { Err(VerifyError::TooMuchOff(off)) } else { Ok(verdict) }
}

/// One reading.
struct Reading {
    spool: Spool,
    records: u64,
    read_units: f64,
}

async fn read(subject: Subject<'_>, reading: u32, progress: &impl Progress) -> Result<Reading, VerifyError> {
    let mut read = Reading { spool: Spool::open()?, records: 0, read_units: 0.0 };
    let deployment = subject.deployment;
    for table in subject.tables()? {
        let estimate = scan::count_estimate(deployment, table).await?;
        let (sender, mut pages) = mpsc::channel::<Page>(PAGES_WAITING_MAX);
        let store = async {
            let mut records = 0;
            while let Some(page) = pages.recv().await {
                for record in &page.records {
                    read.spool.add(table.name, record)?;
                }
                for what in &page.unreadable {
                    read.spool.add_unreadable(table.name, what)?;
                }
                records += (page.records.len() + page.unreadable.len()) as u64;
                read.read_units += page.read_units;
                progress.reads(reading, table.name, records, estimate);
            }
            read.records += records;
            Ok::<_, VerifyError>(())
        };
        let scan = async { scan::read(deployment, table, sender).await.map_err(|error: OperationError| error.into()) };
        tokio::try_join!(scan, store)?;
    }
    Ok(read)
}
