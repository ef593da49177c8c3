//! The due table: how anything happens later than a queue's delay allows. Rows in the service's own table say what is due when. The
//! caller's transaction writes a row for one write unit. A sweep reads them each minute, in the order of their minutes.
//!
//! A partition is an hour of a shard, and a row's sort key begins with its minute. So a sweep asks each shard once for what has become due,
//! and a month of outage is some hundred rounds. Nothing is deleted: a watermark says what was swept, and rows go by their TTL.
//!
//! A row may be committed when its minute was swept already: the clocks of writers and sweepers are up to five minutes off. A second pass,
//! 11 minutes behind, fires those again that the first may have missed. So each row is fired at least once, and consumers expect
//! duplicates.

use crate::context::Context;
use crate::message::Failure;
use crate::resource::Table;
use crate::store::{Key, Range, Record, StoreError, Write, WriteError, write};
use futures_util::future::{BoxFuture, try_join_all};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::hash;
use std::time::Duration;

/// What the partition keys of a due table begin with.
pub const PREFIX: &str = "due#";
/// Into how many partitions an hour is spread.
const SHARDS: u8 = 8;
/// How long before its minute a row is written at least: longer than a request takes.
const LEAD: SignedDuration = SignedDuration::from_secs(30);
/// How many minutes the second pass is behind. Both clocks may be five off, and a request may take half of one.
const LATE_MINUTES: i64 = 11;
/// How far back the first sweep of all looks, in hours.
const FIRST_LOOK_HOURS: i64 = 24;
/// How long a row stays after it was due; no outage may be longer.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many rows of a shard a round reads at most.
const ROWS_PER_SHARD: u32 = 100;
/// What must be left of the invocation for another round.
const ROUND_TIME_MIN: Duration = Duration::from_secs(5);

/// What is due.
#[derive(Debug, Clone)]
pub struct Due {
    /// What it was armed with.
    pub key: String,
    /// The minute in which it was to be fired.
    pub at: Timestamp,
    armed_at: Timestamp,
    payload: Box<RawValue>,
}

impl Due {
    /// The payload.
    ///
    /// # Errors
    /// When it is no `T`.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.payload.get())
    }
}

/// A row's body.
#[derive(Serialize, Deserialize)]
struct Stored<P> {
    /// By the writer's clock.
    armed_at: Timestamp,
    payload: P,
}

/// Makes `payload` due at `at`, or half a minute from now where that is later. `key` identifies it within its minute, as an id does. The
/// same key twice in one minute is one row, and the second write is refused.
pub fn arm(context: &Context, table: &'static Table, at: Timestamp, key: &str, payload: &impl Serialize) -> Write {
    Write::if_absent(table, row(context.now(), at, key, payload))
}

fn row(now: Timestamp, at: Timestamp, key: &str, payload: &impl Serialize) -> Record {
    let soonest = now.saturating_add(LEAD).unwrap_or(Timestamp::MAX);
    let minute = at.max(soonest).as_millisecond().saturating_add(59_999).div_euclid(60_000);
    let [shard, ..] = hash::of_parts(&[b"due", key.as_bytes()]);
    let place = Key::new(partition(minute.div_euclid(60), shard % SHARDS), format!("{:02}#{key}", minute.rem_euclid(60)));
    let kept = (minute * 60).saturating_add(KEPT.as_secs());
    Record { expires_at: Some(kept), ..Record::of(place, &Stored { armed_at: now, payload }) }
}

/// The minutes since 1970 of a second.
const fn minute_of(second: i64) -> i64 {
    second.div_euclid(60)
}

fn time_of(minute: i64) -> Timestamp {
    Timestamp::from_second(minute.saturating_mul(60)).unwrap_or(Timestamp::MAX)
}

/// `due#2026112508#3`
fn partition(hour: i64, shard: u8) -> String {
    format!("{PREFIX}{}#{shard}", time_of(hour.saturating_mul(60)).strftime("%Y%m%d%H"))
}

/// Up to where a pass has come: everything of the hours before, and of this hour up to a sort key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    hour: i64,
    /// Empty at the hour's beginning.
    after: String,
}

/// The sort key behind all rows of a minute of its hour.
fn end_of(minute: i64) -> String {
    format!("{:02}~", minute.rem_euclid(60))
}

impl Position {
    const fn at_hour(hour: i64) -> Self {
        Self { hour, after: String::new() }
    }

    /// Whether everything up to and with `minute` was passed.
    fn is_past(&self, minute: i64) -> bool {
        (self.hour, self.after.as_str()) >= (minute.div_euclid(60), end_of(minute).as_str())
    }
}

/// The watermark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Swept {
    first: Position,
    late: Position,
}

impl Swept {
    /// Where to begin at `now`. A clock that was set back begins again, and rows that went by their TTL are not looked for.
    fn resumed(stored: Option<Self>, now: Timestamp) -> Self {
        let hour = |second: i64| minute_of(second).div_euclid(60);
        let begin = Position::at_hour(hour(now.as_second()) - FIRST_LOOK_HOURS);
        let oldest = Position::at_hour(hour(now.as_second().saturating_sub(KEPT.as_secs())));
        let of = |position: Position| match position {
            ahead if ahead.is_past(minute_of(now.as_second()) + LATE_MINUTES) => begin.clone(),
            position if position.hour < oldest.hour => oldest.clone(),
            position => position,
        };
        let Self { first, late } = stored.unwrap_or_else(|| Self { first: begin.clone(), late: begin.clone() });
        Self { first: of(first), late: of(late) }
    }
}

fn watermark_key() -> Key {
    Key::new("due#swept", "watermark")
}

/// What a sweep does with rows that are due, in order: it passes them on to a queue, say. When it fails, the same rows come again with
/// the next sweep, and those behind them wait. What can never be done is thus for the queue's worker to refuse, not for this.
pub type Fire<'a> = &'a (dyn for<'b> Fn(&'b Context, Vec<Due>) -> BoxFuture<'b, Result<(), Failure>> + Sync);

/// Fires what has become due in `table` since the last sweep, oldest first. It ends when nothing is left, or the invocation's time is
/// nearly over; the next sweep continues there.
///
/// # Errors
/// When the table fails, or `fire`. What was fired before is not fired again for that.
pub async fn sweep(context: &Context, table: &'static Table, fire: Fire<'_>) -> Result<(), Failure> {
    let stored = context.table(table).get(&watermark_key()).await?;
    let before = stored.as_ref().map(Record::read::<Swept>).transpose()?;
    let mut swept = Swept::resumed(before.clone(), context.now());
    let outcome = run_passes(context, table, &mut swept, fire).await;
    if before.as_ref() != Some(&swept) {
        save(context, table, stored.as_ref(), &swept).await?;
    }
    outcome
}

async fn run_passes(context: &Context, table: &'static Table, swept: &mut Swept, fire: Fire<'_>) -> Result<(), Failure> {
    let minute = minute_of(context.now().as_second());
    let is_fired_first = |_: &Due| true;
    let is_fired_late = |due: &Due| due.may_be_late();
    pass(context, (table, minute), &mut swept.first, is_fired_first, fire).await?;
    pass(context, (table, minute - LATE_MINUTES), &mut swept.late, is_fired_late, fire).await
}

impl Due {
    /// Whether it may have been committed when its minute was already swept.
    fn may_be_late(&self) -> bool {
        self.at.duration_since(self.armed_at) <= SignedDuration::from_mins(LATE_MINUTES)
    }
}

/// Fires what is due up to and with `minute`.
async fn pass(
    context: &Context,
    (table, minute): (&'static Table, i64),
    position: &mut Position,
    is_fired: impl Fn(&Due) -> bool,
    fire: Fire<'_>,
) -> Result<(), Failure> {
    while !position.is_past(minute) && context.remaining() > ROUND_TIME_MIN {
        let shard = |shard| read(context, table, position, shard);
        let pages = try_join_all((0..SHARDS).map(shard)).await?;
        let (mut rows, next) = merge(pages, position, minute);
        rows.retain(&is_fired);
        if !rows.is_empty() {
            fire(context, rows).await?;
        }
        *position = next;
    }
    Ok(())
}

/// A shard's next rows with their sort keys, and whether there are more.
type Rows = (Vec<(String, Due)>, bool);

async fn read(context: &Context, table: &'static Table, position: &Position, shard: u8) -> Result<Rows, StoreError> {
    let pk = partition(position.hour, shard);
    let after = Some(position.after.as_str()).filter(|after| !after.is_empty());
    let page = context.table(table).page(&Range { after, limit: Some(ROWS_PER_SHARD), ..Range::all(&pk) }).await?;
    let rows: Result<_, _> = page.records.into_iter().map(|record| due(position.hour, record)).collect();
    Ok((rows?, page.next.is_some()))
}

fn due(hour: i64, record: Record) -> Result<(String, Due), StoreError> {
    let stored: Stored<Box<RawValue>> = record.read()?;
    let parts = record.key.sk.split_once('#').and_then(|(minute, key)| Some((minute.parse::<i64>().ok()?, key.to_owned())));
    let (minute, key) = parts.ok_or_else(|| StoreError::malformed(&record.key, "its sort key is no minute and key"))?;
    let at = time_of(hour * 60 + minute);
    Ok((record.key.sk, Due { key, at, armed_at: stored.armed_at, payload: stored.payload }))
}

/// The rows that are due up to and with `minute`, in order, as far as every shard was read; and up to where that is.
fn merge(pages: Vec<Rows>, from: &Position, minute: i64) -> (Vec<Due>, Position) {
    let is_last_hour = from.hour == minute.div_euclid(60);
    // Behind every minute of an hour that is over.
    let end = if is_last_hour { end_of(minute) } else { "60".to_owned() };
    let unread = pages.iter().filter(|(_, has_more)| *has_more).filter_map(|(rows, _)| rows.last().map(|(key, _)| key.clone()));
    let read_to = unread.min().filter(|read_to| *read_to < end);
    let next = match &read_to {
        Some(read_to) => Position { after: read_to.clone(), ..from.clone() },
        None if is_last_hour => Position { after: end.clone(), ..from.clone() },
        None => Position::at_hour(from.hour + 1),
    };
    let is_whole = |key: &String| read_to.as_ref().map_or(*key < end, |read_to| key <= read_to);
    let mut rows: Vec<_> = pages.into_iter().flat_map(|(rows, _)| rows).filter(|(key, _)| is_whole(key)).collect();
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    (rows.into_iter().map(|(_, due)| due).collect(), next)
}

/// Stores the watermark. Where another sweep has moved it meanwhile, that one's holds: what this one fired may come again.
async fn save(context: &Context, table: &'static Table, stored: Option<&Record>, swept: &Swept) -> Result<(), Failure> {
    let record = Record::of(watermark_key(), swept);
    let watermark = match stored.and_then(|stored| stored.revision) {
        Some(revision) => Write::next_revision(table, record, revision),
        None => Write::if_absent(table, Record { revision: Some(0), ..record }),
    };
    match write(context, vec![watermark]).await {
        Ok(()) | Err(WriteError::Canceled(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[path = "due_tests.rs"]
mod tests;
