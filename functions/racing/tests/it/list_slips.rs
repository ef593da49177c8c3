//! `GET /v1/slips?race=&from=`: the caller's slips, newest first, each with what it came to.

use racing_testing::{Pages, Race, Target, User, dividends, win};
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/v1/slips";

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|slip| slip["id"].as_str().unwrap().to_owned()).collect()
}

/// Somebody with five slips on two races, and the slips' ids, oldest first.
async fn bettor(target: &Target) -> (User, [Race; 2], Vec<String>) {
    let user = target.rich_user(10_000).await;
    let races = [target.open_race().await, target.open_race().await];
    let mut slips = Vec::new();
    for number in 0..5 {
        let runner = u8::try_from(number % 3 + 1).unwrap();
        slips.push(user.bet(&races[number % 2], win(runner, 100)).await);
        // Slips of one millisecond have no order.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    let listed = async || (Pages::of(&user, PATH).items(100).await.len() == 5).then_some(());
    target.eventually("the index has every slip", listed).await;
    (user, races, slips)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_slips_come_newest_first() {
    let target = Target::start().await;
    let (user, _, slips) = bettor(&target).await;
    let items = Pages::of(&user, PATH).items(100).await;
    assert_eq!(ids(&items), slips.iter().rev().cloned().collect::<Vec<_>>());
    assert_eq!(items[0], user.slip(&slips[4]).await, "a row is the slip itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_of_one_race_are_read_at_once() {
    let target = Target::start().await;
    let (user, races, slips) = bettor(&target).await;
    for (index, race) in races.iter().enumerate() {
        let path = format!("{PATH}?race={}", race.id);
        let mut listed = ids(&Pages::of(&user, &path).items(100).await);
        let mut expected: Vec<_> = slips.iter().skip(index).step_by(2).cloned().collect();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected);
    }
    let fresh = user.bet(&races[0], win(6, 100)).await;
    let path = format!("{PATH}?race={}", races[0].id);
    assert!(ids(&Pages::of(&user, &path).items(100).await).contains(&fresh), "read consistently");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_leaves_out_what_is_older() {
    let target = Target::start().await;
    let (user, races, slips) = bettor(&target).await;
    let from = user.slip(&slips[3]).await["placed_at"].as_str().unwrap().to_owned();
    let listed = ids(&Pages::of(&user, &format!("{PATH}?from={from}")).items(100).await);
    assert_eq!(listed, [slips[4].clone(), slips[3].clone()]);
    let of_race = format!("{PATH}?from={from}&race={}", races[1].id);
    assert_eq!(ids(&Pages::of(&user, &of_race).items(100).await), [slips[3].clone()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_row_has_its_status() {
    let target = Target::start().await;
    let (user, races, slips) = bettor(&target).await;
    let mut result = dividends(&[("win", "1", 180)]);
    result["refunded"] = json!([3]);
    // On the first race: runners 1, 3 and 2.
    target.settle(&races[0], &result).await;
    let items = Pages::of(&user, PATH).items(2).await;
    let status = |slip: &String| {
        let item = items.iter().find(|item| item["id"] == *slip).unwrap();
        item["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(slips.iter().map(status).collect::<Vec<_>>(), ["won", "placed", "refunded", "placed", "lost"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_and_other_peoples_slips_are_not_listed() {
    let target = Target::start().await;
    let (_, races, _) = bettor(&target).await;
    let poor = target.user();
    poor.place(&races[0], "JPY", win(1, 100)).await.refused(402, "insufficient_funds");
    for path in [PATH.to_owned(), format!("{PATH}?race={}", races[0].id)] {
        assert_eq!(Pages::of(&poor, &path).items(100).await, Vec::<Value>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_any_length_hold_the_same() {
    let target = Target::start().await;
    let (user, races, _) = bettor(&target).await;
    Pages::of(&user, PATH).hold_the_same_at_any_limit().await;
    Pages::of(&user, &format!("{PATH}?race={}", races[0].id)).hold_the_same_at_any_limit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_is_good_for_its_own_list_only() {
    let target = Target::start().await;
    let ((user, races, slips), (stranger, ..)) = tokio::join!(bettor(&target), bettor(&target));
    let from = user.slip(&slips[0]).await["placed_at"].as_str().unwrap().to_owned();
    let (of_race, of_other, since) =
        (format!("{PATH}?race={}", races[0].id), format!("{PATH}?race={}", races[1].id), format!("{PATH}?from={from}"));
    Pages::of(&user, PATH).refuse_cursors_of(&[Pages::of(&stranger, PATH), Pages::of(&user, &of_race)]).await;
    Pages::of(&user, &of_race).refuse_cursors_of(&[Pages::of(&user, &of_other), Pages::of(&user, PATH)]).await;
    Pages::of(&user, &since).refuse_cursors_of(&[Pages::of(&user, PATH)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_filter_is_refused() {
    let target = Target::start().await;
    let user = target.user();
    for (query, name) in [("race=x", "race"), ("from=yesterday", "from"), ("status=won", "status")] {
        user.get(&format!("{PATH}?{query}")).await.refused_at(400, "malformed_parameter", name);
    }
    let unknown = target.new_race(Duration::ZERO).id;
    assert_eq!(user.get(&format!("{PATH}?race={unknown}")).await.expect(200), json!({"items": []}));
    // A wrong cursor is refused even where there is nothing to list.
    user.get(&format!("{PATH}?race={unknown}&cursor=x")).await.refused_at(400, "malformed_parameter", "cursor");
    assert_eq!(target.get(PATH).await.status, 401);
}
