//! AWS fails, at random and by a printed seed: conflicts, throttling, errors, replies lost before and after the commit. After retries with
//! the same keys, every slip exists once, every top-up is collected once and every race is settled. The independent records agree.

use crate::harness::{Race, Target, User, all_at_once, bet, dividends, random_text, win, with_a_late_slip};
use cloud::Config;
use cloud::connector::{Call, Fault, Faults, internal_error, throttled, transaction_conflict};
use cloud::engine::Reply;
use data_encoding::BASE64;
use fastrand::Rng;
use koban::registry::PROOFS;
use proofs::{Tables, verify};
use racing_domain::{SlipId, SlipSketch};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Makes some calls of some functions fail.
struct AtRandom {
    functions: &'static [&'static str],
    percent: u8,
    rng: Mutex<Rng>,
}

impl AtRandom {
    fn install(target: &Target, functions: &'static [&'static str], percent: u8) {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let rng = Rng::with_seed(seed).into();
        target.cloud().install_faults(Some(Arc::new(Self { functions, percent, rng })));
    }

    /// A number below `below`, when this call is to fail.
    fn strikes(&self, call: &Call<'_>, below: u8) -> Option<u8> {
        if !self.functions.contains(&call.function) {
            return None;
        }
        let mut rng = self.rng.lock().unwrap();
        (rng.u8(..100) < self.percent).then(|| rng.u8(..below))
    }
}

impl Faults for AtRandom {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        let writes_many = call.operation == "TransactWriteItems";
        Some(match self.strikes(call, 4)? {
            0 if writes_many => {
                let request: Value = serde_json::from_slice(call.body).unwrap();
                Fault::Reply(transaction_conflict(request["TransactItems"].as_array().unwrap().len()))
            }
            1 => Fault::Reply(internal_error()),
            2 => Fault::Lost,
            _ => Fault::Reply(throttled()),
        })
    }

    fn after(&self, call: &Call<'_>, _reply: &Reply) -> Option<Fault> {
        self.strikes(call, 2).map(|kind| if kind == 0 { Fault::Lost } else { Fault::Reply(internal_error()) })
    }
}

/// Places a slip as a careful app does: the same key until there is an outcome.
async fn place_in_the_end(user: &User, race: &Race, bets: &Value) -> String {
    let key = random_text();
    for _ in 0..200 {
        let reply = user.place_keyed(race, &key, "JPY", bets.clone()).await;
        match reply.status {
            201 => return reply.json()["id"].as_str().unwrap().to_owned(),
            409 | 429 | 500 | 503 => assert_eq!(reply.json()["retryable"], true, "{reply:?}"),
            _ => panic!("{reply:?}"),
        }
    }
    panic!("a slip that is never placed");
}

/// Lets time pass until the race is settled in spite of everything.
async fn until_settled(target: &Target, race: &Race) {
    for _ in 0..400 {
        if target.race(race).await["state"] == "settled" {
            return;
        }
        target.skip(Duration::from_secs(30)).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} is never settled: {:?}", race.id, target.status().await);
}

/// Every independent record agrees.
pub async fn the_proof_holds(target: &Target) {
    target.cloud().install_faults(None);
    // The certificates' repetition.
    target.pass(Duration::from_mins(16)).await;
    target.rest().await;
    let proof = verify(&Tables::open(target.data()).unwrap(), PROOFS, target.now()).unwrap();
    assert!(proof.is_clean(), "{:?}", proof.faults);
    assert_eq!(proof.count(racing_proofs::UNSETTLED), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_slip_is_placed_once_though_a_third_of_all_calls_fail() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let users = all_at_once((0..4).map(|_| target.rich_user(100_000))).await;
    AtRandom::install(&target, &["place-slip"], 20);
    let slips = all_at_once(users.iter().map(async |user| {
        let mut slips = Vec::new();
        for _ in 0..15 {
            slips.push(place_in_the_end(user, &race, &win(1, 100)).await);
        }
        slips
    }))
    .await;
    target.cloud().install_faults(None);
    for (user, mut slips) in users.iter().zip(slips) {
        let path = format!("/v1/slips?race={}&limit=100", race.id);
        let listed = user.get(&path).await.expect(200)["items"].clone();
        let mut listed: Vec<_> = listed.as_array().unwrap().iter().map(|slip| slip["id"].as_str().unwrap().to_owned()).collect();
        slips.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, slips);
        assert_eq!((user.balance("JPY").await, user.lines().await.len()), (98_500, 16));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_is_lost_after_the_commit_is_repeated() {
    struct LosesEveryCommit;
    impl Faults for LosesEveryCommit {
        fn after(&self, call: &Call<'_>, _reply: &Reply) -> Option<Fault> {
            (call.function == "place-slip" && call.operation == "TransactWriteItems").then_some(Fault::Lost)
        }
    }
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    // Enough for one slip: the repeat finds too little in the wallet, and the slip all the same.
    let (user, key) = (target.rich_user(500).await, random_text());
    target.cloud().install_faults(Some(Arc::new(LosesEveryCommit)));
    user.place_keyed(&race, &key, "JPY", win(1, 500)).await.refused(500, "internal");
    target.cloud().install_faults(None);
    let again = user.place_keyed(&race, &key, "JPY", win(1, 500)).await;
    assert!(again.replayed(), "{again:?}");
    again.expect(201);
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (0, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_not_remembered_as_a_refusal() {
    struct AlwaysThrottles;
    impl Faults for AlwaysThrottles {
        fn before(&self, call: &Call<'_>) -> Option<Fault> {
            // Not the check of the caller, which refuses otherwise.
            let is_check = String::from_utf8_lossy(call.body).contains("-access\"");
            (call.function == "place-slip" && !is_check).then(|| Fault::Reply(throttled()))
        }
    }
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let (user, key) = (target.rich_user(500).await, random_text());
    target.cloud().install_faults(Some(Arc::new(AlwaysThrottles)));
    let throttled = user.place_keyed(&race, &key, "JPY", win(1, 500)).await;
    assert_eq!(throttled.refused(429, "too_many_requests")["retryable"], true);
    assert_eq!(throttled.header("retry-after"), Some("1"));
    target.cloud().install_faults(None);
    let placed = user.place_keyed(&race, &key, "JPY", win(1, 500)).await;
    placed.expect(201);
    assert!(!placed.replayed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_top_up_is_collected_once() {
    let Some(target) = Target::start_local().await else { return };
    AtRandom::install(&target, &["collect-topup", "sweep-topups", "relay-wallet"], 15);
    let users: Vec<_> = (0..20).map(|_| target.user()).collect();
    let mut waiting = Vec::new();
    for user in &users {
        waiting.push(user.ask_for_top_up(1_000).await);
    }
    for (user, id) in users.iter().zip(&waiting) {
        for _ in 0..400 {
            if user.topup_state(id).await == "COLLECTED" {
                break;
            }
            target.skip(Duration::from_secs(30)).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    for (user, id) in users.iter().zip(&waiting) {
        assert_eq!(user.topup_state(id).await, "COLLECTED");
        assert_eq!((user.balance("JPY").await, user.lines().await.len()), (1_000, 1));
    }
    the_proof_holds(&target).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_is_settled_and_corrected_once_though_everything_fails_at_times() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let users = all_at_once((0..12).map(|_| target.rich_user(10_000))).await;
    for (number, user) in users.iter().enumerate() {
        let runner = if number % 3 == 0 { 2 } else { 1 };
        user.bet(&race, json!([bet("win", &[runner], 500)])).await;
    }
    let settlement = &["relay-racing", "settle-race", "settle-shard", "certify-race", "sweep-races", "record-results"];
    AtRandom::install(&target, settlement, 10);
    for result in [dividends(&[("win", "1", 150)]), dividends(&[("win", "2", 300)])] {
        feed_in_the_end(&target, &race, &result).await;
        until_settled(&target, &race).await;
    }
    the_proof_holds(&target).await;
    for (number, user) in users.iter().enumerate() {
        // Paid by the first result and taken back by the second, or paid by the second alone.
        let (balance, lines) = if number % 3 == 0 { (11_000, 3) } else { (9_500, 4) };
        assert_eq!((user.balance("JPY").await, user.lines().await.len()), (balance, lines), "user {number}");
    }
}

/// Sends a result until it is taken, as a feed does: the same message under the same id.
async fn feed_in_the_end(target: &Target, race: &Race, result: &Value) {
    let id = random_text();
    for _ in 0..200 {
        let reply = target.feed_as(&id, "/v1/feeds/results", &race.ended(result)).await;
        if reply.status == 200 {
            return;
        }
        assert_eq!(reply.json()["retryable"], true, "{reply:?}");
    }
    panic!("a result that is never taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_while_a_race_is_closed_does_not_cost_minutes() {
    /// Conflicts once.
    struct ConflictsOnce(Mutex<bool>);
    impl Faults for ConflictsOnce {
        fn before(&self, call: &Call<'_>) -> Option<Fault> {
            let closes = call.function == "certify-race" && call.operation == "TransactWriteItems";
            let first = closes && std::mem::take(&mut *self.0.lock().unwrap());
            first.then(|| Fault::Reply(transaction_conflict(3)))
        }
    }
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let conflict = Arc::new(ConflictsOnce(true.into()));
    target.cloud().install_faults(Some(conflict.clone()));
    target.settle(&race, &dividends(&[("win", "1", 150)])).await;
    assert!(!*conflict.0.lock().unwrap(), "nothing was in conflict while the race was closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slip_committed_after_its_shard_was_done_is_refunded_once_with_an_alarm() {
    let Some(target) = Target::start_local().await else { return };
    let (_, user, id) = with_a_late_slip(&target).await;
    assert_eq!(user.outcome(&id).await, ("refunded".into(), 0, 500));
    assert_eq!(user.balance("JPY").await, 1_000);
    let alarms = async || Some(target.alarms("slip-after-settlement")).filter(|alarms| !alarms.is_empty());
    assert_eq!(target.eventually("an alarm", alarms).await.len(), 1);
    target.pass(Duration::from_mins(20)).await;
    target.rest().await;
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (1_000, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_certificates_of_a_race_hold_its_late_slips_as_well() {
    let Some(target) = Target::start_local().await else { return };
    let (race, ..) = with_a_late_slip(&target).await;
    the_proof_holds(&target).await;
    let totals = target.race(&race).await["settlement"]["totals"].clone();
    assert_eq!(totals["by_asset"], json!({"JPY": {"stake": 500, "payout": 0, "refund": 500}}));
}

/// An item of the race's only shard.
fn in_shard(slip: &SlipId, sk: &str, said: &impl Serialize) -> Value {
    let body = BASE64.encode(&serde_json::to_vec(said).unwrap());
    json!({"pk": {"S": format!("race#{}#0000", slip.race().key())}, "sk": {"S": sk}, "body": {"B": body}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_slips_that_came_after_their_shard_was_done_are_identified() {
    let one_shard = |config: &mut Config| drop(config.settings.insert("SHARDS".into(), "1".into()));
    let Some(target) = Target::start_local_with(one_shard).await else { return };
    let race = target.open_race().await;
    let bet = async || {
        let user = target.user();
        user.take_medals().await;
        let slip = user.bet_in(&race, "MEDAL", win(1, 100)).await;
        (user, slip)
    };
    let in_time = all_at_once((0..20).map(|_| bet())).await;
    // Of 40 in 16 buckets, some are three to a bucket.
    let late = all_at_once((0..40).map(|_| bet())).await;
    let counted: Vec<SlipId> = in_time.iter().map(|(_, slip)| slip.parse().unwrap()).collect();
    let sketch = SlipSketch::of(counted.iter().map(SlipId::tail));
    target.put_item("racing", &in_shard(&counted[0], "!census", &sketch)).await;
    // One of them was marked by hand already.
    let (user, by_hand) = (late[0].0.id(), late[0].1.parse::<SlipId>().unwrap());
    let mark = in_shard(&by_hand, &format!("{user}#l#{}", by_hand.tail()), &target.now());
    target.put_item("racing", &mark).await;
    let settled = target.settle(&race, &dividends(&[("win", "1", 180)])).await;
    assert_eq!(settled["settlement"]["totals"]["by_asset"]["MEDAL"], json!({"stake": 6_000, "payout": 3_600, "refund": 4_000}));
    for (user, slip) in &in_time {
        assert_eq!(user.outcome(slip).await, ("won".into(), 180, 0));
    }
    for (user, slip) in &late {
        assert_eq!(user.outcome(slip).await, ("refunded".into(), 0, 100));
    }
    let alarms = async || Some(target.alarms("slip-after-settlement").len()).filter(|alarms| *alarms > 0);
    assert_eq!(target.eventually("alarms", alarms).await, late.len() - 1);
    the_proof_holds(&target).await;
}
