//! `GET /v1/races/{race}`: a race with its newest result and how far its settlement has come. Everything of it lies in one partition.

use crate::records::{StoredRace, StoredResult};
use crate::{RACING, keys};
use jiff::Timestamp;
use platform::function::{
    Access, Action, Function, Grant, Handler, Idempotency, Method, Parameter, Route, Success, Throttle, Trigger,
};
use platform::store::{Key, Range, Record};
use platform::{Call, Context, Problem, Reply, problem};
use schemars::JsonSchema;
use serde::Serialize;
use racing_domain::{Certificate, Race, RaceId, RaceResult, Totals};
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "get-race",
    summary: "A race, its result and its settlement",
    doc: "`settlement` counts the shards that are done for the newest result; when the race is settled it holds the certified totals.",
    trigger: Trigger::Http(Route {
        method: Method::Get,
        path: "/v1/races/{race}",
        access: Access::Public,
        idempotency: Idempotency::Natural,
        parameters: &[Parameter::path::<RaceId>("race", "The race's id.")],
        body: None,
        replies: &[Success::of::<RaceView>(200, "The race.")],
        problems: &[&problem::NOT_FOUND],
        throttle: Throttle { rate: 1_000, burst: 2_000 },
    }),
    grants: &[Grant { table: &RACING, actions: &[Action::Query] }],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(10),
    memory_mb: 256,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

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
    /// How far its settlement has come.
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
    /// What the race came to; there when it is settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
}

async fn handle(context: &Context, call: Call) -> Result<Reply, Problem> {
    let id = call.path::<RaceId>("race")?;
    let pk = keys::race_partition(id);
    let records = context.table(&RACING).all(&Range::all(&pk)).await?;
    let find = |key: Key| records.iter().find(move |record| record.key == key);
    let Some(record) = find(keys::race(id)) else { return Err(Problem::new(&problem::NOT_FOUND, "")) };
    let StoredRace { race, .. } = StoredRace::of(record)?;
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
    Reply::json(200, &RaceView { open: race.is_open_at(context.now()), race, result, settlement })
}
