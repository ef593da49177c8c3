//! `POST /v1/feeds/results`: each new result of a race is its next version, and a repeat is none.

use cloud::connector::{Call, Fault, Faults};
use cloud::engine::Reply;
use racing_testing::{Holds, Race, Response, Target, dividends, random_text, time};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

const PATH: &str = "/v1/feeds/results";

const AHEAD: Duration = Duration::from_mins(5);

/// Lets no result be written.
struct NoResult;

impl Faults for NoResult {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        (call.function == "record-results" && call.operation == "TransactWriteItems").then_some(Fault::Lost)
    }
}

fn result(per_100: i64) -> Value {
    dividends(&[("win", "1", per_100)])
}

fn outcome_and_version(reply: &Value) -> (&str, u64) {
    let race = &reply["races"][0];
    (race["outcome"].as_str().unwrap(), race["result_version"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_different_result_is_the_next_version() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let feed = async |per_100| target.feed_results(&race.ended(&result(per_100))).await.expect(200);
    assert_eq!(outcome_and_version(&feed(150).await), ("resulted", 1));
    assert_eq!(outcome_and_version(&feed(150).await), ("unchanged", 1));
    assert_eq!(outcome_and_version(&feed(250).await), ("resulted", 2));
    assert_eq!(outcome_and_version(&feed(150).await), ("resulted", 3), "back to the first result is a change as well");
    let seen = target.race(&race).await;
    assert_eq!(seen["result"]["dividends"], result(150)["dividends"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_comes_again_late_undoes_no_correction() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let (first, body) = (random_text(), race.ended(&result(150)));
    let before = target.feed_as(&first, PATH, &body).await;
    target.feed_results(&race.ended(&result(250))).await.expect(200);
    let again = target.feed_as(&first, PATH, &body).await;
    assert!(again.replayed(), "{again:?}");
    assert_eq!((again.status, &again.body), (200, &before.body));
    assert_eq!(target.race(&race).await["result_version"], 2);
    target.feed_as(&first, PATH, &race.ended(&result(350))).await.refused(422, "feed_id_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_was_cut_short_goes_on_and_undoes_no_correction_that_came_meanwhile() {
    /// Lets one result be written, then no more.
    #[derive(Default)]
    struct OneResult(AtomicUsize);
    impl Faults for OneResult {
        fn before(&self, call: &Call<'_>) -> Option<Fault> {
            let writes = call.function == "record-results" && call.operation == "TransactWriteItems";
            (writes && self.0.fetch_add(1, Relaxed) > 0).then_some(Fault::Lost)
        }
    }
    let Some(target) = Target::start_local().await else { return };
    let [first, second] = <[Race; 2]>::try_from(target.announce_all(2, Duration::from_hours(1)).await).unwrap();
    let mut both = first.ended(&result(150));
    both["results"].as_array_mut().unwrap().push(second.ended(&result(150))["results"][0].clone());
    let id = random_text();
    target.cloud().install_faults(Some(Arc::new(OneResult::default())));
    target.feed_as(&id, PATH, &both).await.refused(500, "internal");
    target.cloud().install_faults(None);
    assert_eq!(target.race(&second).await["result_version"], 0, "the first race's alone was written");
    target.feed_results(&second.ended(&result(250))).await.expect(200);
    let resumed = target.feed_as(&id, PATH, &both).await.expect(200);
    assert_eq!(outcome_and_version(&resumed), ("resulted", 1));
    assert_eq!((&resumed["races"][1]["outcome"], &resumed["races"][1]["result_version"]), (&json!("unchanged"), &json!(1)));
    assert_eq!(target.race(&second).await["result"]["dividends"], result(250)["dividends"]);
    // The message is processed now: a repeat gets its outcome, and a correction is another message.
    assert!(target.feed_as(&id, PATH, &both).await.replayed());
    let corrected = target.feed_results(&second.ended(&result(150))).await.expect(200);
    assert_eq!(outcome_and_version(&corrected), ("resulted", 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cut_short_by_a_clock_ahead_undoes_no_correction_either() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let (id, body) = (random_text(), race.ended(&result(150)));
    target.skip(AHEAD).await;
    target.cloud().install_faults(Some(Arc::new(NoResult)));
    target.feed_as(&id, PATH, &body).await.refused(500, "internal");
    target.cloud().install_faults(None);
    target.cloud().set_clock(target.now() - AHEAD).await.unwrap();
    target.feed_results(&race.ended(&result(250))).await.expect(200);
    assert_eq!(outcome_and_version(&target.feed_as(&id, PATH, &body).await.expect(200)), ("unchanged", 1));
    assert_eq!(target.race(&race).await["result"]["dividends"], result(250)["dividends"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_that_is_held_up_undoes_no_correction_that_came_meanwhile() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let holds = Holds::the_first("TransactWriteItems", "record-results");
    target.cloud().install_faults(Some(holds.clone()));
    let correct = async {
        target.eventually("the first result is held", async || holds.is_holding()).await;
        target.feed_results(&race.ended(&result(250))).await.expect(200);
        holds.let_go();
    };
    let first = race.ended(&result(150));
    let (held, ()) = tokio::join!(target.feed_results(&first), correct);
    assert_eq!(outcome_and_version(&held.expect(200)), ("unchanged", 1));
    assert_eq!(target.race(&race).await["result"]["dividends"], result(250)["dividends"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_later_message_is_taken_though_an_earlier_one_goes_on_beside_it() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let (first, second) = (Holds::the_first("TransactWriteItems", "record-results"), random_text());
    target.cloud().install_faults(Some(first.clone()));
    let correct = async {
        target.eventually("the first result is held", async || first.is_holding()).await;
        // The second is begun while the first is held, and held itself until the first is there.
        let later = Holds::the_first("TransactWriteItems", "record-results");
        target.cloud().install_faults(Some(later.clone()));
        let let_go = async {
            target.eventually("the second result is held", async || later.is_holding()).await;
            first.let_go();
            target.eventually("the first result", async || (target.race(&race).await["result_version"] == 1).then_some(())).await;
            later.let_go();
        };
        let body = race.ended(&result(250));
        tokio::join!(target.feed_as(&second, PATH, &body), let_go).0
    };
    let body = race.ended(&result(150));
    let (held, corrected) = tokio::join!(target.feed_results(&body), correct);
    assert_eq!(outcome_and_version(&held.expect(200)), ("resulted", 1));
    assert_eq!(outcome_and_version(&corrected.expect(200)), ("resulted", 2));
    assert_eq!(target.race(&race).await["result"]["dividends"], result(250)["dividends"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_list_of_dividends_is_none() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let mut listed = result(150);
    listed["dividends"]["bracket_exacta"] = json!([]);
    assert_eq!(outcome_and_version(&target.feed_results(&race.ended(&listed)).await.expect(200)), ("resulted", 1));
    assert_eq!(outcome_and_version(&target.feed_results(&race.ended(&result(150))).await.expect(200)), ("unchanged", 1));
    assert_eq!(target.race(&race).await["result"]["dividends"], result(150)["dividends"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_before_the_close_closes_the_race() {
    let target = Target::start().await;
    let race = target.open_race().await;
    target.feed_results(&race.ended(&result(150))).await.expect(200);
    let seen = target.race(&race).await;
    assert_eq!((&seen["open"], &seen["state"]), (&json!(false), &json!("resulted")));
    assert!(time(&seen["closed_at"]) < time(&seen["closes_at"]), "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_after_the_close_leaves_the_close_alone() {
    let target = Target::start().await;
    let race = target.announce(Duration::from_secs(2)).await;
    target.pass(Duration::from_secs(4)).await;
    target.feed_results(&race.ended(&result(150))).await.expect(200);
    assert_eq!(target.race(&race).await.get("closed_at"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_whose_clock_is_slow_does_not_move_the_close_back() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.announce(Duration::from_mins(2)).await;
    let after_close = race.closes_at + Duration::from_mins(3);
    let seen = target.resulted_by_other_clocks(&race, &result(150), after_close).await;
    assert_eq!((seen.get("closed_at"), &seen["result_version"]), (None, &json!(1)), "{seen}");
    let corrected = target.resulted_by_other_clocks(&race, &result(250), race.closes_at - Duration::from_mins(1)).await;
    assert_eq!((corrected.get("closed_at"), &corrected["result_version"]), (None, &json!(2)), "a correction closes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_whose_clock_is_fast_does_not_leave_a_race_open_behind_its_result() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let came_at = target.now() - Duration::from_mins(5);
    let seen = target.resulted_by_other_clocks(&race, &result(150), came_at).await;
    assert_eq!(time(&seen["closed_at"]), came_at);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_result_that_was_cut_short_closes_the_race_when_it_first_came() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let (id, body) = (random_text(), race.ended(&result(150)));
    target.cloud().install_faults(Some(Arc::new(NoResult)));
    target.feed_as(&id, PATH, &body).await.refused(500, "internal");
    target.cloud().install_faults(None);
    let tried_at = target.now();
    target.pass(Duration::from_mins(2)).await;
    target.feed_as(&id, PATH, &body).await.expect(200);
    assert!(time(&target.race(&race).await["closed_at"]) <= tried_at);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_that_was_never_announced_is_refused_and_nothing_of_the_message_is_taken() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let mut body = race.ended(&result(150));
    let mut unknown = body["results"][0].clone();
    unknown["number"] = json!(12);
    body["results"].as_array_mut().unwrap().push(unknown);
    let refused = target.feed_results(&body).await;
    refused.refused_at(422, "unknown_race", "/results/1/number");
    assert_eq!(refused.json()["retryable"], true);
    assert_eq!(target.race(&race).await["state"], "open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_result_of_the_race_is_refused_at_its_place() {
    let target = Target::start().await;
    let race = target.open_race().await;
    for (result, pointer) in [
        (dividends(&[("win", "7", 100)]), "/results/0/dividends/win/0/combination"),
        (dividends(&[("exacta", "1=2", 100)]), "/results/0/dividends/exacta/0/combination"),
        (dividends(&[("win", "1", 0)]), "/results/0/dividends/win/0/per_100"),
        (dividends(&[("win", "1", 100), ("win", "1", 200)]), "/results/0/dividends/win/1/combination"),
        (json!({"dividends": {}, "refunded": [7]}), "/results/0/refunded"),
        (json!({"dividends": {}, "places": [{"runner": 9, "place": 1}]}), "/results/0/places/0/runner"),
        (
            json!({"dividends": {"win": [{"combination": "1", "per_100": 100}]}, "consolation": {"win": 70}}),
            "/results/0/consolation/win",
        ),
    ] {
        target.feed_results(&race.ended(&result)).await.refused_at(422, "invalid_result", pointer);
    }
    for (result, pointer) in [
        (json!({}), "/results/0"),
        (json!({"dividends": {}, "weather": "fine"}), "/results/0/weather"),
        (json!({"dividends": {"tiercé": []}}), "/results/0/dividends"),
    ] {
        let refused = target.feed_results(&race.ended(&result)).await.refused(400, "malformed_body");
        let found = refused["errors"][0]["pointer"].as_str().unwrap().to_owned();
        assert!(found.starts_with(pointer), "{found} should begin with {pointer}");
    }
    assert_eq!(target.race(&race).await["state"], "open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bracket_dividends_are_of_the_races_brackets() {
    let target = Target::start().await;
    let (boats, keirin) = (target.open_race().await, target.open_keirin_race().await);
    let listed = dividends(&[("bracket_quinella", "4=4", 1_200), ("bracket_exacta", "4-4", 1_900)]);
    let refused = target.feed_results(&boats.ended(&listed)).await;
    refused.refused_at(422, "invalid_result", "/results/0/dividends/bracket_exacta");
    let alone = dividends(&[("bracket_quinella", "3=3", 1_200)]);
    let refused = target.feed_results(&keirin.ended(&alone)).await;
    refused.refused_at(422, "invalid_result", "/results/0/dividends/bracket_quinella/0/combination");
    target.feed_results(&keirin.ended(&listed)).await.expect(200);
    assert_eq!(target.race(&keirin).await["result"]["dividends"], listed["dividends"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_names_each_race_once_and_a_place_that_there_is() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let mut body = race.ended(&result(150));
    let mut other = body["results"][0].clone();
    other["dividends"] = result(250)["dividends"].clone();
    body["results"].as_array_mut().unwrap().push(other);
    target.feed_results(&body).await.refused_at(422, "duplicate_race", "/results/1/number");
    for (name, wrong, pointer) in [("venue", json!(100), "/venue"), ("number", json!(13), "/results/0/number")] {
        let mut body = race.ended(&result(150));
        if name == "venue" {
            body[name] = wrong;
        } else {
            body["results"][0][name] = wrong;
        }
        let refused = target.feed_results(&body).await;
        refused.refused_at(422, "invalid_result", pointer);
        assert_eq!(refused.json()["retryable"], false, "it can never be announced");
        refused.cost_nothing();
    }
    assert_eq!(target.race(&race).await["state"], "open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bet_type_that_occurs_twice_is_refused_and_not_half_read() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let body = race.ended(&json!({"dividends": {"win": []}, "consolation": {"trio": 70}})).to_string();
    for (pair, twice, pointer) in [
        (r#""win":[]"#, r#""win":[{"combination":"1","per_100":150}],"win":[]"#, "/results/0/dividends/win"),
        (r#""trio":70"#, r#""trio":700,"trio":70"#, "/results/0/consolation/trio"),
    ] {
        assert!(body.contains(pair), "{body}");
        let body = body.replace(pair, twice);
        let refused = target.feed_text(&random_text(), PATH, &body).await;
        refused.refused_at(400, "malformed_body", pointer);
    }
    assert_eq!(target.race(&race).await["state"], "open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_failed_half_way_keeps_its_id_for_its_own_body() {
    /// Writes results, and loses the reply.
    struct LosesResults;
    impl Faults for LosesResults {
        fn after(&self, call: &Call<'_>, _reply: &Reply) -> Option<Fault> {
            (call.function == "record-results" && call.operation == "TransactWriteItems").then_some(Fault::Lost)
        }
    }
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let (id, body) = (random_text(), race.ended(&result(150)));
    target.cloud().install_faults(Some(Arc::new(LosesResults)));
    target.feed_as(&id, PATH, &body).await.refused(500, "internal");
    target.cloud().install_faults(None);
    // The result is there; what became of the message is not written down yet.
    assert_eq!(target.race(&race).await["result_version"], 1);
    target.feed_as(&id, PATH, &race.ended(&result(250))).await.refused(422, "feed_id_reused");
    // It says what the first attempt would have said.
    let again = target.feed_as(&id, PATH, &body).await;
    assert_eq!(outcome_and_version(&again.expect(200)), ("resulted", 1));
    assert_eq!(target.race(&race).await["result"]["dividends"], result(150)["dividends"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn different_results_at_once_are_versions_of_their_own() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let bodies: Vec<_> = (1..=4).map(|number| race.ended(&result(number * 100))).collect();
    let replies = racing_testing::all_at_once(bodies.iter().map(|body| target.feed_results(body))).await;
    assert!(replies.iter().all(|reply| reply.status == 200 || reply.refused(409, "contention")["retryable"] == true));
    // One that a newer message was quicker than changes nothing.
    let outcomes: Vec<_> = replies.iter().filter(|reply| reply.status == 200).map(Response::json).collect();
    assert!(outcomes.iter().all(|reply| matches!(outcome_and_version(reply).0, "resulted" | "unchanged")), "{outcomes:?}");
    let taken = outcomes.iter().filter(|reply| outcome_and_version(reply).0 == "resulted").count();
    assert!(taken > 0);
    assert_eq!(target.race(&race).await["result_version"], taken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_signed_word_counts() {
    let target = Target::start().await;
    let race = target.open_race().await;
    target.refuses_the_unsigned(PATH, &race.ended(&result(150))).await;
    assert_eq!(target.race(&race).await["state"], "open");
}
