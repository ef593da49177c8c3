//! Least privilege, measured: over a scenario that touches every function, what the definitions grant is exactly what was used, by the
//! record of what each function really called. A grant too few is AccessDenied somewhere in the suite, for the local cloud refuses what is
//! not granted; one too many is named here. So over the whole suite granted ÷ used is 1.0 as well.

use crate::faults::with_a_late_slip;
use crate::harness::{LosesMessagesTo, Target, User, dividends, win};
use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_granted_is_what_is_used() {
    let Some(target) = Target::start_local().await else { return };
    wallets(&target).await;
    // Races, slips, settlement, and a proof that sends a shard back.
    let (_, user, slip) = with_a_late_slip(&target).await;
    lists(&target, &user, &slip).await;
    a_race_that_was_never_proved(&target).await;
    failures_and_sweeps(&target).await;

    let granted = target.cloud().granted_actions();
    let used = async || (target.cloud().used_actions() == granted).then_some(());
    let all = tokio::time::timeout(Duration::from_secs(20), target.eventually("every grant is used", used)).await;
    let used = target.cloud().used_actions();
    assert!(all.is_ok(), "granted and never used: {:#?}", granted.difference(&used).collect::<Vec<_>>());
    assert_eq!(used, granted, "used and not granted");
    println!("item actions granted {}, used {}", granted.len(), used.len());
}

async fn wallets(target: &Target) {
    let user = target.user();
    user.take_medals().await;
    // Taken in silence: the sweep brings it back and the bank's status decides.
    let silent = user.ask_for_top_up(1_098).await;
    user.until_top_up_is(&silent, "UNKNOWN").await;
    target.pass(Duration::from_secs(130)).await;
    user.until_top_up_is(&silent, "COLLECTED").await;
    user.get("/v1/wallet").await.expect(200);
    user.get("/v1/wallet/lines").await.expect(200);
    target.get("/v1/health").await.expect(200);
    target.get("/v1/openapi.json").await.expect(200);
}

async fn lists(target: &Target, user: &User, slip: &str) {
    let race = target.open_race().await;
    user.bet(&race, win(1, 100)).await;
    user.get("/v1/slips").await.expect(200);
    user.get(&format!("/v1/slips?race={}", race.id)).await.expect(200);
    user.get(&format!("/v1/slips/{slip}")).await.expect(200);
    target.get("/v1/races").await.expect(200);
    target.settle(&race, &dividends(&[("win", "1", 150)])).await;
    target.get(&format!("{}/settlement", race.path())).await.expect(200);
}

/// Settled by hand again when all its shards are done: it is sent to be proved.
async fn a_race_that_was_never_proved(target: &Target) {
    let race = target.open_race().await;
    target.cloud().install_faults(Some(Arc::new(LosesMessagesTo("certify-race"))));
    target.feed_results(&race.ended(&dividends(&[]))).await.expect(200);
    target.pass(Duration::from_secs(26)).await;
    let done =
        async || (target.race(&race).await["settlement"]["shards_done"] == target.race(&race).await["shards"]).then_some(());
    target.eventually("the shards are done", done).await;
    target.cloud().install_faults(None);
    target.publish("settle-race", &json!({"data": {"race": race.id, "result_version": 1}})).await;
    target.until_settled(&race).await;
}

/// Changes that cannot be mapped, a job that fails and comes again, a race that hangs.
async fn failures_and_sweeps(target: &Target) {
    let strange = json!({"pk": {"S": "strange#1"}, "sk": {"S": "x"}, "body": {"B": "e30="}});
    target.put_item("wallet", &strange).await;
    target.put_item("racing", &strange).await;
    target.publish("settle-shard", &json!({"race": "rac_20200101-01-01", "result_version": 1, "shard": 0})).await;
    target.put_item("racing", &hanging_row(target.now())).await;
    target.skip(Duration::from_secs(70)).await;
}

/// The row of a race that has been waiting for its settlement for six minutes.
fn hanging_row(now: Timestamp) -> Value {
    let (day, changed_at) = (shared::calendar::day_of(now), now - SignedDuration::from_mins(6));
    let row = json!({
        "race": format!("rac_{}-99-12", day.strftime("%Y%m%d")), "title": "hangs", "closes_at": changed_at, "state": "resulted",
        "result_version": 1, "changed_at": changed_at,
    });
    let body = BASE64.encode(row.to_string().as_bytes());
    json!({"pk": {"S": format!("day#{day}")}, "sk": {"S": "99-12"}, "body": {"B": body}, "rev": {"N": "1"}})
}
