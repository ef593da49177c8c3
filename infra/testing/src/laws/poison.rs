//! Poison messages: messages that cannot be handled, on every queue that a function consumes. Such a message is tried alone, as often as
//! the queue says. Then it is in the dead-letter queue, unchanged. The other messages of its batch are handled once. The queues come from
//! the registry.

use super::{Examples, local};
use platform::function::Trigger;
use serde_json::{Value, json};

pub async fn a_poison_message_is_tried_alone_as_often_as_its_queue_says_and_kept_whole<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    let target = stage.target();
    target.rest().await;
    for function in E::SERVICE.functions {
        let Trigger::Queue { queue, batch, .. } = &function.definition.trigger else { continue };
        let poison = format!("{{\"poison\": \"of {}\"}}", queue.name);
        let done = stage.done(queue.name).await.to_string();
        target.rest().await;
        let before = target.invocations(function.name).len();
        target.publish_all(queue.name, &[poison.clone(), done]).await;
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
        let logged = async || Some(target.invocations(function.name)).filter(|lines| lines.len() >= before + count);
        let lines = target.eventually("every delivery is logged", logged).await;
        let mut outcomes: Vec<_> = lines[before..].iter().map(|line| line.outcome.as_str()).collect();
        outcomes.sort_unstable();
        let first = if *batch > 1 { "1 of 2 handled" } else { "1 of 1 handled" };
        let mut expected = vec!["0 of 1 handled"; count - 1];
        expected.push(first);
        assert_eq!(outcomes, expected, "{}", queue.name);
    }
}

pub async fn any_message_of_the_clock_is_a_call<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    let target = stage.target();
    for function in E::SERVICE.functions {
        let Trigger::Schedule { queue, .. } = &function.definition.trigger else { continue };
        target.publish_all(queue.name, &["poison".into(), "{}".into(), "\u{1f40e}".into()]).await;
        target.rest().await;
        let status = target.status().await;
        let depth = &status.queues[queue.name];
        assert_eq!((depth.visible, depth.in_flight, status.dead), (0, 0, 0), "{}: {status:?}", queue.name);
    }
}

/// Changes that no event can be made of: of a kind that nobody knows, without a body, with a body that is something else.
fn strange<E: Examples>(stage: &E, table: &str) -> [Value; 3] {
    [
        json!({"pk": {"S": "strange#1"}, "sk": {"S": "x"}, "body": {"B": "e30="}}),
        json!({"pk": {"S": "strange#2"}, "sk": {"S": "x"}}),
        stage.strange_item(table),
    ]
}

pub async fn a_change_that_cannot_be_mapped_is_kept_whole_and_the_stream_goes_on<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    let target = stage.target();
    for function in E::SERVICE.functions {
        let Trigger::Stream { table, .. } = &function.definition.trigger else { continue };
        for item in strange(&stage, table.name) {
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
        let item = |image: &Value| strange(&stage, table.name).contains(image);
        assert!(images.len() == 3 && images.iter().all(item), "{images:?}");
    }
    // The streams went on.
    stage.works().await;
}
