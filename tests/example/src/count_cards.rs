//! The worker that says here what it does, and what holds when a message comes twice.

use crate::COUNTED_CARDS;
use platform::Context;
use platform::function::{Function, Handler, Retry, Trigger};
use platform::message::{Failure, Message};
use serde::Deserialize;
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "count-cards",
    summary: "Say in a line what it does",
    doc: "Say in a paragraph what it promises.",
    trigger: Trigger::Queue { queue: &COUNTED_CARDS, batch: 10, concurrency: 5, retry: Retry::AfterVisibility },
    grants: &[],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(30),
    memory_mb: 256,
    handler: Handler::Message(|context, message| Box::pin(handle(context, message))),
};

/// A message: the id of what to work on and its version, never an amount.
#[derive(Debug, Deserialize)]
struct CardsWanted {}

#[expect(clippy::unused_async, reason = "handlers are async")]
async fn handle(_context: &Context, message: Message) -> Result<(), Failure> {
    let CardsWanted {} = message.json()?;
    // Until this is written a message fails: it comes again, and waits in the dead-letter queue in the end.
    Err(Failure::new("count-cards is not written yet"))
}
