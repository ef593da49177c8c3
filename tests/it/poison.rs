//! Poison messages: on every queue that a function works off, one that cannot be handled is tried as often as the queue says, alone,
//! and then lies whole in the dead-letter queue; what came in the same batch is done once. The queues come from the registry.

use crate::harness::{Race, Stage, Target, dividends};
use koban::registry;
use platform::function::Trigger;
use serde_json::{Value, json};

/// A message that each worker finds done already.
fn done(queue: &str, stage: &Stage, settled: &Race) -> Value {
    match queue {
        "collect-topup" => json!({"data": {"topup": stage.topup, "user": stage.user.id()}}),
        "settle-race" => json!({"data": {"race": settled.id, "result_version": 1}}),
        "settle-shard" => json!({"race": settled.id, "result_version": 1, "shard": 0}),
        "certify-race" => json!({"race": settled.id, "result_version": 1, "pass": 1}),
        unknown => panic!("{unknown} is new: give a message that its worker finds done already"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_message_is_tried_alone_as_often_as_its_queue_says_and_kept_whole() {
    let Some(target) = Target::start_local().await else { return };
    let stage = Stage::of(target.clone()).await;
    let settled = target.open_race().await;
    target.settle(&settled, &dividends(&[("win", "1", 150)])).await;
    target.rest().await;
    for function in registry::functions() {
        let Trigger::Queue { queue, batch, .. } = &function.trigger else { continue };
        let before = target.invocations(function.name).len();
        let poison = format!("{{\"poison\": \"of {}\"}}", queue.name);
        target.publish_all(queue.name, &[poison.clone(), done(queue.name, &stage, &settled).to_string()]).await;
        // Time may pass once the other message is done; before, it would come again too.
        let alone = async || {
            let depth = &target.status().await.queues[queue.name];
            (depth.visible + depth.delayed == 0 && depth.in_flight == 1).then_some(())
        };
        target.eventually("the poison is left alone", alone).await;
        target.until_dead(queue.name, 1).await;
        assert_eq!(target.bodies(&format!("{}-dlq", queue.name)).await, [poison], "{}", queue.name);

        let failed = usize::try_from(queue.receives_max).unwrap();
        // In one batch the other message came with the poison's first delivery.
        let count = if *batch > 1 { failed } else { failed + 1 };
        let told = async || Some(target.invocations(function.name)).filter(|lines| lines.len() >= before + count);
        let lines = target.eventually("every delivery is told", told).await;
        let mut outcomes: Vec<_> = lines[before..].iter().map(|line| line.outcome.as_str()).collect();
        outcomes.sort_unstable();
        let first = if *batch > 1 { "1 of 2 handled" } else { "1 of 1 handled" };
        let mut expected = vec!["0 of 1 handled"; count - 1];
        expected.push(first);
        assert_eq!(outcomes, expected, "{}", queue.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clocks_call_is_one_whatever_it_says() {
    let Some(target) = Target::start_local().await else { return };
    for function in registry::functions() {
        let Trigger::Schedule { queue, .. } = &function.trigger else { continue };
        target.publish_all(queue.name, &["poison".into(), "{}".into(), "\u{1f40e}".into()]).await;
        target.rest().await;
        let status = target.status().await;
        let depth = &status.queues[queue.name];
        assert_eq!((depth.visible, depth.in_flight, status.dead), (0, 0, 0), "{}: {status:?}", queue.name);
    }
}

/// Changes that no event can be made of: of a kind that nobody knows, without a body, with a body that is something else.
fn strange(table: &str) -> [Value; 3] {
    let known = if table == "wallet" { "wallet#usr_x" } else { "race#x#y" };
    [
        json!({"pk": {"S": "strange#1"}, "sk": {"S": "x"}, "body": {"B": "e30="}}),
        json!({"pk": {"S": "strange#2"}, "sk": {"S": "x"}}),
        json!({"pk": {"S": known}, "sk": {"S": "usr_x#b#x"}, "body": {"B": "AAAA"}}),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_cannot_be_mapped_is_kept_whole_and_the_stream_goes_on() {
    let Some(target) = Target::start_local().await else { return };
    for function in registry::functions() {
        let Trigger::Stream { table, .. } = &function.trigger else { continue };
        for item in strange(table.name) {
            target.put_item(table.name, &item).await;
        }
        let kept = format!("{}-failures", function.name);
        let all = async || (target.status().await.queues[&kept].visible == 3).then_some(());
        target.eventually("the strange changes are kept", all).await;
        let mut images: Vec<Value> = Vec::new();
        for body in target.bodies(&kept).await {
            let record: Value = serde_json::from_str(&body).unwrap();
            assert!(record["eventID"].is_string() && record["eventSourceARN"].is_string(), "the whole record: {record}");
            images.push(record["dynamodb"]["NewImage"].clone());
        }
        let item = |image: &Value| strange(table.name).contains(image);
        assert!(images.len() == 3 && images.iter().all(item), "{images:?}");
    }
    // Both streams went on: a top-up is collected and a race is settled by their events.
    target.user().top_up(1_000).await;
    let race = target.open_race().await;
    target.settle(&race, &dividends(&[("win", "1", 150)])).await;
}
