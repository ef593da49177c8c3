//! How events are published: several calls at once, and not too many; one that fails fails them all. And that nothing leaves a function
//! before its caller is admitted.

use super::*;
use crate::clock::SystemClock;
use crate::function::Function;
use crate::log_sink::StandardOutput;
use crate::resource::{Table, Topic};
use crate::sdk::Names;
use crate::sender::{SendError, TopicSender};
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::sync::Barrier;

static TOPIC: Topic = Topic { name: "events", doc: "", events: &[] };
static TABLE: Table = Table { name: "notes", doc: "", indexes: &[] };
static RELAY: Function = crate::relay!("relay-notes", &TABLE).publishes(&TOPIC, |_| Ok(Vec::new()), |_| Ok(None));

/// Accepts nothing before as many calls as may be are under way.
struct Together {
    barrier: Barrier,
    under_way: AtomicUsize,
    at_once: AtomicUsize,
    accepted: Mutex<BTreeSet<String>>,
}

impl TopicSender for Together {
    fn publish<'a>(&'a self, _arn: &'a str, events: &'a [String], _trace: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move {
            self.at_once.fetch_max(self.under_way.fetch_add(1, Relaxed) + 1, Relaxed);
            self.barrier.wait().await;
            // Calls that could begin meanwhile begin.
            tokio::task::yield_now().await;
            self.under_way.fetch_sub(1, Relaxed);
            if events.iter().any(|event| event == "poison") {
                return Err(SendError::new("an event", "poison"));
            }
            self.accepted.lock().unwrap().extend(events.iter().cloned());
            Ok(())
        })
    }
}

async fn publish(events: &[String]) -> (Result<(), SendError>, Arc<Together>) {
    let together = Arc::new(Together {
        barrier: Barrier::new(PUBLISHED_AT_ONCE),
        under_way: AtomicUsize::new(0),
        at_once: AtomicUsize::new(0),
        accepted: Mutex::default(),
    });
    let context = context(&RELAY);
    let topic = TopicHandle { context: &context, topic: &TOPIC, sender: together.clone() };
    let published = tokio::time::timeout(Duration::from_secs(5), topic.publish(events)).await;
    (published.expect("calls that are under way together"), together)
}

fn context(function: &'static Function) -> Context {
    let names = Names { prefix: "koban-test-".into(), region: "ap-northeast-1".into(), account: "1".into(), queue_origin: None };
    let process_env = ProcessEnv {
        clock: Arc::new(SystemClock),
        log: Arc::new(StandardOutput),
        issuer: Issuer { url: String::new(), audience: String::new() },
        shows_cost: true,
        settings: Arc::default(),
    };
    let http = crate::https::client(crate::https::plain_connector());
    let environment = Arc::new(Environment::new(&function.definition, Sdk::in_process(names, http), process_env));
    let deadline = tokio::time::Instant::now() + function.timeout;
    Context::new(environment, String::new(), String::new(), deadline)
}

#[tokio::test]
async fn events_are_published_by_several_calls_at_once_and_all_of_them() {
    let events: Vec<_> = (0..80).map(|number| number.to_string()).collect();
    let (published, together) = publish(&events).await;
    assert!(published.is_ok());
    assert_eq!(together.at_once.load(Relaxed), PUBLISHED_AT_ONCE);
    assert_eq!(*together.accepted.lock().unwrap(), events.into_iter().collect());
}

#[tokio::test]
async fn one_call_that_fails_fails_them_all() {
    let mut events: Vec<_> = (0..80).map(|number| number.to_string()).collect();
    events[35] = "poison".into();
    assert!(publish(&events).await.0.is_err());
    // Nothing to publish is no call.
    assert_eq!(publish(&[]).await.1.at_once.load(Relaxed), 0);
}

static ROUTE: Function = Function::get("get-note", "/v1/note").handled_by(crate::http!(get_nothing));

async fn get_nothing(_context: &Context) -> Result<crate::http::NoContent, crate::Problem> {
    Ok(crate::http::NoContent)
}

#[tokio::test]
async fn a_route_of_people_that_has_admitted_nobody_writes_sends_and_publishes_nothing() {
    let (context, together) = (context(&ROUTE), Arc::new(NeverAsked));
    assert!(context.may_write().await.is_err());
    assert_eq!(context.admitted().await.unwrap_err().code.code, "internal");
    let topic = TopicHandle { context: &context, topic: &TOPIC, sender: together };
    assert!(topic.publish(&["event".into()]).await.is_err());
    let key = Key::new("a", "b");
    assert!(context.table(&TABLE).delete_unhashed(&key).await.is_err());
    let write = crate::store::Write::if_absent(&TABLE, Record::new(key, Vec::new()));
    for writes in [vec![write.clone()], vec![write.clone(), write]] {
        assert!(crate::store::write(&context, writes).await.is_err());
    }
    assert_eq!(context.meter.usage().calls, 0);
}

#[tokio::test]
async fn what_no_person_calls_may_write() {
    assert!(context(&RELAY).may_write().await.is_ok());
}

/// Fails the test when it is asked.
struct NeverAsked;

impl TopicSender for NeverAsked {
    fn publish<'a>(&'a self, _arn: &'a str, _events: &'a [String], _trace: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        panic!("something was published")
    }
}
