//! The relay of the racing table: every change becomes its event, in spite of one that cannot. Seen by what the events cause: a result
//! settles its race by its event alone.

use racing_testing::{Target, win};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_results_event_reaches_its_worker() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    let slip = user.bet(&race, win(1, 500)).await;
    target.settle(&race, &json!({"dividends": {}})).await;
    assert_eq!(user.outcome(&slip).await, ("refunded".into(), 0, 500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_change_can_be_mapped() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    user.bet(&race, win(1, 500)).await;
    user.place(&race, "JPY", win(1, 5_000)).await.refused(402, "insufficient_funds");
    target.settle(&race, &json!({"dividends": {}})).await;
    target.rest().await;
    let status = target.status().await;
    assert_eq!((status.stream_lag, status.dead, status.queues["relay-racing-failures"].visible), (0, 0, 0), "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_mapped_is_kept_and_the_stream_goes_on() {
    let Some(target) = Target::start_local().await else { return };
    target.put_item("racing", &json!({"pk": {"S": "strange#1"}, "sk": {"S": "x"}, "body": {"B": "e30="}})).await;
    target.put_item("racing", &json!({"pk": {"S": "race#x#y"}, "sk": {"S": "usr#b#z"}, "body": {"B": "e30="}})).await;
    let race = target.open_race().await;
    target.settle(&race, &json!({"dividends": {}})).await;
    let kept = async || (target.status().await.queues["relay-racing-failures"].visible == 2).then_some(());
    target.eventually("the strange changes are kept", kept).await;
}
