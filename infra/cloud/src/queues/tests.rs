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
    let queues = Queues::open(database.clone(), clock.clone(), Arc::default(), SERVICES).await.unwrap();
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
    assert!(bench.queues.change_visibility(ADDED.name, receipt, Duration::ZERO).await.unwrap());
    bench.queues.settle(vec![], received).await.unwrap();
    assert_eq!(bench.receive().await[0].receives, 2);
    assert!(!bench.queues.change_visibility(ADDED.name, "none".into(), Duration::ZERO).await.unwrap());
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
