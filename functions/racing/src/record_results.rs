//! `POST /v1/feeds/results`: a venue's results. Each new result of a race is frozen as the next version; settlement starts from the
//! race's change by itself. Everything in a message is checked before anything is written.

use crate::feed::{self, Claim, FeedReply, Outcome, ROUNDS_MAX, RaceOutcome};
use crate::records::{self, StoredRace, StoredResult};
use crate::{FEED, RACING, problems};
use jiff::civil::Date;
use platform::function::{
    Access, Action, Function, Grant, Handler, Idempotency, Method, Reads, Route, Success, Throttle, Trigger, schema,
};
use platform::store::{Write, WriteError, write};
use platform::{Call, Context, Problem, Reply, problem};
use schemars::JsonSchema;
use serde::Deserialize;
use racing_domain::{BetType, Dividend, Field, Placing, RaceId, RaceResult, RunnerSet};
use std::collections::BTreeMap;
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "record-results",
    summary: "Record a venue's results",
    doc: "Signed as Standard Webhooks. A result that differs from the race's newest is its next version: what it changes is posted as \
          corrections. One that comes before the race's close closes it at once.",
    trigger: Trigger::Http(Route {
        method: Method::Post,
        path: "/v1/feeds/results",
        access: Access::Signed(&FEED),
        idempotency: Idempotency::Natural,
        parameters: &[],
        body: Some(schema::<ResultsFeed>()),
        replies: &[Success::of::<FeedReply>(200, "What became of each race.")],
        problems: &[
            &problems::INVALID_RESULT,
            &problems::DUPLICATE_RACE,
            &problems::UNKNOWN_RACE,
            &problems::FEED_ID_REUSED,
            &problem::CONTENTION,
        ],
        throttle: Throttle { rate: 50, burst: 100 },
    }),
    grants: &[Grant { table: &RACING, actions: &[Action::GetItem, Action::PutItem] }],
    sends: &[],
    publishes: &[],
    secrets: &[Reads::of(&FEED)],
    settings: &[],
    timeout: Duration::from_secs(20),
    memory_mb: 256,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

/// A venue's results of a day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ResultsFeed {
    /// The day by the venue's calendar.
    date: Date,
    /// 1 to 99.
    venue: u8,
    /// The results of 1 to 12 races.
    #[schemars(length(min = 1, max = 12))]
    results: Vec<FeedResult>,
}

/// The result of one race: [`RaceResult`] with the race's number. (Flattening would let unknown fields pass.)
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FeedResult {
    /// 1 to 12.
    number: u8,
    /// The winning combinations by bet type; `{}` voids the race and refunds everything.
    #[serde(deserialize_with = "feed::distinct")]
    dividends: BTreeMap<BetType, Vec<Dividend>>,
    /// 特払い: what is paid per 100 to every bet of a type that nobody won.
    #[serde(default, deserialize_with = "feed::distinct")]
    consolation: BTreeMap<BetType, i64>,
    /// 返還: runners whose combinations are refunded; of bracket bets, those that too few starters are left to make.
    #[serde(default)]
    refunded: RunnerSet,
    /// The finishing places, for people.
    #[serde(default)]
    places: Vec<Placing>,
}

impl From<FeedResult> for RaceResult {
    fn from(result: FeedResult) -> Self {
        let FeedResult { mut dividends, consolation, refunded, places, .. } = result;
        // An empty list says no more than none does, and the shorter result is the same one.
        dividends.retain(|_, of_type| !of_type.is_empty());
        Self { dividends, consolation, refunded, places }
    }
}

async fn handle(context: &Context, call: Call) -> Result<Reply, Problem> {
    let body = feed::body::<ResultsFeed>(&call, |body| (body.results.len(), "/results"))?;
    let numbers = body.results.iter().map(|result| result.number);
    let ids = feed::race_ids(body.date, body.venue, numbers, "/results", &problems::INVALID_RESULT)?;
    let results: Vec<RaceResult> = body.results.into_iter().map(RaceResult::from).collect();
    // What is wrong of any race is refused before anything is read.
    for (index, result) in results.iter().enumerate() {
        check(result, &Field::ANY, index)?;
    }
    if let Some(reply) = feed::earlier(context, &call).await? {
        return Ok(reply);
    }
    for (index, (id, result)) in ids.iter().zip(&results).enumerate() {
        check_with_what_is_known(context, *id, result, index).await?;
    }
    let claim = feed::claim(context, &call, (body.date, body.venue)).await?;
    let mut races = Vec::with_capacity(ids.len());
    for (id, result) in ids.into_iter().zip(&results) {
        races.push(record(context, &call, &claim, id, result).await?);
    }
    feed::remember(context, &call, &FeedReply { races }).await
}

fn check(result: &RaceResult, field: &Field, index: usize) -> Result<(), Problem> {
    result.check(field).map_err(|error| {
        let pointer = format!("/results/{index}{}", error.pointer());
        Problem::new(&problems::INVALID_RESULT, "").with_error(pointer, error.to_string())
    })
}

async fn check_with_what_is_known(context: &Context, id: RaceId, result: &RaceResult, index: usize) -> Result<(), Problem> {
    let Some(StoredRace { race, .. }) = records::race(context, id).await? else {
        let unknown = Problem::new(&problems::UNKNOWN_RACE, "");
        return Err(unknown.with_error(format!("/results/{index}/number"), format!("{id} was never announced")));
    };
    check(result, &race.field(), index)
}

async fn record(context: &Context, call: &Call, claim: &Claim, id: RaceId, result: &RaceResult) -> Result<RaceOutcome, Problem> {
    for _ in 0..ROUNDS_MAX {
        let known = records::race(context, id).await?;
        let StoredRace { race, revision, .. } = known.ok_or_else(|| Problem::internal(format!("{id} vanished")))?;
        if is_recorded(context, (claim, &call.message_id), id, race.result_version, result).await? {
            return Ok(RaceOutcome { race: id, outcome: Outcome::Unchanged, result_version: race.result_version });
        }
        // By the clock that slips are placed by, not by this function's own.
        let Claim { turn, received_at } = *claim;
        let resulted = race.resulted(received_at);
        let version = resulted.result_version;
        let stored = StoredResult { message_id: call.message_id.clone(), turn, received_at, result: result.clone() };
        let mut writes = vec![Write::if_absent(&RACING, stored.record(id, version))];
        writes.extend(records::change(&resulted, revision, call.requested_at));
        match write(context, writes).await {
            Ok(()) => return Ok(RaceOutcome { race: id, outcome: Outcome::Resulted, result_version: version }),
            Err(WriteError::Cancelled(_)) => {}
            Err(WriteError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::new(&problem::CONTENTION, ""))
}

/// Whether the newest result says the same, or this very message brought an earlier version, or its turn was before the newest's: a
/// repeat of what was cut short, or of which the reply was lost, or a message that was held up, must not undo a correction that came
/// since.
async fn is_recorded(
    context: &Context,
    (claim, message_id): (&Claim, &str),
    race: RaceId,
    newest: u32,
    result: &RaceResult,
) -> Result<bool, Problem> {
    for version in (1..=newest).rev() {
        let known = records::result(context, race, version).await?;
        let holds = || known.result == *result || claim.is_overtaken_by(known.turn, Some(known.received_at));
        if known.message_id == message_id || (version == newest && holds()) {
            return Ok(true);
        }
    }
    Ok(false)
}
