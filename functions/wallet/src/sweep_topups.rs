//! The sweep that brings back top-ups which hang: messages can be lost with a region's queue, a bank can stay silent. It reads the
//! sparse index of open top-ups alone and sends each that is older than a minute to its worker again.

use crate::collect_topup::{TopUpName, Wanted};
use crate::topup::{OPEN_PARTITIONS, open_partition};
use crate::{COLLECT_TOPUP, OPEN_TOPUPS, SWEEP_TOPUPS, WALLET};
use jiff::{SignedDuration, Timestamp};
use platform::Context;
use platform::function::{Action, Function, Grant, Handler, Sends, Trigger};
use platform::message::{Failure, Message};
use platform::store::{IndexEntry, IndexQuery};
use std::time::Duration;

/// How long a top-up may take before the sweep looks after it.
const HANGS_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// How many top-ups of a partition one sweep brings back; the next sweep takes the rest.
const PER_PARTITION_MAX: u32 = 500;

pub static FUNCTION: Function = Function {
    name: "sweep-topups",
    summary: "Brings back top-ups that hang",
    doc: "Every minute, sends each top-up that is open for more than a minute to collect-topup again, which asks the bank for its status.",
    trigger: Trigger::Schedule { queue: &SWEEP_TOPUPS, every_minutes: 1 },
    grants: &[Grant { table: &WALLET, actions: &[Action::QueryIndex] }],
    sends: &[Sends::to(&COLLECT_TOPUP)],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(30),
    memory_mb: 256,
    handler: Handler::Message(|context, message| Box::pin(handle(context, message))),
};

async fn handle(context: &Context, _message: Message) -> Result<(), Failure> {
    let before = (context.now() - HANGS_AFTER).to_string();
    for partition in 0..OPEN_PARTITIONS {
        let hash = open_partition(partition);
        let query = IndexQuery { hash: &hash, from: "0", newest_first: false, after: None, limit: PER_PARTITION_MAX };
        let open = context.table(&WALLET).index_page(&OPEN_TOPUPS, &query).await?;
        let hanging = open.into_iter().filter(|entry| is_before(&entry.range, &before));
        let messages = hanging.map(|entry| message(&entry)).collect::<Result<Vec<_>, _>>()?;
        context.queue(&COLLECT_TOPUP).send(messages, Duration::ZERO).await?;
    }
    Ok(())
}

fn is_before(since: &str, limit: &str) -> bool {
    matches!((since.parse::<Timestamp>(), limit.parse::<Timestamp>()), (Ok(since), Ok(limit)) if since < limit)
}

fn message(entry: &IndexEntry) -> Result<String, Failure> {
    let user = entry.key.pk.strip_prefix("topup#").unwrap_or_default();
    let data = TopUpName { topup: entry.key.sk.parse()?, user: user.parse()? };
    Ok(serde_json::to_string(&Wanted { data })?)
}
