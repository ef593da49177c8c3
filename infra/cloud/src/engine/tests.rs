//! The embedded engine: what it keeps, and in which order it tells of it.

use super::*;
use crate::local_names;
use crate::tests::SERVICES;
use crate::tests::service::{NOTES, OTHERS};
use platform::resource::Table;
use serde_json::{Value, json};

fn open(directory: &Path) -> Engine {
    let clock = Arc::new(LocalClock::open(directory, None).unwrap());
    Engine::open(directory, SERVICES, &local_names(), &clock).unwrap()
}

async fn put(engine: &Engine, key: &str) -> u16 {
    let item = json!({"pk": {"S": key}, "sk": {"S": "s"}, "color": {"S": "red"}, "at": {"S": key}});
    let body = json!({"TableName": "koban-local-notes", "Item": item, "ConditionExpression": "attribute_not_exists(pk)"});
    engine.call("PutItem", body.to_string().as_bytes()).await.status
}

async fn get(engine: &Engine, key: &str) -> Value {
    let body = json!({"TableName": "koban-local-notes", "Key": {"pk": {"S": key}, "sk": {"S": "s"}}});
    serde_json::from_str(&engine.call("GetItem", body.to_string().as_bytes()).await.body).unwrap()
}

#[tokio::test]
async fn an_acknowledged_write_is_read_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    for number in 0..200 {
        let key = format!("{number}");
        assert_eq!(put(&engine, &key).await, 200);
        assert_eq!(get(&engine, &key).await["Item"]["pk"]["S"], key.as_str());
    }
    assert_eq!(put(&engine, "7").await, 400);
    engine.close().await;
}

#[tokio::test]
async fn a_table_made_later_is_seen_by_readers() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let query =
        json!({"TableName": "new", "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "a"}}});
    let query = query.to_string();
    assert_eq!(engine.call("Query", query.as_bytes()).await.status, 400);
    let table = json!({"TableName": "new", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]});
    assert_eq!(engine.call("CreateTable", table.to_string().as_bytes()).await.status, 200);
    assert_eq!(engine.call("Query", query.as_bytes()).await.status, 200);
    engine.close().await;
}

#[tokio::test]
async fn changes_are_read_in_order_and_trimmed_and_positions_survive() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    for number in 0..10 {
        put(&engine, &format!("{number}")).await;
    }
    let reader = engine.stream_reader().unwrap();
    let newest = reader.newest().unwrap();
    let rows = reader.read("koban-local-notes", 0, newest, 100).unwrap();
    assert_eq!(rows.len(), 10);
    assert!(rows.is_sorted_by_key(|row| row.id) && rows[9].id == newest);
    assert!(rows[0].new_image.as_ref().unwrap().contains("red"));
    engine.advance_stream("relay-notes", rows[4].id).await.unwrap();
    assert_eq!(engine.trim_stream(rows[4].id).await.unwrap(), 5);
    assert_eq!(reader.read("koban-local-notes", 0, newest, 100).unwrap().len(), 5);
    drop(reader);
    engine.close().await;
    let engine = open(directory.path());
    let reader = engine.stream_reader().unwrap();
    assert_eq!(reader.position("relay-notes").unwrap(), rows[4].id);
    assert_eq!(reader.newest().unwrap(), newest);
}

/// A cloud of some services may run on the directory of a cloud of all.
#[tokio::test]
async fn the_changes_of_a_service_that_does_not_run_are_kept_for_its_relay() {
    static SOME: Service = Service { tables: &[&OTHERS], ..NO_SERVICE };
    let directory = tempfile::tempdir().unwrap();
    let all = open(directory.path());
    put(&all, "unread").await;
    all.close().await;
    let clock = Arc::new(LocalClock::open(directory.path(), None).unwrap());
    let some = Engine::open(directory.path(), &[&SOME], &local_names(), &clock).unwrap();
    let item = json!({"TableName": "koban-local-others", "Item": {"pk": {"S": "a"}, "sk": {"S": "s"}}});
    assert_eq!(some.call("PutItem", item.to_string().as_bytes()).await.status, 200);
    let reader = some.stream_reader().unwrap();
    let newest = reader.newest().unwrap();
    assert_eq!(some.trim_stream(newest).await.unwrap(), 1);
    assert_eq!(reader.read("koban-local-others", 0, newest, 10).unwrap().len(), 0);
    assert_eq!(reader.read("koban-local-notes", 0, newest, 10).unwrap().len(), 1);
    some.close().await;
}

#[tokio::test]
async fn an_unknown_operation_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let reply = engine.call("Juggle", b"{}").await;
    assert!(reply.status == 400 && reply.body.contains("UnknownOperationException"));
    let reply = engine.call("GetItem", b"{}").await;
    assert!(reply.status == 400 && reply.body.contains("ValidationException"));
}

#[test]
fn tables_are_made_all_together_or_not_at_all() {
    static UNMAKEABLE: Table = Table { name: "not a name!", doc: "", indexes: &[] };
    static SERVICE: Service = Service { tables: &[&NOTES, &UNMAKEABLE], ..NO_SERVICE };
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(LocalClock::open(directory.path(), None).unwrap());
    let names = local_names();
    assert!(Engine::open(directory.path(), &[&SERVICE], &names, &clock).is_err());
    let storage = open_storage(&directory.path().join("dynamodb.sqlite"), &clock).unwrap();
    assert!(!storage.table_exists(&names.table(&NOTES)).unwrap(), "it would stay half made for ever");
}

const NO_SERVICE: Service = Service::new("", "", &[], &[]);
