//! The first worker of settlement: one message for each shard of a race whose result came that is not done. Not before the last slip
//! that could still be on its way must have been written or given up.

use crate::prelude::*;
use crate::records::StoredRace;
use crate::{certify_race, place_slip, settle_shard};
use platform::message::EventData;
use racing_domain::{Race, RaceState};

/// What is added to a function's timeout before its work counts as over: clocks and queues are not exact.
const GRACE: Duration = Duration::from_secs(15);

pub static FUNCTION: Function = Function::worker("settle-race", &SETTLE_RACE)
    .says(
        "Starts the settlement of a race",
        "Sends one message for each shard that is not done. When all are done, it sends the race to certify-race. Shard messages wait \
         until place-slip's timeout and 15 s have passed since the effective close. After a corrected result they also wait \
         settle-shard's timeout and 15 s more.",
    )
    .concurrency(5)
    .may(&RACING, &[GetItem, Query])
    .sends(&SETTLE_SHARD)
    .sends(&CERTIFY_RACE)
    .handled_by(job!(settle));

async fn settle(context: &Context, EventData { data: wanted }: EventData<SettleRace>) -> Result<(), Failure> {
    let found = records::race(context, wanted.race).await?;
    let found = found.ok_or_else(|| Failure::new(format!("there is no race {}", wanted.race)))?;
    let StoredRace { race, changed_at, .. } = found;
    if race.result_version != wanted.result_version || race.state != RaceState::Resulted {
        return Ok(());
    }
    let undone = records::undone(context, &race).await?;
    if undone.is_empty() {
        return certify_race::request(context, &race).await;
    }
    let wanted = |shard| SettleShard { race: race.id, result_version: race.result_version, shard, repair: false };
    let messages: Vec<_> = undone.into_iter().map(wanted).collect();
    context.queue(&SETTLE_SHARD).send_all(&messages, wait(&race, changed_at)).await?;
    Ok(())
}

/// How long the shards must wait from now on. Slips, the close and `resulted_at` (when the newest result came) all have the gateway's
/// clock. The time that passed since is not subtracted: only this machine's clock knows it, and it may be wrong.
fn wait(race: &Race, resulted_at: Option<Timestamp>) -> Duration {
    let mut last_write = signed(place_slip::FUNCTION.timeout + GRACE);
    // A result that came late enough after the close needs no wait.
    if let (None, Some(resulted_at)) = (race.closed_at, resulted_at) {
        last_write = last_write.min(race.closes_at.duration_since(resulted_at) + last_write);
    }
    if race.result_version > 1 {
        // A worker of the version before may still be posting.
        last_write = last_write.max(signed(settle_shard::FUNCTION.timeout + GRACE));
    }
    last_write.try_into().unwrap_or(Duration::ZERO)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use racing_domain::{Announcement, Runner};

    fn race() -> Race {
        let runners = [1, 2].map(|number| Runner { number, name: "boat".into(), bracket: None }).into();
        let announcement = Announcement { closes_at: at("03:00:00"), title: "race".into(), runners };
        Race::announce("rac_20260523-01-01".parse().unwrap(), announcement, 4).unwrap()
    }

    fn at(time: &str) -> Timestamp {
        format!("2026-05-23T{time}Z").parse().unwrap()
    }

    /// How long the shards of a race wait whose result came at `time`.
    fn waits(time: &str) -> Duration {
        wait(&race().resulted(at(time)), Some(at(time)))
    }

    #[test]
    fn shards_wait_for_slips_on_their_way() {
        assert_eq!(waits("02:50:00"), Duration::from_secs(25));
        assert_eq!(waits("03:00:00"), Duration::from_secs(25));
        assert_eq!(waits("03:00:10"), Duration::from_secs(15));
        assert_eq!(waits("03:20:00"), Duration::ZERO);
    }

    #[test]
    fn a_result_without_a_time_waits_as_if_it_had_come_with_the_close() {
        assert_eq!(wait(&race().resulted(at("03:20:00")), None), Duration::from_secs(25));
        // First tried before the close, taken a minute after it: the close is when it was first tried.
        assert_eq!(wait(&race().resulted(at("02:59:00")), Some(at("03:01:00"))), Duration::from_secs(25));
    }

    #[test]
    fn a_correction_waits_for_the_workers_of_the_version_before() {
        let corrected = race().resulted(at("03:20:00")).resulted(at("03:30:00"));
        assert_eq!(wait(&corrected, Some(at("03:30:00"))), settle_shard::FUNCTION.timeout + GRACE);
    }
}
