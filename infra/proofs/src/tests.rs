//! A service that Koban does not have, so that nothing here knows one of its own. Cards give stamps, a journal counts them,
//! and their printer keeps a record. It is proved beside another one without an edit of either or of what drives them.

use super::proof::{CHAINS, Count, Movement, Promise, READ, SUM_ZERO, Shown, Stop, Sum, Witness};
use super::*;
use platform::store::{Key, Record};
use serde::Deserialize;
use serde_json::json;
use shared::money::Asset;

const CARDS: Count = Count::new("cards", "cards").named("card");
const HOLDERS: Count = Count::new("holders", "holders");
const GIVEN: Sum = Sum("given");
const DATED: Promise = Promise { key: "cards_dated", says: "cards have their date" };

static STAMPS: Definition = Definition {
    service: "stamps",
    tables: &["card", "stamp"],
    shows: &[Shown::Count(CARDS), Shown::Count(HOLDERS), Shown::Sums(&[GIVEN])],
    promises: &[DATED],
    witnesses: &[Witness { account: "printer", says: "the printer says" }],
    begin: || Box::new(Stamps),
};

/// Another service whose objects move the same stamps.
static GIFTS: Definition =
    Definition { service: "gifts", tables: &["gift"], shows: &[], promises: &[], witnesses: &[], begin: || Box::new(Stamps) };

#[derive(Deserialize)]
struct Stamp {
    operation: String,
    minor: i64,
    #[serde(default)]
    undated: bool,
}

/// What stamps and gifts have in common: objects, lines and the printer's entries, by the table or the key.
struct Stamps;

impl Stamps {
    fn read(table: &str, item: &Item, findings: &mut Findings) -> Result<(), Stop> {
        let Stamp { operation, minor, undated } = item.read()?;
        let (person, kind, account) = (item.sk.as_str(), "stamp", "printer");
        let movement = Movement { operation: &operation, person, kind, asset: Asset::Medal, account, minor };
        if table == "stamp" {
            return Ok(findings.line(movement)?);
        }
        if item.pk == "printed" {
            return Ok(findings.witness(Movement { person: "", ..movement })?);
        }
        if item.pk == "begun" {
            return Ok(findings.unfinished(&operation, person)?);
        }
        findings.add(CARDS, u64::from(table == "card"));
        findings.add_sum(GIVEN, Asset::Medal, minor);
        if undated {
            findings.fault(DATED, format!("{operation} has no date"));
        }
        Ok(findings.object(movement)?)
    }
}

impl Proof for Stamps {
    fn take(&mut self, table: &'static str, item: &Item, findings: &mut Findings) -> Result<(), VerifyError> {
        let read = Self::read(table, item, findings);
        findings.read(CHAINS, read)
    }

    fn end(&mut self, findings: &mut Findings) -> Result<(), VerifyError> {
        findings.add(HOLDERS, findings.people("stamp")?);
        Ok(())
    }
}

/// Records: their tables, keys and what they say.
type Stored<'a> = Vec<(&'a str, &'a str, &'a str, serde_json::Value)>;

fn right() -> Stored<'static> {
    vec![
        ("card", "given", "alice", json!({"operation": "c1", "minor": 5})),
        ("card", "given", "bob", json!({"operation": "c2", "minor": 7})),
        ("card", "printed", "1", json!({"operation": "c1", "minor": 5})),
        ("card", "printed", "2", json!({"operation": "c2", "minor": 7})),
        ("card", "printed", "3", json!({"operation": "g1", "minor": 9})),
        ("gift", "given", "carol", json!({"operation": "g1", "minor": 9})),
        ("stamp", "alice", "alice", json!({"operation": "c1", "minor": 5})),
        ("stamp", "bob", "bob", json!({"operation": "c2", "minor": 7})),
        ("stamp", "carol", "carol", json!({"operation": "g1", "minor": 9})),
    ]
}

fn tables(stored: &Stored<'_>) -> Tables {
    let spool = Spool::open().unwrap();
    for (table, pk, sk, body) in stored {
        spool.add(table, &Record::new(Key::new(*pk, *sk), body.to_string().into_bytes())).unwrap();
    }
    spool.into_tables().unwrap()
}

fn verdict(stored: &Stored<'_>) -> Verdict {
    verify(&tables(stored), &[&STAMPS, &GIFTS], Timestamp::UNIX_EPOCH).unwrap()
}

#[track_caller]
fn says(verdict: &Verdict, words: &str) {
    assert!(verdict.faults.iter().any(|fault| fault.contains(words)), "{words}: {:?}", verdict.faults);
}

#[test]
fn services_that_agree_are_clean_and_each_counts_its_own() {
    let verdict = verdict(&right());
    assert!(verdict.is_clean(), "{:?}", verdict.faults);
    // Gifts are read by the same code: its people are not those of the cards.
    assert_eq!((verdict.items, verdict.count(CARDS), verdict.count(HOLDERS)), (9, 2, 3));
    assert_eq!(verdict.sum(GIVEN, Asset::Medal), 21);
    assert!([READ, SUM_ZERO, CHAINS, DATED].into_iter().all(|promise| verdict.holds(promise)));
}

#[test]
fn what_one_side_lacks_is_named_by_the_other() {
    for missing in 0..right().len() {
        let mut stored = right();
        let (table, pk, ..) = stored.remove(missing);
        let verdict = verdict(&stored);
        assert!(!verdict.holds(SUM_ZERO) && verdict.holds(CHAINS), "{table} {pk}: {:?}", verdict.faults);
        says(&verdict, if pk == "printed" { "the printer says nothing" } else { "nothing" });
    }
}

#[test]
fn another_amount_is_a_fault_on_every_side() {
    let mut stored = right();
    stored[0].3["minor"] = json!(6);
    let verdict = verdict(&stored);
    says(&verdict, "stamp c1 alice (MEDAL with printer): the objects say 6, the journals' lines say 5");
    says(&verdict, "sum (MEDAL with printer): the objects come to 22, the journals' lines come to 21");
}

#[test]
fn an_object_of_two_services_is_a_fault() {
    let mut stored = right();
    stored.push(("gift", "given", "alice", json!({"operation": "c1", "minor": 5})));
    says(&verdict(&stored), "stamp c1 alice");
}

#[test]
fn a_witness_may_know_more_of_what_is_under_way() {
    let mut stored = right();
    stored.push(("card", "printed", "4", json!({"operation": "c4", "minor": 1})));
    assert!(!verdict(&stored).is_clean());
    stored.push(("card", "begun", "dave", json!({"operation": "c4", "minor": 1})));
    assert!(verdict(&stored).is_clean());
}

#[test]
fn a_services_own_promise_is_reported_by_its_own_name() {
    let mut stored = right();
    stored[1].3["undated"] = json!(true);
    let verdict = verdict(&stored);
    assert!(!verdict.is_clean() && !verdict.holds(DATED) && verdict.holds(SUM_ZERO));
    assert_eq!(rows::fields(&verdict)["promises"]["cards_dated"], false);
    assert!(rows::rows(&verdict).contains(&("cards have their date".into(), "NO".into())));
    assert_eq!(rows::summary(&verdict), "NOT CLEAN: 1 things are off (9 items, 0 journals, 0 lines, 2 cards).");
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_proved() {
    let mut stored = right();
    stored.push(("gift", "given", "erin", json!("no stamp")));
    let found = verdict(&stored);
    says(&found, "given erin is unreadable");
    assert_eq!((found.items, found.count(CARDS), found.holds(CHAINS), found.holds(SUM_ZERO)), (10, 2, false, true));

    let spool = Spool::open().unwrap();
    spool.add_unreadable("gift", "given x: it has no body").unwrap();
    let found = verify(&spool.into_tables().unwrap(), &[&STAMPS, &GIFTS], Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!((found.unreadable, found.is_clean(), found.is_empty()), (1, false, false));
    assert!(!found.holds(READ) && !found.holds(SUM_ZERO), "what was not read is on neither side");
    assert_eq!(found.faults[0].to_string(), "gift: given x: it has no body");
}

#[test]
fn faults_beyond_those_that_are_named_are_counted() {
    let mut stored = right();
    stored.retain(|(table, ..)| *table != "stamp");
    let found = prove(&tables(&stored), &[&STAMPS, &GIFTS], Timestamp::UNIX_EPOCH, 2).unwrap();
    assert!(found.faults.len() == 2 && found.faults_unnamed > 0 && !found.is_clean());
}

#[test]
fn a_verdict_says_how_much_was_proved() {
    let mut verdict = Verdict::of_nothing(&[&STAMPS]);
    assert!(rows::summary(&verdict).starts_with("Empty: nothing"), "{}", rows::summary(&verdict));
    let fields = rows::fields(&verdict);
    assert!((&fields["clean"], &fields["empty"], &fields["cards"]) == (&false.into(), &true.into(), &0.into()));
    verdict.items = 1_200;
    verdict.add(CARDS, 900);
    assert!(rows::summary(&verdict).ends_with("(1,200 items, 0 journals, 0 lines, 900 cards)."), "{}", rows::summary(&verdict));
    let fields = rows::fields(&verdict);
    assert!((&fields["clean"], &fields["cards"], &fields["totals"]["MEDAL"]["given"]) == (&true.into(), &900.into(), &0.into()));
    verdict.unreadable = 2;
    verdict.breaks(READ);
    assert!(rows::summary(&verdict).contains("2 of them unreadable"), "{}", rows::summary(&verdict));
}
