//! A data directory from which something was taken, and what its witness says.

use super::*;
use crate::clock::LocalClock;
use crate::database::Database;
use crate::engine::Engine;
use crate::tests::SERVICES;
use platform::problem::chain;
use serde_json::json;
use std::sync::Arc;

/// Starts and stops on the directory as a cloud does, writing `items` in between.
async fn start(data: &Path, items: std::ops::Range<u32>) -> Result<(), CloudError> {
    let witness = Witness::of(data);
    witness.check()?;
    let clock = Arc::new(LocalClock::open(data, None).unwrap());
    let database = Database::open(data)?;
    let engine = Engine::open(data, SERVICES, &local_names(), &clock)?;
    witness.note()?;
    for number in items {
        let (key, body) = (json!({"S": number.to_string()}), json!({"B": ""}));
        let item = json!({"TableName": "koban-local-notes", "Item": {"pk": key, "sk": key, "body": body}});
        assert_eq!(engine.call("PutItem", item.to_string().as_bytes()).await.status, 200);
    }
    engine.close().await;
    database.close().await;
    witness.note()
}

fn sql(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

fn remove(data: &Path, name: &str) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("{name}{suffix}")));
    }
}

/// The one line that is said about a directory after `change`, by a start and by the check alone.
async fn said_after(change: impl FnOnce(&Path)) -> String {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    start(data, 0..3).await.unwrap();
    change(data);
    let said = chain(&Witness::of(data).check().unwrap_err());
    assert_eq!(chain(&start(data, 0..0).await.unwrap_err()), said);
    assert!(!said.contains('\n'), "{said}");
    said
}

#[tokio::test]
async fn what_was_left_is_found_again() {
    let directory = tempfile::tempdir().unwrap();
    for items in [0..3, 3..3, 0..9] {
        start(directory.path(), items).await.unwrap();
    }
    let held = Witness::of(directory.path()).manifest().unwrap().unwrap().held;
    assert_eq!((held.items["notes"], held.items["others"]), (9, 0));
    assert!(held.changes >= 9, "{held:?}");
}

#[tokio::test]
async fn a_database_that_is_gone_is_missed() {
    let said = said_after(|data| remove(data, TABLES)).await;
    assert!(said.contains("dynamodb.sqlite is gone") && said.contains("put it back from a copy"), "{said}");
    let said = said_after(|data| remove(data, QUEUES)).await;
    assert!(said.contains("cloud.sqlite is gone"), "{said}");
    let said = said_after(|data| [TABLES, QUEUES].iter().for_each(|name| remove(data, name))).await;
    assert!(said.contains("dynamodb.sqlite is gone"), "{said}");
    // Without the manifest one database is witness to the other.
    let said = said_after(|data| [TABLES, MANIFEST].iter().for_each(|name| remove(data, name))).await;
    assert!(said.contains("dynamodb.sqlite is gone"), "{said}");
    let said = said_after(|data| remove(data, CLOCK)).await;
    assert!(said.contains("clock.json is gone") && said.contains("offset_ms"), "{said}");
}

#[tokio::test]
async fn a_database_that_was_cut_short_or_replaced_is_missed() {
    let said = said_after(|data| {
        remove(data, TABLES);
        std::fs::write(data.join(TABLES), "").unwrap();
    });
    assert!(said.await.contains("dynamodb.sqlite is empty"));
    let other = tempfile::tempdir().unwrap();
    start(other.path(), 0..9).await.unwrap();
    let replaced = |data: &Path| {
        remove(data, TABLES);
        std::fs::copy(other.path().join(TABLES), data.join(TABLES)).unwrap();
    };
    assert!(said_after(replaced).await.contains("is not the one"));
    let said = said_after(|data| std::fs::write(data.join(TABLES), "no database").unwrap()).await;
    assert!(said.contains("dynamodb.sqlite: file is not a database"), "{said}");
}

#[tokio::test]
async fn items_that_went_without_a_change_are_missed() {
    let said = said_after(|data| sql(&data.join(TABLES), "DELETE FROM \"koban-local-notes\" WHERE pk = 'S:1'")).await;
    assert!(said.contains("has lost 1 items of its table notes"), "{said}");
    let dropped = "DROP TABLE \"koban-local-notes\"; DELETE FROM _tables WHERE table_name = 'koban-local-notes'";
    let said = said_after(|data| sql(&data.join(TABLES), dropped)).await;
    assert!(said.contains("has lost its table notes"), "{said}");
    let said = said_after(|data| sql(&data.join(TABLES), "UPDATE sqlite_sequence SET seq = seq - 2")).await;
    assert!(said.contains("has lost the newest 2 changes"), "{said}");
}

#[tokio::test]
async fn an_older_copy_of_the_database_is_missed() {
    let directory = tempfile::tempdir().unwrap();
    let (data, copy) = (directory.path(), directory.path().join("copy"));
    start(data, 0..3).await.unwrap();
    std::fs::copy(data.join(TABLES), &copy).unwrap();
    start(data, 3..5).await.unwrap();
    remove(data, TABLES);
    std::fs::copy(&copy, data.join(TABLES)).unwrap();
    let said = Witness::of(data).check().unwrap_err().to_string();
    assert!(said.contains("has lost the newest 2 changes"), "{said}");
}

#[tokio::test]
async fn items_that_were_deleted_by_requests_are_not_missed() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    start(data, 0..3).await.unwrap();
    let clock = Arc::new(LocalClock::open(data, None).unwrap());
    let engine = Engine::open(data, SERVICES, &local_names(), &clock).unwrap();
    let key = json!({"S": "1"});
    let request = json!({"TableName": "koban-local-notes", "Key": {"pk": key, "sk": key}});
    assert_eq!(engine.call("DeleteItem", request.to_string().as_bytes()).await.status, 200);
    engine.close().await;
    // As after a kill: nothing was noted since.
    Witness::of(data).check().unwrap();
}

#[tokio::test]
async fn a_directory_of_an_older_version_gets_its_witness() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    start(data, 0..3).await.unwrap();
    std::fs::remove_file(data.join(MANIFEST)).unwrap();
    for name in [TABLES, QUEUES] {
        sql(&data.join(name), "DROP TABLE koban_identity");
    }
    start(data, 3..4).await.unwrap();
    remove(data, TABLES);
    assert!(Witness::of(data).check().is_err());
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_is_named() {
    for bytes in [&b""[..], b"{", b"{}", &[0xff, 0]] {
        let said = said_after(|data| std::fs::write(data.join(MANIFEST), bytes).unwrap()).await;
        assert!(said.contains("manifest.json") && said.contains("put it back"), "{said}");
    }
}

/// As after a kill: the tables have their id, and neither the queues nor the manifest has it.
#[tokio::test]
async fn a_start_that_was_killed_between_two_files_is_gone_on_with() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    start(data, 0..1).await.unwrap();
    std::fs::remove_file(data.join(MANIFEST)).unwrap();
    for left in ["DELETE FROM koban_identity", "DROP TABLE koban_identity"] {
        sql(&data.join(QUEUES), left);
        start(data, 0..1).await.unwrap();
        Witness::of(data).check().unwrap();
        std::fs::remove_file(data.join(MANIFEST)).unwrap();
    }
}
