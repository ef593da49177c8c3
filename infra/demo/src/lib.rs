//! `koban demo`: race days that are bet and settled on this machine through the HTTP API, measured and proved. Also the feed of a cloud,
//! and what AWS would charge.

mod acknowledgements;
pub mod boatrace;
pub mod cost;
mod error;
pub mod feed;
mod measure;
mod plan;
mod play;
mod report;
mod settlement_log;

pub use error::DemoError;

use acknowledgements::Acknowledgements;
use client::http::{BaseUrl, Connection, Patience};
use client::local::Local;
use client::or_interrupted;
use cloud::engine::ceiling::{Pair, transactions_per_second};
use cloud::{Cloud, Config};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::{Date, date};
use plan::{PlannedDay, SlipPlan};
use platform::Service;
use play::{Played, Player};
use proofs::Proof;
use proofs::rows::grouped;
use report::{Findings, Report};
use settlement_log::{SettlementLog, Used};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The made-up race day, when none is chosen.
const GENERATED_DAY: Date = date(2026, 5, 1);
/// How many transactions measure the engine alone, and how large an item's body is: a slip and a line are about that.
const CEILING_TRANSACTIONS: u32 = 20_000;
const CEILING_BODY_BYTES: usize = 350;
/// The second certificates may take a moment after their time has come.
const PROOF_ATTEMPTS_MAX: u32 = 5;
const BETWEEN_PROOFS: Duration = Duration::from_secs(1);
/// How long a cloud that runs elsewhere may be away without answering anything.
const AWAY_MAX: Duration = Duration::from_mins(2);

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Exit code 0 only if every slip was placed and settled and every proof holds. The last line says so.

Examples:
  koban demo                                              a made-up race day
  koban demo --slips 5000 --bettors 200                   a quick one
  koban demo --feed ../shared/data/boatrace               real race days
  koban demo --feed ../shared/data/boatrace --day 20260523 --json
  koban demo --url http://127.0.0.1:4000 --data .koban    on a cloud that runs already: kill and restart it meanwhile")]
pub struct Arguments {
    /// Boatrace Open API files to play: a directory that has programs/ and results/
    #[arg(long, value_name = "DIR")]
    feed: Option<PathBuf>,
    /// Only this day of the feed, or the day of the made-up races
    #[arg(long, value_name = "YYYYMMDD", value_parser = day)]
    day: Option<Date>,
    /// How many people bet
    #[arg(long, default_value_t = 2_000, value_parser = at_least_one)]
    bettors: usize,
    /// How many slips they place, all days together
    #[arg(long, default_value_t = 100_000, value_parser = at_least_one)]
    slips: usize,
    /// What is bet follows from it; the same number repeats a run
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Drive the local cloud that runs here instead of starting one; its clock will be moved. While it is away, up to two minutes, the
    /// same requests are repeated with the same keys
    #[arg(long)]
    url: Option<BaseUrl>,
    /// With --url: the data directory of that cloud, to prove what it has stored
    #[arg(long, value_name = "DIR", requires = "url")]
    data: Option<PathBuf>,
    /// With --url: write every acknowledgement of that cloud to this file, a JSON object a line, before going on. The engine alone is not
    /// measured then
    #[arg(long, value_name = "FILE", requires = "url")]
    acknowledgements: Option<PathBuf>,
    /// End with one JSON object on standard output instead of a table
    #[arg(long)]
    json: bool,
}

fn day(text: &str) -> Result<Date, String> {
    Date::strptime("%Y%m%d", text).map_err(|_| "write the day like 20260523".into())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "at least 1".into())
}

/// Plays on a cloud of `services`, unless one is named that runs already.
pub async fn run(arguments: Arguments, services: &'static [&'static Service]) -> Result<(), DemoError> {
    let days = days(&arguments)?;
    let directory = temporary()?;
    let engine_txn_per_s = if arguments.acknowledgements.is_some() {
        None
    } else {
        say(&arguments, "Measuring the engine alone ...");
        Some(or_interrupted(ceiling(services)).await?)
    };
    let started = match &arguments.url {
        Some(_) => None,
        None => Some(cloud::start(Config::new(directory.path().join("data"), services)).await?),
    };
    let stage = Stage::new(&arguments, started.as_ref(), directory.path()).await?;
    let run = or_interrupted(stage.play(&arguments, &days)).await;
    if let Some(cloud) = started {
        cloud.stop().await;
    }
    if stage.patience.repeats() > 0 {
        say(&arguments, &format!("{} calls were repeated because the cloud was away.", stage.patience.repeats()));
    }
    let (played, proof, used) = run?;
    let findings =
        Findings { played: &played, proof: proof.as_ref(), used, engine_txn_per_s, in_process: arguments.url.is_none() };
    end(&arguments, &findings)
}

/// The cloud that is played on.
struct Stage {
    connection: Connection,
    /// Of the connections to a cloud that runs elsewhere.
    patience: Arc<Patience>,
    /// Where it stores, if that is known.
    data: Option<PathBuf>,
}

impl Stage {
    async fn new(arguments: &Arguments, started: Option<&Cloud>, directory: &Path) -> Result<Self, DemoError> {
        let patience = Arc::new(Patience::new(AWAY_MAX));
        match (started, &arguments.url) {
            (Some(cloud), _) => {
                let connection = Connection::new(cloud.url().parse().map_err(DemoError::Unexpected)?);
                Ok(Self { connection, patience, data: Some(directory.join("data")) })
            }
            (None, Some(base)) => {
                // One that was never there is not waited for.
                or_interrupted(Local::new(base.clone()).now()).await?;
                let connection = Connection::patient(base.clone(), patience.clone());
                Ok(Self { connection, patience, data: arguments.data.clone() })
            }
            (None, None) => Err(DemoError::Unexpected("no cloud was started".into())),
        }
    }

    async fn play(&self, arguments: &Arguments, days: &[PlannedDay]) -> Result<(Played, Option<Proof>, Option<Used>), DemoError> {
        let progress = progress(arguments.slips as u64);
        let log = self.data.as_deref().map(SettlementLog::follow).transpose();
        let log = log.map_err(|source| DemoError::Io { what: "following the log", source })?;
        let acknowledgements =
            arguments.acknowledgements.as_deref().map(Acknowledgements::create).transpose()?.unwrap_or_default();
        let (bettors, seed) = (arguments.bettors, arguments.seed);
        let mut player = Player::new(&self.connection, bettors, seed, progress.clone(), acknowledgements).await?;
        for (day, slips) in days.iter().zip(shares(days, arguments.slips)) {
            player.play(day, SlipPlan::new(day, slips, bettors, seed)).await?;
        }
        let played = player.end().await;
        progress.set_message("proving");
        let used = log.map(SettlementLog::end);
        let proof = match &self.data {
            Some(data) => Some(prove(data.clone()).await?),
            None => None,
        };
        progress.finish_and_clear();
        Ok((played, proof, used))
    }
}

fn temporary() -> Result<tempfile::TempDir, DemoError> {
    tempfile::tempdir().map_err(|source| DemoError::Io { what: "making a temporary directory", source })
}

fn days(arguments: &Arguments) -> Result<Vec<PlannedDay>, DemoError> {
    match &arguments.feed {
        Some(feed) => plan::days_of_feed(&boatrace::read(feed)?, arguments.day, arguments.seed),
        None => Ok(vec![plan::generated_day(arguments.day.unwrap_or(GENERATED_DAY), arguments.seed)?]),
    }
}

/// How many of the slips fall on each day: by its races.
fn shares(days: &[PlannedDay], slips: usize) -> Vec<usize> {
    let races: usize = days.iter().map(|day| day.races.len()).sum();
    let mut before = 0;
    let share = |day: &PlannedDay| {
        let from = slips * before / races;
        before += day.races.len();
        slips * before / races - from
    };
    days.iter().map(share).collect()
}

/// In a directory of its own, which the thread that works in it removes: also when nobody waits for it any more.
async fn ceiling(services: &'static [&'static Service]) -> Result<f64, DemoError> {
    let pair = Pair { object: &racing::RACING, line: &wallet::WALLET, body_bytes: CEILING_BODY_BYTES };
    let measured = tokio::task::spawn_blocking(move || {
        let directory = temporary()?;
        Ok(transactions_per_second(&directory.path().join("ceiling"), services, pair, CEILING_TRANSACTIONS)?)
    });
    measured.await.map_err(|error| DemoError::Unexpected(error.to_string()))?
}

async fn prove(data: PathBuf) -> Result<Proof, DemoError> {
    for _ in 1..PROOF_ATTEMPTS_MAX {
        let proof = prove_once(data.clone()).await?;
        if proof.is_clean() && proof.certificates_waiting == 0 && proof.unsettled == 0 {
            return Ok(proof);
        }
        tokio::time::sleep(BETWEEN_PROOFS).await;
    }
    prove_once(data).await
}

async fn prove_once(data: PathBuf) -> Result<Proof, DemoError> {
    let proof = tokio::task::spawn_blocking(move || proofs::of_directory(&data));
    Ok(proof.await.map_err(|error| DemoError::Unexpected(error.to_string()))??)
}

fn progress(slips: u64) -> ProgressBar {
    let progress = ProgressBar::new(slips);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} slips, {per_sec} {msg}") {
        progress.set_style(style);
    }
    progress
}

fn say(arguments: &Arguments, what: &str) {
    if !arguments.json {
        eprintln!("{what}");
    }
}

fn end(arguments: &Arguments, findings: &Findings<'_>) -> Result<(), DemoError> {
    let report = Report::new(findings);
    let Findings { played, proof, .. } = findings;
    for refused in played.tally.refused.iter().take(10) {
        eprintln!("off: {refused}");
    }
    for fault in proof.iter().flat_map(|proof| &proof.faults) {
        eprintln!("off: {fault}");
    }
    if played.dead > 0 {
        eprintln!("off: {} messages lie in dead-letter queues", played.dead);
    }
    let clean = report.is_clean(arguments.slips, played);
    if arguments.json {
        println!("{}", serde_json::to_string(&report).map_err(|error| DemoError::Unexpected(error.to_string()))?);
    } else {
        println!("{}", report.table(findings));
        println!("{}", verdict(clean, arguments, findings));
    }
    if clean { Ok(()) } else { Err(DemoError::NotClean) }
}

fn verdict(clean: bool, arguments: &Arguments, findings: &Findings<'_>) -> String {
    let placed = findings.played.tally.count();
    match findings.proof {
        _ if clean => {
            format!("CLEAN: all {} slips are placed and settled, and every proof holds.", grouped(placed as u64))
        }
        None => "NOT PROVED: name the cloud's data directory with --data to prove what it has stored.".into(),
        Some(proof) => format!(
            "NOT CLEAN: {placed} of {} slips placed, {} unsettled, {} things off (seed {}).",
            arguments.slips,
            proof.unsettled,
            proof.faults.len() as u64 + proof.faults_unnamed,
            arguments.seed
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slip_falls_on_a_day() {
        let day = plan::generated_day(GENERATED_DAY, 1).unwrap();
        let days = [day.clone(), day.clone(), day];
        assert_eq!(shares(&days, 100), [33, 33, 34]);
    }

    #[test]
    fn a_day_is_written_as_the_files_are_named() {
        assert_eq!(super::day("20260523"), Ok(date(2026, 5, 23)));
        assert!(super::day("2026-05-23").is_err());
    }
}
