//! A verdict in words, for people, and in JSON, for machines.

use super::Verdict;
use super::proof::{Promise, Shown, Sum};
use serde_json::{Map, Value, json};
use shared::money::Asset;

/// What was counted and whether it holds.
pub fn rows(verdict: &Verdict) -> Vec<(String, String)> {
    let count = |what: &str, count: u64| (what.to_owned(), grouped(count));
    let mut rows = vec![count("items", verdict.items)];
    for shown in verdict.shows() {
        match shown {
            Shown::Count(of) => rows.push(count(of.label, verdict.count(*of))),
            Shown::Sums(sums) => rows.extend(Asset::ALL.into_iter().flat_map(|asset| sums_in(verdict, sums, asset))),
        }
    }
    let holds = |promise: &Promise| (promise.says.to_owned(), if verdict.holds(*promise) { "yes" } else { "NO" }.to_owned());
    rows.extend(verdict.promises().iter().map(holds));
    rows
}

/// All of `sums`, unless none comes to anything in `asset`.
fn sums_in(verdict: &Verdict, sums: &[Sum], asset: Asset) -> Vec<(String, String)> {
    let rows: Vec<_> = sums.iter().map(|sum| (sum.0, verdict.sum(*sum, asset))).collect();
    if rows.iter().all(|(_, minor)| *minor == 0) {
        return Vec::new();
    }
    rows.into_iter().map(|(what, minor)| (format!("{what}, {asset}"), grouped_signed(minor))).collect()
}

/// The same as fields of a JSON object.
pub fn fields(verdict: &Verdict) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut totals: Map<_, _> = Asset::ALL.into_iter().map(|asset| (asset.code().to_owned(), json!({}))).collect();
    for shown in verdict.shows() {
        match shown {
            Shown::Count(of) => drop(fields.insert(of.key.into(), verdict.count(*of).into())),
            Shown::Sums(sums) => {
                for (asset, sum) in Asset::ALL.into_iter().flat_map(|asset| sums.iter().map(move |sum| (asset, sum))) {
                    totals[asset.code()][sum.0] = verdict.sum(*sum, asset).into();
                }
            }
        }
    }
    let promises: Map<_, _> =
        verdict.promises().iter().map(|promise| (promise.key.to_owned(), verdict.holds(*promise).into())).collect();
    let own = [
        ("clean", json!(verdict.is_clean() && !verdict.is_empty())),
        ("empty", json!(verdict.is_empty())),
        ("items", json!(verdict.items)),
        ("unreadable", json!(verdict.unreadable)),
        ("totals", json!(totals)),
        ("promises", json!(promises)),
        ("off", json!(verdict.faults.iter().map(ToString::to_string).collect::<Vec<_>>())),
        ("off_unnamed", json!(verdict.faults_unnamed)),
    ];
    fields.extend(own.map(|(key, value)| (key.to_owned(), value)));
    fields
}

/// The last line: what was proved, and of how much.
pub fn summary(verdict: &Verdict) -> String {
    if verdict.is_empty() {
        return "Empty: nothing is stored, so nothing was proved.".into();
    }
    let counts = verdict.shows().iter().filter_map(|shown| match shown {
        Shown::Count(of) => of.noun.map(|noun| (verdict.count(*of), noun)),
        Shown::Sums(_) => None,
    });
    let counted_one = |(count, what): (u64, &str)| format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" });
    let counted = std::iter::once((verdict.items, "item")).chain(counts).map(counted_one).collect::<Vec<_>>().join(", ");
    if verdict.is_clean() {
        return format!("Clean: every journal folds and every record agrees with its independent counterparts ({counted}).");
    }
    let off = grouped(verdict.faults.len() as u64 + verdict.faults_unnamed);
    match verdict.unreadable {
        0 => format!("NOT CLEAN: {off} things are off ({counted})."),
        unreadable => format!("NOT CLEAN: {off} things are off, {} of them unreadable ({counted}).", grouped(unreadable)),
    }
}

/// 1,234,567
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn grouped_signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(grouped_signed(-1_000), "-1,000");
    }
}
