//! What keeps a race from being settled, and that it harms nobody else. A slip lands between two payments, or a shard never adds up. A
//! person cannot be paid, a worker was overtaken, or a result was altered.

use crate::faults::the_proof_holds;
use crate::harness::{Holds, Target, dividends, win};
use cloud::connector::{Call, Fault, Faults, internal_error};
use cloud::engine::Reply;
use data_encoding::BASE64;
use racing_domain::RaceId;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Runner 1 pays 1.5 times.
fn result() -> Value {
    dividends(&[("win", "1", 150)])
}

/// Delays a slip, and makes settle-shard fail after it has paid somebody, until `repaired` is set.
struct BreaksAfterAPayment {
    slip: Arc<Holds>,
    paid: AtomicBool,
    repaired: AtomicBool,
}

impl Faults for BreaksAfterAPayment {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        let broken = call.function == "settle-shard" && self.paid.load(Ordering::SeqCst) && !self.repaired.load(Ordering::SeqCst);
        if broken { Some(Fault::Reply(internal_error())) } else { self.slip.before(call) }
    }

    fn after(&self, call: &Call<'_>, _reply: &Reply) -> Option<Fault> {
        if call.function == "settle-shard" && call.operation == "TransactWriteItems" {
            self.paid.store(true, Ordering::SeqCst);
        }
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slip_that_lands_after_the_first_payment_is_refunded_though_the_worker_died() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    let early = user.bet(&race, win(1, 200)).await;
    let breaks = Arc::new(BreaksAfterAPayment {
        slip: Holds::the_first("TransactWriteItems", "place-slip"),
        paid: false.into(),
        repaired: false.into(),
    });
    target.cloud().install_faults(Some(breaks.clone()));
    let settle = async {
        target.eventually("the slip is held", async || breaks.slip.is_holding()).await;
        target.feed_results(&race.ended(&result())).await.expect(200);
        target.pass(Duration::from_secs(26)).await;
        target.eventually("the early slip is paid", async || breaks.paid.load(Ordering::SeqCst).then_some(())).await;
        breaks.slip.let_go();
    };
    let (placed, ()) = tokio::join!(user.place(&race, "JPY", win(1, 500)), settle);
    let late = placed.expect(201)["id"].as_str().unwrap().to_owned();
    breaks.repaired.store(true, Ordering::SeqCst);
    target.until_settled(&race).await;
    assert_eq!(user.outcome(&early).await, ("won".into(), 300, 0));
    assert_eq!(user.outcome(&late).await, ("refunded".into(), 0, 500));
    assert_eq!(user.balance("JPY").await, 1_000 + 100);
    the_proof_holds(&target).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_that_never_adds_up_is_tried_ever_more_seldom_and_given_up_on() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let mut shards = Vec::new();
    while shards.len() < 3 {
        let user = target.rich_user(1_000).await;
        let (shard, _) = target.shard(&race, &user).await;
        if !shards.contains(&shard) {
            shards.push(shard);
            user.bet(&race, win(1, 200)).await;
            target.put_wrong_payout(&race, &user).await;
        }
    }
    target.feed_results(&race.ended(&result())).await.expect(200);
    for _ in 0..40 {
        target.skip(Duration::from_secs(30)).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Twenty minutes: at most eight proofs of each of the messages that the sweep has sent.
    let (proofs, repairs) = (target.invocations("certify-race").len(), target.invocations("settle-shard").len());
    assert!((5..=80).contains(&proofs) && repairs <= 3 * proofs + 64, "{proofs} proofs, {repairs} repairs");
    assert!(target.alarms("race-does-not-add-up").len() >= 3);
    assert_eq!(target.race(&race).await["state"], "resulted");
    let given_up = async || {
        target.skip(Duration::from_mins(13)).await;
        (target.dead("certify-race").await > 0).then_some(())
    };
    target.eventually("the message is given up on", given_up).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_who_cannot_be_paid_keeps_nobody_else_from_it() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let unpayable = target.rich_user(1_000).await;
    let (shard, _) = target.shard(&race, &unpayable).await;
    let mut neighbors = Vec::new();
    while neighbors.len() < 3 {
        let user = target.rich_user(1_000).await;
        if target.shard(&race, &user).await.0 == shard {
            neighbors.push(user);
        }
    }
    for user in neighbors.iter().chain([&unpayable]) {
        user.bet(&race, win(1, 200)).await;
    }
    target.put_payout(&race, &unpayable, b"{}", &[0; 32]).await;
    target.feed_results(&race.ended(&result())).await.expect(200);
    target.pass(Duration::from_secs(26)).await;
    for user in &neighbors {
        target.eventually("a neighbor is paid", async || (user.balance("JPY").await == 1_100).then_some(())).await;
    }
    target.rest().await;
    assert_eq!(target.race(&race).await["state"], "resulted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_finds_another_payment_in_place_of_its_own_does_not_call_its_shard_done() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    user.bet(&race, win(1, 200)).await;
    let payment = Holds::the_first("TransactWriteItems", "settle-shard");
    target.cloud().install_faults(Some(payment.clone()));
    target.feed_results(&race.ended(&result())).await.expect(200);
    target.pass(Duration::from_secs(26)).await;
    target.eventually("the payment is held", async || payment.is_holding()).await;
    target.put_wrong_payout(&race, &user).await;
    payment.let_go();
    let failed = async || target.invocations("settle-shard").into_iter().find(|done| done.outcome == "0 of 1 handled");
    target.eventually("the worker fails", failed).await;
    assert_eq!(user.balance("JPY").await, 800, "nothing was paid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_was_altered_pays_nobody() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    let slip = user.bet(&race, win(1, 200)).await;
    target.feed_results(&race.ended(&result())).await.expect(200);
    let id: RaceId = race.id.parse().unwrap();
    let mut item = target.item("racing", &format!("race#{}", id.key()), "result#v0001").await.unwrap();
    let body = BASE64.decode(item["body"]["B"].as_str().unwrap().as_bytes()).unwrap();
    let altered = String::from_utf8(body).unwrap().replace("150", "950");
    item["body"]["B"] = BASE64.encode(altered.as_bytes()).into();
    target.put_item("racing", &item).await;
    target.pass(Duration::from_secs(26)).await;
    let failed = async || target.invocations("settle-shard").into_iter().find(|done| done.outcome == "0 of 1 handled");
    target.eventually("the worker fails", failed).await;
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (800, 2));
    user.get(&format!("/v1/slips/{slip}")).await.refused(500, "internal");
    target.get(&race.path()).await.refused(500, "internal");
}
