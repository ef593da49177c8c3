//! What must be true of a cloud that acknowledged all this: everything acknowledged exists unchanged, and nothing else exists. Nobody is
//! paid twice, every race is settled, and every history adds up. Each fault is described in words.

use super::acknowledged::{self, Acknowledged};
use super::found::{Found, Person};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Amounts by asset; what comes to nothing is left out.
type Sums = BTreeMap<String, i64>;

/// Everything that is off.
pub fn faults(acknowledged: &[Acknowledged], found: &Found) -> Vec<String> {
    let mut faults = Faults(Vec::new());
    for (name, person) in &found.people {
        let of_them: Vec<_> = acknowledged.iter().filter(|one| one.by.as_deref() == Some(name)).collect();
        faults.slips(name, person, &of_them);
        faults.lines(name, person, &of_them);
        faults.payouts(name, person);
        faults.history(name, person);
    }
    faults.people(acknowledged, found);
    faults.races(acknowledged, found);
    faults.reports(acknowledged, found);
    faults.0
}

struct Faults(Vec<String>);

impl Faults {
    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }

    /// Every slip is there, alone and in the list, and says what it said when it was placed; there is no other.
    fn slips(&mut self, name: &str, person: &Person, acknowledged: &[&Acknowledged]) {
        let placed: BTreeMap<String, Value> = of("slip", acknowledged).map(|slip| (id(&slip), slip)).collect();
        for (id, slip) in &placed {
            let alone = person.slips.get(id);
            self.unless(alone.map(said_when_placed) == Some(said_when_placed(slip)), || {
                format!("{name}: slip {id} is {alone:?}")
            });
            let listed: Vec<_> = person.listed.iter().filter(|listed| listed["id"] == slip["id"]).collect();
            self.unless(listed.len() == 1 && Some(listed[0]) == alone, || format!("{name}: slip {id} is listed as {listed:?}"));
            let status = alone.map_or("missing", |slip| text(&slip["status"]));
            self.unless(["won", "lost", "refunded"].contains(&status), || format!("{name}: slip {id} is {status}"));
        }
        let listed: BTreeSet<_> = person.listed.iter().map(id).collect();
        self.unless(listed.iter().eq(placed.keys()), || format!("{name}: the slips are {listed:?}, not {:?}", placed.keys()));
    }

    /// Every top-up, grant of medals and stake is in the history, once, with its amount; and nothing of these kinds besides.
    fn lines(&mut self, name: &str, person: &Person, acknowledged: &[&Acknowledged]) {
        let mut expected = Vec::new();
        for topup in of("topup", acknowledged) {
            let state = person.topups.get(&id(&topup)).map_or("missing", |topup| text(&topup["state"]));
            self.unless(state == "COLLECTED", || format!("{name}: {} is {state}", id(&topup)));
            expected.push(("top_up", id(&topup), amount(&topup, number(&topup["minor"]))));
        }
        for grant in of("medals", acknowledged) {
            expected.push(("medal_grant", format!("medals:{}", text(&grant["day"])), amount(&grant, number(&grant["minor"]))));
        }
        for slip in of("slip", acknowledged) {
            expected.push(("stake", id(&slip), amount(&slip, -number(&slip["stake"]))));
        }
        let lines = person.lines.iter().filter(|line| line["kind"] != "settlement");
        let mut lines: Vec<_> =
            lines.map(|line| (text(&line["kind"]), text(&line["operation"]).to_owned(), sums(line))).collect();
        expected.sort();
        lines.sort();
        for line in lines.iter().filter(|line| !expected.contains(line)) {
            self.0.push(format!("{name}: {line:?} was never acknowledged"));
        }
        for line in &expected {
            let times = lines.iter().filter(|found| *found == line).count();
            self.unless(times == 1, || format!("{name}: {line:?} is in the history {times} times"));
        }
    }

    /// What a race owed a person, by their slips' own accounts, is in the history once.
    fn payouts(&mut self, name: &str, person: &Person) {
        let mut due: BTreeMap<String, Sums> = BTreeMap::new();
        for slip in &person.listed {
            let minor = number(&slip["outcome"]["payout"]) + number(&slip["outcome"]["refund"]);
            if minor != 0 {
                let race = text(&slip["race"]).trim_start_matches("rac_");
                *due.entry(format!("payout:{race}:1")).or_default().entry(text(&slip["asset"]).to_owned()).or_default() += minor;
            }
        }
        let mut paid: BTreeMap<String, Vec<Sums>> = BTreeMap::new();
        for line in person.lines.iter().filter(|line| line["kind"] == "settlement") {
            paid.entry(text(&line["operation"]).to_owned()).or_default().push(sums(line));
        }
        for operation in due.keys().chain(paid.keys()).collect::<BTreeSet<_>>() {
            let (due, paid) = (due.get(operation), paid.get(operation).map_or(&[][..], Vec::as_slice));
            let once = matches!((due, paid), (Some(due), [paid]) if due == paid);
            self.unless(once, || format!("{name}: {operation} is due as {due:?} and was paid as {paid:?}"));
        }
    }

    /// The history has no gap, each line's balances are those before and what moved, and the last are the wallet's.
    fn history(&mut self, name: &str, person: &Person) {
        let mut balances = Sums::new();
        for (seq, line) in (1_i64..).zip(&person.lines) {
            self.unless(number(&line["seq"]) == seq, || format!("{name}: line {seq} is {line}"));
            for (asset, minor) in sums(line) {
                *balances.entry(asset).or_default() += minor;
            }
            let after = available(line);
            self.unless(after == without_nothing(&balances), || format!("{name}: after line {seq} {after:?}, not {balances:?}"));
        }
        let wallet = available(&person.wallet);
        self.unless(wallet == without_nothing(&balances), || {
            format!("{name}: the wallet has {wallet:?}, its history {balances:?}")
        });
    }

    fn people(&mut self, acknowledged: &[Acknowledged], found: &Found) {
        for name in acknowledged.iter().filter_map(|one| one.by.as_ref()) {
            self.unless(found.people.contains_key(name), || format!("{name} is nobody"));
        }
    }

    /// Every race that was announced is settled, by every shard, for the result that was acknowledged; and its totals are its slips'.
    fn races(&mut self, acknowledged: &[Acknowledged], found: &Found) {
        for feed in acknowledged::of("feed", acknowledged).map(Acknowledged::reply) {
            for named in feed["races"].as_array().into_iter().flatten() {
                let id = text(&named["race"]);
                let Some(race) = found.races.get(id) else {
                    self.0.push(format!("race {id} is missing"));
                    continue;
                };
                self.unless(race["state"] == "settled", || format!("race {id} is {}", race["state"]));
                let version = number(&race["result_version"]);
                self.unless(version >= number(&named["result_version"]), || {
                    format!("race {id} has result {version}, not {named}")
                });
                let settlement = &race["settlement"];
                self.unless(settlement["shards_done"] == race["shards"], || format!("race {id}: {settlement}"));
                let slips = found.people.values().flat_map(|person| &person.listed).filter(|slip| slip["race"] == race["id"]);
                let (said, added) = (totals_of(settlement), totals(slips));
                self.unless(said == added, || format!("race {id} came to {said:?}, its slips to {added:?}"));
            }
        }
    }

    /// What was reported of a settlement still is so: a race's totals and result, and what each slip came to.
    fn reports(&mut self, acknowledged: &[Acknowledged], found: &Found) {
        for report in acknowledged::of("settled_race", acknowledged).map(Acknowledged::reply) {
            let race = found.races.get(&id(&report));
            self.unless(race == Some(&report), || format!("race {} was reported as {report} and is {race:?}", id(&report)));
        }
        for reported in acknowledged::of("settled_slips", acknowledged) {
            let person = found.people.get(reported.by());
            for slip in reported.reply()["items"].as_array().into_iter().flatten() {
                let is_so = person.is_some_and(|person| person.listed.contains(slip));
                self.unless(is_so, || format!("{}: {slip} was reported", reported.by()));
            }
        }
    }
}

fn of<'a>(what: &'a str, acknowledged: &'a [&Acknowledged]) -> impl Iterator<Item = Value> + 'a {
    acknowledged.iter().filter(move |one| one.what == what).map(|one| one.reply())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

fn id(value: &Value) -> String {
    text(&value["id"]).to_owned()
}

/// A slip without what changes when its race is settled.
fn said_when_placed(slip: &Value) -> Value {
    let mut slip = slip.clone();
    if let Some(members) = slip.as_object_mut() {
        members.remove("status");
        members.remove("outcome");
    }
    slip
}

fn amount(of: &Value, minor: i64) -> Sums {
    Sums::from([(text(&of["asset"]).to_owned(), minor)])
}

/// What a line of a history moved.
fn sums(line: &Value) -> Sums {
    let mut sums = Sums::new();
    for moved in line["amounts"].as_array().into_iter().flatten() {
        *sums.entry(text(&moved["asset"]).to_owned()).or_default() += number(&moved["minor"]);
    }
    sums
}

fn available(of: &Value) -> Sums {
    let balances = of["balances"].as_array().into_iter().flatten();
    without_nothing(&balances.map(|balance| (text(&balance["asset"]).to_owned(), number(&balance["available"]))).collect())
}

fn without_nothing(sums: &Sums) -> Sums {
    sums.iter().filter(|(_, minor)| **minor != 0).map(|(asset, minor)| (asset.clone(), *minor)).collect()
}

/// Slips, and stake, payout and refund by asset.
type Totals = (i64, BTreeMap<String, [i64; 3]>);

fn totals<'a>(slips: impl Iterator<Item = &'a Value>) -> Totals {
    let mut totals = Totals::default();
    for slip in slips {
        totals.0 += 1;
        let sums = totals.1.entry(text(&slip["asset"]).to_owned()).or_default();
        let parts = [&slip["stake"], &slip["outcome"]["payout"], &slip["outcome"]["refund"]];
        sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += number(part));
    }
    totals
}

fn totals_of(settlement: &Value) -> Totals {
    let of = |asset: &Value| ["stake", "payout", "refund"].map(|part| number(&asset[part]));
    let by_asset = settlement["totals"]["by_asset"].as_object().into_iter().flatten();
    (number(&settlement["totals"]["slips"]), by_asset.map(|(asset, sums)| (asset.clone(), of(sums))).collect())
}
