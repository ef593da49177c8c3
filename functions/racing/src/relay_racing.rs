//! The relay of the racing table: races' changes, placed slips, payouts and done shards become events of racing's topic.

use crate::prelude::*;
use crate::records::{ShardDone, StoredRace};
use racing_domain::event::{PayoutPosted, RaceChanged, ShardSettled, SlipPlaced};
use racing_domain::payout::{Posted, Total};
use racing_domain::{RaceId, SlipId};

pub static FUNCTION: Function = relay!("relay-racing", &RACING)
    .says(
        "Publishes the events of races, slips and payouts",
        "Events may arrive twice and in any order. None is lost.",
    )
    .publishes(&RACING_EVENTS, map, written_at);

fn map(change: &Change) -> Result<Vec<String>, Unmappable> {
    let key = &change.record.key;
    let mut parts = key.pk.splitn(3, '#');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("race"), Some(_), None) => of_race(change),
        (Some("race"), Some(race), Some(shard)) => of_shard(change, RaceId::from_key(race)?, shard.parse()?),
        // A day's row changes with its race; a feed's message is nobody else's business.
        (Some("day" | "feed"), _, _) => Ok(Vec::new()),
        _ => Err(format!("a record of an unknown kind: {}", key.pk).into()),
    }
}

fn of_race(change: &Change) -> Result<Vec<String>, Unmappable> {
    let record = &change.record;
    match record.key.sk.split_once('#') {
        None => {
            let StoredRace { race, revision, .. } = StoredRace::of(record)?;
            let data = RaceChanged { race: race.id, state: race.state, result_version: race.result_version, revision };
            Ok(vec![change.event(data)?])
        }
        Some(("done", _)) => {
            let ShardDone { race, version, shard, .. } = record.read()?;
            Ok(vec![change.event(ShardSettled { race, shard, result_version: version })?])
        }
        // Results and certificates come with a change of their race.
        Some(_) => Ok(Vec::new()),
    }
}

fn of_shard(change: &Change, race: RaceId, shard: u16) -> Result<Vec<String>, Unmappable> {
    let record = &change.record;
    let mut parts = record.key.sk.splitn(3, '#');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(user), Some("b"), Some(tail)) if record.expires_at.is_none() => {
            let data = SlipPlaced { slip: SlipId::at(race, shard, tail)?, user: user.parse()? };
            Ok(vec![change.event(data)?])
        }
        (Some(user), Some("p"), Some(seq)) => {
            let entry: shared::journal::Entry<Posted, Total> = record.read()?;
            let result_version = entry.what.basis.version;
            let data = PayoutPosted { race, user: user.parse()?, result_version, seq: seq.parse()? };
            Ok(vec![change.event(data)?])
        }
        // Refusals, late marks and the sketch.
        _ => Ok(Vec::new()),
    }
}

/// The write times that records store: a race's last change, a done shard's or a payout's, a slip's.
#[derive(Deserialize)]
struct WriteTimes {
    changed_at: Option<Timestamp>,
    at: Option<Timestamp>,
    placed_at: Option<Timestamp>,
}

fn written_at(record: &Record) -> Result<Option<Timestamp>, Unmappable> {
    let WriteTimes { changed_at, at, placed_at } = record.read()?;
    Ok(changed_at.or(at).or(placed_at))
}
