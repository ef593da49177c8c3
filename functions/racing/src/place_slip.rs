//! `POST /v1/races/{race}/slips`: takes the stake and writes the slip, in one transaction of two items. The price of a slip is what the
//! whole product is measured by: two reads at once, one write, five write units.

use crate::records::StoredRace;
use crate::slip_view::{self, SlipView};
use crate::{RACING, keys, problems};
use platform::commit::{Decision, Journal, commit, refused};
use platform::function::{
    Access, Action, Function, Grant, Handler, Idempotency, Method, Parameter, Route, Success, Throttle, Trigger, schema,
};
use platform::store::{Record, Write};
use platform::{Call, Context, Problem, Reply, problem};
use schemars::JsonSchema;
use serde::Deserialize;
use shared::id::Operation;
use shared::journal::Line;
use shared::money::Asset;
use racing_domain::{Bet, Field, RaceId, Slip, SlipId, check_bets, shard_of};
use wallet_domain::{self as wallet, Wallet, WalletError};
use std::time::Duration;

/// How old a copy of a race may be. What changes in it while it is open is the close, and settlement refunds what slipped through.
const RACE_COPY_AGE_MAX: Duration = Duration::from_secs(1);

pub static FUNCTION: Function = Function {
    name: "place-slip",
    summary: "Place a slip on a race",
    doc: "Takes the stake and places the bets, both or neither. A slip takes up to 12 bets of together at most 1,000 combinations and \
          10,000,000 minor units. A refusal is remembered under the key as well: the same key refuses again after a top-up, a new key \
          is a new attempt.",
    trigger: Trigger::Http(Route {
        method: Method::Post,
        path: "/v1/races/{race}/slips",
        access: Access::User,
        idempotency: Idempotency::Key,
        parameters: &[Parameter::path::<RaceId>("race", "The race's id.")],
        body: Some(schema::<NewSlip>()),
        replies: &[Success::of::<SlipView>(201, "The slip.")],
        problems: PROBLEMS,
        throttle: Throttle { rate: 5_000, burst: 10_000 },
    }),
    grants: &[Grant { table: &RACING, actions: &[Action::GetItem, Action::PutItem] }, wallet_posting::POSTING],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(10),
    memory_mb: 512,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

/// The refusals, which are stored, and then the form errors, which are not.
const PROBLEMS: &[&problem::Code] = &[
    &problems::INSUFFICIENT_FUNDS,
    &problems::BETTING_CLOSED,
    &problem::NOT_FOUND,
    &problems::NO_BETS,
    &problems::TOO_MANY_BETS,
    &problems::UNKNOWN_RUNNER,
    &problems::DUPLICATE_RUNNER,
    &problems::NO_BRACKETS,
    &problems::UNKNOWN_BRACKET,
    &problems::DUPLICATE_BRACKET,
    &problems::BRACKET_OF_ONE,
    &problems::WRONG_SELECTION,
    &problems::EMPTY_LEG,
    &problems::NO_COMBINATIONS,
    &problems::MULTI_UNORDERED,
    &problems::STAKE_NOT_POSITIVE,
    &problems::STAKE_NOT_MULTIPLE_OF_100,
    &problems::TOO_MANY_COMBINATIONS,
    &problems::STAKE_ABOVE_LIMIT,
];

/// What to bet.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSlip {
    /// What the stakes are paid in: `JPY` or `MEDAL`.
    asset: Asset,
    /// 1 to 12 bets.
    #[schemars(length(min = 1, max = 12))]
    bets: Vec<Bet>,
}

async fn handle(context: &Context, call: Call) -> Result<Reply, Problem> {
    let race_id = call.path::<RaceId>("race")?;
    let body = call.json::<NewSlip>()?;
    // What is wrong on any race is refused before anything is read. How many combinations a bracket bet has, its race alone knows.
    if !body.bets.iter().any(|bet| bet.bet_type.by_bracket()) {
        check_bets(&body.bets, &Field::ANY).map_err(|error| problems::of_bet(&error))?;
    }
    let user = call.user();
    let (race, journal) = tokio::join!(race(context, race_id), wallet_posting::journal(context, user));
    let race = race?.ok_or_else(|| Problem::new(&problem::NOT_FOUND, ""))?.race;
    let totals = check_bets(&body.bets, &race.field()).map_err(|error| problems::of_bet(&error))?;

    let resource = race_id.to_string();
    let key = call.idempotency_key();
    let operation = Operation { caller: user, name: FUNCTION.name, resource: &resource, idempotency_key: key };
    let id = SlipId::derive(&race_id, shard_of(user, race.shards), &operation);
    let placed_at = context.now().max(call.requested_at);
    let slip = Slip::new(body.asset, totals, body.bets, placed_at);
    let request = call.request_hash();
    let object = Write::if_absent(&RACING, record(user, &id, &slip, &request));

    let mut journals = [journal?];
    let mut decide = |journals: &[Journal]| match decide(&race, &slip, &id, user, &journals[0])? {
        Ok(line) => Ok(Decision::Accept { object: object.clone(), lines: vec![line] }),
        Err(refusal) => {
            let object = refused(&RACING, keys::slip(user, &id), &request, &refusal, placed_at);
            Ok(Decision::Refuse { object })
        }
    };
    let decided = commit(context, &mut journals, &mut decide).await?;
    let (record, replayed) = decided.answer(&request, PROBLEMS)?;
    Ok(Reply::json(201, &slip_view::placed(id, record.read::<Slip>()?))?.replayed(replayed))
}

/// The race, from a copy at most a second old.
async fn race(context: &Context, id: RaceId) -> Result<Option<StoredRace>, Problem> {
    let record = context.copy(&RACING, &keys::race(id), RACE_COPY_AGE_MAX).await?;
    Ok(record.map(|record| StoredRace::of(&record)).transpose()?)
}

/// The line that pays for the slip, or the refusal.
fn decide(
    race: &racing_domain::Race,
    slip: &Slip,
    id: &SlipId,
    user: &shared::id::UserId,
    journal: &Journal,
) -> Result<Result<Line, Problem>, Problem> {
    if !race.is_open_at(slip.placed_at) {
        let closed = Problem::new(&problems::BETTING_CLOSED, "").with_member("closed_at", race.effective_close());
        return Ok(Err(closed));
    }
    let tail = journal.tail::<Wallet>()?;
    match wallet::stake(&tail, slip.placed_at, user, &id.to_string(), &race.id.key(), slip.stake()) {
        Ok(line) => Ok(Ok(line)),
        Err(WalletError::InsufficientFunds(short)) => {
            let refusal = Problem::new(&problems::INSUFFICIENT_FUNDS, short.to_string());
            Ok(Err(refusal.with_member("available", short.available).with_member("needed", short.needed)))
        }
        Err(WalletError::Fold(error)) => Err(Problem::internal(error)),
    }
}

fn record(user: &shared::id::UserId, id: &SlipId, slip: &Slip, request: &[u8]) -> Record {
    let mut record = Record::of(keys::slip(user, id), slip);
    record.hash = Some(request.to_vec());
    record.index = vec![("user", user.to_string()), ("placed", format!("{:.3}", slip.placed_at))];
    record
}
