//! `koban redrive`: shows dead letters, and returns them to the queue they came from, once the cause of their failure is fixed.

use super::CliError;
use super::deploy_target::DeployTarget;
use super::output::print;
use super::publish::check_queue;
use super::services::Services;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use operations::queues::{Depth, Moved, Queues};
use platform::Service;
use platform::resource::dead_letter_name;
use platform::service::functions_of;
use serde_json::json;
use std::time::Duration;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
A dead letter is a message that its worker failed on each time it was tried. First fix the cause, which the worker's log \
names. Each message is sent to its queue before it is deleted here: one may come twice, which workers expect, and none is \
lost. Its tries are counted from 1 again. Exit code 1 if any that could be moved are left. What a relay could not publish \
is not in a dead-letter queue: see `koban republish`. Where some services are deployed, name them: the queues of the others \
are missing there, and the list says so.

Examples:
  koban redrive                         # how many dead letters each queue has
  koban redrive settle-race             # moves those of one queue back to it
  koban redrive --environment alpha
  koban redrive --services wallet --environment beta
  koban redrive settle-race --environment alpha")]
pub struct Arguments {
    /// The queue whose dead letters go back, without a prefix; all are only listed without it
    queue: Option<String>,
    #[command(flatten)]
    services: Services,
    #[command(flatten)]
    target: DeployTarget,
    /// How long to go on at most, in seconds: 1 to 86400, which is a day
    #[arg(long, value_name = "SECONDS", default_value_t = 600, allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    within: u64,
    /// Print a JSON object instead of words
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { queue, services, target, within, json } = arguments;
    let Some(queue) = queue else {
        let services = services.chosen()?;
        return list(&services, &Queues::new(&target.find().await?), json).await;
    };
    check_queue(&queue)?;
    let deployment = target.find().await?;
    redrive(&Queues::new(&deployment), &queue, Duration::from_secs(within), json).await
}

async fn list(services: &[&'static Service], queues: &Queues<'_>, as_json: bool) -> Result<(), CliError> {
    let mut depths = Vec::new();
    for queue in functions_of(services).filter_map(|function| function.consumes()) {
        depths.push((queue.name, queues.depth(&dead_letter_name(queue.name)).await?));
    }
    if as_json {
        let depth = |(queue, depth): &(&str, Depth)| json!({"queue": queue, "dead": depth.visible, "in_flight": depth.in_flight});
        return print(json!({"queues": depths.iter().map(depth).collect::<Vec<_>>()}));
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
    print(table)
}

async fn redrive(queues: &Queues<'_>, queue: &str, time_max: Duration, as_json: bool) -> Result<(), CliError> {
    let dead_letters = dead_letter_name(queue);
    let before = queues.depth(&dead_letters).await?;
    let progress = ProgressBar::new(before.visible);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} messages") {
        progress.set_style(style);
    }
    let moved = queues.move_all(&dead_letters, queue, time_max, |moved| progress.set_position(moved)).await?;
    progress.finish_and_clear();
    let left = queues.depth(&dead_letters).await?;
    let finished = is_finished(moved, left);
    if as_json {
        let (count, Depth { visible, in_flight }) = (moved.count, left);
        print(json!({"queue": queue, "moved": count, "finished": finished, "left": visible, "in_flight": in_flight}))?;
    } else {
        print(words(queue, moved, left))?;
    }
    if finished { Ok(()) } else { Err(CliError::NotClean) }
}

/// Whether nothing is left that could have been moved.
const fn is_finished(moved: Moved, left: Depth) -> bool {
    !moved.timed_out && left.visible == 0
}

/// What was moved, then what is left. SQS counts approximately, so what is left is never said to be nothing where time was up.
fn words(queue: &str, moved: Moved, left: Depth) -> String {
    let dead_letters = dead_letter_name(queue);
    let is_empty = is_finished(moved, left) && left.in_flight == 0;
    let mut words = vec![match moved.count {
        0 if is_empty => format!("Nothing was moved: {dead_letters} is empty."),
        0 => format!("Nothing was moved from {dead_letters}."),
        1 => format!("1 message was moved from {dead_letters} to {queue}."),
        count => format!("{count} messages were moved from {dead_letters} to {queue}."),
    }];
    if left.in_flight > 0 {
        words.push(format!("Someone else holds {} of its messages; they come back when their time is up.", left.in_flight));
    }
    if !is_finished(moved, left) {
        let why = if moved.timed_out { "Time was up" } else { "The queue gave out nothing more" };
        words.push(format!("{why} with about {} left: run it again, or give it more time with --within.", left.visible));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_queue_is_said_to_be_empty_and_to_have_more() {
        for (count, timed_out) in [(0, false), (0, true), (1, false), (7, true)] {
            for (visible, in_flight) in [(0, 0), (3, 0), (0, 2), (3, 2)] {
                let (moved, left) = (Moved { count, timed_out }, Depth { visible, in_flight });
                let said = words("settle-race", moved, left);
                let (empty, more) = (said.contains("is empty"), said.contains("run it again"));
                assert_eq!(more, !is_finished(moved, left), "{said}");
                assert_eq!(empty, !more && count == 0 && in_flight == 0, "{said}");
                assert!(!more || timed_out || visible > 0, "{said}");
            }
        }
    }
}
