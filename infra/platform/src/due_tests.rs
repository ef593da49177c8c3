//! Where rows are put, and that every order of reading them fires each, oldest first, once by the first pass.

use super::*;
use std::collections::BTreeMap;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A due table in memory, read as the real one is.
#[derive(Default)]
struct Rows8(BTreeMap<(String, String), Record>);

impl Rows8 {
    fn arm(&mut self, now: &str, due: &str, key: &str) {
        let record = row(at(now), at(due), key, &key);
        self.0.insert((record.key.pk.clone(), record.key.sk.clone()), record);
    }

    fn page(&self, position: &Position, shard: u8, limit: usize) -> Rows {
        let from = (partition(position.hour, shard), position.after.clone());
        let mut rows = self.0.range(from.clone()..).filter(|((pk, sk), _)| *pk == from.0 && *sk > from.1);
        let page = rows.by_ref().take(limit).map(|(_, record)| due(position.hour, record.clone()).unwrap()).collect();
        (page, rows.next().is_some())
    }

    /// Runs a pass up to the minute of `now`, reading `limit` rows of a shard at a time. Returns what it fires, and how many rounds it
    /// took.
    fn pass(&self, position: &mut Position, now: &str, limit: usize) -> (Vec<Due>, usize) {
        let minute = minute_of(at(now).as_second());
        let (mut fired, mut rounds) = (Vec::new(), 0);
        while !position.is_past(minute) {
            let pages = (0..SHARDS).map(|shard| self.page(position, shard, limit)).collect();
            let (rows, next) = merge(pages, position, minute);
            assert!(next != *position, "each round goes on");
            fired.extend(rows);
            (*position, rounds) = (next, rounds + 1);
        }
        (fired, rounds)
    }
}

fn keys(fired: &[Due]) -> Vec<&str> {
    fired.iter().map(|due| due.key.as_str()).collect()
}

#[test]
fn a_row_is_in_the_minute_in_which_it_may_be_fired() {
    let place = |now: &str, due: &str| {
        let record = row(at(now), at(due), "usr_1", &"x");
        (record.key.pk[..14].to_owned(), record.key.sk, record.expires_at)
    };
    let far = "2026-11-25T00:00:00Z";
    let kept = at("2026-12-25T08:30:00Z").as_second();
    assert_eq!(place(far, "2026-11-25T08:30:00Z"), ("due#2026112508".into(), "30#usr_1".into(), Some(kept)));
    // Never early.
    assert_eq!(place(far, "2026-11-25T08:30:00.001Z").1, "31#usr_1");
    assert_eq!(place(far, "2026-11-25T08:30:01Z").1, "31#usr_1");
    assert_eq!(place(far, "2026-11-25T08:59:30Z"), ("due#2026112509".into(), "00#usr_1".into(), Some(kept + 30 * 60)));
    // What was due before is due half a minute from now.
    assert_eq!(place("2026-11-25T08:29:30Z", far).1, "30#usr_1");
    assert_eq!(place("2026-11-25T08:29:31Z", far).1, "31#usr_1");
}

#[test]
fn the_same_key_is_one_row_and_keys_are_spread() {
    let (now, due) = (at("2026-11-25T00:00:00Z"), at("2026-11-25T08:30:00Z"));
    assert_eq!(row(now, due, "usr_1", &1).key, row(now, due, "usr_1", &2).key);
    let partitions: std::collections::BTreeSet<_> = (0..200).map(|n| row(now, due, &n.to_string(), &n).key.pk).collect();
    assert_eq!(partitions.len(), usize::from(SHARDS));
}

#[test]
fn a_day_of_outage_is_fired_in_order_however_it_is_read() {
    let mut rows = Rows8::default();
    let armed = "2026-11-24T00:00:00Z";
    for number in 0..2_000 {
        let due = at(armed) + SignedDuration::from_secs(7_200 + number * 43);
        rows.arm(armed, &due.to_string(), &format!("key_{:04}", number * 7_919 % 2_000));
    }
    for limit in [1, 3, 100, 1_000] {
        let mut position = Position::at_hour(minute_of(at(armed).as_second()) / 60);
        let (fired, rounds) = rows.pass(&mut position, "2026-11-25T03:00:00Z", limit);
        assert_eq!(fired.len(), 2_000, "{limit}");
        assert!(fired.is_sorted_by_key(|due| (due.at, due.key.clone())), "{limit}");
        assert!(limit < 100 || rounds < 40, "{rounds} rounds");
        assert_eq!(rows.pass(&mut position, "2026-11-25T03:00:59Z", limit).1, 0, "nothing is read twice");
    }
}

#[test]
fn each_minute_fires_what_is_due_in_it_and_no_more() {
    let mut rows = Rows8::default();
    let armed = "2026-11-25T00:00:00Z";
    for due in ["08:58:00", "08:59:00", "09:00:00", "09:00:00", "09:02:00"] {
        rows.arm(armed, &format!("2026-11-25T{due}Z"), &format!("at {due}"));
    }
    let mut position = Position::at_hour(minute_of(at("2026-11-25T08:00:00Z").as_second()) / 60);
    let mut fired_at = |now: &str| {
        let (fired, _) = rows.pass(&mut position, &format!("2026-11-25T{now}Z"), 100);
        keys(&fired).join(" ")
    };
    assert_eq!(fired_at("08:57:59"), "");
    assert_eq!(fired_at("08:58:00"), "at 08:58:00");
    assert_eq!(fired_at("08:59:59"), "at 08:59:00");
    assert_eq!(fired_at("09:00:30"), "at 09:00:00");
    assert_eq!(fired_at("09:01:00"), "");
    assert_eq!(fired_at("09:05:00"), "at 09:02:00");
}

#[test]
fn the_second_pass_fires_what_was_armed_shortly_before_and_that_alone() {
    let mut rows = Rows8::default();
    rows.arm("2026-11-25T08:00:00Z", "2026-11-25T09:00:00Z", "long before");
    rows.arm("2026-11-25T08:48:59Z", "2026-11-25T09:00:00Z", "before");
    rows.arm("2026-11-25T08:49:00Z", "2026-11-25T09:00:00Z", "shortly before");
    let mut position = Position::at_hour(minute_of(at("2026-11-25T08:00:00Z").as_second()) / 60);
    let (mut fired, _) = rows.pass(&mut position, "2026-11-25T09:00:00Z", 100);
    assert_eq!(fired.len(), 3);
    fired.retain(Due::may_be_late);
    assert_eq!(keys(&fired), ["shortly before"]);
}

#[test]
fn a_sweep_begins_where_the_last_one_ended() {
    let now = at("2026-11-25T09:30:00Z");
    let hour = minute_of(now.as_second()) / 60;
    let swept = |first: Position| Swept { first, late: Position::at_hour(hour - 1) };
    let resumed = |stored| Swept::resumed(stored, now).first;
    assert_eq!(resumed(None), Position::at_hour(hour - 24), "a day back, at the first sweep of all");
    let somewhere = Position { hour: hour - 30, after: "17#key".into() };
    assert_eq!(resumed(Some(swept(somewhere.clone()))), somewhere);
    assert_eq!(
        resumed(Some(swept(Position::at_hour(hour - 10_000)))),
        Position::at_hour(hour - 720),
        "what went by its TTL is left"
    );
    // A sweeper's clock that is a few minutes ahead of the next one's is no reason to begin again.
    let ahead = |minute: i64| Position { hour, after: end_of(minute) };
    assert_eq!(resumed(Some(swept(ahead(40)))), ahead(40));
    assert_eq!(resumed(Some(swept(ahead(41)))), Position::at_hour(hour - 24), "the clock was set back");
}

#[test]
fn a_payload_comes_back_as_it_was() {
    let record = row(at("2026-11-25T08:00:00Z"), at("2026-11-25T09:00:00Z"), "a#b", &serde_json::json!({"notice": "full"}));
    let (_, due) = due(minute_of(at("2026-11-25T09:00:00Z").as_second()) / 60, record).unwrap();
    assert_eq!((due.key.as_str(), due.at), ("a#b", at("2026-11-25T09:00:00Z")));
    assert_eq!(due.read::<serde_json::Value>().unwrap()["notice"], "full");
    assert!(due.read::<u8>().is_err());
}
