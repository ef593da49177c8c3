//! `koban republish`: the events of a table's records once more, for consumers that lost them.

use super::CliError;
use super::deploy_target::DeployTarget;
use super::output::{note, print, shown};
use crate::registry::SERVICES;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use demo::cost::usd_of_read_units;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use operations::republish::{Events, Relay};
use serde_json::json;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
For consumers that lost events. It reads the whole table and publishes the events of what was written from --from until \
before --to. The times are the writers' own, so choose a wide range. Ids are the same as before and consumers expect \
duplicates: what arrived does no harm when it comes again. Of a record that changed several times only the newest version \
has an event.

Examples:
  koban republish racing --dry-run \\
    --from 2026-11-21T00:00:00+09:00 --to 2026-11-22T00:00:00+09:00
  koban republish wallet --environment alpha \\
    --from 2026-11-21T03:10:00Z --to 2026-11-21T04:00:00Z")]
pub struct Arguments {
    /// The table, without a prefix
    table: String,
    /// The first time, with its offset: 2026-11-21T00:00:00+09:00
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Timestamp,
    /// The time after the last
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Timestamp,
    /// Only count: nothing is published
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: DeployTarget,
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let relay = relay_of(&arguments.table)?;
    if arguments.from >= arguments.to {
        return Err(CliError::Input("--from must be before --to".into()));
    }
    let deployment = arguments.target.find().await?;
    let (progress, times) = (bar("records read"), arguments.from..arguments.to);
    let show = |read: u64, of: u64| {
        progress.set_length(of.max(read));
        progress.set_position(read);
    };
    let events = Events::read(&deployment, relay, &times, show).await?;
    progress.finish_and_clear();
    if !arguments.dry_run {
        let progress = bar("events published");
        progress.set_length(events.count());
        events.publish(&deployment, relay, |published| progress.set_position(published)).await?;
        progress.finish_and_clear();
    }
    report(&events, &arguments)?;
    if events.unmappable_count > 0 { Err(CliError::NotClean) } else { Ok(()) }
}

fn relay_of(table: &str) -> Result<Relay, CliError> {
    let unknown = || {
        let known: Vec<_> = Relay::all(SERVICES).map(|relay| relay.table.name).collect();
        CliError::Input(format!("there is no table {} with events; there are: {}", shown(table), known.join(", ")))
    };
    Relay::all(SERVICES).find(|relay| relay.table.name == table).ok_or_else(unknown)
}

fn report(events: &Events, arguments: &Arguments) -> Result<(), CliError> {
    let usd = usd_of_read_units(events.read_units);
    for fault in &events.unmappable {
        note(format_args!("no event can be made of {fault}"));
    }
    if arguments.json {
        let (read, unmappable) =
            (json!({"records": events.records, "units": events.read_units, "usd": usd}), events.unmappable_count);
        let published = if arguments.dry_run { 0 } else { events.count() };
        return print(json!({"events": events.counts, "published": published, "unmappable": unmappable, "read": read}));
    }
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["event", if arguments.dry_run { "would be published" } else { "published" }]);
    for (kind, count) in &events.counts {
        table.add_row([kind, &count.to_string()]);
    }
    if let Some(counts) = table.column_mut(1) {
        counts.set_cell_alignment(CellAlignment::Right);
    }
    print(format_args!("{table}\n{} records read, {:.0} read units, about ${usd:.4}.", events.records, events.read_units))?;
    match events.unmappable_count {
        0 => Ok(()),
        count => print(format_args!("Of {count} records no event can be made.")),
    }
}

fn bar(what: &str) -> ProgressBar {
    let progress = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {what}")) {
        progress.set_style(style);
    }
    progress
}
