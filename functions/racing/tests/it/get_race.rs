//! `GET /v1/races/{race}`: a race for anyone, with its result and how far its settlement has come.

use racing_testing::{Target, dividends, win};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_race_has_no_result_yet() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let seen = target.race(&race).await;
    assert_eq!((&seen["id"], &seen["state"], &seen["open"]), (&json!(race.id), &json!("open"), &json!(true)));
    assert_eq!((seen.get("result"), seen.get("settlement")), (None, None));
    assert_eq!(seen["runners"].as_array().map(Vec::len), Some(6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_shows_its_bracket_where_the_race_has_brackets() {
    let target = Target::start().await;
    let race = target.open_keirin_race().await;
    let seen = target.race(&race).await;
    assert_eq!(seen["runners"], race.announced_as_keirin()["runners"]);
    assert_eq!(seen["runners"][4], json!({"number": 5, "name": "rider 5", "bracket": 4}));
    let boats = target.race(&target.open_race().await).await;
    assert_eq!(boats["runners"][0].get("bracket"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn betting_closes_by_the_clock_without_a_write() {
    let target = Target::start().await;
    let race = target.announce(Duration::from_secs(10)).await;
    assert_eq!(target.race(&race).await["open"], true);
    target.pass(Duration::from_secs(11)).await;
    let seen = target.race(&race).await;
    assert_eq!((&seen["open"], &seen["state"]), (&json!(false), &json!("open")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_is_shown_at_once_and_its_settlement_as_it_goes() {
    let target = Target::start().await;
    let race = target.open_race().await;
    target.rich_user(1_000).await.bet(&race, win(1, 500)).await;
    let mut result = dividends(&[("win", "1", 180)]);
    result["places"] = json!([{"runner": 1, "place": 1}]);
    target.feed_results(&race.ended(&result)).await.expect(200);
    let resulted = target.race(&race).await;
    assert_eq!((&resulted["state"], &resulted["result_version"]), (&json!("resulted"), &json!(1)));
    assert_eq!(resulted["result"]["dividends"], result["dividends"]);
    assert_eq!(resulted["result"]["places"], result["places"]);
    let shards = resulted["shards"].clone();
    assert_eq!(resulted["settlement"], json!({"shards_done": 0, "shards": shards}));
    let settled = target.until_settled(&race).await;
    assert_eq!(settled["settlement"]["shards_done"], shards);
    let totals = json!({"slips": 1, "paid_users": 1, "by_asset": {"JPY": {"stake": 500, "payout": 900, "refund": 0}}});
    assert_eq!(settled["settlement"]["totals"], totals);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_race_is_missing() {
    let target = Target::start().await;
    let unknown = target.new_race(Duration::ZERO).path();
    for path in [unknown.as_str(), "/v1/races/x", "/v1/races/rac_20260230-01-01", "/v1/races/rac_20260523-00-01", "/v1/races/%23"]
    {
        target.get(path).await.refused(404, "not_found");
    }
}
