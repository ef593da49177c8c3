//! `koban publish`: a message on a queue of the running local cloud, or of an environment.

use super::CliError;
use super::deploy_target::DeployTarget;
use super::output::{print, shown};
use crate::registry;
use operations::queues::Queues;
use serde_json::json;
use std::collections::BTreeSet;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Prints the message's id. The worker gets the message at once. One that it fails on each time it is tried becomes a dead \
letter: see `koban redrive`.

Examples:
  koban publish sweep-races '{}'     # looks for races whose settlement stopped
  koban publish sweep-races '{}' --environment alpha
  koban publish settle-race \\
    '{\"data\":{\"race\":\"rac_20251226-03-01\",\"result_version\":1}}'")]
pub struct Arguments {
    /// The queue's name, without a prefix
    queue: String,
    /// The message's body
    json: String,
    #[command(flatten)]
    target: DeployTarget,
    /// Print a JSON object instead of the message's id alone
    #[arg(long = "json", id = "as_json")]
    as_json: bool,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { queue, json: body, target, as_json } = arguments;
    check_queue(&queue)?;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&body) {
        return Err(CliError::Input(format!(
            "the message is not JSON ({error}): quote it for the shell, as in '{{\"data\":{{}}}}'"
        )));
    }
    let id = Queues::new(&target.find().await?).send(&queue, &body).await?;
    if as_json { print(json!({"queue": queue, "message_id": id})) } else { print(id) }
}

/// Refuses a queue that no function consumes.
pub(super) fn check_queue(queue: &str) -> Result<(), CliError> {
    let known: BTreeSet<_> = registry::consumed_queues().map(|queue| queue.name).collect();
    if known.contains(queue) {
        return Ok(());
    }
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    Err(CliError::Input(format!("there is no queue {}; there are: {known}", shown(queue))))
}
