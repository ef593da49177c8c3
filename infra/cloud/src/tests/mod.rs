//! The local cloud as a whole, on a small service of its own.

pub mod client;
mod crash;
mod due;
pub mod service;

use super::*;
use client::Client;
use jiff::{SignedDuration, ToSpan};
use platform::clock::Clock;
use serde_json::{Value, json};
use service::SERVICE;

pub(super) const SERVICES: &[&Service] = &[&SERVICE];

pub(super) async fn cloud(directory: &std::path::Path) -> Cloud {
    let start_at = Some("2030-01-01T00:00:00Z".parse().unwrap());
    start(Config { start_at, ..Config::new(directory, SERVICES) }).await.unwrap()
}

async fn add_note(cloud: &Cloud, name: &str, color: &str) -> u16 {
    let client = Client::of(cloud);
    let body = json!({"name": name, "color": color}).to_string();
    client.post("/v1/notes", &[("authorization", &format!("Bearer {}", cloud.token("alice")))], &body).await.0
}

async fn note(cloud: &Cloud, name: &str) -> Option<Value> {
    let (status, body) = Client::of(cloud).get(&format!("/v1/notes/{name}")).await;
    (status == 200).then(|| serde_json::from_str(&body).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_becomes_an_item_an_event_and_a_message() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    assert_eq!(add_note(&cloud, "first", "red").await, 201);
    assert_eq!(add_note(&cloud, "second", "blue").await, 201);
    cloud.idle().await.unwrap();
    // The queue's subscription wants red notes only.
    assert!(note(&cloud, "seen-first").await.is_some());
    assert!(note(&cloud, "seen-second").await.is_none());
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let first = cloud(directory.path()).await;
    let token = first.token("alice");
    assert_eq!(add_note(&first, "kept", "red").await, 201);
    let later = first.clock().now() + 90.minutes();
    first.set_clock(later).await.unwrap();
    first.stop().await;

    let second = cloud(directory.path()).await;
    assert!(second.clock().now() >= later);
    assert!(note(&second, "kept").await.is_some());
    second.idle().await.unwrap();
    assert!(note(&second, "seen-kept").await.is_some());
    let (status, _) = Client::of(&second)
        .post("/v1/notes", &[("authorization", &format!("Bearer {token}"))], r#"{"name":"x","color":"red"}"#)
        .await;
    assert_eq!(status, 201, "the key is still the same");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_directory_has_one_cloud() {
    let directory = tempfile::tempdir().unwrap();
    let first = cloud(directory.path()).await;
    assert!(matches!(start(Config::new(directory.path(), SERVICES)).await, Err(CloudError::InUse)));
    first.stop().await;
    cloud(directory.path()).await.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_fires_once_after_a_jump() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    // Made by the first start, it counts from there.
    tokio::time::sleep(Duration::from_millis(50)).await;
    cloud.idle().await.unwrap();
    assert!(note(&cloud, "tick-1").await.is_none());
    cloud.set_clock(cloud.clock().now() + SignedDuration::from_hours(5)).await.unwrap();
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if note(&cloud, "tick-1").await.is_some() {
            break;
        }
    }
    cloud.idle().await.unwrap();
    assert!(note(&cloud, "tick-1").await.is_some());
    assert!(note(&cloud, "tick-2").await.is_none());
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_cannot_be_relayed_is_given_up_and_the_stream_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    cloud.install_faults(Some(Arc::new(service::RefusesPoison)));
    for name in ["one", "poison", "two"] {
        assert_eq!(add_note(&cloud, name, "red").await, 201);
    }
    cloud.idle().await.unwrap();
    assert!(note(&cloud, "seen-one").await.is_some());
    assert!(note(&cloud, "seen-two").await.is_some());
    assert!(note(&cloud, "seen-poison").await.is_none());
    assert_eq!(cloud.queue_depths().await.unwrap()["relay-notes-failures"].visible, 0);
    assert_eq!(note(&cloud, "given-up").await.unwrap()["body"]["requestContext"]["condition"], "RetryAttemptsExhausted");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_always_fails_ends_in_the_dead_letter_queue() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    cloud.publish("note-added", "no JSON").await.unwrap();
    for _ in 0..400 {
        if cloud.status().await.unwrap().dead == 1 {
            break;
        }
        cloud.set_clock(cloud.clock().now() + SignedDuration::from_mins(1)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(cloud.queue_depths().await.unwrap()["note-added-dlq"].visible, 1);
    assert!(cloud.is_idle().await.unwrap(), "the dead do not keep anyone waiting");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_used_of_the_grants_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    assert_eq!(add_note(&cloud, "one", "red").await, 201);
    cloud.idle().await.unwrap();
    let used = |function, action: &str, resource| {
        cloud.used_actions().contains(&Permission { function, action: action.into(), resource })
    };
    assert!(used("add-note", "PutItem", "notes"));
    assert!(used("relay-notes", "Publish", "note-events"));
    assert!(used("count-note", "PutItem", "notes"));
    assert!(!used("add-note", "GetItem", "notes"));
    assert!(cloud.used_actions().is_subset(&cloud.granted_actions()));
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_items_are_deleted_and_nothing_else_is() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    let forget = async |name: &str| {
        let (_, _, said) = Client::of(&cloud).send("DELETE", &format!("/v1/notes/{name}"), &[], "").await;
        (note(&cloud, name).await.is_some(), said)
    };
    for name in ["memo%23plain", "memo%23hashed", "plain"] {
        assert_eq!(add_note(&cloud, &name.replace("%23", "#"), "blue").await, 201);
    }
    assert_eq!(forget("memo%23plain").await, (false, r#""forgotten""#.into()));
    assert_eq!(forget("memo%23plain").await, (false, r#""forgotten""#.into()), "again");
    assert_eq!(forget("memo%23hashed").await, (true, r#""memo#hashed/note has a hash and stays""#.into()));
    // A debug build panics, which is a 500.
    assert!(forget("plain").await.0);
    cloud.idle().await.unwrap();
    assert_eq!(cloud.status().await.unwrap().dead, 0, "the relay goes on past what was removed");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_aws_endpoint_answers_this_machine_only() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    let client = Client::at(cloud.aws_url());
    let target = ("x-amz-target", "DynamoDB_20120810.ListTables");
    let (status, body) = client.post("/", &[target], "{}").await;
    assert_eq!(
        (status, body.as_str()),
        (200, r#"{"TableNames":["koban-local-access","koban-local-notes","koban-local-others"]}"#)
    );
    let (status, _) = client.post("/", &[target, ("host", "rebound.example")], "{}").await;
    assert_eq!(status, 403);
    cloud.stop().await;
}
