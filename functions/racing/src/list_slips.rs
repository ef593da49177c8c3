//! `GET /v1/slips?race=&from=`: the caller's slips, newest first, each with its status. Of one race they are read where they lie; of
//! all races through a keys-only index.

use crate::slip_view::{self, SlipView};
use crate::{RACING, SLIPS_BY_USER, keys, records};
use jiff::Timestamp;
use platform::cursor::{self, ListId};
use platform::function::{
    Access, Action, Function, Grant, Handler, Idempotency, Method, Parameter, Route, Success, Throttle, Trigger,
};
use platform::store::{IndexEntry, IndexQuery, Key, Range};
use platform::{Call, Context, List, Problem, Reply};
use shared::id::UserId;
use racing_domain::{RaceId, SlipId, shard_of};
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "list-slips",
    summary: "The caller's slips",
    doc: "All of them by time, newest first, read a moment behind; or, with `race`, those of one race, read consistently, in no \
          particular order.",
    trigger: Trigger::Http(Route {
        method: Method::Get,
        path: "/v1/slips",
        access: Access::User,
        idempotency: Idempotency::Natural,
        parameters: &[
            Parameter::query::<RaceId>("race", "Only slips on this race."),
            Parameter::query::<Timestamp>("from", "Only slips placed at this time or later."),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        body: None,
        replies: &[Success::of::<List<SlipView>>(200, "A page of slips.")],
        problems: &[],
        throttle: Throttle { rate: 500, burst: 1_000 },
    }),
    grants: &[Grant {
        table: &RACING,
        actions: &[Action::GetItem, Action::Query, Action::QueryIndex, Action::BatchGetItem],
    }],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(10),
    memory_mb: 256,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

async fn handle(context: &Context, call: Call) -> Result<Reply, Problem> {
    let limit = call.limit()?;
    let race = call.query::<RaceId>("race")?;
    let from = call.query::<Timestamp>("from")?;
    let filters = [race.map(RaceId::key).unwrap_or_default(), from.map(|from| from.to_string()).unwrap_or_default()];
    let list = ListId::new(&call, FUNCTION.name, &[&filters[0], &filters[1]]);
    let (ids, position) = match race {
        Some(race) => of_race(context, &call, &list, race, limit).await?,
        None => of_all(context, &call, &list, from, limit).await?,
    };
    let mut items = slip_view::views(context, call.user(), &ids).await?;
    items.retain(|slip| from.is_none_or(|from| slip.placed_at >= from));
    Reply::json(200, &List { items, next_cursor: position.map(|position| list.cursor(position)) })
}

type Ids = (Vec<SlipId>, Option<Vec<String>>);

/// A page of the caller's slips on one race, by id.
async fn of_race(context: &Context, call: &Call, list: &ListId, race: RaceId, limit: u32) -> Result<Ids, Problem> {
    let Some(known) = records::race(context, race).await? else { return Ok((Vec::new(), None)) };
    let user = call.user();
    let shard = shard_of(user, known.race.shards);
    let (pk, prefix) = (keys::shard_partition(race, shard), format!("{user}#b#"));
    let after = list.position(call, 1)?.map(|tail| format!("{prefix}{}", tail.concat()));
    let range = Range { prefix: &prefix, after: after.as_deref(), limit: Some(limit), ..Range::all(&pk) };
    let page = context.table(&RACING).page(&range).await?;
    let ids = page.records.iter().map(|record| slip_id(&record.key)).collect::<Result<_, _>>()?;
    let next = page.next.and_then(|sort_key| Some(vec![sort_key.strip_prefix(&prefix)?.to_owned()]));
    Ok((ids, next))
}

/// A page of all the caller's slips, newest first.
async fn of_all(context: &Context, call: &Call, list: &ListId, from: Option<Timestamp>, limit: u32) -> Result<Ids, Problem> {
    let user = call.user();
    let from = from.map_or_else(|| "0".to_owned(), |from| format!("{from:.3}"));
    let after = list.position(call, 2)?.map(|position| entry(user, &position)).transpose()?;
    if after.as_ref().is_some_and(|after| after.range < from) {
        return Err(cursor::refused());
    }
    let query = IndexQuery { hash: user.as_str(), from: &from, newest_first: true, after: after.as_ref(), limit };
    let entries = context.table(&RACING).index_page(&SLIPS_BY_USER, &query).await?;
    let ids: Vec<SlipId> = entries.iter().map(|entry| slip_id(&entry.key)).collect::<Result<_, _>>()?;
    let full = ids.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let oldest = entries.last().zip(ids.last()).filter(|_| full);
    Ok((ids.clone(), oldest.map(|(entry, id)| vec![entry.range.clone(), id.to_string()])))
}

/// The index entry that a cursor's position names: always one of the caller's own.
fn entry(user: &UserId, position: &[String]) -> Result<IndexEntry, Problem> {
    let id: SlipId = position[1].parse().map_err(|_| cursor::refused())?;
    Ok(IndexEntry { range: position[0].clone(), key: keys::slip(user, &id) })
}

/// The slip that lies at `key`.
fn slip_id(key: &Key) -> Result<SlipId, Problem> {
    let parts = key.pk.strip_prefix("race#").and_then(|rest| rest.split_once('#'));
    let tail = key.sk.rsplit('#').next();
    let id = parts.zip(tail).and_then(|((race, shard), tail)| {
        let shard: u16 = shard.parse().ok()?;
        SlipId::at(RaceId::from_key(race).ok()?, shard, tail).ok()
    });
    id.ok_or_else(|| Problem::internal(format!("no slip lies at {}/{}", key.pk, key.sk)))
}
