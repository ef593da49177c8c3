//! `POST /v1/races/{race}/slips`: takes the stake and writes the slip, in one transaction of two items. The price of a slip is what the
//! whole product is measured by: two reads at once, one write, five write units.

use crate::prelude::*;
use crate::records::StoredRace;
use crate::slip_view::{self, SlipView};
use platform::commit::Journal;
use racing_domain::{Bet, Field, Race, RaceId, Slip, SlipId, check_bets, shard_of};
use shared::journal::Line;
use shared::money::Asset;
use shared::planted::{self, Bug};
use wallet_domain::{self as wallet, Wallet, WalletError};

/// How old a copy of a race may be. What changes in it while it is open is the close, and settlement refunds what slipped through.
const RACE_COPY_AGE_MAX: Duration = Duration::from_secs(1);

pub static FUNCTION: Function = Function::post("place-slip", "/v1/races/{race}/slips")
    .says(
        "Place a slip on a race",
        "Takes the stake and places the bets, both or neither. A slip takes up to 12 bets, with at most 1,000 combinations and 10,000,000 \
         minor units together. A refusal is stored under the key. The same key is refused again even after a top-up. A new key is a new \
         attempt.",
    )
    .may(&RACING, &[GetItem, PutItem])
    .with(wallet_posting::POSTING)
    .costs(calls(3), wru(5))
    .memory_mb(512)
    .throttle(5_000, 10_000)
    .handled_by(http!(place));

/// The slip to place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSlip {
    /// The asset of the stakes: `JPY` or `MEDAL`.
    asset: Asset,
    /// 1 to 12 bets.
    #[schemars(length(min = 1, max = 12))]
    bets: Vec<Bet>,
}

async fn place(
    context: &Context,
    intent: Intent,
    Path(race): Path<RaceId>,
    Body(new): Body<NewSlip>,
) -> Result<Done<Created<SlipView>>, Refused<SlipRefusal>> {
    // What is wrong on any race is refused before anything is read. How many combinations a bracket bet has, its race alone knows.
    if !new.bets.iter().any(|bet| bet.bet_type.by_bracket()) {
        check_bets(&new.bets, &Field::ANY).map_err(of_bet)?;
    }
    let user = &intent.user;
    let (race, wallet) = tokio::join!(cached_or_read_race(context, race), wallet_posting::journal(context, user));
    let race = race?.ok_or(SlipRefusal::NotFound)?.race;
    let totals = check_bets(&new.bets, &race.field()).map_err(of_bet)?;

    let now = context.now();
    let placed_at = if planted::is_on(Bug::SlipByOwnClock) { now } else { now.max(intent.requested_at) };
    let retried = if planted::is_on(Bug::RetryPlacesAnother) { placed_at.to_string() } else { String::new() };
    let resource = format!("{}{retried}", race.id);
    let id = SlipId::derive(&race.id, shard_of(user, race.shards), &intent.operation(&FUNCTION, &resource));
    let slip = Slip::new(new.asset, totals, new.bets, placed_at);

    let once = context.once(&RACING, record(user, &id, &slip), &intent.request).appending(wallet?);
    let done = once.decide(|[wallet]| Ok(vec![decide(&race, &slip, &id, user, wallet)?])).await?;
    Ok(done.read::<Slip>()?.map(|slip| Created(slip_view::placed(id, slip))))
}

/// The race, from a copy at most a second old.
async fn cached_or_read_race(context: &Context, id: RaceId) -> Result<Option<StoredRace>, Problem> {
    let record = context.copy(&RACING, &keys::race(id), RACE_COPY_AGE_MAX).await?;
    Ok(record.map(|record| StoredRace::of(&record)).transpose()?)
}

/// The line that pays for the slip, or the refusal.
fn decide(race: &Race, slip: &Slip, id: &SlipId, user: &UserId, wallet: &Journal) -> Result<Line, Refused<SlipRefusal>> {
    if !race.is_open_at(slip.placed_at) {
        return Err(SlipRefusal::BettingClosed { closed_at: race.effective_close() }.into());
    }
    let tail = wallet.tail::<Wallet>()?;
    wallet::stake(&tail, slip.placed_at, user, &id.to_string(), &race.id.key(), slip.stake()).map_err(|error| match error {
        WalletError::InsufficientFunds(short) => {
            let refusal = SlipRefusal::InsufficientFunds { available: short.available, needed: short.needed };
            Refused::from(refusal).saying(short.to_string())
        }
        WalletError::Fold(error) => Refused::internal(error),
    })
}

fn record(user: &UserId, id: &SlipId, slip: &Slip) -> Record {
    let mut record = Record::of(keys::slip(user, id), slip);
    record.index = vec![("user", user.to_string()), ("placed", format!("{:.3}", slip.placed_at))];
    record
}
