//! `koban simulate`: the real functions under a seeded scheduler, with faults; and the crash matrix.

#[cfg(feature = "planted")]
mod planted;

use super::CliError;
#[cfg(not(feature = "planted"))]
use super::by_cargo;
use super::output::{note, print};
use crate::registry::SIMULATED;
use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use indicatif::{ProgressBar, ProgressStyle};
use proofs::rows::grouped;
use serde_json::json;
use simulator::matrix::{self, Matrix};
use simulator::seeds::{Seeds, Summary, run_all};
use simulator::{Fault, Outcome, Seed, Size, command, reduce};

/// Two hundred operations and more in every seed.
pub const SIZE: Size = Size { people: 6, operations: 140 };
/// How many seeds are run, and in how many a planted bug must be found.
const SEEDS: u64 = 1_000;
const PLANTED_SEEDS: u64 = 2_000;
/// How many broken seeds are reduced and shown.
const SHOWN_MAX: usize = 3;
/// How many cells that are not exactly-once are shown.
const CELLS_SHOWN_MAX: usize = 20;

#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Each seed is a world of its own in memory: users, faults, and the real functions with the real SDK in them. Time is \
virtual. The same seed of the same code has the same history. A seed that breaks a promise is made smaller, and the \
command that replays it is printed.

The matrix strikes every external call of every function on every path, by every fault. What is stored in the end must \
be what is stored without the fault.

Exit code 1 if a promise was broken.

Examples:
  koban simulate --seeds 5000
  koban simulate --seed 42 --trace
  koban simulate --matrix --json
  koban simulate --planted")]
pub struct Arguments {
    /// How many seeds to run: 1,000 when it is left out, and at most 2,000 for each planted bug
    #[arg(long, value_name = "N", conflicts_with = "matrix")]
    seeds: Option<u64>,
    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "matrix")]
    from: u64,
    /// Run this seed alone
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "from", "matrix"])]
    seed: Option<u64>,
    /// Print everything that happened in the seed
    #[arg(long, requires = "seed")]
    trace: bool,
    /// How many people act
    #[arg(long, value_name = "N", default_value_t = SIZE.people, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    people: u32,
    /// How much they do together
    #[arg(long, value_name = "N", default_value_t = SIZE.operations, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    operations: u32,
    /// Faults that do not happen, such as slow,restarted
    #[arg(long, value_name = "FAULT,…", value_delimiter = ',', value_parser = fault, requires = "seed")]
    without: Vec<Fault>,
    /// Play the crash matrix instead
    #[arg(long)]
    matrix: bool,
    /// Switch on one planted bug after another, and find each; builds koban with them first
    #[arg(long, conflicts_with_all = ["seed", "matrix", "without"])]
    planted: bool,
    /// Of the matrix, only the paths whose names contain this
    #[arg(long, value_name = "TEXT", requires = "matrix")]
    path: Option<String>,
    /// Threads to run on; as many as there are processors when it is left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: Option<u8>,
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

fn fault(name: &str) -> Result<Fault, String> {
    let known = || Fault::ALL.map(Fault::name).join(", ");
    Fault::named(name).ok_or_else(|| format!("there is no such fault; there are {}", known()))
}

/// Worlds have runtimes of their own, which none of this thread's may surround.
pub fn run(arguments: &Arguments) -> Result<(), CliError> {
    std::thread::scope(|scope| {
        scope.spawn(|| simulate(arguments)).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn simulate(arguments: &Arguments) -> Result<(), CliError> {
    let threads = arguments.threads.map_or_else(processors, usize::from);
    let size = Size { people: arguments.people, operations: arguments.operations };
    if arguments.planted {
        let count = arguments.seeds.unwrap_or(PLANTED_SEEDS);
        return find_planted(&Seeds { from: arguments.from, count, size, threads, until_first: true }, arguments.json);
    }
    if arguments.matrix {
        return play_matrix(arguments.path.as_deref(), threads, arguments.json);
    }
    if let Some(number) = arguments.seed {
        let without = arguments.without.clone();
        return one(&Seed { number, size, without, shows: arguments.trace }, arguments.json);
    }
    let count = arguments.seeds.unwrap_or(SEEDS);
    many(&Seeds { from: arguments.from, count, size, threads, until_first: false }, arguments.json)
}

/// Has cargo build koban with the planted bugs, and run this command again.
#[cfg(not(feature = "planted"))]
fn find_planted(_seeds: &Seeds, _as_json: bool) -> Result<(), CliError> {
    Err(by_cargo::run("plants bugs", by_cargo::KOBAN_WITH_PLANTED_BUGS, std::env::args_os().skip(1)))
}

#[cfg(feature = "planted")]
use planted::find_all as find_planted;

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn bar(length: u64, of: &str) -> ProgressBar {
    let progress = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {of}, {{eta}} left")) {
        progress.set_style(style);
    }
    progress
}

fn one(seed: &Seed, as_json: bool) -> Result<(), CliError> {
    let outcome = simulator::run(SIMULATED, seed)?;
    for line in &outcome.timeline {
        print(line)?;
    }
    if as_json {
        print(json!(outcome))?;
    } else {
        show_outcome(&outcome)?;
    }
    if outcome.violations.is_empty() { Ok(()) } else { Err(CliError::NotClean) }
}

fn show_outcome(outcome: &Outcome) -> Result<(), CliError> {
    let Outcome { seed, operations, hash, events, virtual_s, .. } = outcome;
    print(format_args!(
        "seed {seed}: {operations} operations, {} faults, {events} events in {virtual_s} virtual seconds, history {hash:016x}",
        outcome.fault_count()
    ))?;
    for (fault, count) in &outcome.faults {
        print(format_args!("  {count:>6}  {}", fault.name()))?;
    }
    for violation in &outcome.violations {
        note(format_args!("broken: {violation}"));
    }
    Ok(())
}

fn many(seeds: &Seeds, as_json: bool) -> Result<(), CliError> {
    let progress = bar(seeds.count, "seeds");
    let summary = run_all(SIMULATED, seeds, &|| progress.inc(1))?;
    progress.finish_and_clear();
    if as_json {
        print(json!(summary))?;
    } else {
        show_summary(&summary)?;
    }
    for outcome in summary.broken.iter().take(SHOWN_MAX) {
        let seed = Seed { number: outcome.seed, size: seeds.size, without: Vec::new(), shows: false };
        if let Some((smallest, outcome)) = reduce(SIMULATED, &seed)? {
            note(format_args!("broken: seed {}: {}", outcome.seed, outcome.violations.join("; ")));
            note(format_args!("  {}", command(&smallest)));
        }
    }
    if summary.violations == 0 { Ok(()) } else { Err(CliError::NotClean) }
}

fn show_summary(summary: &Summary) -> Result<(), CliError> {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    let mut row = |what: &str, value: String| {
        table.add_row([what.to_owned(), value]);
    };
    row("seeds", grouped(summary.seeds));
    row("operations, fewest of a seed", format!("{}, {}", grouped(summary.operations), summary.operations_min));
    row("faults, fewest of a seed", format!("{}, {}", grouped(summary.faults), summary.faults_min));
    for (fault, count) in &summary.faults_by_kind {
        row(&format!("  {}", fault.name()), grouped(*count));
    }
    row("seeds per second", format!("{:.1}", summary.seeds_per_s));
    row("the slowest seed", format!("{}, {} ms", summary.slowest_seed, summary.slowest_seed_ms));
    row("seeds that broke a promise", grouped(summary.violations));
    print(table)
}

fn play_matrix(only: Option<&str>, threads: usize, as_json: bool) -> Result<(), CliError> {
    let progress = bar(0, "cells");
    let matrix = matrix::play(SIMULATED, only, threads, &|cells| progress.set_length(cells as u64), &|| progress.inc(1))?;
    progress.finish_and_clear();
    if as_json {
        print(json!(matrix))?;
    } else {
        show_matrix(&matrix)?;
    }
    for missing in &matrix.missing {
        note(format_args!("missing: {missing}"));
    }
    for broken in matrix.broken.iter().take(CELLS_SHOWN_MAX) {
        let (function, call, operation, fault) = (broken.function, broken.call, &broken.operation, broken.fault.name());
        note(format_args!(
            "broken: {function}, call {call} ({operation}), {fault}, on \"{}\": {}",
            broken.path,
            broken.what.join("; ")
        ));
    }
    if matrix.is_clean() { Ok(()) } else { Err(CliError::NotClean) }
}

fn show_matrix(matrix: &Matrix) -> Result<(), CliError> {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["function", "path", "calls", "cells", "exactly once"]);
    for row in &matrix.rows {
        table.add_row([
            row.function.to_owned(),
            row.path.to_owned(),
            row.calls.to_string(),
            row.cells.to_string(),
            row.exactly_once.to_string(),
        ]);
    }
    print(table)?;
    print(format_args!("{} of {} cells are exactly-once.", matrix.exactly_once, matrix.cells))
}
