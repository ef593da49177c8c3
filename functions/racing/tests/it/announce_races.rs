//! `POST /v1/feeds/races`: a race opens when it is announced, may be moved while it is open, and is another's word never.

use cloud::connector::{Call, Fault, Faults};
use jiff::Timestamp;
use racing_testing::{Holds, Race, Target, all_at_once, random_text, win};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const PATH: &str = "/v1/feeds/races";
const HOUR: Duration = Duration::from_hours(1);

fn outcome(reply: &Value, index: usize) -> &str {
    reply["races"][index]["outcome"].as_str().unwrap()
}

/// The announcement of `race` with something changed.
fn changed(race: &Race, change: impl FnOnce(&mut Value)) -> Value {
    let mut announced = race.announced();
    change(&mut announced);
    race.announcement(&announced)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announced_race_is_open() {
    let target = Target::start().await;
    let race = target.new_race(HOUR);
    let reply = target.feed_races(&race.announcement(&race.announced())).await.expect(200);
    assert_eq!(reply, json!({"races": [{"race": race.id, "outcome": "announced", "result_version": 0}]}));
    let seen = target.race(&race).await;
    assert_eq!((&seen["open"], &seen["state"], &seen["title"]), (&json!(true), &json!("open"), &json!("test")));
    assert_eq!(seen["runners"], race.announced()["runners"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_again_gets_the_same_reply() {
    let target = Target::start().await;
    let race = target.new_race(HOUR);
    let (id, body) = (random_text(), race.announcement(&race.announced()));
    let first = target.feed_as(&id, PATH, &body).await;
    let again = target.feed_as(&id, PATH, &body).await;
    assert!(!first.replayed() && again.replayed(), "{first:?} {again:?}");
    assert_eq!((again.status, &again.body), (200, &first.body));
    let other = changed(&race, |race| race["title"] = json!("other"));
    target.feed_as(&id, PATH, &other).await.refused(422, "feed_id_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_race_may_be_moved_and_renamed() {
    let target = Target::start().await;
    let race = target.announce(HOUR).await;
    let same = target.feed_races(&race.announcement(&race.announced())).await.expect(200);
    assert_eq!(outcome(&same, 0), "unchanged");
    let later = target.new_race(2 * HOUR).closes_at;
    let moved = changed(&race, |race| {
        race["closes_at"] = json!(later);
        race["title"] = json!("moved");
        race["runners"][0]["name"] = json!("renamed");
    });
    assert_eq!(outcome(&target.feed_races(&moved).await.expect(200), 0), "updated");
    let seen = target.race(&race).await;
    assert_eq!((&seen["closes_at"], &seen["title"]), (&json!(later), &json!("moved")));
    assert_eq!(seen["runners"][0]["name"], "renamed");
}

/// Lets nothing of a race be written.
struct NoRace;

impl Faults for NoRace {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        (call.function == "announce-races" && call.operation == "TransactWriteItems").then_some(Fault::Lost)
    }
}

/// A message that is cut short before it changes anything; its id.
async fn cut_short(target: &Target, body: &Value) -> String {
    let id = random_text();
    target.cloud().install_faults(Some(Arc::new(NoRace)));
    target.feed_as(&id, PATH, body).await.refused(500, "internal");
    target.cloud().install_faults(None);
    id
}

fn named(race: &Race, title: &str) -> Value {
    changed(race, |race| race["title"] = json!(title))
}

fn closing(race: &Race, closes_at: Timestamp) -> Value {
    changed(race, |race| race["closes_at"] = json!(closes_at))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_was_cut_short_does_not_move_back_what_was_moved_meanwhile() {
    let Some(target) = Target::start_local().await else { return };
    for ahead in [Duration::ZERO, Duration::from_mins(5)] {
        let race = target.open_race().await;
        // The clock is ahead while the first message is taken.
        target.skip(ahead).await;
        let id = cut_short(&target, &named(&race, "first")).await;
        target.cloud().set_clock(target.now() - ahead).await.unwrap();
        target.feed_races(&named(&race, "second")).await.expect(200);
        let resumed = target.feed_as(&id, PATH, &named(&race, "first")).await.expect(200);
        assert_eq!(resumed["races"][0]["outcome"], "unchanged");
        assert_eq!(target.race(&race).await["title"], "second");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_that_is_held_up_does_not_move_back_what_was_moved_meanwhile() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let (earlier, later) = (race.closes_at - Duration::from_mins(30), race.closes_at + Duration::from_mins(30));
    let holds = Holds::the_first("TransactWriteItems", "announce-races");
    target.cloud().install_faults(Some(holds.clone()));
    let move_forward = async {
        target.eventually("the first announcement is held", async || holds.is_holding()).await;
        target.feed_races(&closing(&race, earlier)).await.expect(200);
        holds.let_go();
    };
    let first = closing(&race, later);
    let (held, ()) = tokio::join!(target.feed_races(&first), move_forward);
    assert_eq!(outcome(&held.expect(200), 0), "unchanged");
    assert_eq!(target.race(&race).await["closes_at"], json!(earlier));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_race_is_not_opened_again() {
    let target = Target::start().await;
    let race = target.announce(Duration::from_secs(2)).await;
    target.pass(Duration::from_secs(4)).await;
    let later = closing(&race, race.closes_at + HOUR);
    let refused = target.feed_races(&later).await;
    refused.refused_at(422, "race_changed", "/races/0");
    assert_eq!(target.race(&race).await["open"], false);
    // What does not open it is still taken: other names, a close before the one that has passed.
    assert_eq!(outcome(&target.feed_races(&named(&race, "renamed")).await.expect(200), 0), "updated");
    let earlier = closing(&race, race.closes_at - Duration::from_secs(1));
    assert_eq!(outcome(&target.feed_races(&earlier).await.expect(200), 0), "updated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_close_that_was_cut_short_does_not_keep_the_rest_of_its_message_out() {
    let Some(target) = Target::start_local().await else { return };
    let [race, other] = <[Race; 2]>::try_from(target.new_races(2, HOUR)).unwrap();
    target.feed_races(&race.announcement(&race.announced())).await.expect(200);
    let mut both = closing(&race, race.closes_at + HOUR);
    both["races"].as_array_mut().unwrap().push(other.announced());
    let id = cut_short(&target, &both).await;
    // Another message moves the close forward, and it passes.
    target.feed_races(&closing(&race, target.now())).await.expect(200);
    target.pass(Duration::from_secs(2)).await;
    let resumed = target.feed_as(&id, PATH, &both).await.expect(200);
    assert_eq!((outcome(&resumed, 0), outcome(&resumed, 1)), ("unchanged", "announced"));
    assert_eq!(target.race(&race).await["open"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_moved_forward_closes() {
    let target = Target::start().await;
    let race = target.announce(HOUR).await;
    let over = target.new_race(Duration::ZERO).closes_at;
    target.feed_races(&changed(&race, |race| race["closes_at"] = json!(over))).await.expect(200);
    assert_eq!(target.race(&race).await["open"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_runners_stay_and_so_does_what_has_a_result() {
    let target = Target::start().await;
    let race = target.announce(HOUR).await;
    let other_runners = changed(&race, |race| race["runners"][5]["number"] = json!(7));
    target.feed_races(&other_runners).await.refused_at(422, "race_changed", "/races/0");
    let in_brackets = changed(&race, |race| {
        for runner in race["runners"].as_array_mut().unwrap() {
            runner["bracket"] = runner["number"].clone();
        }
    });
    target.feed_races(&in_brackets).await.refused_at(422, "race_changed", "/races/0");
    target.feed_results(&race.ended(&json!({"dividends": {}}))).await.expect(200);
    let moved = changed(&race, |race| race["title"] = json!("moved"));
    target.feed_races(&moved).await.refused_at(422, "race_changed", "/races/0");
    let same = target.feed_races(&race.announcement(&race.announced())).await.expect(200);
    assert_eq!(outcome(&same, 0), "unchanged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_names_up_to_twelve_races() {
    let target = Target::start().await;
    let races = target.announce_all(12, HOUR).await;
    for race in &races {
        assert_eq!(target.race(race).await["open"], true, "{}", race.id);
    }
    let none = json!({"date": races[0].date, "venue": races[0].venue, "races": []});
    target.feed_races(&none).await.refused_at(400, "malformed_body", "/races");
    let thirteen = vec![races[0].announced(); 13];
    let many = json!({"date": races[0].date, "venue": races[0].venue, "races": thirteen});
    target.feed_races(&many).await.refused_at(400, "malformed_body", "/races");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_wrong_race_keeps_the_whole_message_out() {
    let target = Target::start().await;
    let races = target.new_races(2, HOUR);
    let mut wrong = races[1].announced();
    wrong["runners"] = json!([]);
    let body = json!({"date": races[0].date, "venue": races[0].venue, "races": [races[0].announced(), wrong]});
    target.feed_races(&body).await.refused_at(422, "invalid_race", "/races/1/runners");
    target.get(&races[0].path()).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_that_is_known_otherwise_keeps_the_new_ones_before_it_out() {
    let target = Target::start().await;
    let races = target.new_races(2, HOUR);
    target.feed_races(&races[1].announcement(&races[1].announced())).await.expect(200);
    let mut other = races[1].announced();
    other["runners"][5]["number"] = json!(7);
    let body = json!({"date": races[0].date, "venue": races[0].venue, "races": [races[0].announced(), other]});
    target.feed_races(&body).await.refused_at(422, "race_changed", "/races/1");
    target.get(&races[0].path()).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_names_each_race_once_and_a_place_that_there_is() {
    let target = Target::start().await;
    let race = target.new_race(HOUR);
    let mut body = race.announcement(&race.announced());
    body["races"].as_array_mut().unwrap().push(race.announced());
    body["races"][1]["title"] = json!("other");
    target.feed_races(&body).await.refused_at(422, "duplicate_race", "/races/1/number");
    for (name, wrong) in [("venue", json!(0)), ("venue", json!(100)), ("date", json!("-000001-01-01"))] {
        let mut body = race.announcement(&race.announced());
        body[name] = wrong;
        let refused = target.feed_races(&body).await;
        refused.refused_at(422, "invalid_race", &format!("/{name}"));
        refused.cost_nothing();
    }
    target.get(&race.path()).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_race_is_refused_at_its_place() {
    let target = Target::start().await;
    let race = target.new_race(HOUR);
    for (change, pointer) in [
        (("number", json!(13)), "/races/0/number"),
        (("number", json!(0)), "/races/0/number"),
        (("title", json!("x".repeat(129))), "/races/0/title"),
        (("runners", json!([{"number": 1, "name": "alone"}])), "/races/0/runners"),
        (("runners", json!([{"number": 1, "name": "a"}, {"number": 1, "name": "b"}])), "/races/0/runners/1/number"),
        (("runners", json!([{"number": 1, "name": "a"}, {"number": 19, "name": "b"}])), "/races/0/runners/1/number"),
        (("runners", json!([{"number": 1, "name": "a"}, {"number": 2, "name": "b\n"}])), "/races/0/runners/1/name"),
        (
            ("runners", json!([{"number": 1, "name": "a", "bracket": 9}, {"number": 2, "name": "b", "bracket": 1}])),
            "/races/0/runners/0/bracket",
        ),
        (
            ("runners", json!([{"number": 1, "name": "a", "bracket": 1}, {"number": 2, "name": "b"}])),
            "/races/0/runners/1/bracket",
        ),
    ] {
        let body = changed(&race, |race| race[change.0] = change.1);
        let refused = target.feed_races(&body).await;
        refused.refused_at(422, "invalid_race", pointer);
        refused.cost_nothing();
    }
    let unknown = changed(&race, |race| race["surface"] = json!("water"));
    target.feed_races(&unknown).await.refused_at(400, "malformed_body", "/races/0/surface");
    let no_time = changed(&race, |race| race["closes_at"] = json!("tomorrow"));
    target.feed_races(&no_time).await.refused_at(400, "malformed_body", "/races/0/closes_at");
    target.get(&race.path()).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_signed_word_counts() {
    let target = Target::start().await;
    let race = target.new_race(HOUR);
    target.refuses_the_unsigned(PATH, &race.announcement(&race.announced())).await;
    target.get(&race.path()).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_messages_of_one_id_at_once_one_changes_nothing() {
    let target = Target::start().await;
    for _ in 0..10 {
        let (id, races) = (random_text(), target.new_races(2, HOUR));
        let bodies = [0, 1].map(|index: usize| races[index].announcement(&races[index].announced()));
        let replies = all_at_once(bodies.iter().map(|body| target.feed_as(&id, PATH, body))).await;
        let taken = usize::from(replies[0].status != 200);
        replies[taken].expect(200);
        replies[1 - taken].refused(422, "feed_id_reused");
        target.get(&races[taken].path()).await.expect(200);
        target.get(&races[1 - taken].path()).await.refused(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_may_be_corrected_under_its_id() {
    let target = Target::start().await;
    let race = target.new_race(HOUR);
    let id = random_text();
    let wrong = changed(&race, |race| race["runners"] = json!([]));
    target.feed_as(&id, PATH, &wrong).await.refused(422, "invalid_race");
    target.feed_as(&id, PATH, &race.announcement(&race.announced())).await.expect(200);
    target.rich_user(1_000).await.bet(&race, win(1, 100)).await;
}
