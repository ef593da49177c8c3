//! `POST /v1/feeds/results`: a venue's results. Each new result of a race is frozen as the next version; the race's change starts its
//! settlement. Everything in a message is checked before anything is written.

use crate::feed::{self, Claim, FeedAnswer, FeedReply, Outcome, ROUNDS_MAX, RaceOutcome};
use crate::prelude::*;
use crate::records::{StoredRace, StoredResult};
use jiff::civil::Date;
use racing_domain::{
    BetType, Dividend, Field, Placing, RUNNER_MAX, RaceId, RaceResult, RunnerSet, describe_consolation, describe_dividends,
};
use shared::planted::{self, Bug};
use std::collections::BTreeMap;

pub static FUNCTION: Function = Function::post("record-results", "/v1/feeds/results")
    .says(
        "Record a venue's results",
        "Signed as Standard Webhooks. A result that differs from the race's newest becomes its next version. The differences are posted as \
         corrections. A result before the race's close closes the race at once.",
    )
    .signed(&FEED)
    .may(&RACING, &[GetItem, PutItem])
    // Twelve races: each is read twice and written with its result, of up to 4 KB, and its row of the day.
    .costs(calls(54), wru(200))
    .timeout_s(20)
    .throttle(50, 100)
    .handled_by(http!(record_all));

/// A venue's results of a day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ResultsFeed {
    /// The day in the venue's calendar.
    date: Date,
    /// 1 to 99.
    #[schemars(range(min = 1, max = 99))]
    venue: u8,
    /// The results of 1 to 12 races.
    #[schemars(length(min = 1, max = 12))]
    results: Vec<FeedResult>,
}

/// The result of one race, with the race's number.
// [`RaceResult`] is not flattened into it: that would let unknown fields pass.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FeedResult {
    /// 1 to 12.
    #[schemars(range(min = 1, max = 12))]
    number: u8,
    /// The winning combinations by bet type, at most 64 together; `{}` voids the race and refunds everything.
    #[serde(deserialize_with = "feed::distinct")]
    #[schemars(transform = describe_dividends)]
    dividends: BTreeMap<BetType, Vec<Dividend>>,
    /// 特払い: minor units paid per 100 to every bet of a type that nobody won.
    #[serde(default, deserialize_with = "feed::distinct")]
    #[schemars(transform = describe_consolation)]
    consolation: BTreeMap<BetType, i64>,
    /// 返還: runners whose combinations are refunded. A bracket combination is refunded when too few of its runners start.
    #[serde(default)]
    refunded: RunnerSet,
    /// The finishing places, for display; they decide no bet.
    #[serde(default)]
    #[schemars(length(max = RUNNER_MAX))]
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

async fn record_all(
    context: &Context,
    message: SignedMessage,
    Body(body): Body<ResultsFeed>,
) -> Result<FeedAnswer, Refused<ResultRefusal>> {
    feed::check_count(body.results.len(), "/results")?;
    let numbers = body.results.iter().map(|result| result.number);
    let ids = feed::race_ids(body.date, body.venue, numbers, "/results", || ResultRefusal::InvalidResult)?;
    let results: Vec<RaceResult> = body.results.into_iter().map(RaceResult::from).collect();
    // What is wrong of any race is refused before anything is read.
    for (index, result) in results.iter().enumerate() {
        check(result, &Field::ANY, index)?;
    }
    if let Some(reply) = feed::earlier(context, &message).await? {
        return Ok(reply);
    }
    for (index, (id, result)) in ids.iter().zip(&results).enumerate() {
        check_with_race(context, *id, result, index).await?;
    }
    let claim = feed::claim(context, &message, (body.date, body.venue)).await?;
    let mut races = Vec::with_capacity(ids.len());
    for (id, result) in ids.into_iter().zip(&results) {
        races.push(record(context, &message, &claim, id, result).await?);
    }
    Ok(feed::remember(context, &message, &FeedReply { races }).await?)
}

fn check(result: &RaceResult, field: &Field, index: usize) -> Result<(), Refused<ResultRefusal>> {
    result.check(field).map_err(|error| {
        let pointer = format!("/results/{index}{}", error.pointer());
        ResultRefusal::InvalidResult.at(pointer, error.to_string())
    })
}

async fn check_with_race(
    context: &Context,
    id: RaceId,
    result: &RaceResult,
    index: usize,
) -> Result<(), Refused<ResultRefusal>> {
    let Some(StoredRace { race, .. }) = records::race(context, id).await? else {
        return Err(ResultRefusal::UnknownRace.at(format!("/results/{index}/number"), format!("{id} was never announced")));
    };
    check(result, &race.field(), index)
}

async fn record(
    context: &Context,
    message: &SignedMessage,
    claim: &Claim,
    id: RaceId,
    result: &RaceResult,
) -> Result<RaceOutcome, Refused<ResultRefusal>> {
    for _ in 0..ROUNDS_MAX {
        let known = records::race(context, id).await?;
        let StoredRace { race, revision, .. } = known.ok_or_else(|| Refused::internal(format!("{id} vanished")))?;
        if let Some(outcome) = recorded(context, (claim, &message.id), id, race.result_version, result).await? {
            return Ok(RaceOutcome { race: id, outcome, result_version: race.result_version });
        }
        // By the clock that slips are placed by, not by this function's own.
        let Claim { turn, received_at } = *claim;
        let clock = if planted::is_on(Bug::ResultByOwnClock) { context.now() } else { received_at };
        let resulted = race.resulted(clock);
        let version = resulted.result_version;
        let stored = StoredResult { message_id: message.id.clone(), turn, received_at, result: result.clone() };
        let mut writes = vec![Write::if_absent(&RACING, stored.record(id, version))];
        writes.extend(records::change(&resulted, revision, message.requested_at));
        match write(context, writes).await {
            Ok(()) => return Ok(RaceOutcome { race: id, outcome: Outcome::Resulted, result_version: version }),
            Err(WriteError::Canceled(_)) => {}
            Err(WriteError::Store(error)) => return Err(error.into()),
        }
    }
    Err(ResultRefusal::Contention.into())
}

/// What this message has come to, if it must not write. It wrote a version before it was cut short. Or its result is already the newest, or a
/// later turn has written. So a retry can never undo a correction, and says what the first attempt would have said.
async fn recorded(
    context: &Context,
    (claim, message_id): (&Claim, &str),
    race: RaceId,
    newest: u32,
    result: &RaceResult,
) -> Result<Option<Outcome>, Problem> {
    let mut unchanged = false;
    for version in (1..=newest).rev() {
        let known = records::result(context, race, version).await?;
        if known.message_id == message_id {
            return Ok(Some(Outcome::Resulted));
        }
        let holds = || known.result == *result || claim.is_overtaken_by(known.turn, Some(known.received_at));
        unchanged |= version == newest && holds();
    }
    Ok(unchanged.then_some(Outcome::Unchanged))
}
