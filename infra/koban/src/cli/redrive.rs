//! `koban redrive`: dead letters, and back with them to the queue they came from, once what killed them is mended.

use super::CliError;
use super::place::Place;
use super::publish::check_queue;
use crate::registry;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use operations::queues::{Depth, Moved, Queues};
use platform::resource::dead_letter_name;
use serde_json::json;
use std::time::Duration;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Each message is sent to its queue before it is deleted here, so one may come twice, which consumers expect, and none is lost. It starts
anew: its receives are counted from 1. What a relay could not publish is not in a dead-letter queue: see `koban republish`.

Examples:
  koban redrive                                       how many dead letters each queue has
  koban redrive --environment alpha
  koban redrive settle-race --environment alpha       move them back")]
pub struct Arguments {
    /// The queue whose dead letters go back, without a prefix; all are only listed without it
    queue: Option<String>,
    #[command(flatten)]
    place: Place,
    /// How long to go on at most, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    within: u64,
    /// Print a JSON object instead of words
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { queue, place, within, json } = arguments;
    let Some(queue) = queue else {
        return list(&Queues::new(&place.find().await?), json).await;
    };
    check_queue(&queue)?;
    let deployment = place.find().await?;
    redrive(&Queues::new(&deployment), &queue, Duration::from_secs(within), json).await
}

async fn list(queues: &Queues<'_>, as_json: bool) -> Result<(), CliError> {
    let mut depths = Vec::new();
    for queue in registry::consumed_queues() {
        depths.push((queue.name, queues.depth(&dead_letter_name(queue.name)).await?));
    }
    if as_json {
        let depth = |(queue, depth): &(&str, Depth)| json!({"queue": queue, "dead": depth.visible, "in_flight": depth.in_flight});
        println!("{}", json!({"queues": depths.iter().map(depth).collect::<Vec<_>>()}));
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["queue", "dead letters", "being looked at"]);
    for (queue, Depth { visible, in_flight }) in depths {
        table.add_row([queue, &visible.to_string(), &in_flight.to_string()]);
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("{table}");
    Ok(())
}

async fn redrive(queues: &Queues<'_>, queue: &str, time_max: Duration, as_json: bool) -> Result<(), CliError> {
    let dead_letters = dead_letter_name(queue);
    let before = queues.depth(&dead_letters).await?;
    let progress = ProgressBar::new(before.visible);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} messages") {
        progress.set_style(style);
    }
    let Moved { count, timed_out } =
        queues.move_all(&dead_letters, queue, time_max, |moved| progress.set_position(moved)).await?;
    progress.finish_and_clear();
    let left = queues.depth(&dead_letters).await?;
    if as_json {
        println!("{}", json!({"queue": queue, "moved": count, "finished": !timed_out, "in_flight": left.in_flight}));
    } else if count == 0 {
        println!("{dead_letters} is empty: nothing to move.{}", held(left));
    } else {
        println!("{count} messages were moved from {dead_letters} to {queue}.{}", held(left));
    }
    if timed_out {
        eprintln!("There are more: run it again, or give it more time with --within.");
        return Err(CliError::NotClean);
    }
    Ok(())
}

fn held(depth: Depth) -> String {
    match depth.in_flight {
        0 => String::new(),
        count => format!(" {count} are in the hands of somebody who received them: they come back when their time is up."),
    }
}
