//! `POST /v1/medals/daily`: a thousand medals a person and Japanese day, and no key is needed for it to be once.

use cloud::connector::{Call, Fault, Faults, transaction_conflict};
use serde_json::json;
use shared::calendar::day_of;
use std::sync::Arc;
use std::time::Duration;
use testing::all_at_once;

const PATH: &str = "/v1/medals/daily";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_brings_a_thousand_medals() {
    let target = crate::start().await;
    let user = target.user();
    let granted = user.post(PATH, &json!({})).await;
    let day = day_of(target.now()).to_string();
    assert_eq!(granted.expect(200), json!({"day": day, "asset": "MEDAL", "minor": 1_000}));
    assert!(!granted.replayed());
    assert_eq!(user.balance("MEDAL").await, 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_call_of_the_day_answers_the_same_and_grants_nothing() {
    let target = crate::start().await;
    let user = target.user();
    let first = user.post(PATH, &json!({})).await;
    let second = user.post(PATH, &json!({})).await;
    assert!(second.replayed(), "{second:?}");
    assert_eq!((second.status, &second.body), (first.status, &first.body));
    assert_eq!((user.balance("MEDAL").await, user.lines().await.len()), (1_000, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_calls_at_once_grant_once() {
    let target = crate::start().await;
    let user = target.user();
    let nothing = json!({});
    let replies = all_at_once((0..20).map(|_| user.post(PATH, &nothing))).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    assert_eq!(replies.iter().filter(|reply| !reply.replayed()).count(), 1);
    assert_eq!(user.balance("MEDAL").await, 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_ends_at_midnight_in_tokyo() {
    let start = |config: &mut cloud::Config| config.start_at = Some("2027-05-22T14:58:00Z".parse().unwrap());
    let Some(target) = crate::start_local_with(start).await else { return };
    let user = target.user();
    assert_eq!(user.post(PATH, &json!({})).await.expect(200)["day"], "2027-05-22");
    target.skip(Duration::from_mins(3)).await;
    let next = user.post(PATH, &json!({})).await;
    assert_eq!((&next.expect(200)["day"], next.replayed()), (&json!("2027-05-23"), false));
    assert_eq!(user.balance("MEDAL").await, 2_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_loses_too_many_conflicts_is_asked_to_retry() {
    /// Somebody else is always at the wallet.
    struct AlwaysConflicts;
    impl Faults for AlwaysConflicts {
        fn before(&self, call: &Call<'_>) -> Option<Fault> {
            let grants = call.function == "grant-medals" && call.operation == "TransactWriteItems";
            grants.then(|| Fault::Reply(transaction_conflict(2)))
        }
    }
    let Some(target) = crate::start_local().await else { return };
    let user = target.user();
    target.cloud().install_faults(Some(Arc::new(AlwaysConflicts)));
    let refused = user.post(PATH, &json!({})).await.refused(409, "contention");
    assert_eq!(refused["retryable"], true);
    target.cloud().install_faults(None);
    user.take_medals().await;
    assert_eq!((user.balance("MEDAL").await, user.lines().await.len()), (1_000, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_needed() {
    let target = crate::start().await;
    assert_eq!(target.send("POST", PATH, &[], &[]).await.status, 401);
}
