//! Who is kept out: on every route of people, somebody whose session was revoked, who is suspended, or whose gate cannot be read. The
//! refusal changes nothing and is not the answer that the key gets later.

use super::request::{mutating, requests};
use super::{Examples, Request, local};
use crate::Response;
use crate::target::random_text;
use jiff::SignedDuration;
use platform::access::{ACCESS, Gate};
use platform::store::Record;
use serde_json::{Value, json};
use std::time::Duration;

/// After it no function knows an earlier gate.
const UNTIL_KNOWN: Duration = Duration::from_secs(31);

/// The routes of people, those last that change what others speak of.
fn of_people<E: Examples>(stage: &E) -> Vec<Request> {
    let reads = requests(stage).into_iter().filter(|request| !request.is_mutating());
    reads.chain(mutating(stage)).filter(|request| request.route().has_person()).collect()
}

/// A stage on a local cloud; none where the service has no route of people, or when the suite runs against a deployed API.
async fn with_people<E: Examples>() -> Option<E> {
    let stage = local::<E>().await?;
    (!of_people(&stage).is_empty()).then_some(stage)
}

/// Puts the gate of the stage's person, and lets every function forget an earlier one.
async fn put_gate<E: Examples>(stage: &E, body: &Value) {
    stage.target().put_record(&ACCESS, &Record::of(Gate::key(&stage.user().id()), body)).await;
    stage.target().skip(UNTIL_KNOWN).await;
}

/// Sends every request, all of which `look` sees refused, and sees that nothing changed.
async fn all_refused<E: Examples>(stage: &E, key: &str, look: impl Fn(&Request, &Response)) {
    stage.target().rest().await;
    let before = stage.target().items().await;
    for request in of_people(stage) {
        look(&request, &request.send(stage, key).await);
    }
    assert_eq!(stage.target().items().await, before, "somebody was kept out, and something changed");
}

pub async fn who_is_suspended_is_refused_and_may_come_back<E: Examples>() {
    let Some(stage) = with_people::<E>().await else { return };
    let key = random_text();
    put_gate(&stage, &json!(Gate::default().suspended(true))).await;
    all_refused(&stage, &key, |_, reply| drop(reply.refused(403, "account_suspended"))).await;
    put_gate(&stage, &json!(Gate::default())).await;
    for request in of_people(&stage) {
        let admitted = request.send(&stage, &key).await;
        assert!(admitted.status < 300 && !admitted.replayed(), "{}: {admitted:?}", request.function.name);
    }
}

pub async fn a_session_from_before_a_revocation_is_refused<E: Examples>() {
    let Some(stage) = with_people::<E>().await else { return };
    let later = stage.target().now() + SignedDuration::from_hours(1);
    put_gate(&stage, &json!(Gate::default().revoking_all(later))).await;
    all_refused(&stage, "k", |_, reply| drop(reply.refused(401, "token_revoked"))).await;
}

pub async fn a_gate_that_cannot_be_read_opens_to_nobody<E: Examples>() {
    let Some(stage) = with_people::<E>().await else { return };
    put_gate(&stage, &json!({"suspended": false})).await;
    all_refused(&stage, "k", |_, reply| drop(reply.refused(500, "internal"))).await;
}
