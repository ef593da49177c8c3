//! A top-up and a day's medals, right in every record. Then one record after another is changed or missing, and each time the proof
//! must say which.

#![cfg(test)]

use jiff::Timestamp;
use platform::store::{Key, Record};
use proofs::proof::{CHAINS, JOURNALS, LINES, SUM_ZERO};
use proofs::{Definition, Spool, Verdict, verify};
use serde::Serialize;
use serde_json::json;
use shared::id::UserId;
use shared::journal::Line;
use shared::money::{Amount, Asset};
use wallet_domain::topup::TopUpId;
use wallet_domain::{self as wallet, Account, Change, Kind, Posting, WalletTail};
use wallet_proofs::TOP_UPS;

const PROOFS: &[&Definition] = &[&wallet_proofs::PROOF];

/// The records, each with its table.
type Stored = Vec<(&'static str, Record)>;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn amount(asset: Asset, minor: i64) -> Amount {
    Amount { asset, minor }
}

fn topup_id() -> TopUpId {
    TopUpId::derive(&[b"alice"])
}

fn user() -> UserId {
    UserId::of_subject("issuer", "alice")
}

fn put(stored: &mut Stored, table: &'static str, pk: &str, sk: &str, body: &impl Serialize) {
    stored.push((table, Record::new(Key::new(pk, sk), serde_json::to_vec(body).unwrap())));
}

fn line(line: &Line) -> (&'static str, Record) {
    let record = Record::new(Key::new(&line.entity, Line::sort_key(line.seq)), line.body.clone());
    ("wallet", Record { hash: Some(line.hash.to_vec()), ..record })
}

/// 10,000 yen, topped up, and 500 medals.
fn funded() -> Stored {
    let (mut stored, user, topup) = (Stored::new(), user(), topup_id());
    let yen = amount(Asset::Jpy, 10_000);
    let taken = json!({"id": topup, "amount": yen, "verdict": "COLLECTED", "at": at(0)});
    put(&mut stored, "bank", &format!("collection#{topup}"), "collection", &taken);
    let object =
        json!({"id": topup, "user": user, "amount": yen, "state": "COLLECTED", "requested_at": at(0), "updated_at": at(1)});
    put(&mut stored, "wallet", &format!("topup#{user}"), topup.as_str(), &object);
    put(&mut stored, "wallet", &format!("medals#{user}"), "2027-01-15", &amount(Asset::Medal, 500));
    let change = |kind, operation: &str, amount, account| Change {
        kind,
        operation: operation.into(),
        postings: vec![Posting::new(amount, account)],
    };
    let credit = change(Kind::TopUp, topup.as_str(), yen, Account::BankClearing);
    let first = WalletTail::empty(wallet::entity(&user)).append(at(1), "collect-topup", credit).unwrap();
    let medals = change(Kind::MedalGrant, "medals:2027-01-15", amount(Asset::Medal, 500), Account::Bonus);
    let second = WalletTail::of(&first).unwrap().append(at(2), "grant-medals", medals).unwrap();
    stored.extend([line(&first), line(&second)]);
    stored
}

fn prove_at(stored: &Stored, second: i64) -> Verdict {
    let spool = Spool::open().unwrap();
    for (table, record) in stored {
        spool.add(table, record).unwrap();
    }
    verify(&spool.into_tables().unwrap(), PROOFS, at(second)).unwrap()
}

/// Changes `from` to `to` in every body of `table` that has it.
fn replace(stored: &mut Stored, table: &str, from: &str, to: &str) {
    let mut changed = false;
    for (_, record) in stored.iter_mut().filter(|(of, _)| *of == table) {
        let body = String::from_utf8(record.body.clone()).unwrap();
        changed |= body.contains(from);
        record.body = body.replace(from, to).into_bytes();
    }
    assert!(changed, "nothing to change");
}

/// Leaves out the records whose partition key begins so.
fn without(pk: &str) -> Verdict {
    let mut stored = funded();
    let before = stored.len();
    stored.retain(|(_, record)| !record.key.pk.starts_with(pk));
    assert!(stored.len() < before, "nothing to remove");
    prove_at(&stored, 7_200)
}

#[test]
fn right_records_are_clean_and_counted() {
    let proof = prove_at(&funded(), 7_200);
    assert!(proof.is_clean(), "{:?}", proof.faults);
    assert_eq!((proof.items, proof.count(TOP_UPS), proof.count(JOURNALS), proof.count(LINES)), (5, 1, 1, 2));
}

#[test]
fn each_record_is_missed_by_its_counterparts() {
    for (pk, says) in [
        ("medals#", "medal_grant medals:2027-01-15"),
        ("topup#", "the objects say nothing, the journals' lines say 10000"),
        ("collection#", "the bank says nothing"),
        ("wallet#", "the journals' lines say nothing"),
    ] {
        let proof = without(pk);
        assert!(!proof.holds(SUM_ZERO) && proof.holds(CHAINS), "{pk}: {:?}", proof.faults);
        assert!(proof.faults.iter().any(|fault| fault.contains(says)), "{pk}: {:?}", proof.faults);
    }
}

#[test]
fn a_changed_line_is_found_in_its_chain_and_by_its_object() {
    let mut stored = funded();
    replace(&mut stored, "wallet", "\"minor\":500", "\"minor\":400");
    let proof = prove_at(&stored, 7_200);
    assert!(!proof.holds(CHAINS), "{:?}", proof.faults);
    assert!(proof.faults.iter().any(|fault| fault.contains("line 2 does not hash")), "{:?}", proof.faults);
}

/// The bank took alice's money; her wallet does not have it yet.
fn uncredited(state: &str) -> (Stored, String) {
    let mut stored = funded();
    stored.retain(|(_, record)| !(record.key.pk.starts_with("wallet#") || record.key.pk.starts_with("medals#")));
    replace(&mut stored, "wallet", "COLLECTED", state);
    let wanted = json!({"topup": topup_id(), "user": user()});
    (stored, format!("koban publish collect-topup '{}'", json!({"data": wanted})))
}

#[test]
fn a_top_up_that_the_bank_took_is_credited_within_an_hour() {
    for state in ["REQUESTED", "COLLECTING", "UNKNOWN"] {
        let (stored, again) = uncredited(state);
        let soon = prove_at(&stored, 59 * 60);
        assert!(soon.is_clean(), "{state}: {:?}", soon.faults);
        let late = prove_at(&stored, 61 * 60);
        assert_eq!((late.is_clean(), late.holds(SUM_ZERO), late.faults.len()), (false, false, 1), "{state}: {:?}", late.faults);
        assert!(late.faults[0].contains(&at(0).to_string()) && late.faults[0].contains(&again), "{:?}", late.faults);
        assert_eq!(prove_at(&stored, 7_200).faults, late.faults);
    }
}

#[test]
fn a_top_up_that_the_bank_never_took_is_no_fault() {
    let (mut stored, _) = uncredited("UNKNOWN");
    replace(&mut stored, "bank", "COLLECTED", "DECLINED");
    assert!(prove_at(&stored, 7_200).is_clean());
    stored.retain(|(table, _)| *table != "bank");
    assert!(prove_at(&stored, 7_200).is_clean());
}
