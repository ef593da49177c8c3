//! Replays: a request that changes something has one effect and one answer. That holds for any number of repeats, at any moment and after
//! any loss. The routes come from the registry, so a new one must obey from its first day.

use super::request::mutating;
use super::{Examples, Request, local};
use crate::{Response, all_at_once, random_text};
use cloud::connector::{Call, Fault, Faults};
use cloud::engine::Reply;
use platform::function::Access;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How many items each table gained, once all work that follows has ended.
async fn growth<E: Examples>(stage: &E, change: impl Future<Output = ()>) -> BTreeMap<&'static str, usize> {
    stage.target().rest().await;
    let before = stage.target().items().await;
    change.await;
    stage.target().rest().await;
    let after = stage.target().items().await;
    after.into_iter().map(|(table, items)| (table, items.len() - before[table].len())).collect()
}

/// The part of a reply that never changes, to the byte. A 202 reports progress that continues, so its state and time are left out.
fn outcome(reply: &Response) -> (u16, String) {
    if reply.status != 202 {
        return (reply.status, String::from_utf8(reply.body.to_vec()).unwrap());
    }
    let mut body = reply.json();
    let members = body.as_object_mut().unwrap();
    assert!(members.remove("state").is_some() && members.remove("updated_at").is_some(), "{reply:?}");
    (reply.status, body.to_string())
}

/// Sends it a hundred times at once. Callers that lost too many conflicts retry, as their replies say.
async fn a_hundred_times<E: Examples>(stage: &E, request: &Request, key: &str) -> Vec<Response> {
    let mut replies = Vec::new();
    while replies.len() < 100 {
        let missing = 100 - replies.len();
        for reply in all_at_once((0..missing).map(|_| request.send(stage, key))).await {
            match reply.status {
                409 => assert_eq!(reply.refused(409, "contention")["retryable"], true),
                _ => replies.push(reply),
            }
        }
    }
    replies
}

pub async fn a_hundred_at_once_are_one_effect_and_one_answer<E: Examples>() {
    let (Some(stage), Some(twin)) = (local::<E>().await, local::<E>().await) else { return };
    for (request, alone) in mutating(&stage).iter().zip(mutating(&twin)) {
        let name = request.function.name;
        let once = growth(&twin, async { assert!(alone.send(&twin, name).await.status < 300, "{name}") }).await;
        let mut replies = Vec::new();
        let many = growth(&stage, async { replies = a_hundred_times(&stage, request, name).await }).await;
        assert_eq!(many, once, "{name}: a hundred did not what one does");
        let first = outcome(&replies[0]);
        assert!(first.0 < 300, "{name}: {first:?}");
        assert!(replies.iter().all(|reply| outcome(reply) == first), "{name}: {replies:?}");
        assert_eq!(replies.iter().filter(|reply| !reply.replayed()).count(), 1, "{name}: {replies:?}");
    }
}

/// Commits what a function writes, and loses the word of it.
struct LosesEveryWrite(&'static str);

impl Faults for LosesEveryWrite {
    fn after(&self, call: &Call<'_>, _reply: &Reply) -> Option<Fault> {
        let writes = matches!(call.operation, "PutItem" | "TransactWriteItems");
        (call.function == self.0 && writes).then_some(Fault::Lost)
    }
}

pub async fn after_a_lost_reply_the_repeat_states_what_was_done_and_does_nothing<E: Examples>() {
    let (Some(stage), Some(twin)) = (local::<E>().await, local::<E>().await) else { return };
    for (request, alone) in mutating(&stage).iter().zip(mutating(&twin)) {
        let name = request.function.name;
        let once = growth(&twin, async { assert!(alone.send(&twin, name).await.status < 300, "{name}") }).await;
        let lost_and_repeated = async {
            stage.target().cloud().install_faults(Some(Arc::new(LosesEveryWrite(name))));
            request.send(&stage, name).await.refused(500, "internal");
            stage.target().cloud().install_faults(None);
            let (first, again) = (request.send(&stage, name).await, request.send(&stage, name).await);
            assert!(first.status < 300 && again.replayed(), "{name}: {first:?} {again:?}");
            // What is lost of a feed's message is that its id was taken: the repeat is the first to do something.
            let was_done = !matches!(request.route().access, Access::Signed(_));
            assert_eq!(first.replayed(), was_done, "{name}: {first:?}");
            assert_eq!(outcome(&again), outcome(&first), "{name}");
        };
        assert_eq!(growth(&stage, lost_and_repeated).await, once, "{name}: a loss and its repeats did not what one request does");
    }
}

pub async fn an_intent_keeps_its_answer_and_refuses_another_body_after_31_days<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    let mut asked = Vec::new();
    for request in mutating(&stage).into_iter().filter(Request::is_named) {
        let key = random_text();
        let first = request.send(&stage, &key).await;
        assert!(first.status < 300 && !first.replayed(), "{first:?}");
        asked.push((request, key, outcome(&first)));
    }
    for days in [0, 31] {
        stage.target().pass(Duration::from_hours(24 * days)).await;
        stage.target().rest().await;
        for (request, key, first) in &asked {
            let again = request.send(&stage, key).await;
            assert!(again.replayed(), "{}: {again:?}", request.function.name);
            assert_eq!(outcome(&again), *first, "{}", request.function.name);
            let other = request.send_body(&stage, key, request.other_body.as_ref()).await;
            let code = other.json()["code"].as_str().unwrap().to_owned();
            assert!(matches!(code.as_str(), "idempotency_key_reused" | "feed_id_reused"), "{}: {code}", request.function.name);
            assert_eq!(other.status, 422);
        }
    }
}
