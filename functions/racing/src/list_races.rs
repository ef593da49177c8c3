//! `GET /v1/races?date=&venue=`: a day's races. Read from the day's rows, of which there is one small one for each race.

use crate::records::DayRow;
use crate::{RACING, keys};
use jiff::Timestamp;
use jiff::civil::Date;
use platform::cursor::{self, ListId};
use platform::function::{
    Access, Action, Function, Grant, Handler, Idempotency, Method, Parameter, Route, Success, Throttle, Trigger,
};
use platform::store::Range;
use platform::{Call, Context, List, Problem, Reply};
use schemars::JsonSchema;
use serde::Serialize;
use shared::calendar::day_of;
use racing_domain::{RaceId, RaceState};
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "list-races",
    summary: "The races of a day",
    doc: "In the order of venue and number. Without `date`, today's in Asia/Tokyo.",
    trigger: Trigger::Http(Route {
        method: Method::Get,
        path: "/v1/races",
        access: Access::Public,
        idempotency: Idempotency::Natural,
        parameters: &[
            Parameter::query::<Date>("date", "The day, as 2026-05-23; today in Asia/Tokyo when not given."),
            Parameter::query::<u8>("venue", "Only races of this venue, 1 to 99."),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        body: None,
        replies: &[Success::of::<List<RaceRow>>(200, "A page of races.")],
        problems: &[],
        throttle: Throttle { rate: 500, burst: 1_000 },
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

async fn handle(context: &Context, call: Call) -> Result<Reply, Problem> {
    let now = context.now();
    let date = call.query::<Date>("date")?.unwrap_or_else(|| day_of(now));
    let venue = call.query::<u8>("venue")?;
    if venue.is_some_and(|venue| RaceId::new(date, venue, 1).is_err()) {
        return Err(Problem::parameter("venue", "must be 1 to 99"));
    }
    let venue = venue.map(|venue| format!("{venue:02}-")).unwrap_or_default();
    let limit = call.limit()?;
    let list = ListId::new(&call, FUNCTION.name, &[&date.to_string(), &venue]);
    let after = list.position(&call, 1)?.map(|position| position.concat());
    if after.as_ref().is_some_and(|after| !after.starts_with(&venue)) {
        return Err(cursor::refused());
    }
    let pk = keys::day_partition(date);
    let range = Range { prefix: &venue, after: after.as_deref(), limit: Some(limit), ..Range::all(&pk) };
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
    Reply::json(200, &List { items, next_cursor: page.next.map(|sort_key| list.cursor(vec![sort_key])) })
}
