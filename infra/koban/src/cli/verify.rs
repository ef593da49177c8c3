//! `koban verify`: the proof, printed.

use super::CliError;
use crate::cloud::clock::LocalClock;
use crate::verify::{Proof, Tables, verify};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use platform::clock::Clock;
use shared::money::Asset;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Reads the stored tables alone, as one snapshot; a cloud may run on them meanwhile. Exit code 1 if anything is off.

Examples:
  koban verify
  koban verify --data /tmp/k")]
pub struct Arguments {
    /// The data directory of a local cloud
    #[arg(long, value_name = "DIR", default_value = ".koban")]
    data: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<(), CliError> {
    let proof = of_directory(&arguments.data)?;
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    for (what, value) in rows(&proof) {
        table.add_row([what, value]);
    }
    if let Some(values) = table.column_mut(1) {
        values.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
    for fault in &proof.faults {
        eprintln!("off: {fault}");
    }
    if proof.faults_unnamed > 0 {
        eprintln!("off: and {} more", proof.faults_unnamed);
    }
    if proof.is_clean() {
        println!("Clean: every journal folds and every record agrees with its independent counterparts.");
        return Ok(());
    }
    println!("NOT CLEAN: {} things are off.", proof.faults.len() as u64 + proof.faults_unnamed);
    Err(CliError::NotClean)
}

/// Proves what a data directory holds, by its cloud's own clock.
pub(super) fn of_directory(data: &Path) -> Result<Proof, CliError> {
    let tables = Tables::open(data)?;
    let clock = LocalClock::open(data, None).map_err(|source| CliError::Io { what: "reading the cloud's clock", source })?;
    Ok(verify(&tables, clock.now())?)
}

/// What was counted and whether it holds.
pub(super) fn rows(proof: &Proof) -> Vec<(String, String)> {
    let count = |what: &str, count: u64| (what.to_owned(), grouped(count));
    let holds = |what: &str, holds: bool| (what.to_owned(), if holds { "yes" } else { "NO" }.to_owned());
    let mut rows = vec![
        count("races", proof.races),
        count("slips", proof.slips),
        count("combinations", proof.combinations),
        count("bettors", proof.bettors),
    ];
    for asset in Asset::ALL {
        let totals = proof.of(asset);
        if totals.stake != 0 {
            let parts = [("stake", totals.stake), ("payout", totals.payout), ("refund", totals.refund)];
            rows.extend(parts.map(|(what, minor)| (format!("{what}, {asset}"), grouped_signed(minor))));
        }
    }
    rows.extend([
        count("paid people, race by race", proof.paid_users),
        count("unsettled slips", proof.unsettled),
        count("certificates to be repeated yet", proof.certificates_waiting),
        holds("independent records sum to zero", proof.sum_zero),
        holds("journals fold", proof.chains_ok),
        holds("settled races posted what is due", proof.dues_ok),
        holds("certificates are true", proof.certificates_ok),
    ]);
    rows
}

/// 1,234,567
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn grouped_signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(grouped_signed(-1_000), "-1,000");
    }
}
