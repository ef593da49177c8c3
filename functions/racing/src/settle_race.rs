//! The first worker of settlement: one message for each shard of a race whose result came. Not before the last slip that could still
//! be on its way must have been written or given up.

use crate::records::{self, StoredRace};
use crate::settle_shard::ShardWanted;
use crate::{RACING, SETTLE_RACE, SETTLE_SHARD, place_slip, settle_shard};
use jiff::{SignedDuration, Timestamp};
use platform::Context;
use platform::function::{Action, Function, Grant, Handler, Retry, Sends, Trigger};
use platform::message::{Failure, Message};
use serde::{Deserialize, Serialize};
use shared::racing::{Race, RaceId, RaceState};
use std::time::Duration;

/// What is added to a function's timeout before its work counts as over: clocks and queues are not exact.
const GRACE: Duration = Duration::from_secs(15);

pub static FUNCTION: Function = Function {
    name: "settle-race",
    summary: "Starts the settlement of a race",
    doc: "Sends one message for each shard. They wait for the effective close, the slip function's timeout and 15 s; those of a corrected \
          result also for settle-shard's timeout and 15 s more.",
    trigger: Trigger::Queue { queue: &SETTLE_RACE, batch: 10, concurrency: 5, retry: Retry::AfterVisibility },
    grants: &[Grant { table: &RACING, actions: &[Action::GetItem] }],
    sends: &[Sends::to(&SETTLE_SHARD)],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(30),
    memory_mb: 256,
    handler: Handler::Message(|context, message| Box::pin(handle(context, message))),
};

/// A message: an event of a race, or the same by hand.
#[derive(Debug, Serialize, Deserialize)]
pub struct Wanted {
    pub data: RaceVersion,
}

/// A race and the version of its result.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct RaceVersion {
    pub race: RaceId,
    pub result_version: u32,
}

async fn handle(context: &Context, message: Message) -> Result<(), Failure> {
    let wanted = message.json::<Wanted>()?.data;
    let found = records::race(context, wanted.race).await?;
    let StoredRace { race, .. } = found.ok_or_else(|| Failure::new(format!("there is no race {}", wanted.race)))?;
    if race.result_version != wanted.result_version || race.state != RaceState::Resulted {
        return Ok(());
    }
    let messages = (0..race.shards).map(|shard| {
        serde_json::to_string(&ShardWanted { race: race.id, result_version: race.result_version, shard })
    });
    let messages = messages.collect::<Result<Vec<_>, _>>()?;
    context.queue(&SETTLE_SHARD).send(messages, wait(&race, context.now())).await?;
    Ok(())
}

/// How long the shards must still wait.
fn wait(race: &Race, now: Timestamp) -> Duration {
    let mut last_write = race.effective_close() + signed(place_slip::FUNCTION.timeout + GRACE);
    if race.result_version > 1 {
        // A worker of the version before may still be posting.
        last_write = last_write.max(now + signed(settle_shard::FUNCTION.timeout + GRACE));
    }
    last_write.duration_since(now).try_into().unwrap_or(Duration::ZERO)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::racing::{Announcement, Runner};

    fn race() -> Race {
        let runners = [1, 2].map(|number| Runner { number, name: "boat".into(), bracket: None }).into();
        let announcement = Announcement { closes_at: at("03:00:00"), title: "race".into(), runners };
        Race::announce("rac_20260523-01-01".parse().unwrap(), announcement, 4).unwrap()
    }

    fn at(time: &str) -> Timestamp {
        format!("2026-05-23T{time}Z").parse().unwrap()
    }

    #[test]
    fn shards_wait_for_slips_on_their_way() {
        let early = race().resulted(at("02:50:00"));
        assert_eq!(wait(&early, at("02:50:00")), Duration::from_secs(25));
        let punctual = race().resulted(at("03:00:10"));
        assert_eq!(wait(&punctual, at("03:00:10")), Duration::from_secs(15));
        let slow = race().resulted(at("03:20:00"));
        assert_eq!(wait(&slow, at("03:20:00")), Duration::ZERO);
    }

    #[test]
    fn a_correction_waits_for_the_workers_of_the_version_before() {
        let corrected = race().resulted(at("03:20:00")).resulted(at("03:30:00"));
        assert_eq!(wait(&corrected, at("03:30:00")), settle_shard::FUNCTION.timeout + GRACE);
    }
}
