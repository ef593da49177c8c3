//! How a race, its results and its day's row are kept. The race and its row are always written together and share their revision.

use crate::{RACING, keys};
use jiff::Timestamp;
use platform::Context;
use platform::Problem;
use platform::store::{Range, Record, StoreError, Write};
use racing_domain::{Race, RaceId, RaceResult, RaceState, Totals, result_seal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A race with the revision it was read at.
#[derive(Debug, Clone)]
pub struct StoredRace {
    pub race: Race,
    pub revision: u64,
    /// When the gateway received the message that made the newest change. `None` for races that were last written before this was stored.
    pub changed_at: Option<Timestamp>,
    /// The turn of the message with the current announcement. 0 when older code wrote it, and once the race has a result.
    pub turn: u64,
}

/// A result as it came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredResult {
    /// The feed message that brought it.
    pub message_id: String,
    /// The turn of that message; 0 of results from before messages were counted.
    #[serde(default)]
    pub turn: u64,
    /// When the message first came, by the gateway's clock.
    pub received_at: Timestamp,
    pub result: RaceResult,
}

/// What a day's list says of a race.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DayRow {
    pub race: RaceId,
    pub title: String,
    pub closes_at: Timestamp,
    pub state: RaceState,
    pub result_version: u32,
    pub changed_at: Timestamp,
}

/// That every slip of a shard is settled for a version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShardDone {
    pub race: RaceId,
    pub version: u32,
    pub shard: u16,
    pub totals: Totals,
    pub at: Timestamp,
}

#[derive(Deserialize)]
struct Changed {
    changed_at: Option<Timestamp>,
    #[serde(default)]
    turn: u64,
}

impl StoredResult {
    /// The record of version `version` of the race's result: frozen and sealed.
    pub fn record(&self, race: RaceId, version: u32) -> Record {
        let record = Record::of(keys::result(race, version), self);
        let seal = result_seal(race, version, &record.body);
        Record { hash: Some(seal.to_vec()), ..record }
    }

    /// Reads such a record, which must be as it was sealed. Results from before they were sealed have no seal.
    pub fn of(race: RaceId, version: u32, record: &Record) -> Result<Self, StoreError> {
        if record.hash.as_ref().is_some_and(|sealed| *sealed != result_seal(race, version, &record.body)) {
            return Err(StoreError::malformed(&record.key, "it was altered since it was recorded"));
        }
        record.read()
    }
}

impl StoredRace {
    pub fn of(record: &Record) -> Result<Self, StoreError> {
        let Changed { changed_at, turn } = record.read()?;
        Ok(Self { race: record.read()?, revision: record.revision.unwrap_or(1), changed_at, turn })
    }
}

/// The race, read consistently.
pub async fn race(context: &Context, id: RaceId) -> Result<Option<StoredRace>, StoreError> {
    context.table(&RACING).get(&keys::race(id)).await?.map(|record| StoredRace::of(&record)).transpose()
}

/// Whether `version` is still the race's newest result.
pub async fn is_newest(context: &Context, id: RaceId, version: u32) -> Result<bool, Problem> {
    Ok(race(context, id).await?.is_some_and(|stored| stored.race.result_version == version))
}

/// Version `version` of the race's result, which must be there.
pub async fn result(context: &Context, race: RaceId, version: u32) -> Result<StoredResult, Problem> {
    let record = context.table(&RACING).get(&keys::result(race, version)).await?;
    let record = record.ok_or_else(|| Problem::internal(format!("{race} has no result of version {version}")))?;
    Ok(StoredResult::of(race, version, &record)?)
}

/// The shards that are not written down as done for the race's newest result.
pub async fn undone(context: &Context, race: &Race) -> Result<Vec<u16>, Problem> {
    let (pk, prefix) = (keys::race_partition(race.id), keys::done_prefix(race.result_version));
    let done = context.table(&RACING).all(&Range { prefix: &prefix, ..Range::all(&pk) }).await?;
    let done = done.iter().map(|record| Ok(record.read::<ShardDone>()?.shard)).collect::<Result<BTreeSet<_>, Problem>>()?;
    Ok((0..race.shards).filter(|shard| !done.contains(shard)).collect())
}

/// The writes of an announcement: the race and its row in the day's list. They create a race, or replace `revision` of one. `turn` is that
/// of the message.
pub fn announce(race: &Race, revision: Option<u64>, now: Timestamp, turn: u64) -> [Write; 2] {
    let records = [race_record(race, now, Some(turn)), row_record(race, now)];
    if let Some(revision) = revision {
        return records.map(|record| Write::next_revision(&RACING, record, revision));
    }
    records.map(|record| Write::if_absent(&RACING, Record { revision: Some(1), ..record }))
}

/// The writes of a race's next state and its day's row.
pub fn change(race: &Race, revision: u64, now: Timestamp) -> [Write; 2] {
    [race_record(race, now, None), row_record(race, now)].map(|record| Write::next_revision(&RACING, record, revision))
}

/// A race as it is stored. Readers want the race; when it was changed is for who makes its event again, the turn for what announces it.
#[derive(Serialize)]
struct ChangedRace<'a> {
    #[serde(flatten)]
    race: &'a Race,
    changed_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<u64>,
}

fn race_record(race: &Race, changed_at: Timestamp, turn: Option<u64>) -> Record {
    Record::of(keys::race(race.id), &ChangedRace { race, changed_at, turn })
}

fn row_record(race: &Race, now: Timestamp) -> Record {
    let row = DayRow {
        race: race.id,
        title: race.title.clone(),
        closes_at: race.effective_close(),
        state: race.state,
        result_version: race.result_version,
        changed_at: now,
    };
    Record::of(keys::day_row(race.id), &row)
}
