//! `GET /v1/medals/daily`: the day's free medals, and whether the caller has taken them. An app shows by it whether there is something to
//! take, without taking it.

use crate::grant_medals::{self, MedalGrant};
use crate::prelude::*;
use jiff::civil::Date;
use shared::calendar::{day_of, tokyo};
use shared::money::Amount;
use wallet_domain::medals;

pub static FUNCTION: Function = Function::get("get-medals", "/v1/medals/daily")
    .says(
        "The day's free medals",
        "Says whether the caller has taken today's medals, and when the next day begins. The day is Asia/Tokyo's. `taken` is read \
         consistently: it is true as soon as `POST /v1/medals/daily` has answered.",
    )
    .may(&WALLET, &[GetItem])
    .costs(calls(1), wru(0))
    .handled_by(http!(get));

/// A day's free medals.
#[derive(Debug, Serialize, JsonSchema)]
struct DailyMedals {
    /// The day in Asia/Tokyo.
    day: Date,
    #[serde(flatten)]
    amount: Amount,
    /// Whether the caller has taken them.
    taken: bool,
    /// When the next day begins. Its medals can be taken from then on.
    next_at: Timestamp,
}

async fn get(context: &Context, user: UserId) -> Result<Json<DailyMedals>, Problem> {
    let day = day_of(context.now());
    let grant = context.table(&WALLET).get(&grant_medals::key(&user, day)).await?;
    let granted = grant.map(|grant| grant.read::<MedalGrant>()).transpose()?;
    let taken = granted.is_some();
    let amount = granted.map_or_else(medals::grant_amount, |grant| grant.amount);
    Ok(Json(DailyMedals { day, amount, taken, next_at: end(day)? }))
}

/// Midnight in Tokyo, at the end of `day`.
fn end(day: Date) -> Result<Timestamp, Problem> {
    let midnight = day.tomorrow().and_then(|next| next.to_zoned(tokyo()));
    Ok(midnight.map_err(Problem::internal)?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_tokyo() {
        for (now, ends_at) in [
            ("2026-05-22T15:00:00Z", "2026-05-23T15:00:00Z"),
            ("2026-05-23T14:59:59.999Z", "2026-05-23T15:00:00Z"),
            ("2026-12-31T00:00:00Z", "2026-12-31T15:00:00Z"),
            ("2028-02-28T15:00:00Z", "2028-02-29T15:00:00Z"),
        ] {
            let day = day_of(now.parse().unwrap());
            assert_eq!(end(day).unwrap(), ends_at.parse::<Timestamp>().unwrap(), "{now}");
        }
    }
}
