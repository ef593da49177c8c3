//! `GET /v1/races/{race}/settlement`: what a race came to, for anyone, by the certificates that prove it.

use racing_testing::{Race, Target, dividends, time, win};
use serde_json::{Value, json};
use std::time::Duration;

async fn settlement(target: &Target, race: &Race) -> Value {
    target.get(&format!("{}/settlement", race.path())).await.expect(200)
}

/// A certificate without the time it was made at.
fn timeless(certificate: &Value) -> Value {
    let mut certificate = certificate.clone();
    time(&certificate["made_at"].take());
    certificate.as_object_mut().unwrap().remove("made_at");
    certificate
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_first_proof_there_is_no_certificate() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let nothing = json!({"race": race.id, "state": "open", "result_version": 0, "certificates": []});
    assert_eq!(settlement(&target, &race).await, nothing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stakes_are_payouts_refunds_and_the_operators_result_in_each_asset() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    user.take_medals().await;
    user.bet(&race, win(1, 500)).await;
    user.bet(&race, win(3, 200)).await;
    user.bet_in(&race, "MEDAL", win(2, 400)).await;
    let mut result = dividends(&[("win", "1", 180)]);
    result["refunded"] = json!([3]);
    target.settle(&race, &result).await;
    let seen = settlement(&target, &race).await;
    assert_eq!((&seen["state"], &seen["result_version"]), (&json!("settled"), &json!(1)));
    let by_asset = json!({
        "JPY": {"stake": 700, "payout": 900, "refund": 200, "operator_result": -400},
        "MEDAL": {"stake": 400, "payout": 0, "refund": 0, "operator_result": 400},
    });
    let certificate = json!({"result_version": 1, "pass": 1, "slips": 3, "paid_users": 1, "by_asset": by_asset});
    assert_eq!(timeless(&seen["certificates"][0]), certificate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_adds_a_certificate_and_the_last_one_holds() {
    let target = Target::start().await;
    let race = target.open_race().await;
    target.rich_user(1_000).await.bet(&race, win(1, 500)).await;
    target.settle(&race, &dividends(&[("win", "1", 180)])).await;
    target.settle(&race, &dividends(&[("win", "2", 180)])).await;
    let seen = settlement(&target, &race).await;
    let of =
        |certificate: &Value| (certificate["result_version"].clone(), certificate["by_asset"]["JPY"]["operator_result"].clone());
    let all: Vec<_> = seen["certificates"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(all, [(json!(1), json!(-400)), (json!(2), json!(500))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_repeated_proof_says_the_same() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    target.rich_user(1_000).await.bet(&race, win(1, 500)).await;
    target.settle(&race, &dividends(&[("win", "1", 100)])).await;
    target.pass(Duration::from_mins(16)).await;
    let both = async || {
        let seen = settlement(&target, &race).await["certificates"].clone();
        (seen.as_array().map(Vec::len) == Some(2)).then_some(seen)
    };
    let both = target.eventually("the proof is repeated", both).await;
    let mut repeated = timeless(&both[0]);
    repeated["pass"] = json!(2);
    assert_eq!(timeless(&both[1]), repeated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_race_has_no_settlement() {
    let target = Target::start().await;
    let unknown = target.new_race(Duration::ZERO).path();
    for race in [unknown.as_str(), "/v1/races/x"] {
        target.get(&format!("{race}/settlement")).await.refused(404, "not_found");
    }
}
