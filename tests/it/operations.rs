//! What operators do from their command line, on a running local cloud, which answers the same calls as AWS. They redrive dead letters,
//! publish lost events again, and prove the tables while others write.

use crate::faults::the_proof_holds;
use crate::harness::{Race, Target, User, all_at_once, dividends, win};
use cloud::connector::{Call, Fault, Faults, internal_error};
use cloud::engine::Reply;
use jiff::{SignedDuration, Timestamp};
use koban::registry;
use operations::Deployment;
use operations::environment;
use operations::queues::{Depth, Moved, Queues};
use operations::republish::{Events, Relay};
use platform::function::Handler;
use platform::relay::{Change, events_again};
use platform::store::{Key, Record};
use proofs::live::{self, Live, Progress, Subject};
use proofs::proof::SUM_ZERO;
use racing_proofs::{SLIPS, UNSETTLED};
use serde_json::{Value, json};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(30);

async fn deployment(target: &Target) -> Deployment {
    environment::local(target.cloud().aws_url()).await.unwrap()
}

fn subject(deployment: &Deployment) -> Subject<'_> {
    Subject { deployment, services: registry::SERVICES, proofs: registry::PROOFS }
}

fn relay(table: &str) -> Relay {
    Relay::all(registry::SERVICES).find(|relay| relay.table.name == table).unwrap()
}

/// All that a test's cloud has lived through.
fn always(target: &Target) -> Range<Timestamp> {
    let day = SignedDuration::from_hours(24);
    target.now() - day..target.now() + day
}

async fn republish(target: &Target, table: &str) -> Events {
    let deployment = deployment(target).await;
    let events = Events::read(&deployment, relay(table), &always(target), |_, _| ()).await.unwrap();
    assert_eq!(events.unmappable, [""; 0]);
    events.publish(&deployment, relay(table), |_| ()).await.unwrap();
    events
}

/// A settled race of two people, one of whom won.
async fn settled(target: &Target) -> (Race, [User; 2]) {
    let race = target.open_race().await;
    let users = [target.rich_user(1_000).await, target.rich_user(1_000).await];
    users[0].bet(&race, win(1, 500)).await;
    users[1].bet(&race, win(2, 300)).await;
    target.settle(&race, &dividends(&[("win", "1", 150)])).await;
    (race, users)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_cloud_is_found_as_an_environment_is() {
    let Some(target) = Target::start_local().await else { return };
    let deployment = deployment(&target).await;
    assert_eq!((deployment.environment.as_str(), deployment.api_url.as_str()), ("local", target.cloud().url()));
    let secret = deployment.secret(registry::secret("feed").unwrap()).await.unwrap();
    assert_eq!(Some(secret.expose()), target.cloud().feed_secret("feed"));
    let elsewhere = environment::local(target.cloud().url()).await.unwrap_err();
    assert!(elsewhere.to_string().contains("/koban-local/api_url"), "{elsewhere}");
}

struct Refuses(&'static str);

impl Faults for Refuses {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        (call.function == self.0).then(|| Fault::Reply(internal_error()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_go_back_and_are_handled() {
    let Some(target) = Target::start_local().await else { return };
    let (race, user) = (target.open_race().await, target.rich_user(1_000).await);
    user.bet(&race, win(1, 500)).await;
    target.cloud().install_faults(Some(Arc::new(Refuses("settle-race"))));
    target.feed_results(&race.ended(&dividends(&[("win", "1", 150)]))).await.expect(200);
    // The sweep asks for the same again and again while time passes, so there may be more than one.
    for _ in 0..200 {
        if target.dead("settle-race").await > 0 {
            break;
        }
        target.skip(Duration::from_mins(13)).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    target.cloud().install_faults(None);
    let deployment = deployment(&target).await;
    let queues = Queues::new(&deployment);
    let Depth { visible, in_flight } = queues.depth("settle-race-dlq").await.unwrap();
    assert!(visible > 0 && in_flight == 0, "{visible} {in_flight}");
    let moved = queues.move_all("settle-race-dlq", "settle-race", WITHIN, |_| ()).await.unwrap();
    assert_eq!(moved, Moved { count: visible, timed_out: false });
    target.until_settled(&race).await;
    assert_eq!(user.balance("JPY").await, 1_250);
    let empty = queues.move_all("settle-shard-dlq", "settle-shard", WITHIN, |_| ()).await.unwrap();
    assert_eq!(empty, Moved { count: 0, timed_out: false }, "an empty queue is no failure");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_dead_letters_than_one_request_takes_all_go_back() {
    let Some(target) = Target::start_local().await else { return };
    let deployment = deployment(&target).await;
    let queues = Queues::new(&deployment);
    // Where nothing consumes: what is there stays to be counted.
    let bodies: Vec<_> = (0..23).map(|number| json!({"number": number}).to_string()).collect();
    for bodies in bodies.chunks(10) {
        target.publish_all("settle-race-dlq", bodies).await;
    }
    let steps = AtomicU32::new(0);
    let count_step = |_| {
        steps.fetch_add(1, Ordering::Relaxed);
    };
    let moved = queues.move_all("settle-race-dlq", "relay-racing-failures", WITHIN, count_step).await.unwrap();
    assert_eq!((moved.count, steps.load(Ordering::Relaxed)), (23, 3));
    let status = target.status().await;
    assert_eq!(status.queues["relay-racing-failures"].visible, 23);
    assert_eq!(status.queues["settle-race-dlq"].visible + status.queues["settle-race-dlq"].in_flight, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn republishing_a_settled_race_changes_nothing() {
    let Some(target) = Target::start_local().await else { return };
    let (race, users) = settled(&target).await;
    the_proof_holds(&target).await;
    let seen = async || (all_at_once(users.iter().map(|user| user.lines())).await, target.race(&race).await);
    let before = seen().await;
    let racing = republish(&target, "racing").await;
    let wallet = republish(&target, "wallet").await;
    target.rest().await;
    target.pass(Duration::from_mins(20)).await;
    target.rest().await;
    assert_eq!(seen().await, before);
    the_proof_holds(&target).await;
    let status = target.status().await;
    assert_eq!(status.dead, 0, "{status:?}");
    let of = |events: &Events, kind: &str| events.counts.get(kind).copied().unwrap_or_default();
    assert_eq!(of(&racing, "koban.racing.race.changed.v1"), 1, "{:?}", racing.counts);
    assert_eq!((of(&racing, "koban.racing.slip.placed.v1"), of(&racing, "koban.racing.payout.posted.v1")), (2, 1));
    // Two top-ups, two stakes, one settlement.
    assert_eq!((of(&wallet, "koban.wallet.line.appended.v1"), of(&wallet, "koban.wallet.topup.changed.v1")), (5, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_was_lost_is_made_good_by_republishing() {
    /// Takes what the relay publishes, and gives it to nobody.
    struct LosesEvents;
    impl Faults for LosesEvents {
        fn before(&self, call: &Call<'_>) -> Option<Fault> {
            let accepted =
                "<PublishBatchResponse><PublishBatchResult><Failed/><Successful/></PublishBatchResult></PublishBatchResponse>";
            (call.function == "relay-racing" && call.service == "sns")
                .then(|| Fault::Reply(Reply { status: 200, body: accepted.into() }))
        }
    }
    let Some(target) = Target::start_local().await else { return };
    let (race, user) = (target.open_race().await, target.rich_user(1_000).await);
    user.bet(&race, win(1, 500)).await;
    target.rest().await;
    target.cloud().install_faults(Some(Arc::new(LosesEvents)));
    target.feed_results(&race.ended(&dividends(&[("win", "1", 150)]))).await.expect(200);
    target.pass(Duration::from_secs(26)).await;
    target.rest().await;
    target.cloud().install_faults(None);
    assert_eq!(
        (target.race(&race).await["state"].clone(), user.balance("JPY").await),
        (json!("resulted"), 500),
        "nobody heard of it"
    );
    republish(&target, "racing").await;
    target.until_settled(&race).await;
    assert_eq!(user.balance("JPY").await, 1_250);
    the_proof_holds(&target).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_was_written_in_the_range_is_published_again() {
    let Some(target) = Target::start_local().await else { return };
    let user = target.rich_user(1_000).await;
    target.pass(Duration::from_hours(1)).await;
    let later = target.now() - SignedDuration::from_mins(30);
    user.top_up(500).await;
    target.rest().await;
    let deployment = deployment(&target).await;
    let count = async |times: Range<Timestamp>| {
        let events = Events::read(&deployment, relay("wallet"), &times, |_, _| ()).await.unwrap();
        (events.count(), events.records)
    };
    let end = target.now() + SignedDuration::from_hours(1);
    assert_eq!(count(later..end).await, (2, 4), "the later line and top-up, of four records");
    assert_eq!(count(Timestamp::UNIX_EPOCH..later).await, (2, 4));
    assert_eq!(count(end..end + SignedDuration::from_hours(1)).await, (0, 4));
}

/// The ids of events, which are JSON.
fn ids(events: &[String]) -> Vec<Value> {
    events.iter().map(|event| serde_json::from_str::<Value>(event).unwrap()["id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_has_the_id_that_the_relay_gave_it() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let pk = format!("race#{}", race.id.trim_start_matches("rac_"));
    let stored = target.item("racing", &pk, "race").await.unwrap();
    let body = data_encoding::BASE64.decode(stored["body"]["B"].as_str().unwrap().as_bytes()).unwrap();
    let record = || Record { revision: Some(1), ..Record::new(Key::new(pk.as_str(), "race"), body.clone()) };
    let Handler::Relay { map, written_at, .. } = &racing::relay_racing::FUNCTION.handler else { panic!("a relay") };
    let of_the_stream = map(&Change { record: record(), at: Timestamp::UNIX_EPOCH }).unwrap();
    let (at, again) = events_again((*map, *written_at), record(), &always(&target)).unwrap().unwrap();
    assert_eq!(ids(&again), ids(&of_the_stream));
    assert!(at <= target.now() && target.now().duration_since(at) < SignedDuration::from_mins(5), "{at}");
    let (yesterday, day) = (target.now() - SignedDuration::from_hours(24), SignedDuration::from_hours(12));
    assert!(events_again((*map, *written_at), record(), &(yesterday..yesterday + day)).unwrap().is_none());
}

/// Hears when a reading has read the table of races to its end.
#[derive(Default)]
struct Heard {
    pages: AtomicU32,
}

impl Progress for Heard {
    fn reads(&self, reading: u32, table: &str, _: u64, _: u64) {
        if (reading, table) == (1, "racing") {
            self.pages.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How many pages a small table has: one in each segment.
const SEGMENTS: u32 = 8;

/// The stored slip of `user`, with another stake.
async fn tampered_slip(target: &Target, race: &Race, user: &User) -> (Value, Value) {
    let slip = user.get(&format!("/v1/slips?race={}", race.id)).await.expect(200)["items"][0]["id"].clone();
    // bet_<race>_<shard>_<the rest>
    let parts: Vec<_> = slip.as_str().unwrap().splitn(4, '_').collect();
    let pk = format!("race#{}#{:04}", parts[1], parts[2].parse::<u16>().unwrap());
    let right = target.item("racing", &pk, &format!("{}#b#{}", user.id(), parts[3])).await.expect("the slip");
    let body = data_encoding::BASE64.decode(right["body"]["B"].as_str().unwrap().as_bytes()).unwrap();
    let body = String::from_utf8(body).unwrap();
    let changed = body.replace("\"stake\":500", "\"stake\":600");
    assert_ne!(body, changed);
    let mut wrong = right.clone();
    wrong["body"]["B"] = data_encoding::BASE64.encode(changed.as_bytes()).into();
    (right, wrong)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_off_is_reported_and_what_was_only_being_written_is_not() {
    let Some(target) = Target::start_local().await else { return };
    let (race, users) = settled(&target).await;
    target.pass(Duration::from_mins(16)).await;
    target.rest().await;
    let deployment = deployment(&target).await;
    let pause = Duration::from_millis(500);
    let clean = live::prove_with(subject(&deployment), &Heard::default(), pause).await.unwrap();
    assert!(clean.verdict.is_clean() && clean.readings == 1, "{:?}", clean.verdict.faults);
    assert_eq!((clean.verdict.count(SLIPS), clean.verdict.count(UNSETTLED)), (2, 0));
    assert!(clean.records > 10 && clean.read_units > 1.0, "{clean:?}");

    let (right, wrong) = tampered_slip(&target, &race, &users[0]).await;
    target.put_item("racing", &wrong).await;
    let Live { verdict: proof, readings, read_units, .. } =
        live::prove_with(subject(&deployment), &Heard::default(), pause).await.unwrap();
    assert!(!proof.is_clean() && !proof.holds(SUM_ZERO) && readings == 3, "{:?}", proof.faults);
    assert!(read_units > 2.0 * clean.read_units, "every reading costs");

    // Fixed between the first reading and the second.
    let heard = Heard::default();
    let fix = async {
        target.eventually("a reading", async || (heard.pages.load(Ordering::Relaxed) == SEGMENTS).then_some(())).await;
        target.put_item("racing", &right).await;
    };
    let (proved, ()) = tokio::join!(live::prove_with(subject(&deployment), &heard, pause), fix);
    let Live { verdict: proof, readings, .. } = proved.unwrap();
    assert!(proof.is_clean() && readings == 2, "{:?}", proof.faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloud_that_is_written_meanwhile_is_clean() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let users = all_at_once((0..4).map(|_| target.rich_user(100_000))).await;
    let deployment = deployment(&target).await;
    let bet = all_at_once(users.iter().map(async |user| {
        for _ in 0..40 {
            user.bet(&race, win(1, 100)).await;
        }
    }));
    let prove = async {
        let mut readings = 0;
        for _ in 0..4 {
            let live = live::prove_with(subject(&deployment), &Heard::default(), Duration::from_millis(200)).await.unwrap();
            assert!(live.verdict.is_clean(), "{:?}", live.verdict.faults);
            readings += live.readings;
        }
        readings
    };
    let (_, readings) = tokio::join!(bet, prove);
    assert!(readings >= 4);
}
