//! Queues: visibility, delays, receive counts and dead letters, also over a restart.

use super::*;
use crate::tests::SERVICES;
use crate::tests::service::ADDED;

struct Bench {
    directory: tempfile::TempDir,
    clock: Arc<LocalClock>,
    database: Arc<Database>,
    queues: Queues,
}

async fn open(directory: tempfile::TempDir) -> Bench {
    let start_at = Some("2030-01-01T00:00:00Z".parse().unwrap());
    let clock = Arc::new(LocalClock::open(directory.path(), start_at).unwrap());
    let database = Arc::new(Database::open(directory.path()).unwrap());
    let queues = Queues::open(database.clone(), clock.clone(), Arc::default(), Arc::new(crate::deliveries::Faithful), SERVICES)
        .await
        .unwrap();
    Bench { directory, clock, database, queues }
}

async fn bench() -> Bench {
    open(tempfile::tempdir().unwrap()).await
}

impl Bench {
    async fn send(&self, body: &str, delay: Duration) {
        let message = NewMessage { queue: ADDED.name.into(), body: body.into(), delay, ..NewMessage::default() };
        self.queues.send(vec![message]).await.unwrap();
    }

    async fn receive(&self) -> Vec<Received> {
        self.queues.receive(&ADDED, 10, Duration::from_secs(30)).await.unwrap().messages
    }

    async fn pass(&self, seconds: i64) {
        let moved = self.clock.set(self.clock.now() + SignedDuration::from_secs(seconds)).unwrap();
        self.queues.clock_moved(moved).await.unwrap();
    }

    /// The same directory in another process.
    async fn reopen(self) -> Bench {
        self.database.close().await;
        open(self.directory).await
    }
}

#[tokio::test]
async fn a_received_message_is_invisible_until_its_time_and_counts_its_receipts() {
    let bench = bench().await;
    bench.send("a", Duration::ZERO).await;
    let first = bench.receive().await;
    assert_eq!((first.len(), first[0].receives), (1, 1));
    assert!(bench.receive().await.is_empty());
    bench.queues.settle(vec![], first.clone()).await.unwrap();
    bench.pass(31).await;
    let second = bench.receive().await;
    assert_eq!((second[0].receives, &second[0].message_id), (2, &first[0].message_id));
    assert_eq!(second[0].first_received_ms, first[0].first_received_ms);
    // An old receipt deletes nothing.
    bench.queues.settle(first, vec![]).await.unwrap();
    assert_eq!(bench.queues.depths().await.unwrap()[ADDED.name].in_flight, 1);
    bench.queues.settle(second, vec![]).await.unwrap();
    assert_eq!(bench.queues.depths().await.unwrap()[ADDED.name], Depth::default());
}

#[tokio::test]
async fn a_delayed_message_comes_when_the_clock_says() {
    let bench = bench().await;
    bench.send("later", Duration::from_mins(10)).await;
    let batch = bench.queues.receive(&ADDED, 10, Duration::from_secs(30)).await.unwrap();
    assert!(batch.messages.is_empty() && batch.next_due.unwrap() > bench.clock.now());
    assert_eq!(bench.queues.depths().await.unwrap()[ADDED.name], Depth { delayed: 1, ..Depth::default() });
    bench.pass(601).await;
    assert_eq!(bench.receive().await.len(), 1);
}

#[tokio::test]
async fn what_an_invocation_holds_does_not_age_by_a_jump() {
    let bench = bench().await;
    bench.send("a", Duration::ZERO).await;
    let held = bench.receive().await;
    bench.pass(3_600).await;
    assert!(bench.receive().await.is_empty());
    bench.queues.settle(held, vec![]).await.unwrap();
    assert!(bench.queues.depths().await.unwrap()[ADDED.name].is_idle());
}

#[tokio::test]
async fn a_failure_says_when_its_message_comes_again() {
    let bench = bench().await;
    bench.send("a", Duration::ZERO).await;
    let received = bench.receive().await;
    let receipt = received[0].receipt.clone();
    let change = |receipt: &str| bench.queues.change_visibility(ADDED.name, receipt.to_owned(), Duration::ZERO);
    assert_eq!(change(&receipt).await.unwrap(), Hold::Held);
    bench.queues.settle(vec![], received).await.unwrap();
    assert_eq!(change(&receipt).await.unwrap(), Hold::Over);
    assert_eq!(bench.receive().await[0].receives, 2);
    assert_eq!(change(&receipt).await.unwrap(), Hold::None, "an old receipt holds nothing");
}

#[tokio::test]
async fn after_its_last_receive_a_message_is_dead() {
    let bench = bench().await;
    bench.send("poison", Duration::ZERO).await;
    for _ in 0..ADDED.receives_max {
        let received = bench.receive().await;
        assert_eq!(received.len(), 1);
        bench.queues.settle(vec![], received).await.unwrap();
        bench.pass(31).await;
    }
    assert!(bench.receive().await.is_empty());
    let depths = bench.queues.depths().await.unwrap();
    assert_eq!((depths[ADDED.name], depths["note-added-dlq"].visible), (Depth::default(), 1));
}

#[tokio::test]
async fn messages_and_their_counts_survive_and_what_was_held_is_due_at_once() {
    let bench = bench().await;
    bench.send("held", Duration::ZERO).await;
    bench.send("waiting", Duration::from_mins(5)).await;
    assert_eq!(bench.receive().await.len(), 1);
    let bench = bench.reopen().await;
    let again = bench.receive().await;
    assert_eq!((again.len(), again[0].receives, again[0].body.as_str()), (1, 2, "held"));
    assert_eq!(bench.queues.depths().await.unwrap()[ADDED.name].delayed, 1);
}

#[tokio::test]
async fn a_failed_message_keeps_its_backoff_over_a_restart() {
    let bench = bench().await;
    bench.send("a", Duration::ZERO).await;
    let received = bench.receive().await;
    bench.queues.settle(vec![], received).await.unwrap();
    let bench = bench.reopen().await;
    assert!(bench.receive().await.is_empty());
    bench.pass(31).await;
    assert_eq!(bench.receive().await.len(), 1);
}

#[tokio::test]
async fn an_unknown_queue_takes_nothing() {
    let bench = bench().await;
    let message = |queue: &str| NewMessage { queue: queue.into(), ..NewMessage::default() };
    let sent = bench.queues.send(vec![message(ADDED.name), message("none")]).await;
    assert!(matches!(sent, Err(CloudError::NoQueue(name)) if name == "none"));
    assert!(bench.receive().await.is_empty());
}

#[test]
fn a_reply_that_makes_no_sense_fails_the_whole_batch() {
    let message = |name: &str| Received {
        id: 1,
        message_id: name.into(),
        body: String::new(),
        trace: String::new(),
        attributes: String::new(),
        sent_ms: 0,
        receives: 1,
        first_received_ms: 0,
        receipt: String::new(),
    };
    let batch = [message("a"), message("b")];
    assert_eq!(event::failures(br#"{"batchItemFailures":[]}"#, &batch).len(), 0);
    assert_eq!(event::failures(br#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, &batch).len(), 1);
    assert_eq!(event::failures(br#"{"batchItemFailures":[{"itemIdentifier":"c"}]}"#, &batch).len(), 2);
    assert_eq!(event::failures(b"?", &batch).len(), 2);
}

#[tokio::test]
async fn who_waits_gets_a_message_as_it_comes_and_leaves_the_others_awake() {
    let bench = bench().await;
    let hour = Duration::from_hours(1);
    let mut changes = bench.queues.changes(ADDED.name).unwrap();
    let visibility = Some(Duration::from_secs(30));
    let waiting = bench.queues.wait_for(ADDED.name, 10, visibility, hour);
    let sending = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        bench.send("a", Duration::ZERO).await;
    };
    let (received, ()) = tokio::join!(waiting, sending);
    assert_eq!(received.unwrap()[0].body, "a");
    // Another poller must look up when it is visible again.
    tokio::time::timeout(Duration::from_secs(1), changes.next()).await.unwrap();
    let batch = bench.queues.receive(&ADDED, 10, Duration::from_secs(30)).await.unwrap();
    assert!(batch.next_due.is_some());
    // Set, the clock lets it come again, and counts as a receive.
    let waiting = bench.queues.wait_for(ADDED.name, 10, visibility, hour);
    let passing = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        bench.pass(31).await;
    };
    let (received, ()) = tokio::join!(waiting, passing);
    assert_eq!(received.unwrap()[0].receives, 2);
    let started = std::time::Instant::now();
    assert!(bench.queues.wait_for(ADDED.name, 10, visibility, Duration::from_millis(50)).await.unwrap().is_empty());
    assert!(started.elapsed() >= Duration::from_millis(50) && started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_directory_of_an_earlier_version_is_taken_over_with_its_messages() {
    let directory = tempfile::tempdir().unwrap();
    let earlier = "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, message_id TEXT NOT NULL,
        body TEXT NOT NULL, trace TEXT NOT NULL, sent_ms INTEGER NOT NULL, visible_ms INTEGER NOT NULL,
        receives INTEGER NOT NULL DEFAULT 0, first_received_ms INTEGER, receipt TEXT, held INTEGER NOT NULL DEFAULT 0);
        INSERT INTO messages (queue, message_id, body, trace, sent_ms, visible_ms) VALUES ('note-added', 'm', 'kept', '', 0, 0);";
    let connection = rusqlite::Connection::open(directory.path().join("cloud.sqlite")).unwrap();
    connection.execute_batch(earlier).unwrap();
    drop(connection);
    let bench = open(directory).await;
    assert_eq!(bench.receive().await[0].body, "kept");
    let bench = bench.reopen().await;
    assert_eq!(bench.receive().await[0].body, "kept");
}

#[tokio::test]
async fn attributes_reach_the_function_and_survive_with_their_message() {
    let bench = bench().await;
    let mut all = attributes::Attributes::new();
    all.insert("traceparent".into(), attributes::Attribute::text("00-1"));
    all.insert("color".into(), attributes::Attribute::text("red"));
    let (trace, attributes) = attributes::stored(all);
    let message = NewMessage { queue: ADDED.name.into(), body: "a".into(), trace, attributes, ..NewMessage::default() };
    bench.queues.send(vec![message]).await.unwrap();
    let bench = bench.reopen().await;
    let event = event::event(&crate::local_names(), ADDED.name, &bench.receive().await).unwrap();
    let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
    let detail = &event["Records"][0]["messageAttributes"];
    assert_eq!(detail["color"], serde_json::json!({"stringValue": "red", "dataType": "String"}));
    assert_eq!(detail["traceparent"]["stringValue"], "00-1");
}

#[tokio::test]
async fn a_purge_takes_everything_once_a_minute() {
    let bench = bench().await;
    bench.send("a", Duration::ZERO).await;
    bench.send("b", Duration::from_mins(1)).await;
    assert!(bench.queues.purge(ADDED.name).await.unwrap());
    assert_eq!(bench.queues.depths().await.unwrap()[ADDED.name], Depth::default());
    assert!(!bench.queues.purge(ADDED.name).await.unwrap());
    bench.pass(60).await;
    assert!(bench.queues.purge(ADDED.name).await.unwrap());
}
