//! `koban demo`: what services do, played on this machine through the HTTP API, measured and proved; and what AWS would charge for it.
//! Each service brings its part (decision 0020); here is what drives them, and what they have in common.

mod acknowledgements;
mod arguments;
pub mod cost;
mod error;
mod invocations;
pub mod measure;
mod part;
pub mod people;
mod stage;

pub use acknowledgements::Acknowledgements;
pub use arguments::{at_least_one, chosen, of_all};
pub use error::DemoError;
pub use invocations::Used;
pub use part::{DemoPart, Findings, Play, Report};
pub use stage::Stage;

use arguments::Common;
use clap::{ArgMatches, FromArgMatches};
use client::or_interrupted;
use cloud::engine::ceiling::{Pair, transactions_per_second};
use cloud::{Cloud, Config};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use invocations::Invocations;
use platform::Service;
use proofs::rows::rows;
use proofs::{Definition, Verdict};
use std::path::PathBuf;
use std::time::Duration;

/// How many transactions measure the engine alone, and how large an item's body is: an object and a line are about that.
const CEILING_TRANSACTIONS: u32 = 20_000;
const CEILING_BODY_BYTES: usize = 350;
/// What comes with time may take a moment after its time has come.
const PROOF_ATTEMPTS_MAX: u32 = 5;
const BETWEEN_PROOFS: Duration = Duration::from_secs(1);
/// How many lines of what did not go as planned are printed.
const OFF_LINES_MAX: usize = 20;

/// All services, as the registry has them.
#[derive(Clone, Copy)]
pub struct Services {
    pub services: &'static [&'static Service],
    pub proofs: &'static [&'static Definition],
}

/// Plays `part` as `given` asks, on a cloud of `services`, unless one is named that runs already.
///
/// # Errors
/// When it could not be played to its end, or what came of it is not clean.
pub async fn run(part: &dyn DemoPart, given: &ArgMatches, services: Services) -> Result<(), DemoError> {
    let common = Common::from_arg_matches(given).map_err(|error| DemoError::Input(error.to_string()))?;
    let mut play = part.plan(given, common.seed)?;
    let directory = temporary()?;
    let engine_txn_per_s = if common.acknowledgements.is_some() {
        None
    } else {
        say(&common, "Measuring the engine alone ...");
        Some(or_interrupted(ceiling(part.pair(), services.services)).await?)
    };
    let started = match &common.url {
        Some(_) => None,
        None => Some(cloud::start(Config::new(directory.path().join("data"), services.services)).await?),
    };
    let stage = Stage::new(&common, started.as_ref(), directory.path(), play.steps()).await?;
    let run = or_interrupted(perform(part, play.as_mut(), &stage, services.proofs)).await;
    if let Some(cloud) = started {
        Cloud::stop(cloud).await;
    }
    if stage.repeats() > 0 {
        say(&common, &format!("{} calls were repeated because the cloud was away.", stage.repeats()));
    }
    let (verdict, used) = run?;
    let (in_process, seed) = (common.url.is_none(), common.seed);
    let findings = Findings { verdict: verdict.as_ref(), used, engine_txn_per_s, in_process, seed };
    end(&common, play.report(&findings)?, verdict.as_ref())
}

/// Plays, then proves what came of it.
async fn perform(
    part: &dyn DemoPart,
    play: &mut dyn Play,
    stage: &Stage,
    proofs: &'static [&'static Definition],
) -> Result<(Option<Verdict>, Option<Used>), DemoError> {
    let log = stage.data.as_deref().map(|data| Invocations::follow(data, part.counted())).transpose();
    let log = log.map_err(|source| DemoError::Io { what: "following the log", source })?;
    play.play(stage).await?;
    stage.progress.set_message("proving");
    let used = log.map(Invocations::end);
    let verdict = match &stage.data {
        Some(data) => Some(prove(play, data.clone(), proofs).await?),
        None => None,
    };
    stage.progress.finish_and_clear();
    Ok((verdict, used))
}

async fn prove(play: &dyn Play, data: PathBuf, proofs: &'static [&'static Definition]) -> Result<Verdict, DemoError> {
    for _ in 1..PROOF_ATTEMPTS_MAX {
        let verdict = prove_once(data.clone(), proofs).await?;
        if verdict.is_clean() && play.is_through(&verdict) {
            return Ok(verdict);
        }
        tokio::time::sleep(BETWEEN_PROOFS).await;
    }
    prove_once(data, proofs).await
}

async fn prove_once(data: PathBuf, proofs: &'static [&'static Definition]) -> Result<Verdict, DemoError> {
    let verdict = tokio::task::spawn_blocking(move || proofs::of_directory(&data, proofs));
    Ok(verdict.await.map_err(|error| DemoError::Unexpected(error.to_string()))??)
}

fn temporary() -> Result<tempfile::TempDir, DemoError> {
    tempfile::tempdir().map_err(|source| DemoError::Io { what: "making a temporary directory", source })
}

/// In a directory of its own, which the thread that works in it removes: also when nobody waits for it any more.
async fn ceiling(pair: [&'static str; 2], services: &'static [&'static Service]) -> Result<f64, DemoError> {
    let table = |name: &str| {
        let found = services.iter().flat_map(|service| service.tables).find(|table| table.name == name);
        found.copied().ok_or_else(|| DemoError::Unexpected(format!("no service has a table {name}")))
    };
    let pair = Pair { object: table(pair[0])?, line: table(pair[1])?, body_bytes: CEILING_BODY_BYTES };
    let measured = tokio::task::spawn_blocking(move || {
        let directory = temporary()?;
        Ok(transactions_per_second(&directory.path().join("ceiling"), services, pair, CEILING_TRANSACTIONS)?)
    });
    measured.await.map_err(|error| DemoError::Unexpected(error.to_string()))?
}

fn say(common: &Common, what: &str) {
    if !common.json {
        eprintln!("{what}");
    }
}

fn end(common: &Common, report: Report, verdict: Option<&Verdict>) -> Result<(), DemoError> {
    let Report { json, rows: measured, off, is_clean, summary } = report;
    for off in off.iter().take(OFF_LINES_MAX) {
        eprintln!("off: {off}");
    }
    for fault in verdict.iter().flat_map(|verdict| &verdict.faults) {
        eprintln!("off: {fault}");
    }
    // A part may overlook what the proof found, but nothing is clean that is not proved.
    let is_clean = is_clean && verdict.is_some_and(Verdict::is_clean);
    if common.json {
        println!("{json}");
    } else {
        println!("{}", table(verdict, measured));
        let unproved = "NOT PROVED: name the cloud's data directory with --data to prove what it has stored.";
        println!("{}", if verdict.is_none() { unproved } else { &summary });
    }
    if is_clean { Ok(()) } else { Err(DemoError::NotClean) }
}

/// What was proved, then what was measured.
fn table(verdict: Option<&Verdict>, measured: Vec<(String, String)>) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    for (what, value) in verdict.map(rows).unwrap_or_default().into_iter().chain(measured) {
        table.add_row([what, value]);
    }
    if let Some(values) = table.column_mut(1) {
        values.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests;
