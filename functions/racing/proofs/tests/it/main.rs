//! A race of two people, right in every record; then one record after another is changed, and each time the proof must say which. The
//! wallets' lines are proved with it, as the registry has it.

#![cfg(test)]

mod unreadable;

use jiff::Timestamp;
use proofs::proof::{CHAINS, JOURNALS, LINES, READ, SUM_ZERO};
use proofs::{Definition, Item, Spool, Tables, Verdict, verify};
use racing_domain::payout::{self, Basis, PayoutTail};
use racing_domain::{
    Announcement, Bet, BetType, Certificate, Due, Race, RaceId, RaceResult, Runner, Selection, Slip, Totals, check_bets, shard_of,
};
use racing_proofs::{
    BETTORS, CERTIFICATES, COMBINATIONS, DUES, PAID_PEOPLE, PAYOUT, PAYOUTS, RACES, REFUND, SLIPS, STAKE, UNSETTLED,
};
use serde::Serialize;
use serde_json::json;
use shared::id::UserId;
use shared::journal::Line;
use shared::money::{Amount, Asset};
use std::collections::BTreeMap;
use wallet_domain::topup::TopUpId;
use wallet_domain::{self as wallet, Account, Change, Kind, Posting, WalletTail};
use wallet_proofs::TOP_UPS;

const PROOFS: &[&Definition] = &[&wallet_proofs::PROOF, &racing_proofs::PROOF];
const SHARDS: u16 = 2;

type Stored = BTreeMap<&'static str, Vec<Item>>;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn race_id() -> RaceId {
    "rac_20270115-03-01".parse().unwrap()
}

fn yen(minor: i64) -> Amount {
    Amount { asset: Asset::Jpy, minor }
}

fn put(stored: &mut Stored, table: &'static str, pk: &str, sk: &str, body: &impl Serialize) {
    let body = serde_json::to_vec(body).unwrap();
    stored.entry(table).or_default().push(Item { pk: pk.into(), sk: sk.into(), body, hash: Vec::new(), expires: false });
}

fn put_line(stored: &mut Stored, table: &'static str, pk: &str, sk: String, line: &Line) {
    let item = Item { pk: pk.into(), sk, body: line.body.clone(), hash: line.hash.to_vec(), expires: false };
    stored.entry(table).or_default().push(item);
}

/// The race when its result is settled: of six, 4 and 5 in one bracket.
fn race() -> Race {
    let runner = |(number, bracket)| Runner { number, name: String::new(), bracket: Some(bracket) };
    let runners = (1..=6).zip([1, 2, 3, 4, 4, 5]).map(runner).collect();
    let announcement = Announcement { closes_at: at(60), title: "test".into(), runners };
    Race::announce(race_id(), announcement, SHARDS).unwrap().resulted(at(100)).settled(1).unwrap()
}

/// A race as it is stored.
#[derive(Serialize)]
struct ChangedRace {
    #[serde(flatten)]
    race: Race,
    changed_at: Timestamp,
}

/// A single at 500.
fn bet(bet_type: BetType, runners: &[u8]) -> Bet {
    Bet { bet_type, selection: Selection::Single { runners: runners.to_vec() }, stake: 500 }
}

/// A person who topped up by 10,000 and placed one bet at 500; with the totals of what that came to.
fn person(stored: &mut Stored, name: &str, bet: Bet, result: &RaceResult) -> Totals {
    let user = UserId::of_subject("issuer", name);
    let entity = wallet::entity(&user);
    let topup = TopUpId::derive(&[name.as_bytes()]);
    put(
        stored,
        "bank",
        &format!("collection#{topup}"),
        "collection",
        &json!({"id": topup, "amount": yen(10_000), "verdict": "COLLECTED", "at": at(0)}),
    );
    let object = json!({"id": topup, "user": user, "amount": yen(10_000), "state": "COLLECTED", "requested_at": at(0), "updated_at": at(1)});
    put(stored, "wallet", &format!("topup#{user}"), topup.as_str(), &object);
    let credit = Posting::new(yen(10_000), Account::BankClearing);
    let change = Change { kind: Kind::TopUp, operation: topup.to_string(), postings: vec![credit] };
    let mut tail = WalletTail::empty(entity.clone());
    let mut append = |stored: &mut Stored, line: Line| {
        put_line(stored, "wallet", &entity, Line::sort_key(line.seq), &line);
        tail = WalletTail::of(&line).unwrap();
        tail.clone()
    };
    let tail = append(stored, WalletTail::empty(wallet::entity(&user)).append(at(1), "collect-topup", change).unwrap());

    let shard = shard_of(&user, SHARDS);
    let place = format!("race#{}#{shard:04}", race_id().key());
    let slip_tail = shared::hash::text(&shared::hash::of_parts(&[name.as_bytes()]));
    let (bets, field) = (vec![bet], race().field());
    let slip = Slip::new(Asset::Jpy, check_bets(&bets, &field).unwrap(), bets, at(10));
    put(stored, "racing", &place, &format!("{user}#b#{slip_tail}"), &slip);
    let operation = format!("bet_{}_{shard:02}_{slip_tail}", race_id().key());
    let tail = append(stored, wallet::stake(&tail, at(10), &user, &operation, &race_id().key(), yen(500)).unwrap());

    let mut due = Due::default();
    due.add(Asset::Jpy, slip.outcome(&field, result, at(60), false).unwrap()).unwrap();
    let mut totals = Totals::default();
    totals.add_stake(slip.stake()).unwrap();
    totals.add_paid(&due).unwrap();
    let payouts = PayoutTail::empty(payout::entity(race_id(), &user));
    if let Some(posted) = payout::outstanding(&payouts, Basis { version: 1, late: 0 }, &due) {
        let line = payouts.append(at(120), "settle-shard", posted.clone()).unwrap();
        put_line(stored, "racing", &place, payout::sort_key(&user, 1), &line);
        let change = payout::wallet_change(race_id(), &line, &posted);
        append(stored, tail.append(at(120), "settle-shard", change).unwrap());
    }
    totals
}

fn settled_race() -> Stored {
    settled(
        &json!({"win": [{"combination": "3", "per_100": 250}]}),
        [("alice", bet(BetType::Win, &[3])), ("bob", bet(BetType::Win, &[4]))],
    )
}

fn settled(dividends: &serde_json::Value, people: [(&str, Bet); 2]) -> Stored {
    let mut stored = Stored::new();
    let result: RaceResult = serde_json::from_value(json!({"dividends": dividends})).unwrap();
    let mut totals = Totals::default();
    for (name, bet) in people {
        totals = totals.plus(&person(&mut stored, name, bet, &result)).unwrap();
    }
    let race = race();
    let place = format!("race#{}", race_id().key());
    put(&mut stored, "racing", &place, "race", &ChangedRace { race, changed_at: at(900) });
    put(&mut stored, "racing", &place, "result#v0001", &json!({"message_id": "m", "received_at": at(100), "result": result}));
    seal_result(&mut stored);
    for pass in [1, 2] {
        let made = Certificate::new(race_id(), 1, pass, SHARDS, totals.clone(), at(i64::from(pass) * 900)).unwrap();
        put(&mut stored, "racing", &place, &format!("cert#0001#{pass:04}"), &made);
    }
    stored
}

/// Seals the result as it is now.
fn seal_result(stored: &mut Stored) {
    let mut items = stored.get_mut("racing").unwrap().iter_mut();
    let result = items.find(|item| item.sk == "result#v0001").unwrap();
    result.hash = racing_domain::result_seal(race_id(), 1, &result.body).to_vec();
}

/// As records that came in no order.
fn tables(stored: Stored) -> Tables {
    let spool = Spool::open().unwrap();
    for (table, items) in stored {
        for Item { pk, sk, body, hash, expires } in items.into_iter().rev() {
            let key = platform::store::Key::new(pk, sk);
            let (hash, expires_at) = ((!hash.is_empty()).then_some(hash), expires.then_some(0));
            spool.add(table, &platform::store::Record { hash, expires_at, ..platform::store::Record::new(key, body) }).unwrap();
        }
    }
    spool.into_tables().unwrap()
}

/// Stake, payout and refund, in yen.
fn sums(proof: &Verdict) -> [i64; 3] {
    [STAKE, PAYOUT, REFUND].map(|sum| proof.sum(sum, Asset::Jpy))
}

fn prove(stored: Stored) -> Verdict {
    prove_at(stored, 7_200)
}

fn prove_at(stored: Stored, second: i64) -> Verdict {
    verify(&tables(stored), PROOFS, at(second)).unwrap()
}

/// Changes `from` to `to` in the body of the one item whose sort key has `sk` and whose body has `from`.
fn tampered(table: &'static str, sk: &str, from: &str, to: &str) -> Verdict {
    let mut stored = settled_race();
    let mut changed = 0;
    for item in stored.get_mut(table).unwrap() {
        let body = String::from_utf8(item.body.clone()).unwrap();
        if item.sk.contains(sk) && body.contains(from) && changed == 0 {
            item.body = body.replace(from, to).into_bytes();
            changed += 1;
        }
    }
    assert_eq!(changed, 1, "nothing to change");
    prove(stored)
}

fn without(table: &'static str, sk: &str) -> Verdict {
    let mut stored = settled_race();
    let items = stored.get_mut(table).unwrap();
    let before = items.len();
    items.retain(|item| !item.sk.contains(sk));
    assert!(items.len() < before, "nothing to remove");
    prove(stored)
}

#[test]
fn a_right_race_is_clean_and_counted() {
    let proof = prove(settled_race());
    assert!(proof.is_clean(), "{:?}", proof.faults);
    assert_eq!((proof.count(RACES), proof.count(SLIPS), proof.count(COMBINATIONS), proof.count(BETTORS)), (1, 2, 2, 2));
    assert_eq!(sums(&proof), [1_000, 1_250, 0]);
    assert_eq!((proof.count(PAID_PEOPLE), proof.count(UNSETTLED)), (1, 0));
}

#[test]
fn bracket_bets_are_proved_by_the_brackets_of_their_race() {
    let dividends = json!({"bracket_quinella": [{"combination": "4=4", "per_100": 250}]});
    let bets = [("carol", bet(BetType::BracketQuinella, &[4, 4])), ("dave", bet(BetType::BracketQuinella, &[4, 5]))];
    let mut stored = settled(&dividends, bets);
    let proof = prove(stored.clone());
    assert!(proof.is_clean(), "{:?}", proof.faults);
    assert_eq!(sums(&proof), [1_000, 1_250, 0]);

    let race = stored.get_mut("racing").unwrap().iter_mut().find(|item| item.sk == "race").unwrap();
    let body = String::from_utf8(race.body.clone()).unwrap();
    race.body = body.replace(r#""number":5,"name":"","bracket":4"#, r#""number":5,"name":"","bracket":5"#).into_bytes();
    let proof = prove(stored);
    assert!(!proof.holds(DUES));
    assert!(proof.faults.iter().any(|fault| fault.contains("bracket 4 has one runner")), "{:?}", proof.faults);
}

#[test]
fn a_tampered_wallet_line_is_found_in_its_chain_and_by_the_slip() {
    let proof = tampered("wallet", "000000000002", "\"minor\":-500", "\"minor\":-400");
    assert!(!proof.holds(CHAINS) && !proof.holds(SUM_ZERO));
    assert!(proof.faults.iter().any(|fault| fault.contains("line 2 does not hash")), "{:?}", proof.faults);
    assert!(proof.faults.iter().any(|fault| fault.contains("stake bet_") && fault.contains("-400")), "{:?}", proof.faults);
}

#[test]
fn a_missing_slip_payout_or_line_is_found_by_the_other_side() {
    assert!(!without("racing", "#b#").holds(SUM_ZERO));
    assert!(!without("racing", "#p#").holds(SUM_ZERO));
    assert!(!without("wallet", "000000000002").holds(SUM_ZERO));
}

#[test]
fn a_slip_that_was_changed_is_found_though_nothing_hashes_it() {
    let proof = tampered("racing", "#b#", "\"stake\":500", "\"stake\":600");
    assert!(!proof.holds(SUM_ZERO) && !proof.holds(DUES) && !proof.holds(CERTIFICATES));
}

#[test]
fn a_result_that_was_altered_is_found_though_everybody_was_paid_by_it() {
    let proof = tampered("racing", "result#v0001", "\"message_id\":\"m\"", "\"message_id\":\"n\"");
    assert!(proof.faults.iter().any(|fault| fault.contains("version 1 of its result was altered")), "{:?}", proof.faults);
}

#[test]
fn what_the_bank_took_must_be_what_the_wallet_has() {
    let proof = tampered("bank", "collection", "10000", "10100");
    assert!(!proof.holds(SUM_ZERO) && proof.holds(CHAINS));
    assert!(proof.faults[0].contains("the bank says 10100"), "{:?}", proof.faults);
    assert!(!without("bank", "collection").holds(SUM_ZERO));
}

#[test]
fn another_result_than_was_settled_leaves_slips_unsettled() {
    let mut stored = settled_race();
    assert_eq!(replace(&mut stored, "racing", "\"per_100\":250", "\"per_100\":260"), 1, "nothing to change");
    seal_result(&mut stored);
    let proof = prove(stored);
    assert_eq!((proof.count(UNSETTLED), proof.holds(DUES)), (1, false));
}

#[test]
fn a_wrong_missing_or_unrepeated_certificate_is_found() {
    assert!(!tampered("racing", "cert#0001#0002", "\"payout\":1250", "\"payout\":1251").holds(CERTIFICATES));
    assert!(!tampered("racing", "cert#0001#0001", "\"minor\":-250", "\"minor\":-251").holds(CERTIFICATES));
    assert!(!without("racing", "cert#0001#0001").holds(CERTIFICATES));
    assert!(!without("racing", "cert#0001#0002").holds(CERTIFICATES));
}

fn resulted_race() -> Stored {
    let mut stored = settled_race();
    stored.get_mut("racing").unwrap().retain(|item| !item.sk.starts_with("cert#"));
    let changed = replace(&mut stored, "racing", "\"state\":\"settled\"", "\"state\":\"resulted\"");
    assert_eq!(changed, 1, "nothing to change");
    stored
}

/// Changes `from` to `to` in every body of the table that has it. Returns in how many.
fn replace(stored: &mut Stored, table: &'static str, from: &str, to: &str) -> usize {
    let mut changed = 0;
    for item in stored.get_mut(table).unwrap() {
        let body = String::from_utf8(item.body.clone()).unwrap();
        changed += usize::from(body.contains(from));
        item.body = body.replace(from, to).into_bytes();
    }
    changed
}

#[test]
fn a_race_that_is_being_settled_is_no_fault_but_its_slips_are_open() {
    let proof = prove_at(resulted_race(), 900 + 29 * 60);
    assert_eq!((proof.is_clean(), proof.count(UNSETTLED)), (true, 2), "{:?}", proof.faults);
}

#[test]
fn a_stuck_race_is_named_with_since_when_and_what_to_do() {
    let mut stored = resulted_race();
    let proof = prove_at(stored.clone(), 900 + 31 * 60);
    assert_eq!((proof.is_clean(), proof.holds(DUES), proof.faults.len()), (false, false, 1), "{:?}", proof.faults);
    let (since, again) =
        (at(900).to_string(), r#"koban publish settle-race '{"data":{"race":"rac_20270115-03-01","result_version":1}}'"#);
    assert!(proof.faults[0].contains(&since) && proof.faults[0].contains(again), "{:?}", proof.faults);
    // The same words in every reading: a deployment's tables are read until what is off stays so.
    assert_eq!(prove_at(stored.clone(), 900 + 32 * 60).faults, proof.faults);
    // One that was last written before the time of a change was stored.
    assert_eq!(replace(&mut stored, "racing", &format!(",\"changed_at\":\"{since}\""), ""), 1);
    assert!(!prove_at(stored, 7_200).is_clean());
}
