//! A local cloud's tables with an unreadable record. The proof names it with its table, its key and the reason, and proves everything else.

use super::*;
use cloud::clock::LocalClock;
use cloud::engine::Engine;
use cloud::local_names;
use data_encoding::BASE64;
use platform::Service;
use platform::resource::Table;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const fn table(name: &'static str) -> Table {
    Table { name, doc: "", indexes: &[] }
}

static WALLET: Table = table("wallet");
static BANK: Table = table("bank");
static RACING: Table = table("racing");
/// The tables that are proved.
static SERVICES: &[&Service] = &[&Service::new("proved", "", &[&WALLET, &BANK, &RACING], &[])];

/// The race, as the engine stores it.
async fn stored_in_engine(stored: Stored) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(LocalClock::open(directory.path(), None).unwrap());
    let engine = Engine::open(directory.path(), SERVICES, &local_names(), &clock).unwrap();
    for (table, items) in stored {
        for Item { pk, sk, body, hash, .. } in items {
            let mut item = json!({"pk": {"S": pk}, "sk": {"S": sk}, "body": {"B": BASE64.encode(&body)}});
            if !hash.is_empty() {
                item["hash"] = json!({"B": BASE64.encode(&hash)});
            }
            let request = json!({"TableName": format!("koban-local-{table}"), "Item": item});
            assert_eq!(engine.call("PutItem", request.to_string().as_bytes()).await.status, 200);
        }
    }
    engine.close().await;
    directory
}

fn connect(directory: &Path) -> Connection {
    Connection::open(directory.join("dynamodb.sqlite")).unwrap()
}

fn proof_of(directory: &Path) -> Verdict {
    verify(&Tables::open(directory).unwrap(), PROOFS, at(7_200)).unwrap()
}

#[tokio::test]
async fn what_can_be_read_is_clean_and_counted() {
    let proof = proof_of(stored_in_engine(settled_race()).await.path());
    assert!(proof.is_clean() && !proof.is_empty(), "{:?}", proof.faults);
    let counted =
        (proof.items, proof.count(JOURNALS), proof.count(LINES), proof.count(TOP_UPS), proof.count(PAYOUTS), proof.unreadable);
    // Two collections and top-ups; wallets of two lines and of three; one payout journal; a race with its result, two slips, two
    // certificates.
    assert_eq!(counted, (16, 3, 6, 2, 1, 0));
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_named_and_the_rest_is_proved() {
    let garbage = [
        "''",
        "'{'",
        "'null'",
        "'{\"pk\":{\"S\":\"x\"}}'",
        "replace(item_json, '\"B\":\"', '\"B\":\"!')",
        "replace(item_json, 'collection', 'other')",
        "X'fffe00'",
        "CAST(X'7bff7d' AS TEXT)",
        "7",
    ];
    for garbage in garbage {
        let directory = stored_in_engine(settled_race()).await;
        let first = "(SELECT MIN(pk) FROM \"koban-local-bank\")";
        let change = format!("UPDATE \"koban-local-bank\" SET item_json = {garbage} WHERE pk = {first}");
        assert_eq!(connect(directory.path()).execute(&change, []).unwrap(), 1);
        let proof = proof_of(directory.path());
        assert!(!proof.is_clean() && !proof.holds(READ) && proof.unreadable == 1, "{garbage}: {:?}", proof.faults);
        let named =
            |fault: &proofs::Fault| fault.to_string().starts_with("bank: collection#") && fault.contains("cannot be read: ");
        assert_eq!(proof.faults.iter().filter(|fault| named(fault)).count(), 1, "{garbage}: {:?}", proof.faults);
        assert!(proof.faults.iter().any(|fault| fault.contains("the bank says nothing")), "{garbage}: {:?}", proof.faults);
        assert_eq!((proof.count(RACES), proof.count(SLIPS), proof.count(LINES), proof.count(PAYOUTS)), (1, 2, 6, 1), "{garbage}");
        assert!(proof.holds(CHAINS) && proof.holds(CERTIFICATES) && proof.holds(DUES), "{garbage}: {:?}", proof.faults);
    }
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named_and_the_others_are_proved() {
    let directory = stored_in_engine(settled_race()).await;
    connect(directory.path()).execute_batch("DROP TABLE \"koban-local-wallet\"").unwrap();
    let proof = proof_of(directory.path());
    assert!(proof.faults.iter().any(|fault| fault.contains("wallet: the whole table cannot be read")), "{:?}", proof.faults);
    assert_eq!((proof.count(RACES), proof.count(SLIPS), proof.holds(CERTIFICATES), proof.holds(READ)), (1, 2, true, false));
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_named_and_the_other_tables_are_proved() {
    let mut stored = settled_race();
    for number in 0..2_000 {
        let body = json!({"id": number.to_string(), "amount": yen(1), "verdict": "DECLINED", "at": at(0)});
        put(&mut stored, "bank", &format!("collection#{number:04}"), "collection", &body);
    }
    let directory = stored_in_engine(stored).await;
    let sql = "SELECT pageno FROM dbstat WHERE name = 'koban-local-bank' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 20";
    let connection = connect(directory.path());
    // Where SQLite was built without the table of its pages, one in the midst of them is taken: nearly all are the bank's.
    let page: usize = connection.query_row(sql, [], |row| row.get(0)).unwrap_or(60);
    drop(connection);
    let file = directory.path().join("dynamodb.sqlite");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[(page - 1) * 4_096..page * 4_096].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    let proof = proof_of(directory.path());
    let named = |fault: &proofs::Fault| fault.contains("bank: nothing after collection#") && fault.contains("malformed");
    assert!(proof.faults.iter().any(named) && proof.unreadable == 1, "{:?}", proof.faults);
    assert_eq!((proof.count(RACES), proof.count(SLIPS), proof.holds(CHAINS), proof.holds(CERTIFICATES)), (1, 2, true, true));
}

#[test]
fn sums_that_no_integer_holds_are_named_and_the_rest_is_proved() {
    let mut stored = settled_race();
    let objects = replace(&mut stored, "wallet", "\"minor\":10000", &format!("\"minor\":{}", i64::MAX));
    assert!(objects >= 2, "nothing to change");
    replace(&mut stored, "bank", "10000", &i64::MAX.to_string());
    let proof = prove(stored);
    assert!(!proof.is_clean() && !proof.holds(SUM_ZERO), "{:?}", proof.faults);
    assert_eq!((proof.count(RACES), proof.count(SLIPS), proof.holds(CERTIFICATES), proof.holds(DUES)), (1, 2, true, true));
}

#[test]
fn a_slip_of_any_amount_does_not_end_the_proof() {
    for stake in [i64::MIN, i64::MAX, -500, 0] {
        let mut stored = settled_race();
        assert!(replace(&mut stored, "racing", "\"stake\":500", &format!("\"stake\":{stake}")) > 0, "nothing to change");
        let proof = prove(stored);
        assert!(!proof.is_clean() && proof.count(RACES) == 1 && proof.count(LINES) == 6, "{stake}: {:?}", proof.faults);
    }
}

#[tokio::test]
async fn tables_without_an_item_prove_nothing() {
    let proof = proof_of(stored_in_engine(Stored::new()).await.path());
    assert!(proof.is_empty() && proof.is_clean());
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let directory = tempfile::tempdir().unwrap();
    for garbage in [&b"no database at all, but long enough"[..], &[0xff; 8_192]] {
        std::fs::write(directory.path().join("dynamodb.sqlite"), garbage).unwrap();
        let said = platform::problem::chain(&Tables::open(directory.path()).err().unwrap());
        assert!(said.contains("dynamodb.sqlite"), "{said}");
    }
}

#[test]
fn what_a_deployment_has_that_is_no_record_is_named() {
    let spool = Spool::open().unwrap();
    spool.add_unreadable("racing", "race#x race: it has no body").unwrap();
    let proof = verify(&spool.into_tables().unwrap(), PROOFS, at(0)).unwrap();
    assert_eq!((proof.unreadable, proof.is_clean(), proof.is_empty()), (1, false, false));
    assert_eq!(proof.faults[0].to_string(), "racing: race#x race: it has no body");
}
