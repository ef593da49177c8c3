//! The relay of the wallet table: every change becomes its event, in spite of one that cannot. Seen by what the events cause: a top-up
//! is collected by its event alone.

use serde_json::json;

/// An item that no mapping knows.
fn strange_item() -> serde_json::Value {
    json!({"pk": {"S": "strange#1"}, "sk": {"S": "x"}, "body": {"B": "e30="}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_top_ups_event_reaches_its_worker() {
    let target = crate::start().await;
    let user = target.user();
    user.top_up(1_000).await;
    assert_eq!(user.balance("JPY").await, 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_falls_behind_nothing() {
    let Some(target) = crate::start_local().await else { return };
    let users: Vec<_> = (0..50).map(|_| target.user()).collect();
    for user in &users {
        user.take_medals().await;
    }
    target.rest().await;
    let status = target.status().await;
    assert_eq!((status.stream_lag, status.dead), (0, 0), "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_mapped_is_kept_and_the_stream_goes_on() {
    let Some(target) = crate::start_local().await else { return };
    target.put_item("wallet", &strange_item()).await;
    let user = target.user();
    user.top_up(1_000).await;
    let kept = async || (target.status().await.queues["relay-wallet-failures"].visible == 1).then_some(());
    target.eventually("the strange change is kept", kept).await;
}
