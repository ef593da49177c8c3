//! Switches one planted bug on after another, and runs seeds until one breaks a promise. A simulation that finds nothing proves nothing.

use super::bar;
use crate::cli::CliError;
use crate::cli::output::{note, print};
use crate::registry::SIMULATED;
use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use serde_json::json;
use shared::planted::{ALL, Bug, switch_on};
use simulator::seeds::{Seeds, run_all};

pub fn find_all(seeds: &Seeds, as_json: bool) -> Result<(), CliError> {
    let progress = bar(ALL.len() as u64, "bugs");
    let mut found = Vec::new();
    for bug in ALL {
        switch_on(Some(*bug));
        let summary = run_all(SIMULATED, seeds, &|| ())?;
        let first = summary.broken.first().map(|outcome| Found {
            seeds: outcome.seed - seeds.from + 1,
            broke: outcome.violations.first().cloned().unwrap_or_default(),
        });
        let said =
            first.as_ref().map_or_else(|| "not found".to_owned(), |first| format!("seed {}: {}", first.seeds, first.broke));
        progress.suspend(|| note(format_args!("{}: {said}", bug.name())));
        found.push((*bug, first));
        progress.inc(1);
    }
    switch_on(None);
    progress.finish_and_clear();
    show(&found, as_json)?;
    if found.iter().all(|(_, first)| first.is_some()) { Ok(()) } else { Err(CliError::NotClean) }
}

/// Where a bug was found.
struct Found {
    seeds: u64,
    broke: String,
}

fn show(found: &[(Bug, Option<Found>)], as_json: bool) -> Result<(), CliError> {
    if as_json {
        let row = |(bug, first): &(Bug, Option<Found>)| {
            let first = first.as_ref();
            json!({"bug": bug.name(), "says": bug.says(), "seeds": first.map(|first| first.seeds), "broke": first.map(|first| &first.broke)})
        };
        return print(json!(found.iter().map(row).collect::<Vec<_>>()));
    }
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["planted bug", "what is wrong", "seeds until found"]);
    for (bug, first) in found {
        let seeds = first.as_ref().map_or_else(|| "not found".to_owned(), |first| first.seeds.to_string());
        table.add_row([bug.name().to_owned(), bug.says().to_owned(), seeds]);
    }
    print(table)?;
    let count = found.iter().filter(|(_, first)| first.is_some()).count();
    print(format_args!("{count} of {} planted bugs were found.", found.len()))
}
