//! `GET /v1/races/{race}`: a race with its newest result and how far its settlement has come. Everything of it is in one partition.

use crate::prelude::*;
use crate::records::{StoredRace, StoredResult};
use platform::store::Range;
use racing_domain::{Certificate, Race, RaceId, RaceResult, Totals};

pub static FUNCTION: Function = Function::get("get-race", "/v1/races/{race}")
    .says(
        "A race, its result and its settlement",
        "`settlement` counts the shards that are done for the newest result. Once the race is settled, it has the certified totals.",
    )
    .public()
    .may(&RACING, &[Query])
    .costs(calls(1), wru(0))
    .throttle(1_000, 2_000)
    .handled_by(http!(get));

/// A race.
#[derive(Debug, Serialize, JsonSchema)]
struct RaceView {
    #[serde(flatten)]
    race: Race,
    /// Whether a slip may be placed now.
    open: bool,
    /// The newest result.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<ResultView>,
    /// The progress of its settlement.
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement: Option<Settlement>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ResultView {
    received_at: Timestamp,
    #[serde(flatten)]
    result: RaceResult,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Settlement {
    shards_done: usize,
    shards: u16,
    /// The race's certified totals; present once it is settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
}

async fn get(context: &Context, Path(id): Path<RaceId>) -> Result<Json<RaceView>, Refused<NotFound>> {
    let pk = keys::race_partition(id);
    let records = context.table(&RACING).all(&Range::all(&pk)).await?;
    let find = |key: Key| records.iter().find(move |record| record.key == key);
    let StoredRace { race, .. } = StoredRace::of(find(keys::race(id)).ok_or(NotFound)?)?;
    let version = race.result_version;
    let result = find(keys::result(id, version)).map(|record| StoredResult::of(id, version, record)).transpose()?;
    let prefix = keys::certificate_prefix(version);
    let newest = records.iter().rfind(|record| record.key.sk.starts_with(&prefix));
    let certificate = newest.map(Record::read::<Certificate>).transpose()?;
    let prefix = keys::done_prefix(version);
    let settlement = result.as_ref().map(|_| Settlement {
        shards_done: records.iter().filter(|record| record.key.sk.starts_with(&prefix)).count(),
        shards: race.shards,
        totals: certificate.map(|certificate| certificate.totals),
    });
    let result = result.map(|stored| ResultView { received_at: stored.received_at, result: stored.result });
    Ok(Json(RaceView { open: race.is_open_at(context.now()), race, result, settlement }))
}
