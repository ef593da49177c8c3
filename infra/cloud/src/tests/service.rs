//! A service small enough to see through: notes, their events, a queue that wants the red ones, a schedule.

use crate::connector::{Call as AwsCall, Fault, Faults, internal_error};
use platform::Service;
use platform::prelude::*;
use platform::resource::{Index, Personal, Queue, Secret, Table, Topic};
use serde_json::{Value, json};

pub static NOTES: Table = Table { name: "notes", doc: "", indexes: &[Index { name: "by-color", hash: "color", range: "at" }] };
pub static OTHERS: Table = Table { name: "others", doc: "", indexes: &[] };
static EVENTS: Topic = Topic { name: "note-events", doc: "", events: &[] };
static MEMOS: Personal = Personal::of(&NOTES, "memo#");
pub static ADDED: Queue<Value> =
    Queue::new("note-added", "").subscribes(&EVENTS, &["note.added"], &[("color", &["red", "green"])]);
/// What the relay cannot map. A function consumes it, so that the tests see it.
static FAILURES: Queue<Value> = Queue::new("relay-notes-failures", "");
static FEED: Secret = Secret { name: "feed", doc: "" };

pub static SERVICE: Service =
    Service::new("notes", "", &[&NOTES, &OTHERS], &[&ADD, &PLACE, &READ, &SLOW, &RELAY, &COUNT, &KEEP, &TICK, &FORGET]);

pub static ADD: Function =
    Function::post("add-note", "/v1/notes").naturally_idempotent().may(&NOTES, &[PutItem, GetItem]).handled_by(http!(add));
/// For its grants: nobody calls it.
pub static PLACE: Function = Function::post("place-note", "/v1/placements")
    .naturally_idempotent()
    .may(&NOTES, &[PutInTransaction])
    .may(&OTHERS, &[Query, PutInTransaction])
    .handled_by(http!(add));
static READ: Function = Function::get("read-note", "/v1/notes/{note}").public().may(&NOTES, &[GetItem]).handled_by(http!(read));
static SLOW: Function = Function::get("sleep-long", "/v1/sleep").public().timeout_s(1).handled_by(http!(sleep_long));
pub static RELAY: Function = relay!("relay-notes", &NOTES).publishes(&EVENTS, map, |_| Ok(Some(Timestamp::UNIX_EPOCH)));
pub static COUNT: Function =
    Function::worker("count-note", &ADDED).concurrency(2).may(&NOTES, &[PutItem]).timeout_s(5).handled_by(job!(count));
pub static KEEP: Function = Function::worker("keep-failure", &FAILURES)
    .one_at_a_time()
    .concurrency(1)
    .retry_per_failure()
    .may(&NOTES, &[PutItem])
    .handled_by(job!(keep));
pub static FORGET: Function =
    Function::delete("forget-note", "/v1/notes/{note}").public().forgets(&MEMOS).handled_by(http!(forget));
pub static TICK: Function =
    Function::every_minutes("tick", 60).may(&NOTES, &[PutItem, GetItem]).reads(&FEED).handled_by(sweep!(tick));

fn record(name: &str, body: &Value) -> Record {
    let mut record = Record::of(Key::new(name, "note"), body);
    record.hash = name.ends_with("hashed").then(|| vec![1; 32]);
    record
}

async fn put(context: &Context, name: &str, body: &Value) -> Result<(), Problem> {
    // Messages come more than once, above all after a crash: what is there already is done.
    match write(context, vec![Write::if_absent(&NOTES, record(name, body))]).await {
        Ok(()) | Err(WriteError::Canceled(_)) => Ok(()),
        Err(error) => Err(Problem::internal(error)),
    }
}

async fn add(context: &Context, Body(body): Body<Value>) -> Result<Created<Value>, Problem> {
    put(context, body["name"].as_str().unwrap_or_default(), &body).await?;
    Ok(Created(body))
}

async fn read(context: &Context, Path(name): Path<String>) -> Result<Json<Value>, Refused<NotFound>> {
    let found = context.table(&NOTES).get(&Key::new(name, "note")).await?;
    Ok(Json(found.ok_or(NotFound)?.read::<Value>()?))
}

/// What became of it, for the test.
async fn forget(context: &Context, Path(name): Path<String>) -> Result<Json<String>, Problem> {
    let forgotten = context.forget(&MEMOS, &Key::new(name, "note")).await;
    Ok(Json(forgotten.map_or_else(|refused| refused.to_string(), |()| "forgotten".into())))
}

async fn sleep_long(_context: &Context) -> Result<NoContent, Problem> {
    std::future::pending().await
}

fn map(change: &Change) -> Result<Vec<String>, Unmappable> {
    let body: Value = change.record.read()?;
    let data = json!({"name": change.record.key.pk, "color": body["color"]});
    Ok(vec![json!({"type": "note.added", "data": data}).to_string()])
}

async fn count(context: &Context, event: Value) -> Result<(), Failure> {
    let name = event["data"]["name"].as_str().unwrap_or_default();
    Ok(put(context, &format!("seen-{name}"), &json!({"color": "grey"})).await?)
}

async fn keep(context: &Context, body: Value) -> Result<(), Failure> {
    Ok(put(context, "given-up", &json!({"body": body})).await?)
}

async fn tick(context: &Context) -> Result<(), Failure> {
    context.secret(&FEED).await?;
    for number in 1..10 {
        let name = format!("tick-{number}");
        if context.table(&NOTES).get(&Key::new(&name, "note")).await?.is_none() {
            return Ok(put(context, &name, &json!({"at": Timestamp::UNIX_EPOCH})).await?);
        }
    }
    Ok(())
}

/// Refuses to publish every message that contains `poison`.
pub struct RefusesPoison;

impl Faults for RefusesPoison {
    fn before(&self, call: &AwsCall<'_>) -> Option<Fault> {
        let poisoned = call.service == "sns" && String::from_utf8_lossy(call.body).contains("poison");
        poisoned.then(|| Fault::Reply(internal_error()))
    }
}
