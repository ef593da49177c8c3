//! `POST /v1/races/{race}/slips`: the stake and the slip, both or neither, once for each key; and a refusal that stays one.

use racing_domain::BetType;
use racing_testing::{Target, all_at_once, bet, random_text, time, win};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

fn selection(bet_type: &str, selection: &Value, stake: i64) -> Value {
    json!([{"bet_type": bet_type, "selection": selection, "stake": stake}])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slip_takes_its_stake() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(10_000).await;
    let bets = json!([
        {"bet_type": "trifecta", "selection": {"kind": "box", "runners": [1, 2, 3]}, "stake": 200},
        bet("win", &[4], 1_000),
    ]);
    let placed = user.place(&race, "JPY", bets.clone()).await;
    let slip = placed.expect(201);
    assert_eq!((&slip["stake"], &slip["combinations"], &slip["bets"]), (&json!(2_200), &json!(7), &bets));
    assert_eq!((&slip["race"], &slip["asset"], &slip["status"]), (&json!(race.id), &json!("JPY"), &json!("placed")));
    let id = slip["id"].as_str().unwrap();
    assert_eq!(user.slip(id).await, slip);
    assert_eq!(user.balance("JPY").await, 7_800);
    let line = &user.lines().await[0];
    assert_eq!((&line["kind"], &line["operation"]), (&json!("stake"), &json!(id)));
    assert_eq!(line["amounts"], json!([{"asset": "JPY", "minor": -2_200}]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn medals_pay_for_medal_slips_only() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.user();
    user.take_medals().await;
    user.bet_in(&race, "MEDAL", win(1, 400)).await;
    assert_eq!(user.balance("MEDAL").await, 600);
    user.place(&race, "JPY", win(1, 400)).await.refused(402, "insufficient_funds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_little_is_refused_with_what_there_is_and_what_it_takes() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(500).await;
    let refused = user.place(&race, "JPY", win(1, 600)).await.refused(402, "insufficient_funds");
    assert_eq!(refused["available"], json!({"asset": "JPY", "minor": 500}));
    assert_eq!(refused["needed"], json!({"asset": "JPY", "minor": 600}));
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (500, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_on_refusals_shows_the_real_reply() {
    let page = include_str!("../../../../docs/refusals.md");
    let shown = page.split_once("Idempotency-Replayed: true\n\n").and_then(|(_, after)| after.split_once("```"));
    let (body, _) = shown.expect("an example");
    let example: Value = serde_json::from_str(body).expect("a problem");

    let target = Target::start().await;
    let race = target.open_race().await;
    let (user, key) = (target.rich_user(500).await, random_text());
    user.place_keyed(&race, &key, "JPY", win(1, 600)).await.refused(402, "insufficient_funds");
    user.top_up(1_000).await;
    let again = user.place_keyed(&race, &key, "JPY", win(1, 600)).await;
    assert!(again.replayed());
    assert_eq!(again.refused(402, "insufficient_funds"), example);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_stays_one_and_a_new_key_is_a_new_attempt() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let (user, key) = (target.user(), random_text());
    let first = user.place_keyed(&race, &key, "JPY", win(1, 600)).await;
    first.refused(402, "insufficient_funds");
    user.top_up(1_000).await;
    let again = user.place_keyed(&race, &key, "JPY", win(1, 600)).await;
    assert!(!first.replayed() && again.replayed(), "{again:?}");
    assert_eq!((again.status, &again.body), (402, &first.body));
    user.place_keyed(&race, &key, "JPY", win(2, 600)).await.refused(422, "idempotency_key_reused");
    user.bet(&race, win(1, 600)).await;
    assert_eq!(user.balance("JPY").await, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_race_refuses_and_remembers_it() {
    let target = Target::start().await;
    let race = target.announce(Duration::from_secs(2)).await;
    let (user, key) = (target.rich_user(1_000).await, random_text());
    target.pass(Duration::from_secs(4)).await;
    let refused = user.place_keyed(&race, &key, "JPY", win(1, 100)).await;
    assert_eq!(refused.refused(409, "betting_closed")["closed_at"], json!(race.closes_at));
    // Another close does not change what was answered.
    let mut announced = race.announced();
    announced["closes_at"] = json!(race.closes_at - Duration::from_secs(1));
    let moved = target.feed_races(&race.announcement(&announced)).await.expect(200);
    assert_eq!(moved["races"][0]["outcome"], "updated");
    let again = user.place_keyed(&race, &key, "JPY", win(1, 100)).await;
    assert!(again.replayed());
    assert_eq!((again.status, &again.body), (409, &refused.body));
    assert_eq!(user.balance("JPY").await, 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_result_closes_for_new_slips_and_not_for_repeats() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let (user, key) = (target.rich_user(1_000).await, random_text());
    let placed = user.place_keyed(&race, &key, "JPY", win(1, 100)).await;
    target.feed_results(&race.ended(&json!({"dividends": {}}))).await.expect(200);
    // A copy of the race may be a second old; a slip that slips through is refunded.
    target.pass(Duration::from_secs(2)).await;
    user.place(&race, "JPY", win(1, 100)).await.refused(409, "betting_closed");
    let again = user.place_keyed(&race, &key, "JPY", win(1, 100)).await;
    assert!(again.replayed(), "{again:?}");
    assert_eq!((again.status, &again.body), (201, &placed.body));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn betting_ends_at_the_close_itself() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.announce(Duration::from_mins(10)).await;
    let user = target.rich_user(1_000).await;
    target.cloud().set_clock(race.closes_at - Duration::from_secs(5)).await.unwrap();
    user.bet(&race, win(1, 100)).await;
    target.cloud().set_clock(race.closes_at).await.unwrap();
    let refused = user.place(&race, "JPY", win(1, 100)).await;
    assert_eq!(time(&refused.refused(409, "betting_closed")["closed_at"]), race.closes_at);
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (900, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_race_is_closed() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let (user, key) = (target.rich_user(1_000).await, random_text());
    target.feed_results(&race.ended(&json!({"dividends": {}}))).await.expect(200);
    let refused = user.place_keyed(&race, &key, "JPY", win(1, 100)).await;
    assert_eq!(refused.refused(409, "betting_closed")["closed_at"], target.race(&race).await["closed_at"]);
    let again = user.place_keyed(&race, &key, "JPY", win(1, 100)).await;
    assert!(again.replayed() && again.body == refused.body, "{again:?}");
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (1_000, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_and_body_is_the_same_slip() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let (user, key) = (target.rich_user(1_000).await, random_text());
    let first = user.place_keyed(&race, &key, "JPY", win(1, 600)).await;
    let again = user.place_keyed(&race, &key, "JPY", win(1, 600)).await;
    assert!(!first.replayed() && again.replayed());
    assert_eq!((again.status, &again.body), (201, &first.body));
    user.place_keyed(&race, &key, "JPY", win(2, 600)).await.refused(422, "idempotency_key_reused");
    user.place_keyed(&race, &key, "MEDAL", win(1, 600)).await.refused(422, "idempotency_key_reused");
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (400, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_on_another_race_or_of_another_person_is_another_slip() {
    let target = Target::start().await;
    let (race, other) = (target.open_race().await, target.open_race().await);
    let (user, stranger, key) = (target.rich_user(1_000).await, target.rich_user(1_000).await, random_text());
    let mut ids = BTreeSet::new();
    for (user, race) in [(&user, &race), (&user, &other), (&stranger, &race)] {
        let placed = user.place_keyed(race, &key, "JPY", win(1, 100)).await;
        assert!(!placed.replayed());
        let id = placed.expect(201)["id"].as_str().unwrap().to_owned();
        assert!(ids.insert(id), "{placed:?} is among {ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_identical_requests_at_once_are_one_slip() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let (user, key) = (target.rich_user(10_000).await, random_text());
    let replies = all_at_once((0..100).map(|_| user.place_keyed(&race, &key, "JPY", win(1, 100)))).await;
    assert!(replies.iter().all(|reply| (reply.status, &reply.body) == (201, &replies[0].body)), "{replies:?}");
    assert_eq!(replies.iter().filter(|reply| !reply.replayed()).count(), 1);
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (9_900, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_slips_at_once_on_one_wallet_add_up() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(10_000).await;
    let mut keys: Vec<_> = (0..32).map(|_| random_text()).collect();
    // A caller that lost too many conflicts retries with the same key, as the reply says.
    for _ in 0..32 {
        let replies = all_at_once(keys.iter().map(|key| user.place_keyed(&race, key, "JPY", win(1, 100)))).await;
        let lost = replies
            .iter()
            .zip(&keys)
            .filter(|(reply, _)| reply.status != 201 && reply.refused(409, "contention")["retryable"] == true);
        keys = lost.map(|(_, key)| key.clone()).collect();
        if keys.is_empty() {
            break;
        }
    }
    assert_eq!(keys, Vec::<String>::new(), "contention never ends");
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (10_000 - 3_200, 33));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slips_at_once_never_spend_more_than_there_is() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(500).await;
    let replies = all_at_once((0..10).map(|_| user.place(&race, "JPY", win(1, 100)))).await;
    let placed = replies.iter().filter(|reply| reply.status == 201).count();
    assert!(replies.iter().all(|reply| matches!(reply.status, 201 | 402 | 409)), "{replies:?}");
    assert_eq!(user.balance("JPY").await, 500 - 100 * i64::try_from(placed).unwrap());
    assert!(user.balance("JPY").await >= 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_1_to_255_visible_ascii_characters() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    let body = json!({"asset": "JPY", "bets": win(1, 100)});
    user.post(&race.slips_path(), &body).await.refused(400, "idempotency_key_required");
    user.post_keyed(&race.slips_path(), "", &body).await.refused_at(400, "idempotency_key_required", "Idempotency-Key");
    for key in ["a b", "a\tb", "ключ", "鍵", &"x".repeat(256)] {
        let refused = user.post_keyed(&race.slips_path(), key, &body).await;
        refused.refused_at(400, "idempotency_key_invalid", "Idempotency-Key");
    }
    for key in ["x", "!~", &"x".repeat(255)] {
        user.post_keyed(&race.slips_path(), key, &body).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_form_error_has_its_code_and_its_place() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    let single = |runners: Value| json!({"kind": "single", "runners": runners});
    for (bets, code, pointer) in [
        (json!([]), "no_bets", "/bets"),
        (json!(vec![bet("win", &[1], 100); 13]), "too_many_bets", "/bets"),
        (win(7, 100), "unknown_runner", "/bets/0/selection/runners/0"),
        (json!([bet("win", &[1], 100), bet("exacta", &[2, 2], 100)]), "duplicate_runner", "/bets/1/selection/runners/1"),
        (selection("exacta", &single(json!([1])), 100), "wrong_selection", "/bets/0/selection/runners"),
        (selection("exacta", &json!({"kind": "formation", "legs": [[1], []]}), 100), "empty_leg", "/bets/0/selection/legs/1"),
        (
            selection("exacta", &json!({"kind": "formation", "legs": [[1], [1]]}), 100),
            "no_combinations",
            "/bets/0/selection/legs",
        ),
        (
            selection("quinella", &json!({"kind": "wheel", "axis": [1], "with": [2], "multi": true}), 100),
            "multi_unordered",
            "/bets/0/selection/multi",
        ),
        (win(1, 0), "stake_not_positive", "/bets/0/stake"),
        (win(1, -100), "stake_not_positive", "/bets/0/stake"),
        (win(1, 150), "stake_not_multiple_of_100", "/bets/0/stake"),
        (win(1, 10_000_100), "stake_above_limit", "/bets/0/stake"),
        (json!([bet("win", &[1], 10_000_000), bet("win", &[2], 100)]), "stake_above_limit", "/bets"),
        (
            json!(vec![
                json!({"bet_type": "trifecta", "selection": {"kind": "box", "runners": [1, 2, 3, 4, 5, 6]}, "stake": 100});
                9
            ]),
            "too_many_combinations",
            "/bets",
        ),
    ] {
        let refused = user.place(&race, "JPY", bets).await;
        refused.refused_at(422, code, pointer);
        // Only who runs must be looked up.
        if code == "unknown_runner" {
            assert!(refused.cost().calls <= 2.0 && refused.cost().wru <= 0.0, "{refused:?}");
        } else {
            refused.cost_nothing();
        }
    }
    assert_eq!(user.lines().await.len(), 1, "nothing was taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_limit_may_be_reached() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(30_000_000).await;
    let boxed = |bet_type: &str, runners: u8| {
        let runners: Vec<_> = (1..=runners).collect();
        json!({"bet_type": bet_type, "selection": {"kind": "box", "runners": runners}, "stake": 100})
    };
    // 960, 24, 12 and 4.
    let mut thousand = vec![boxed("trifecta", 6); 8];
    thousand.extend([boxed("trifecta", 4), boxed("exacta", 4), boxed("win", 4)]);
    for (bets, combinations, stake) in [
        (win(1, 10_000_000), 1, 10_000_000),
        (json!([bet("win", &[1], 9_999_900), bet("win", &[2], 100)]), 2, 10_000_000),
        (json!(vec![bet("win", &[1], 100); 12]), 12, 1_200),
        (json!(thousand), 1_000, 100_000),
    ] {
        let placed = user.place(&race, "JPY", bets.clone()).await.expect(201);
        assert_eq!((&placed["combinations"], &placed["stake"]), (&json!(combinations), &json!(stake)), "{bets}");
    }
    thousand.push(boxed("win", 1));
    user.place(&race, "JPY", json!(thousand)).await.refused_at(422, "too_many_combinations", "/bets");
    assert_eq!(user.balance("JPY").await, 30_000_000 - 20_101_200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bracket_bets_count_as_the_races_brackets_are() {
    let target = Target::start().await;
    let race = target.open_keirin_race().await;
    let user = target.rich_user(20_000).await;
    let everything = json!({"kind": "formation", "legs": [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]});
    for (bet_type, of_different, of_all) in [("bracket_quinella", 15, 18), ("bracket_exacta", 30, 33)] {
        let boxed = json!({"kind": "box", "runners": [1, 2, 3, 4, 5, 6]});
        for (marked, count) in [(&boxed, of_different), (&everything, of_all)] {
            let slip = user.place(&race, "JPY", selection(bet_type, marked, 100)).await.expect(201);
            assert_eq!((&slip["combinations"], &slip["stake"]), (&json!(count), &json!(count * 100)), "{bet_type} {marked}");
        }
    }
    let placed = user.place(&race, "JPY", json!([bet("bracket_exacta", &[4, 4], 100)])).await.expect(201);
    assert_eq!(user.slip(placed["id"].as_str().unwrap()).await, placed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_form_error_of_a_bracket_bet_has_its_code_and_its_place() {
    let target = Target::start().await;
    let (boats, keirin) = (target.open_race().await, target.open_keirin_race().await);
    let user = target.rich_user(1_000).await;
    let bets = json!([bet("win", &[1], 100), bet("bracket_quinella", &[1, 2], 100)]);
    user.place(&boats, "JPY", bets).await.refused_at(422, "no_brackets", "/bets/1/bet_type");
    let twice = json!({"kind": "box", "runners": [4, 5, 4]});
    let around_itself = json!({"kind": "wheel", "axis": [2], "with": [1, 2]});
    for (bets, code, pointer) in [
        (json!([bet("bracket_exacta", &[7, 1], 100)]), "unknown_bracket", "/bets/0/selection/runners/0"),
        (json!([bet("bracket_exacta", &[3, 3], 100)]), "bracket_of_one", "/bets/0/selection/runners/1"),
        (selection("bracket_quinella", &twice, 100), "duplicate_bracket", "/bets/0/selection/runners/2"),
        (selection("bracket_quinella", &around_itself, 100), "bracket_of_one", "/bets/0/selection/with/1"),
    ] {
        user.place(&keirin, "JPY", bets).await.refused_at(422, code, pointer);
    }
    assert_eq!(user.lines().await.len(), 1, "nothing was taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_the_form_is_refused_at_its_place() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.user();
    let mut stray = win(1, 100);
    stray[0]["odds"] = json!(2);
    for (body, pointer) in [
        (json!({"bets": win(1, 100)}), ""),
        (json!({"asset": "GOLD", "bets": win(1, 100)}), "/asset"),
        (json!({"asset": "JPY", "bets": win(1, 100), "note": "x"}), "/note"),
        (json!({"asset": "JPY", "bets": stray}), "/bets/0/odds"),
        (json!({"asset": "JPY", "bets": [bet("tote", &[1], 100)]}), "/bets/0/bet_type"),
        (json!({"asset": "JPY", "bets": {}}), "/bets"),
    ] {
        user.post_new(&race.slips_path(), &body).await.refused_at(400, "malformed_body", pointer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_word_gets_the_list_of_known_ones() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.user();
    let slip = |bet: Value| json!({"asset": "JPY", "bets": [bet]});
    for (body, pointer, words) in [
        (json!({"asset": "GOLD", "bets": win(1, 100)}), "/asset", &["JPY", "MEDAL"][..]),
        (slip(bet("tote", &[1], 100)), "/bets/0/bet_type", &BetType::ALL.map(BetType::code)),
        (slip(json!({"odds": 2})), "/bets/0/odds", &["bet_type", "selection", "stake"]),
        (
            slip(json!({"bet_type": "win", "selection": {"kind": "all"}, "stake": 100})),
            "/bets/0/selection/kind",
            &["single", "box", "formation", "wheel"],
        ),
    ] {
        let refused = user.post_new(&race.slips_path(), &body).await;
        refused.refused_at(400, "malformed_body", pointer);
        let problem = refused.json();
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(words.iter().all(|word| detail.contains(&format!("`{word}`"))), "{body}: {detail}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_error_is_not_remembered() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let (user, key) = (target.rich_user(1_000).await, random_text());
    user.place_keyed(&race, &key, "JPY", win(1, 150)).await.refused(422, "stake_not_multiple_of_100");
    let placed = user.place_keyed(&race, &key, "JPY", win(1, 200)).await;
    placed.expect(201);
    assert!(!placed.replayed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_that_does_not_exist_is_missing() {
    let target = Target::start().await;
    let user = target.user();
    let unknown = target.new_race(Duration::from_hours(1));
    user.place(&unknown, "JPY", win(1, 100)).await.refused(404, "not_found");
    let body = json!({"asset": "JPY", "bets": win(1, 100)});
    user.post_new("/v1/races/x/slips", &body).await.refused(404, "not_found");
    let nobody = target.send("POST", &unknown.slips_path(), &[("idempotency-key", "k")], b"{}").await;
    assert_eq!(nobody.status, 401);
}
