//! `GET /v1/slips?race=&from=`: the caller's slips, newest first, each with its status. Of one race they are read where they are; of all
//! races through a keys-only index.

use crate::prelude::*;
use crate::slip_view::{self, SlipView};
use platform::cursor::{self, ListId};
use platform::store::{IndexEntry, IndexQuery, Range};
use racing_domain::{RaceId, SlipId, shard_of};

pub static FUNCTION: Function = Function::get("list-slips", "/v1/slips")
    .says(
        "The caller's slips",
        "Without `race`, all slips by time, newest first; the newest may appear a moment later. With `race`, the slips on that race, read \
         consistently and in no particular order.",
    )
    .may(&RACING, &[GetItem, Query, QueryIndex, BatchGetItem])
    .costs(calls(4), wru(0))
    .handled_by(http!(list));

platform::query! {
    /// Which slips.
    struct Filters {
        /// Only slips on this race.
        race: Option<RaceId>,
        /// Only slips placed at this time or later.
        from: Option<Timestamp>,
    }
}

async fn list(context: &Context, user: UserId, filters: Filters, paging: Paging) -> Result<Json<List<SlipView>>, Problem> {
    let Filters { race, from } = filters;
    let texts = [race.map(RaceId::key).unwrap_or_default(), from.map(|from| from.to_string()).unwrap_or_default()];
    let list = paging.list(&FUNCTION, &[&texts[0], &texts[1]]);
    let (ids, position) = match race {
        Some(race) => of_race(context, &user, &list, race, paging.limit).await?,
        None => of_all(context, &user, &list, from, paging.limit).await?,
    };
    let mut items = slip_view::views(context, &user, &ids).await?;
    items.retain(|slip| from.is_none_or(|from| slip.placed_at >= from));
    Ok(Json(List { items, next_cursor: position.map(|position| list.cursor(position)) }))
}

type Ids = (Vec<SlipId>, Option<Vec<String>>);

/// A page of the caller's slips on one race, by id.
async fn of_race(context: &Context, user: &UserId, list: &ListId, race: RaceId, limit: u32) -> Result<Ids, Problem> {
    let prefix = format!("{user}#b#");
    // Before the race is looked for: a wrong cursor is refused whether there is one or not.
    let after = list.position(1)?.map(|tail| format!("{prefix}{}", tail.concat()));
    let Some(known) = records::race(context, race).await? else { return Ok((Vec::new(), None)) };
    let pk = keys::shard_partition(race, shard_of(user, known.race.shards));
    let range = Range { prefix: &prefix, after: after.as_deref(), limit: Some(limit), ..Range::all(&pk) };
    let page = context.table(&RACING).page(&range).await?;
    let ids = page.records.iter().map(|record| slip_id(&record.key)).collect::<Result<_, _>>()?;
    let next = page.next.and_then(|sort_key| Some(vec![sort_key.strip_prefix(&prefix)?.to_owned()]));
    Ok((ids, next))
}

/// A page of all the caller's slips, newest first.
async fn of_all(context: &Context, user: &UserId, list: &ListId, from: Option<Timestamp>, limit: u32) -> Result<Ids, Problem> {
    let from = from.map_or_else(|| "0".to_owned(), |from| format!("{from:.3}"));
    let after = list.position(2)?.map(|position| entry(user, &position)).transpose()?;
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

/// The slip that is stored at `key`.
fn slip_id(key: &Key) -> Result<SlipId, Problem> {
    let parts = key.pk.strip_prefix("race#").and_then(|rest| rest.split_once('#'));
    let tail = key.sk.rsplit('#').next();
    let id = parts.zip(tail).and_then(|((race, shard), tail)| {
        let shard: u16 = shard.parse().ok()?;
        SlipId::at(RaceId::from_key(race).ok()?, shard, tail).ok()
    });
    id.ok_or_else(|| Problem::internal(format!("no slip is at {}/{}", key.pk, key.sk)))
}
