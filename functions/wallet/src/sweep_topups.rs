//! The sweep that restarts stuck top-ups: messages can be lost with a region's queue, a bank can stay silent. It reads the sparse index of
//! open top-ups alone and sends each that is older than a minute to its worker again.

use crate::OPEN_TOPUPS;
use crate::prelude::*;
use crate::topup::{OPEN_PARTITIONS, open_partition};
use platform::message::EventData;
use platform::store::{IndexEntry, IndexQuery};
use shared::planted::{self, Bug};

/// How long a top-up may take before the sweep looks after it.
const STUCK_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// How many top-ups of a partition one sweep brings back, so that a bank's long silence does not bury their worker.
const PER_PARTITION_MAX: usize = 500;
/// How many keys one query reads, and how many queries one sweep makes in a partition. More than 100,000 stuck top-ups there fail the
/// sweep, so operators see them.
const PAGE: u32 = 1_000;
const PAGES_MAX: u32 = 100;

pub static FUNCTION: Function = Function::every_minutes("sweep-topups", 1)
    .says(
        "Restarts stuck top-ups",
        "Every minute it sends each top-up that is open for more than a minute to collect-topup again. That function asks the bank for its \
         status. When very many are stuck, they take turns.",
    )
    .may(&WALLET, &[QueryIndex])
    .sends(&COLLECT_TOPUP)
    .handled_by(sweep!(sweep));

async fn sweep(context: &Context) -> Result<(), Failure> {
    let now = context.now();
    let mut unread = Ok(());
    for partition in 0..OPEN_PARTITIONS - u8::from(planted::is_on(Bug::PartitionNotSwept)) {
        let hash = open_partition(partition);
        let StuckTopUps { entries, is_all } = stuck(context, &hash, now - STUCK_AFTER).await?;
        let messages = this_minutes_share(&entries, now).iter().map(message).collect::<Result<Vec<_>, _>>()?;
        context.queue(&COLLECT_TOPUP).send_all(&messages, Duration::ZERO).await?;
        if !is_all {
            // Said when the other partitions have had their turn.
            unread = Err(Failure::new(format!("more of {hash} are stuck than a sweep can read: find out why the bank does not answer")));
        }
    }
    unread
}

/// Top-ups of a partition, oldest first.
struct StuckTopUps {
    entries: Vec<IndexEntry>,
    /// Whether there are no more.
    is_all: bool,
}

/// The top-ups of a partition that are open since before `limit`.
async fn stuck(context: &Context, hash: &str, limit: Timestamp) -> Result<StuckTopUps, Failure> {
    let mut entries = Vec::new();
    for _ in 0..PAGES_MAX {
        let query = IndexQuery { hash, from: "0", newest_first: false, after: entries.last(), limit: PAGE };
        let page = context.table(&WALLET).index_page(&OPEN_TOPUPS, &query).await?;
        let was_full = page.len() == PAGE as usize;
        let newer = page.last().is_some_and(|entry| !is_before(entry, limit));
        entries.extend(page.into_iter().filter(|entry| is_before(entry, limit)));
        if newer || !was_full {
            return Ok(StuckTopUps { entries, is_all: true });
        }
    }
    Ok(StuckTopUps { entries, is_all: false })
}

fn is_before(entry: &IndexEntry, limit: Timestamp) -> bool {
    entry.range.parse::<Timestamp>().is_ok_and(|since| since < limit)
}

/// The part of them that this minute brings back. Each part has its turn, so those that never come to an end keep none out.
fn this_minutes_share(stuck: &[IndexEntry], now: Timestamp) -> &[IndexEntry] {
    let minute = usize::try_from(now.as_second() / 60).unwrap_or_default();
    let parts = stuck.len().div_ceil(PER_PARTITION_MAX).max(1);
    stuck.chunks(PER_PARTITION_MAX).nth(minute % parts).unwrap_or_default()
}

fn message(entry: &IndexEntry) -> Result<EventData<CollectTopUp>, Failure> {
    let user = entry.key.pk.strip_prefix("topup#").unwrap_or_default();
    Ok(EventData { data: CollectTopUp { topup: entry.key.sk.parse()?, user: user.parse()? } })
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
            let stuck: Vec<_> = (0..count).map(entry).collect();
            let sweeps = count.div_ceil(PER_PARTITION_MAX).max(1);
            let mut had = BTreeSet::new();
            for minute in 100..100 + sweeps {
                let now = Timestamp::from_second(i64::try_from(minute * 60 + 7).unwrap()).unwrap();
                let part = this_minutes_share(&stuck, now);
                assert!(part.len() <= PER_PARTITION_MAX);
                had.extend(part.iter().map(|entry| entry.key.sk.clone()));
            }
            assert_eq!(had.len(), count);
        }
    }
}
