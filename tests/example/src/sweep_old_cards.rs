//! The sweep that says here what it looks for, and what holds when a call is lost or comes twice.

use crate::SWEEP_OLD_CARDS;
use platform::Context;
use platform::function::{Function, Handler, Trigger};
use platform::message::{Failure, Message};
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "sweep-old-cards",
    summary: "Say in a line what it does",
    doc: "Say in a paragraph what it promises.",
    trigger: Trigger::Schedule { queue: &SWEEP_OLD_CARDS, every_minutes: 5 },
    grants: &[],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(30),
    memory_mb: 256,
    handler: Handler::Message(|context, message| Box::pin(handle(context, message))),
};

#[expect(clippy::unused_async, reason = "handlers are async")]
async fn handle(_context: &Context, _message: Message) -> Result<(), Failure> {
    // Until this is written a call does nothing: the next one would do the same work.
    Ok(())
}
