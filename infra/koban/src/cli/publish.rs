//! `koban publish`: a message on a queue of the running local cloud.

use super::CliError;
use super::local::{Local, Where};
use crate::registry;
use platform::Function;
use std::collections::BTreeSet;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  koban publish sweep-races '{}'
  koban publish settle-race '{\"data\":{\"race\":\"rac_20251226-03-01\",\"state\":\"resulted\",\"result_version\":1,\"revision\":2}}'")]
pub struct Arguments {
    /// The queue's name, without a prefix
    queue: String,
    /// The message's body
    json: String,
    #[command(flatten)]
    place: Where,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { queue, json, place } = arguments;
    let known: BTreeSet<_> = registry::functions().filter_map(Function::consumes).map(|queue| queue.name).collect();
    if !known.contains(queue.as_str()) {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(CliError::Input(format!("there is no queue {queue}; there are: {known}")));
    }
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&json) {
        return Err(CliError::Input(format!(
            "the message is not JSON ({error}): quote it for the shell, as in '{{\"data\":{{}}}}'"
        )));
    }
    println!("{}", Local::new(place.base()?).publish(&queue, &json).await?);
    Ok(())
}
