//! The gate beside the first read: who is kept out, and how long a copy is used. Nothing is written before it is known.

use super::{ask, bearer, change, check_of, read, start, suspend};
use cloud::connector::{Call, Fault, Faults, internal_error, throttled};
use jiff::Timestamp;
use platform::access::{ACCESS, Gate, SessionId};
use platform::store::Record;
use serde_json::{Value, json};
use shared::id::UserId;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use testing::{Response, Target, all_at_once};

fn ann() -> UserId {
    UserId::of_subject(cloud::issuer::ISSUER, "ann")
}

async fn count(target: &Target, claims: &Value) -> Response {
    read(target, "/v1/notes", &bearer(target, "ann", claims)).await
}

async fn leave(target: &Target, claims: &Value, key: &str) -> Response {
    ask(target, "POST", "/v1/notes", &bearer(target, "ann", claims), key, &json!({"minutes": 1})).await
}

/// How long a copy is believed, and a little more.
async fn let_copies_age(target: &Target) {
    target.skip(Duration::from_secs(31)).await;
}

/// The session that a claim names.
fn session(claim: &str, value: &str) -> SessionId {
    SessionId::derive(&[b"session", claim.as_bytes(), value.as_bytes()])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_session_is_refused_and_another_of_the_person_is_not() {
    let Some(target) = start().await else { return };
    for (claim, of, others) in [
        ("sid", json!({"sid": "a", "origin_jti": "x", "auth_time": 7}), json!({"sid": "b", "origin_jti": "x", "auth_time": 7})),
        ("origin_jti", json!({"origin_jti": "a", "auth_time": 7}), json!({"origin_jti": "b", "auth_time": 7})),
        ("auth_time", json!({"auth_time": 8}), json!({"auth_time": 9})),
    ] {
        count(&target, &of).await.expect(200);
        let value = if claim == "auth_time" { "8" } else { "a" };
        change(&target, json!({"user": ann(), "session": session(claim, value)})).await;
        let_copies_age(&target).await;
        count(&target, &of).await.refused(401, "token_revoked");
        leave(&target, &of, "k").await.refused(401, "token_revoked");
        count(&target, &others).await.expect(200);
    }
    assert!(target.items().await["notes"].is_empty());
    // Another person with the same session's name has another gate.
    read(&target, "/v1/notes", &bearer(&target, "bob", &json!({"sid": "a"}))).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_a_sign_in_until_the_revocations_second_are_refused() {
    let Some(target) = start().await else { return };
    change(&target, json!({"user": ann(), "at": 1_000})).await;
    for (claims, is_admitted) in [
        (json!({"auth_time": 999}), false),
        (json!({"auth_time": 1_000}), false),
        (json!({"auth_time": 1_001}), true),
        (json!({"iat": 1_000}), false),
        (json!({"iat": 1_001}), true),
        // A refreshed token keeps its sign-in.
        (json!({"auth_time": 1_000, "iat": 2_000}), false),
        (json!({"auth_time": "soon", "iat": 2_000}), false),
        (json!({}), false),
    ] {
        let reply = count(&target, &claims).await;
        if is_admitted {
            reply.expect(200);
        } else {
            reply.refused(401, "token_revoked");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_person_writes_nothing_and_the_refusal_is_not_the_keys_answer() {
    let Some(target) = start().await else { return };
    let user = testing::User::new(target.clone(), "ann".into());
    suspend(&user, true).await;
    count(&target, &json!({})).await.refused(403, "account_suspended");
    leave(&target, &json!({}), "same").await.refused(403, "account_suspended");
    assert_eq!(read(&target, "/v1/nothing", &user.bearer().await).await.refused(403, "account_suspended")["retryable"], false);
    // Public routes do not ask.
    assert_eq!(read(&target, "/v1/hours", &user.bearer().await).await.status, 204);
    assert!(target.items().await["notes"].is_empty());
    suspend(&user, false).await;
    let_copies_age(&target).await;
    let left = leave(&target, &json!({}), "same").await;
    assert!(left.status == 201 && !left.replayed(), "{left:?}");
    assert!(leave(&target, &json!({}), "same").await.replayed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_gate_is_believed_for_30_seconds_and_no_more() {
    let Some(target) = start().await else { return };
    let (user, began) = (testing::User::new(target.clone(), "ann".into()), target.now());
    let at = async |milliseconds: i64| {
        let then = began + jiff::SignedDuration::from_millis(milliseconds);
        target.cloud().set_clock(then).await.unwrap();
    };
    // Far from now, so that the clock's own running between two requests does not count.
    at(3_600_000).await;
    let first = count(&target, &json!({})).await;
    assert_eq!(check_of(&first), (1.0, 0.5), "half a read unit, also where there is no gate");
    suspend(&user, true).await;
    at(3_629_000).await;
    let believed = count(&target, &json!({})).await;
    believed.expect(200);
    assert_eq!(check_of(&believed), (0.0, 0.0));
    at(3_632_000).await;
    let refused = count(&target, &json!({})).await;
    refused.refused(403, "account_suspended");
    assert_eq!(check_of(&refused), (1.0, 0.5));
    // A clock that was set back finds no copy from the future.
    suspend(&user, false).await;
    at(3_600_000).await;
    count(&target, &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_is_counted_apart_and_a_malformed_request_makes_none() {
    let Some(target) = start().await else { return };
    let malformed = ask(&target, "POST", "/v1/notes", &bearer(&target, "ann", &json!({})), "k", &json!({"texts": 1})).await;
    malformed.refused(400, "malformed_body");
    assert_eq!(check_of(&malformed), (0.0, 0.0));
    let left = leave(&target, &json!({}), "k").await;
    assert_eq!((left.cost().calls, check_of(&left).0), (2.0, 1.0), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_that_cannot_be_read_opens_to_nobody() {
    let Some(target) = start().await else { return };
    for body in [json!({}), json!({"revoked_before": null, "revoked": [], "suspended": false, "locked": true}), json!([])] {
        target.put_record(&ACCESS, &Record::of(Gate::key(&ann()), &body)).await;
        count(&target, &json!({})).await.refused(500, "internal");
        leave(&target, &json!({}), "k").await.refused(500, "internal");
    }
    assert!(target.items().await["notes"].is_empty());
    target.put_record(&ACCESS, &Record::of(Gate::key(&ann()), &Gate::default())).await;
    // What failed is not kept.
    count(&target, &json!({})).await.expect(200);
}

/// Whether a call reads the platform's table.
fn reads_access(call: &Call<'_>) -> bool {
    call.operation == "GetItem" && String::from_utf8_lossy(call.body).contains("-access\"")
}

/// Answers every check with an error.
struct FailsChecks(fn() -> cloud::engine::Reply);

impl Faults for FailsChecks {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        reads_access(call).then(|| Fault::Reply((self.0)()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_fails_is_to_be_asked_again_and_opens_to_nobody() {
    let Some(target) = start().await else { return };
    let ours = shared::id::OrganizationId::derive(&[b"ours"]);
    change(&target, json!({"organization": ours, "user": ann(), "role": "owner"})).await;
    change(&target, json!({"organization": ours, "random": 1, "scopes": ["cards:read"], "expires_at": null})).await;
    let key = format!("Bearer {}", super::desk::secret(1).expose());
    for reply in [throttled, internal_error] {
        target.cloud().install_faults(Some(Arc::new(FailsChecks(reply))));
        let token = bearer(&target, "ann", &json!({"cognito:groups": ["support"]}));
        let replies = [
            count(&target, &json!({})).await,
            leave(&target, &json!({}), "k").await,
            read(&target, "/v1/nothing", &token).await,
            read(&target, "/v1/review", &token).await,
            read(&target, &format!("/v1/organizations/{ours}/plan"), &token).await,
            read(&target, "/v1/cards", &key).await,
        ];
        for refused in replies {
            assert_eq!(refused.refused(503, "access_unchecked")["retryable"], true);
            assert_eq!(refused.header("retry-after"), Some("5"));
        }
        assert!(target.items().await["notes"].is_empty());
    }
    target.cloud().install_faults(None);
    leave(&target, &json!({}), "k").await.expect(201);
}

/// Holds the read of the gate until it is let go, and counts the other reads.
#[derive(Default)]
struct HoldsCheck {
    state: Mutex<(bool, u32)>,
    changed: Condvar,
}

impl HoldsCheck {
    fn let_go(&self) {
        self.state.lock().unwrap().0 = true;
        self.changed.notify_all();
    }

    fn other_reads(&self) -> u32 {
        self.state.lock().unwrap().1
    }
}

impl Faults for HoldsCheck {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        if reads_access(call) {
            let _held = self.changed.wait_while(state, |(is_let_go, _)| !*is_let_go).unwrap();
        } else {
            state.1 += 1;
        }
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_handler_reads_beside_the_check_and_writes_after_it() {
    let Some(target) = start().await else { return };
    let user = testing::User::new(target.clone(), "ann".into());
    for is_suspended in [true, false] {
        suspend(&user, is_suspended).await;
        let_copies_age(&target).await;
        let holds = Arc::new(HoldsCheck::default());
        target.cloud().install_faults(Some(holds.clone()));
        let look = async {
            target.eventually("the handler reads", async || (holds.other_reads() == 1).then_some(())).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(target.items().await["notes"].is_empty(), "written before the check");
            holds.let_go();
        };
        let (left, ()) = futures_util::future::join(leave(&target, &json!({}), "k"), look).await;
        if is_suspended {
            left.refused(403, "account_suspended");
        } else {
            left.expect(201);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gates_that_are_changed_at_once_keep_every_change() {
    let Some(target) = start().await else { return };
    let sessions: Vec<_> = (0..4).map(|number| session("sid", &number.to_string())).collect();
    all_at_once(sessions.iter().map(|session| change(&target, json!({"user": ann(), "session": session})))).await;
    for number in 0..4 {
        count(&target, &json!({"sid": number.to_string()})).await.refused(401, "token_revoked");
    }
    count(&target, &json!({"sid": "4"})).await.expect(200);
    let _: Timestamp = target.now();
}
