//! `docs/costs.md` says what the budgets' tests measure, figure by figure, and its picture is drawn from these rows by the one price
//! list. So neither can grow old: a change of cost fails here until the page says it.

use crate::harness::{Cost, Invocation};
use build::generate::root;
use demo::cost::Part;
use racing_demo::cost::{PaidUnits, SlipUnits, parts_of_million_paid_users, parts_of_million_slips};
use std::fmt::Write;

/// The rows that the picture is drawn from.
pub const A_SLIP: &str = "place a slip of any size, with the race already read";
pub const A_PAID_PERSON: &str = "settle, a paid person's share of everything";
/// Of which each is this much of an invocation: settle-race, settle-shard and certify-race twice, for a hundred people.
const INVOCATIONS_PER_PAID: f64 = 0.04;

const PICTURE: &str = "docs/pictures/costs.svg";
/// The picture's widths in pixels.
const BAR_PX: f64 = 760.0;
const COLORS: [&str; 7] = ["#2c5282", "#90cdf4", "#b7791f", "#2f855a", "#718096", "#805ad5", "#c05621"];

/// Holds that the page says of `operation` what was found.
#[track_caller]
pub fn assert_documented(operation: &str, found: Cost) {
    let row = format!("| {operation} | {} | {} | {} |", figure(found.wru), figure(found.rru), figure(found.calls));
    assert!(page().lines().any(|line| line == row), "docs/costs.md says otherwise than this row, which was measured:\n{row}");
}

/// What invocations used together, for each of `shared_by`.
pub fn share(invocations: &[&[Invocation]], shared_by: f64) -> Cost {
    let sum = |of: fn(&Invocation) -> f64| invocations.iter().copied().flatten().map(of).sum::<f64>() / shared_by;
    Cost { wru: sum(|one| one.wru), rru: sum(|one| one.rru), calls: sum(|one| one.calls), rounds: 0.0 }
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/costs.md")).expect("docs/costs.md")
}

/// To a hundredth, without trailing zeros.
fn figure(number: f64) -> String {
    format!("{number:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What the page says of `operation`.
fn documented(operation: &str) -> Cost {
    let page = page();
    let row = page.lines().find_map(|line| line.strip_prefix(&format!("| {operation} | "))).expect("a row");
    let mut figures = row.split(" | ").map(|cell| cell.trim_end_matches(" |").parse().expect("a figure"));
    let mut next = || figures.next().expect("three figures");
    Cost { wru: next(), rru: next(), calls: next(), rounds: 0.0 }
}

#[test]
fn the_picture_is_drawn_from_the_page_and_the_price_list() {
    let (slip, paid) = (documented(A_SLIP), documented(A_PAID_PERSON));
    let slips = parts_of_million_slips(SlipUnits { write_units: slip.wru, read_units: slip.rru, calls: slip.calls });
    let paid = parts_of_million_paid_users(PaidUnits {
        write_units: paid.wru,
        read_units: paid.rru,
        calls: paid.calls,
        invocations: INVOCATIONS_PER_PAID,
    });
    let drawn = picture(&[("a million slips", slips), ("a million paid people", paid)]);
    if std::fs::read_to_string(root().join(PICTURE)).ok().as_deref() != Some(&drawn) {
        let new = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("costs.svg");
        std::fs::write(&new, drawn).expect("written");
        panic!("{PICTURE} is stale: look at {}, and put it there", new.display());
    }
    let page = page();
    for (what, parts) in [("slips", slips), ("paid people", paid)] {
        let row = format!("a million {what}: **{:.2} USD**", usd(&parts));
        assert!(page.contains(&row), "docs/costs.md should say: {row}");
    }
}

fn usd(parts: &[Part]) -> f64 {
    parts.iter().map(|part| part.usd).sum()
}

/// One bar a row, on one scale, with a legend.
fn picture(rows: &[(&str, [Part; 7])]) -> String {
    let scale = BAR_PX / rows.iter().map(|(_, parts)| usd(parts)).fold(0.0, f64::max);
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 250\" font-family=\"system-ui, sans-serif\" \
         font-size=\"13\" fill=\"#243b53\" role=\"img\">\n<title>What a million slips and a million paid people cost, by AWS \
         service</title>\n<rect width=\"960\" height=\"250\" rx=\"12\" fill=\"#f7f9fb\"/>\n",
    );
    let mut y = 30;
    for (what, parts) in rows {
        let _ = writeln!(svg, "<text x=\"28\" y=\"{y}\" font-weight=\"600\">{what}: {:.2} USD</text>", usd(parts));
        let mut x = 28.0;
        for (part, color) in parts.iter().zip(COLORS) {
            let width = part.usd * scale;
            let _ = writeln!(svg, "<rect x=\"{x:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"40\" fill=\"{color}\"/>", y + 10);
            x += width;
        }
        y += 85;
    }
    for (number, (name, color)) in rows[0].1.iter().map(|part| part.service).zip(COLORS).enumerate() {
        let (x, y) = (28 + number % 4 * 230, 205 + number / 4 * 24);
        let [slips, paid] = [0, 1].map(|row| rows[row].1[number].usd);
        let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{color}\"/>", y - 11);
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\">{name} {slips:.2} / {paid:.2}</text>", x + 18);
    }
    svg + "</svg>\n"
}
