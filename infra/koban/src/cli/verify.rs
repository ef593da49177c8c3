//! `koban verify`: the proof, printed; of a local cloud's directory, or of an environment's tables.

use super::CliError;
use super::output::{note, print};
use crate::registry::{PROOFS, SERVICES};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use demo::cost::usd_of_read_units;
use indicatif::{ProgressBar, ProgressStyle};
use operations::environment;
use proofs::live::{self, Live, Progress, Subject};
use proofs::rows::{fields, grouped, rows, summary};
use proofs::{Verdict, of_directory};
use serde_json::{Value, json};
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
    let (verdict, read) = match &arguments.environment {
        None => (of_directory(&arguments.data, PROOFS)?, None),
        Some(name) => {
            let deployment = environment::find(name).await?;
            let subject = Subject { deployment: &deployment, services: SERVICES, proofs: PROOFS };
            let Live { verdict, readings, records, read_units } = live::prove(subject, &Bar::new()).await?;
            (verdict, Some(Took { readings, records, read_units }))
        }
    };
    if arguments.json {
        print(json(&verdict, read.as_ref()))?;
        return if verdict.is_clean() { Ok(()) } else { Err(CliError::NotClean) };
    }
    if let Some(Took { readings, records, read_units }) = read {
        let usd = usd_of_read_units(read_units);
        let times = if readings == 1 { "once".into() } else { format!("{readings} times") };
        print(format_args!("{} records, read {times}; {read_units:.0} read units, about ${usd:.4}.", grouped(records)))?;
    }
    show(&verdict)
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

fn json(verdict: &Verdict, read: Option<&Took>) -> Value {
    let mut fields = fields(verdict);
    let read = read.map(|read| {
        json!({
            "readings": read.readings,
            "records": read.records,
            "units": read.read_units,
            "usd": usd_of_read_units(read.read_units),
        })
    });
    fields.insert("read".into(), json!(read));
    Value::Object(fields)
}

fn show(verdict: &Verdict) -> Result<(), CliError> {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    for (what, value) in rows(verdict) {
        table.add_row([what, value]);
    }
    if let Some(values) = table.column_mut(1) {
        values.set_cell_alignment(CellAlignment::Right);
    }
    print(table)?;
    for fault in &verdict.faults {
        note(format_args!("off: {fault}"));
    }
    if verdict.faults_unnamed > 0 {
        note(format_args!("off: and {} more", verdict.faults_unnamed));
    }
    print(summary(verdict))?;
    if verdict.is_clean() { Ok(()) } else { Err(CliError::NotClean) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_json_has_the_fields_that_scripts_read() {
        let json = json(&Verdict::of_nothing(PROOFS), None);
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        let expected = "clean empty items unreadable journals lines topups payouts races slips combinations bettors paid_users \
            unsettled_slips certificates_waiting totals promises off off_unnamed read";
        assert_eq!(names(&json), expected.split_whitespace().map(str::to_owned).collect());
        assert_eq!(names(&json["totals"]), ["JPY", "MEDAL"].map(str::to_owned).into());
        assert_eq!(names(&json["totals"]["JPY"]), ["payout", "refund", "stake"].map(str::to_owned).into());
        let promises = ["sum_zero", "journals_fold", "dues_posted", "certificates_true", "everything_read"];
        assert_eq!(names(&json["promises"]), promises.map(str::to_owned).into());
        assert!((&json["clean"], &json["empty"]) == (&false.into(), &true.into()));
    }
}
