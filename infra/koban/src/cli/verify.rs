//! `koban verify`: the proof, printed; of a local cloud's directory, or of an environment's tables.

use super::CliError;
use super::output::{note, print};
use crate::registry::SERVICES;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use demo::cost::usd_of_read_units;
use indicatif::{ProgressBar, ProgressStyle};
use operations::environment;
use proofs::live::{self, Live, Progress};
use proofs::rows::{grouped, rows};
use proofs::{Proof, of_directory};
use serde_json::{Value, json};
use shared::money::Asset;
use std::path::PathBuf;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Reads what is stored and changes nothing; the cloud may run meanwhile. Exit code 1 if anything is off, cannot be read, or \
is gone. The last line says how much was proved. Where nothing is stored, nothing is proved, and it says so.

An environment's tables are scanned whole and consistently, which costs read units. They are written meanwhile: what \
looks off is read again, up to three times in all, and only what stays off is named.

A race may take half an hour from its result to its settlement, and a top-up an hour from the bank to the wallet. After \
that it is off. A local cloud that does not run settles nothing: start it, then verify.

Examples:
  koban verify
  koban verify --data /tmp/k
  koban verify --environment alpha --json")]
pub struct Arguments {
    /// The data directory of a local cloud
    #[arg(long, value_name = "DIR", default_value = ".koban")]
    data: PathBuf,
    /// The deployed environment, such as alpha, in the account and region of your AWS credentials
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    environment: Option<String>,
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let (proof, read) = match &arguments.environment {
        None => (of_directory(&arguments.data)?, None),
        Some(name) => {
            let deployment = environment::find(name).await?;
            let Live { proof, readings, records, read_units } = live::prove(&deployment, SERVICES, &Bar::new()).await?;
            (proof, Some(Took { readings, records, read_units }))
        }
    };
    if arguments.json {
        print(json(&proof, read.as_ref()))?;
        return if proof.is_clean() { Ok(()) } else { Err(CliError::NotClean) };
    }
    if let Some(Took { readings, records, read_units }) = read {
        let usd = usd_of_read_units(read_units);
        let times = if readings == 1 { "once".into() } else { format!("{readings} times") };
        print(format_args!("{} records, read {times}; {read_units:.0} read units, about ${usd:.4}.", grouped(records)))?;
    }
    report(&proof)
}

/// What reading an environment took.
struct Took {
    readings: u32,
    records: u64,
    read_units: f64,
}

/// The reading, shown.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let progress = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} records of {msg}") {
            progress.set_style(style);
        }
        Self(progress)
    }
}

impl Progress for Bar {
    fn reads(&self, reading: u32, table: &str, records: u64, records_estimate: u64) {
        let again = if reading > 1 { format!(", reading {reading}: something looked off") } else { String::new() };
        self.0.set_message(format!("{table}{again}"));
        self.0.set_length(records_estimate.max(records));
        self.0.set_position(records);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn json(proof: &Proof, read: Option<&Took>) -> Value {
    let totals = |asset: Asset| {
        let totals = proof.of(asset);
        (asset.code().to_owned(), json!({"stake": totals.stake, "payout": totals.payout, "refund": totals.refund}))
    };
    json!({
        "clean": proof.is_clean() && !proof.is_empty(),
        "empty": proof.is_empty(),
        "items": proof.items,
        "unreadable": proof.unreadable,
        "journals": proof.journals,
        "lines": proof.lines,
        "topups": proof.topups,
        "payouts": proof.payouts,
        "races": proof.races,
        "slips": proof.slips,
        "combinations": proof.combinations,
        "bettors": proof.bettors,
        "paid_users": proof.paid_users,
        "unsettled_slips": proof.unsettled,
        "certificates_waiting": proof.certificates_waiting,
        "totals": Asset::ALL.into_iter().map(totals).collect::<serde_json::Map<_, _>>(),
        "promises": {
            "sum_zero": proof.sum_zero,
            "journals_fold": proof.chains_ok,
            "dues_posted": proof.dues_ok,
            "certificates_true": proof.certificates_ok,
            "everything_read": proof.all_read,
        },
        "off": proof.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "off_unnamed": proof.faults_unnamed,
        "read": read.map(|read| json!({
            "readings": read.readings,
            "records": read.records,
            "units": read.read_units,
            "usd": usd_of_read_units(read.read_units),
        })),
    })
}

fn report(proof: &Proof) -> Result<(), CliError> {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    for (what, value) in rows(proof) {
        table.add_row([what, value]);
    }
    if let Some(values) = table.column_mut(1) {
        values.set_cell_alignment(CellAlignment::Right);
    }
    print(table)?;
    for fault in &proof.faults {
        note(format_args!("off: {fault}"));
    }
    if proof.faults_unnamed > 0 {
        note(format_args!("off: and {} more", proof.faults_unnamed));
    }
    print(verdict(proof))?;
    if proof.is_clean() { Ok(()) } else { Err(CliError::NotClean) }
}

/// What was proved, and of how much.
fn verdict(proof: &Proof) -> String {
    if proof.is_empty() {
        return "Empty: nothing is stored, so nothing was proved.".into();
    }
    let counted = [
        (proof.items, "item"),
        (proof.journals, "journal"),
        (proof.lines, "line"),
        (proof.topups, "top-up"),
        (proof.races, "race"),
        (proof.slips, "slip"),
        (proof.payouts, "payout"),
    ];
    let counted =
        counted.map(|(count, what)| format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })).join(", ");
    if proof.is_clean() {
        return format!("Clean: every journal folds and every record agrees with its independent counterparts ({counted}).");
    }
    let off = grouped(proof.faults.len() as u64 + proof.faults_unnamed);
    match proof.unreadable {
        0 => format!("NOT CLEAN: {off} things are off ({counted})."),
        unreadable => format!("NOT CLEAN: {off} things are off, {} of them unreadable ({counted}).", grouped(unreadable)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_says_how_much_was_proved() {
        let mut proof =
            Proof { sum_zero: true, chains_ok: true, certificates_ok: true, dues_ok: true, all_read: true, ..Proof::default() };
        assert!(verdict(&proof).starts_with("Empty: nothing"), "{}", verdict(&proof));
        assert!((&json(&proof, None)["clean"], &json(&proof, None)["empty"]) == (&false.into(), &true.into()));
        (proof.items, proof.journals, proof.lines, proof.topups) = (1_200, 1, 900, 300);
        let said = verdict(&proof);
        assert!(
            said.starts_with("Clean: ") && said.contains("1,200 items, 1 journal, 900 lines, 300 top-ups, 0 races"),
            "{said}"
        );
        assert!((&json(&proof, None)["clean"], &json(&proof, None)["lines"]) == (&true.into(), &900.into()));
        (proof.all_read, proof.unreadable) = (false, 2);
        assert!(verdict(&proof).contains("2 of them unreadable"), "{}", verdict(&proof));
    }
}
