//! `GET /v1/races?date=&venue=`: a day's races for anyone, in the order of venue and number.

use racing_testing::{Pages, Race, Target};
use serde_json::{Value, json};
use shared::calendar::day_of;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

fn path(race: &Race) -> String {
    format!("/v1/races?date={}&venue={}", race.date, race.venue)
}

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|race| race["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_venues_day_is_listed_in_order() {
    let target = Target::start().await;
    let races = target.announce_all(5, HOUR).await;
    let items = Pages::of(&target.user(), &path(&races[0])).items(100).await;
    assert_eq!(ids(&items), races.iter().map(|race| race.id.as_str()).collect::<Vec<_>>());
    let first = json!({
        "id": races[0].id, "title": "test", "closes_at": races[0].closes_at, "open": true, "state": "open", "result_version": 0,
    });
    assert_eq!(items[0], first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_has_all_its_venues() {
    let target = Target::start().await;
    let (one, other) = (target.announce(HOUR).await, target.announce(HOUR).await);
    for race in [&one, &other] {
        let items = Pages::of(&target.user(), &format!("/v1/races?date={}", race.date)).items(100).await;
        assert!(ids(&items).contains(&race.id.as_str()), "{items:?}");
        let mut sorted = ids(&items);
        sorted.sort_unstable();
        assert_eq!(ids(&items), sorted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_date_it_is_todays_in_tokyo() {
    let target = Target::start().await;
    let today = day_of(target.now());
    let race = target.new_race_of_today(HOUR);
    target.feed_races(&race.announcement(&race.announced())).await.expect(200);
    let items = Pages::of(&target.user(), "/v1/races").items(100).await;
    assert!(ids(&items).contains(&race.id.as_str()), "{items:?}");
    let prefix = format!("rac_{}-", today.strftime("%Y%m%d"));
    assert!(ids(&items).iter().all(|id| id.starts_with(&prefix)), "{items:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_follows_its_race() {
    let target = Target::start().await;
    let race = target.announce(HOUR).await;
    target.settle(&race, &json!({"dividends": {}})).await;
    let items = Pages::of(&target.user(), &path(&race)).items(100).await;
    let row = (&items[0]["open"], &items[0]["state"], &items[0]["result_version"]);
    assert_eq!(row, (&json!(false), &json!("settled"), &json!(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_any_length_hold_the_same() {
    let target = Target::start().await;
    let races = target.announce_all(5, HOUR).await;
    Pages::of(&target.user(), &path(&races[0])).hold_the_same_at_any_limit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_is_good_for_its_own_filter_only() {
    let target = Target::start().await;
    let (races, others) = (target.announce_all(3, HOUR).await, target.announce_all(2, HOUR).await);
    let user = target.user();
    let other_venue = path(&others[0]);
    Pages::of(&user, &path(&races[0])).refuse_cursors_of(&[Pages::of(&user, &other_venue)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_filter_is_refused() {
    let target = Target::start().await;
    for (query, name) in [
        ("date=today", "date"),
        ("date=2026-02-30", "date"),
        ("venue=x", "venue"),
        ("venue=-1", "venue"),
        ("venue=256", "venue"),
        ("venue=0", "venue"),
        ("venue=100", "venue"),
        ("state=open", "state"),
    ] {
        target.get(&format!("/v1/races?{query}")).await.refused_at(400, "malformed_parameter", name);
    }
    let nowhere = target.get("/v1/races?date=1999-01-01&venue=99").await.expect(200);
    assert_eq!(nowhere, json!({"items": []}));
}
