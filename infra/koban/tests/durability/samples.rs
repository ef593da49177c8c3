//! The check, checked: a small day on which nothing is off, and every way in which something could be.

use super::acknowledged::Acknowledged;
use super::check::faults;
use super::found::{Found, Person};
use serde_json::{Value, json};

fn acknowledged(what: &str, by: Option<&str>, reply: &Value) -> Acknowledged {
    Acknowledged {
        what: what.into(),
        by: by.map(str::to_owned),
        path: String::new(),
        key: None,
        body: String::new(),
        reply: reply.to_string(),
    }
}

fn slip(status: &str) -> Value {
    json!({"id": "bet_1", "race": "rac_r", "asset": "JPY", "stake": 300, "placed_at": "t", "status": status})
}

fn won() -> Value {
    let mut slip = slip("won");
    slip["outcome"] = json!({"payout": 700, "refund": 100});
    slip
}

fn line(seq: i64, kind: &str, operation: &str, (asset, minor): (&str, i64), balances: [i64; 2]) -> Value {
    json!({"seq": seq, "kind": kind, "operation": operation, "amounts": [{"asset": asset, "minor": minor}],
        "balances": [{"asset": "JPY", "available": balances[0]}, {"asset": "MEDAL", "available": balances[1]}]})
}

fn race() -> Value {
    json!({"id": "rac_r", "state": "settled", "shards": 4, "result_version": 1, "settlement": {"shards_done": 4, "shards": 4,
        "totals": {"slips": 1, "by_asset": {"JPY": {"stake": 300, "payout": 700, "refund": 100}}}}})
}

/// One person, one slip, one race.
fn day() -> (Vec<Acknowledged>, Found) {
    let topup = |state: &str| json!({"id": "top_1", "asset": "JPY", "minor": 1_000, "state": state});
    let said = vec![
        acknowledged("feed", None, &json!({"races": [{"race": "rac_r", "result_version": 0}]})),
        acknowledged("topup", Some("alice"), &topup("REQUESTED")),
        acknowledged("medals", Some("alice"), &json!({"day": "2026-05-01", "asset": "MEDAL", "minor": 1_000})),
        acknowledged("slip", Some("alice"), &slip("placed")),
        acknowledged("feed", None, &json!({"races": [{"race": "rac_r", "result_version": 1}]})),
        acknowledged("settled_race", None, &race()),
        acknowledged("settled_slips", Some("alice"), &json!({"items": [won()]})),
    ];
    let lines = vec![
        line(1, "top_up", "top_1", ("JPY", 1_000), [1_000, 0]),
        line(2, "medal_grant", "medals:2026-05-01", ("MEDAL", 1_000), [1_000, 1_000]),
        line(3, "stake", "bet_1", ("JPY", -300), [700, 1_000]),
        line(4, "settlement", "payout:r:1", ("JPY", 800), [1_500, 1_000]),
    ];
    let alice = Person {
        listed: vec![won()],
        slips: [("bet_1".into(), won())].into(),
        topups: [("top_1".into(), topup("COLLECTED"))].into(),
        wallet: json!({"balances": lines[3]["balances"]}),
        lines,
    };
    (said, Found { people: [("alice".into(), alice)].into(), races: [("rac_r".into(), race())].into() })
}

fn alice(found: &mut Found) -> &mut Person {
    found.people.get_mut("alice").unwrap()
}

#[test]
fn nothing_is_off_where_nothing_is() {
    let (said, found) = day();
    assert_eq!(faults(&said, &found), [""; 0]);
}

#[test]
fn everything_that_is_off_is_found() {
    type Change = fn(&mut Vec<Acknowledged>, &mut Found);
    let changes: [(&str, Change); 17] = [
        ("a slip is lost", |_, found| {
            alice(found).slips.clear();
            alice(found).listed.clear();
        }),
        ("a slip is not listed", |_, found| alice(found).listed.clear()),
        ("a slip says something else", |_, found| alice(found).slips.get_mut("bet_1").unwrap()["stake"] = json!(400)),
        ("a slip was placed twice", |_, found| {
            let mut other = won();
            other["id"] = json!("bet_2");
            alice(found).listed.push(other);
        }),
        ("a slip was never acknowledged", |said, _| said.retain(|one| one.what != "slip")),
        ("a slip is not settled", |_, found| alice(found).slips.get_mut("bet_1").unwrap()["status"] = json!("settling")),
        ("a slip came to something else than was reported", |said, _| {
            said.last_mut().unwrap().reply = json!({"items": [slip("lost")]}).to_string();
        }),
        ("a top-up is not collected", |_, found| alice(found).topups.get_mut("top_1").unwrap()["state"] = json!("UNKNOWN")),
        ("a top-up was credited twice", |_, found| {
            let again = alice(found).lines[0].clone();
            alice(found).lines.push(again);
        }),
        ("medals are missing", |_, found| drop(alice(found).lines.remove(1))),
        ("a payout is missing", |_, found| drop(alice(found).lines.pop())),
        ("a payout was paid twice", |_, found| {
            let again = line(5, "settlement", "payout:r:1", ("JPY", 800), [2_300, 1_000]);
            alice(found).wallet = json!({"balances": again["balances"]});
            alice(found).lines.push(again);
        }),
        ("a payout is too small", |_, found| {
            alice(found).lines[3] = line(4, "settlement", "payout:r:1", ("JPY", 700), [1_400, 1_000]);
            alice(found).wallet = json!({"balances": alice(found).lines[3]["balances"]});
        }),
        ("the wallet has another balance", |_, found| alice(found).wallet = json!({"balances": []})),
        ("a race is not settled", |_, found| found.races.get_mut("rac_r").unwrap()["state"] = json!("resulted")),
        ("a race is missing", |_, found| found.races.clear()),
        ("a person is missing", |_, found| found.people.clear()),
    ];
    for (what, change) in changes {
        let (mut said, mut found) = day();
        change(&mut said, &mut found);
        assert!(!faults(&said, &found).is_empty(), "{what}, and nothing was found");
    }
}
