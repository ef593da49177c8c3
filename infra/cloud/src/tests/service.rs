//! A service small enough to see through: notes, their events, a queue that wants the red ones, a schedule.

use crate::connector::{Call as AwsCall, Fault, Faults, internal_error};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use platform::context::Context;
use platform::function::{
    Access, Action, Function, Grant, Handler, Idempotency, Method, Publishes, Reads, Retry, Route, Sends, Throttle, Trigger,
};
use platform::message::{Failure, Message};
use platform::relay::{Change, Unmappable};
use platform::resource::{Index, Queue, Secret, Service, Subscription, Table, Topic};
use platform::store::{Key, Record, Write, WriteError, write};
use platform::{Call, Problem, Reply};
use serde_json::{Value, json};
use std::time::Duration;

pub static NOTES: Table = Table { name: "notes", doc: "", indexes: &[Index { name: "by-color", hash: "color", range: "at" }] };
pub static OTHERS: Table = Table { name: "others", doc: "", indexes: &[] };
static EVENTS: Topic = Topic { name: "note-events", doc: "", events: &[] };
pub static ADDED: Queue = Queue {
    name: "note-added",
    doc: "",
    receives_max: 5,
    subscriptions: &[Subscription { topic: &EVENTS, types: &["note.added"], data: &[("color", &["red", "green"])] }],
};
static FAILURES: Queue = Queue { name: "note-failures", doc: "", receives_max: 5, subscriptions: &[] };
static TICKS: Queue = Queue { name: "note-ticks", doc: "", receives_max: 5, subscriptions: &[] };
static FEED: Secret = Secret { name: "feed", doc: "" };

pub static SERVICE: Service = Service {
    name: "notes",
    doc: "",
    tables: &[&NOTES, &OTHERS],
    queues: &[&ADDED, &FAILURES, &TICKS],
    topics: &[&EVENTS],
    secrets: &[&FEED],
    alarms: &[],
    functions: &[&ADD, &PLACE, &READ, &SLOW, &RELAY, &COUNT, &KEEP, &TICK],
};

const NOTHING: Function = Function {
    name: "",
    summary: "",
    doc: "",
    trigger: Trigger::Http(ROUTE),
    grants: &[],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(5),
    memory_mb: 128,
    handler: Handler::Http(|_, _| Box::pin(async { Err(Problem::internal("nothing")) })),
};
const ROUTE: Route = Route {
    method: Method::Post,
    path: "/v1/notes",
    access: Access::User,
    idempotency: Idempotency::Natural,
    parameters: &[],
    body: None,
    replies: &[],
    problems: &[],
    throttle: Throttle { rate: 1, burst: 1 },
};

pub static ADD: Function = Function {
    name: "add-note",
    trigger: Trigger::Http(ROUTE),
    grants: &[Grant { table: &NOTES, actions: &[Action::PutItem, Action::GetItem] }],
    handler: Handler::Http(|context, call| Box::pin(add(context, call))),
    ..NOTHING
};
/// For its grants: nobody calls it.
pub static PLACE: Function = Function {
    name: "place-note",
    trigger: Trigger::Http(Route { path: "/v1/placements", ..ROUTE }),
    grants: &[
        Grant { table: &NOTES, actions: &[Action::PutInTransaction] },
        Grant { table: &OTHERS, actions: &[Action::Query, Action::PutInTransaction] },
    ],
    ..NOTHING
};
static READ: Function = Function {
    name: "read-note",
    trigger: Trigger::Http(Route { method: Method::Get, path: "/v1/notes/{note}", access: Access::Public, ..ROUTE }),
    grants: &[Grant { table: &NOTES, actions: &[Action::GetItem] }],
    handler: Handler::Http(|context, call| Box::pin(read(context, call))),
    ..NOTHING
};
static SLOW: Function = Function {
    name: "sleep-long",
    trigger: Trigger::Http(Route { method: Method::Get, path: "/v1/sleep", access: Access::Public, ..ROUTE }),
    timeout: Duration::from_millis(300),
    handler: Handler::Http(|_, _| Box::pin(std::future::pending())),
    ..NOTHING
};
pub static RELAY: Function = Function {
    name: "relay-notes",
    trigger: Trigger::Stream { table: &NOTES, batch: 100 },
    sends: &[Sends::to(&FAILURES)],
    publishes: &[Publishes::to(&EVENTS)],
    handler: Handler::Relay { topic: &EVENTS, failures: &FAILURES, map, written_at: |_| Ok(Some(Timestamp::UNIX_EPOCH)) },
    ..NOTHING
};
pub static COUNT: Function = Function {
    name: "count-note",
    trigger: Trigger::Queue { queue: &ADDED, batch: 10, concurrency: 2, retry: Retry::AfterVisibility },
    grants: &[Grant { table: &NOTES, actions: &[Action::PutItem] }],
    handler: Handler::Message(|context, message| Box::pin(count(context, message))),
    ..NOTHING
};
pub static KEEP: Function = Function {
    name: "keep-failure",
    trigger: Trigger::Queue { queue: &FAILURES, batch: 1, concurrency: 1, retry: Retry::as_failure_says() },
    grants: &[Grant { table: &NOTES, actions: &[Action::PutItem] }],
    handler: Handler::Message(|context, message| Box::pin(keep(context, message))),
    ..NOTHING
};
pub static TICK: Function = Function {
    name: "tick",
    trigger: Trigger::Schedule { queue: &TICKS, every_minutes: 60 },
    grants: &[Grant { table: &NOTES, actions: &[Action::PutItem, Action::GetItem] }],
    secrets: &[Reads::of(&FEED)],
    handler: Handler::Message(|context, _| tick(context)),
    ..NOTHING
};

fn record(name: &str, body: &Value) -> Record {
    Record::of(Key::new(name, "note"), body)
}

async fn put(context: &Context, name: &str, body: &Value) -> Result<(), Problem> {
    // Messages come more than once, above all after a crash: what is there already is done.
    match write(context, vec![Write::if_absent(&NOTES, record(name, body))]).await {
        Ok(()) | Err(WriteError::Cancelled(_)) => Ok(()),
        Err(error) => Err(Problem::internal(error)),
    }
}

async fn add(context: &Context, call: Call) -> Result<Reply, Problem> {
    let body: Value = call.json()?;
    put(context, body["name"].as_str().unwrap_or_default(), &body).await?;
    Reply::json(201, &body)
}

async fn read(context: &Context, call: Call) -> Result<Reply, Problem> {
    let name: String = call.path("note")?;
    let found = context.table(&NOTES).get(&Key::new(name, "note")).await?;
    match found {
        Some(record) => Reply::json(200, &record.read::<Value>()?),
        None => Err(Problem::new(&platform::problem::NOT_FOUND, "")),
    }
}

fn map(change: &Change) -> Result<Vec<String>, Unmappable> {
    let body: Value = change.record.read()?;
    let data = json!({"name": change.record.key.pk, "color": body["color"]});
    Ok(vec![json!({"type": "note.added", "data": data}).to_string()])
}

async fn count(context: &Context, message: Message) -> Result<(), Failure> {
    let event: Value = message.json()?;
    let name = event["data"]["name"].as_str().unwrap_or_default();
    Ok(put(context, &format!("seen-{name}"), &json!({"color": "grey"})).await?)
}

async fn keep(context: &Context, message: Message) -> Result<(), Failure> {
    let body: Value = message.json()?;
    Ok(put(context, "given-up", &json!({"body": body})).await?)
}

fn tick(context: &Context) -> BoxFuture<'_, Result<(), Failure>> {
    Box::pin(async move {
        context.secret(&FEED).await?;
        for number in 1..10 {
            let name = format!("tick-{number}");
            if context.table(&NOTES).get(&Key::new(&name, "note")).await?.is_none() {
                return Ok(put(context, &name, &json!({"at": Timestamp::UNIX_EPOCH})).await?);
            }
        }
        Ok(())
    })
}

/// Refuses to publish whatever has to do with the note `poison`.
pub struct RefusesPoison;

impl Faults for RefusesPoison {
    fn before(&self, call: &AwsCall<'_>) -> Option<Fault> {
        let poisoned = call.service == "sns" && String::from_utf8_lossy(call.body).contains("poison");
        poisoned.then(|| Fault::Reply(internal_error()))
    }
}
