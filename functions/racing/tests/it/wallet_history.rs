//! Stakes in the wallet's history: `GET /v1/wallet/lines` shows what each slip took.

use racing_testing::{Pages, Target, User, time, win};
use serde_json::{Value, json};

const PATH: &str = "/v1/wallet/lines";

/// Somebody with a history of five lines.
async fn bettor(target: &Target) -> User {
    let user = target.rich_user(10_000).await;
    user.take_medals().await;
    let race = target.open_race().await;
    user.bet(&race, win(1, 500)).await;
    user.bet_in(&race, "MEDAL", win(2, 300)).await;
    user.bet(&race, win(3, 700)).await;
    user
}

fn amount(value: &Value, asset: &str, name: &str) -> i64 {
    let found = value.as_array().unwrap().iter().filter(|one| one["asset"] == asset);
    found.map(|one| one[name].as_i64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_is_gapless_and_says_what_moved_and_why() {
    let target = Target::start().await;
    let user = bettor(&target).await;
    let lines = user.lines().await;
    let shown =
        |line: &Value| (line["seq"].as_u64().unwrap(), line["kind"].as_str().unwrap().to_owned(), line["amounts"].clone());
    let line = |seq, kind: &str, asset: &str, minor: i64| (seq, kind.to_owned(), json!([{"asset": asset, "minor": minor}]));
    assert_eq!(
        lines.iter().map(shown).collect::<Vec<_>>(),
        [
            line(5, "stake", "JPY", -700),
            line(4, "stake", "MEDAL", -300),
            line(3, "stake", "JPY", -500),
            line(2, "medal_grant", "MEDAL", 1_000),
            line(1, "top_up", "JPY", 10_000),
        ]
    );
    assert!(lines[0]["operation"].as_str().unwrap().starts_with("bet_"), "{}", lines[0]);
    assert!(lines.windows(2).all(|pair| time(&pair[0]["at"]) >= time(&pair[1]["at"])), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_adds_up() {
    let target = Target::start().await;
    let user = bettor(&target).await;
    for page in Pages::of(&user, PATH).all(2).await {
        for asset in ["JPY", "MEDAL"] {
            let items = page["items"].as_array().unwrap();
            let moved: i64 = items.iter().map(|line| amount(&line["amounts"], asset, "minor")).sum();
            let (opening, closing) = (&page["opening_balances"], &items[0]["balances"]);
            assert_eq!(amount(opening, asset, "available") + moved, amount(closing, asset, "available"), "{page}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_is_good_for_its_own_list_only() {
    let target = Target::start().await;
    let (user, stranger) = tokio::join!(bettor(&target), bettor(&target));
    let others = [Pages::of(&stranger, PATH), Pages::of(&user, "/v1/slips")];
    target.rest().await;
    Pages::of(&user, PATH).refuse_cursors_of(&others).await;
}
