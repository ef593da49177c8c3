//! `GET /v1/races?date=&venue=`: a day's races. Read from the day's rows, of which there is one small one for each race.

use crate::prelude::*;
use crate::records::DayRow;
use jiff::civil::Date;
use platform::cursor;
use platform::store::Range;
use racing_domain::{RaceId, RaceState, Venue};
use shared::calendar::day_of;

pub static FUNCTION: Function = Function::get("list-races", "/v1/races")
    .says("The races of a day", "Ordered by venue and number. Without `date` they are today's races in Asia/Tokyo.")
    .public()
    .may(&RACING, &[Query])
    .costs(calls(1), wru(0))
    .handled_by(http!(list));

platform::query! {
    /// Which races.
    struct Filters {
        /// The day, as 2026-05-23; today in Asia/Tokyo when it is not given.
        date: Option<Date>,
        /// Only races of this venue, 1 to 99.
        venue: Option<Venue>,
    }
}

/// A race in a list.
#[derive(Debug, Serialize, JsonSchema)]
struct RaceRow {
    id: RaceId,
    title: String,
    /// When betting closes, or closed.
    closes_at: Timestamp,
    /// Whether a slip may be placed now.
    open: bool,
    state: RaceState,
    result_version: u32,
}

async fn list(context: &Context, filters: Filters, paging: Paging) -> Result<Json<List<RaceRow>>, Problem> {
    let now = context.now();
    let date = filters.date.unwrap_or_else(|| day_of(now));
    let venue = filters.venue.map(|Venue(venue)| format!("{venue:02}-")).unwrap_or_default();
    let list = paging.list(&FUNCTION, &[&date.to_string(), &venue]);
    let after = list.position(1)?.map(|position| position.concat());
    if after.as_ref().is_some_and(|after| !after.starts_with(&venue)) {
        return Err(cursor::refused());
    }
    let pk = keys::day_partition(date);
    let range = Range { prefix: &venue, after: after.as_deref(), limit: Some(paging.limit), ..Range::all(&pk) };
    let page = context.table(&RACING).page(&range).await?;
    let row = |row: DayRow| RaceRow {
        id: row.race,
        title: row.title,
        closes_at: row.closes_at,
        open: row.state == RaceState::Open && now < row.closes_at,
        state: row.state,
        result_version: row.result_version,
    };
    let items = page.records.iter().map(|record| Ok(row(record.read::<DayRow>()?))).collect::<Result<_, Problem>>()?;
    Ok(Json(List { items, next_cursor: page.next.map(|sort_key| list.cursor(vec![sort_key])) }))
}
