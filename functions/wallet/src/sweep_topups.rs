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
/// How many top-ups of a partition one sweep brings back, so that a bank's long silence does not bury their worker.
const PER_PARTITION_MAX: usize = 500;
/// How many keys are read at once, and how often. A partition in which a hundred thousand hang fails the sweep, which is seen.
const PAGE: u32 = 1_000;
const PAGES_MAX: u32 = 100;

pub static FUNCTION: Function = Function {
    name: "sweep-topups",
    summary: "Brings back top-ups that hang",
    doc: "Every minute, sends each top-up that is open for more than a minute to collect-topup again, which asks the bank for its status. \
          Where very many hang, they take turns.",
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
    let now = context.now();
    let mut unread = Ok(());
    for partition in 0..OPEN_PARTITIONS {
        let hash = open_partition(partition);
        let Hanging { entries, is_all } = hanging(context, &hash, now - HANGS_AFTER).await?;
        let messages = whose_turn_it_is(&entries, now).iter().map(message).collect::<Result<Vec<_>, _>>()?;
        context.queue(&COLLECT_TOPUP).send(messages, Duration::ZERO).await?;
        if !is_all {
            // Said when the other partitions have had their turn.
            unread = Err(Failure::new(format!("more of {hash} hang than a sweep can read: find out why the bank does not answer")));
        }
    }
    unread
}

/// Top-ups of a partition, oldest first.
struct Hanging {
    entries: Vec<IndexEntry>,
    /// Whether there are no more.
    is_all: bool,
}

/// The top-ups of a partition that are open since before `limit`.
async fn hanging(context: &Context, hash: &str, limit: Timestamp) -> Result<Hanging, Failure> {
    let mut entries = Vec::new();
    for _ in 0..PAGES_MAX {
        let query = IndexQuery { hash, from: "0", newest_first: false, after: entries.last(), limit: PAGE };
        let page = context.table(&WALLET).index_page(&OPEN_TOPUPS, &query).await?;
        let was_full = page.len() == PAGE as usize;
        let newer = page.last().is_some_and(|entry| !is_before(entry, limit));
        entries.extend(page.into_iter().filter(|entry| is_before(entry, limit)));
        if newer || !was_full {
            return Ok(Hanging { entries, is_all: true });
        }
    }
    Ok(Hanging { entries, is_all: false })
}

fn is_before(entry: &IndexEntry, limit: Timestamp) -> bool {
    entry.range.parse::<Timestamp>().is_ok_and(|since| since < limit)
}

/// The part of them that this minute brings back. Each part has its turn, so those that never come to an end keep none out.
fn whose_turn_it_is(hanging: &[IndexEntry], now: Timestamp) -> &[IndexEntry] {
    let minute = usize::try_from(now.as_second() / 60).unwrap_or_default();
    let parts = hanging.len().div_ceil(PER_PARTITION_MAX).max(1);
    hanging.chunks(PER_PARTITION_MAX).nth(minute % parts).unwrap_or_default()
}

fn message(entry: &IndexEntry) -> Result<String, Failure> {
    let user = entry.key.pk.strip_prefix("topup#").unwrap_or_default();
    let data = TopUpName { topup: entry.key.sk.parse()?, user: user.parse()? };
    Ok(serde_json::to_string(&Wanted { data })?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::store::Key;
    use std::collections::BTreeSet;

    #[test]
    fn each_has_its_turn_however_many_never_come_to_an_end() {
        for count in [0, 1, 499, 500, 501, 1_000, 1_730] {
            let entry = |number: usize| IndexEntry { range: String::new(), key: Key::new("topup#a", format!("{number}")) };
            let hanging: Vec<_> = (0..count).map(entry).collect();
            let sweeps = count.div_ceil(PER_PARTITION_MAX).max(1);
            let mut had = BTreeSet::new();
            for minute in 100..100 + sweeps {
                let now = Timestamp::from_second(i64::try_from(minute * 60 + 7).unwrap()).unwrap();
                let part = whose_turn_it_is(&hanging, now);
                assert!(part.len() <= PER_PARTITION_MAX);
                had.extend(part.iter().map(|entry| entry.key.sk.clone()));
            }
            assert_eq!(had.len(), count);
        }
    }
}
