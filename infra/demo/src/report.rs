//! What the demo ends with: a table for people, or one JSON object for machines.

use super::measure::{as_f64, result_to_settled_ms, rss_mb_max, settled_slips_per_s};
use super::play::Played;
use super::settlement_log::Used;
use crate::cost::{self, SlipUnits};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use proofs::Proof;
use proofs::rows::rows;
use serde::Serialize;
use shared::money::Asset;

/// One JSON object. What could not be known (of a cloud elsewhere) is null. Amounts are yen; medals are counted as slips only.
#[derive(Debug, Serialize)]
pub struct Report {
    races: Option<u64>,
    slips: u64,
    combinations: Option<u64>,
    bettors: Option<u64>,
    stake: Option<i64>,
    payout: Option<i64>,
    refund: Option<i64>,
    paid_users: Option<u64>,
    unsettled: Option<u64>,
    sum_zero: Option<bool>,
    chains_ok: Option<bool>,
    certificates_ok: Option<bool>,
    place_per_s: f64,
    place_p50_ms: f64,
    place_p99_ms: f64,
    settle_slips_per_s: f64,
    result_to_settled_p99_ms: f64,
    engine_txn_per_s: Option<f64>,
    wru_per_slip: f64,
    wru_per_paid_user: Option<f64>,
    calls_per_slip: f64,
    usd_per_million_slips: f64,
    usd_per_million_paid_users: Option<f64>,
    rss_mb_max: Option<u64>,
}

/// What a report is made of.
pub struct Findings<'a> {
    pub played: &'a Played,
    /// None when the cloud's data directory is not known.
    pub proof: Option<&'a Proof>,
    pub used: Option<Used>,
    /// None where it was not measured.
    pub engine_txn_per_s: Option<f64>,
    /// Whether the cloud ran in this process.
    pub in_process: bool,
}

impl Report {
    pub fn new(findings: &Findings<'_>) -> Self {
        let Findings { played, proof, used, engine_txn_per_s, in_process } = *findings;
        let tally = &played.tally;
        let yen = proof.map(|proof| proof.of(Asset::Jpy));
        let slip = SlipUnits {
            write_units: tally.write_units_per_slip(),
            read_units: tally.read_units_per_slip(),
            calls: tally.calls_per_slip(),
        };
        let paid_users = proof.map(|proof| proof.paid_users);
        let paid = paid_users.and_then(|paid| usize::try_from(paid).ok()).filter(|paid| *paid > 0);
        let paid = used.zip(paid).map(|(used, paid)| used.per_paid(as_f64(paid)));
        Self {
            races: proof.map(|proof| proof.races),
            slips: proof.map_or(tally.count() as u64, |proof| proof.slips),
            combinations: proof.map(|proof| proof.combinations),
            bettors: proof.map(|proof| proof.bettors),
            stake: yen.map(|yen| yen.stake),
            payout: yen.map(|yen| yen.payout),
            refund: yen.map(|yen| yen.refund),
            paid_users,
            unsettled: proof.map(|proof| proof.unsettled),
            sum_zero: proof.map(|proof| proof.sum_zero),
            chains_ok: proof.map(|proof| proof.chains_ok),
            // A payment that is not what is due is no less a false certificate than a wrong sum.
            certificates_ok: proof.map(|proof| proof.certificates_ok && proof.dues_ok && proof.certificates_waiting == 0),
            place_per_s: rounded(as_f64(tally.count()) / played.placing.as_secs_f64()),
            place_p50_ms: rounded(tally.latency_ms(50)),
            place_p99_ms: rounded(tally.latency_ms(99)),
            settle_slips_per_s: rounded(settled_slips_per_s(&played.settled)),
            result_to_settled_p99_ms: rounded(result_to_settled_ms(&played.settled, 99)),
            engine_txn_per_s: engine_txn_per_s.map(rounded),
            wru_per_slip: rounded(slip.write_units),
            wru_per_paid_user: paid.map(|paid| rounded(paid.write_units)),
            calls_per_slip: rounded(slip.calls),
            usd_per_million_slips: rounded(cost::usd_per_million_slips(slip)),
            usd_per_million_paid_users: paid.map(|paid| rounded(cost::usd_per_million_paid_users(paid))),
            rss_mb_max: in_process.then(rss_mb_max).flatten(),
        }
    }

    /// Whether all that was to happen did, and is proved.
    pub fn is_clean(&self, planned: usize, played: &Played) -> bool {
        played.tally.refused.is_empty()
            && played.tally.count() == planned
            && played.dead == 0
            && self.unsettled == Some(0)
            && [self.sum_zero, self.chains_ok, self.certificates_ok].into_iter().all(|holds| holds == Some(true))
    }

    /// The table for people.
    pub fn table(&self, findings: &Findings<'_>) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        for (what, value) in findings.proof.map(rows).unwrap_or_default() {
            table.add_row([what, value]);
        }
        for (what, value) in self.measured(findings.played.tally.first_and_last_ms()) {
            table.add_row([what.to_owned(), value]);
        }
        if let Some(values) = table.column_mut(1) {
            values.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    fn measured(&self, [first, last]: [f64; 2]) -> Vec<(&'static str, String)> {
        let unknown = || "unknown".to_owned();
        let usd = |usd: f64| format!("{usd:.2} USD");
        vec![
            ("slips placed per second", format!("{:.0}", self.place_per_s)),
            ("a slip's reply, median / 99 %", format!("{:.1} / {:.1} ms", self.place_p50_ms, self.place_p99_ms)),
            ("its median, first / last tenth of the slips", format!("{first:.1} / {last:.1} ms")),
            ("slips settled per second", format!("{:.0}", self.settle_slips_per_s)),
            ("from a result to its settlement, 99 %", format!("{:.0} ms", self.result_to_settled_p99_ms)),
            ("the engine alone, transactions per second", self.engine_txn_per_s.map_or_else(unknown, |txn| format!("{txn:.0}"))),
            ("DynamoDB calls / write units a slip", format!("{:.2} / {:.2}", self.calls_per_slip, self.wru_per_slip)),
            ("write units a paid person, all shares in", self.wru_per_paid_user.map_or_else(unknown, |wru| format!("{wru:.2}"))),
            ("AWS, a million slips", usd(self.usd_per_million_slips)),
            ("AWS, a million paid people", self.usd_per_million_paid_users.map_or_else(unknown, usd)),
            ("memory at most", self.rss_mb_max.map_or_else(unknown, |rss| format!("{rss} MB"))),
        ]
    }
}

/// To a thousandth; nothing measured is 0, because JSON knows no infinity.
fn rounded(number: f64) -> f64 {
    if number.is_finite() { (number * 1_000.0).round() / 1_000.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = "races slips combinations bettors stake payout refund paid_users unsettled sum_zero chains_ok \
        certificates_ok place_per_s place_p50_ms place_p99_ms settle_slips_per_s result_to_settled_p99_ms engine_txn_per_s \
        wru_per_slip wru_per_paid_user calls_per_slip usd_per_million_slips usd_per_million_paid_users rss_mb_max";

    #[test]
    fn the_json_has_exactly_the_promised_fields() {
        let findings = Findings {
            played: &Played::default(),
            proof: Some(&Proof::default()),
            used: None,
            engine_txn_per_s: Some(1.0),
            in_process: true,
        };
        let json = serde_json::to_string(&Report::new(&findings)).unwrap();
        let found: Vec<_> = json.split(['{', ',', '}']).filter_map(|pair| pair.split('"').nth(1)).collect();
        assert_eq!(found, FIELDS.split_ascii_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn nothing_proved_is_not_clean() {
        let played = Played::default();
        let clean = |proof: Option<&Proof>, planned| {
            let findings = Findings { played: &played, proof, used: None, engine_txn_per_s: Some(1.0), in_process: true };
            Report::new(&findings).is_clean(planned, &played)
        };
        let proof = Proof { sum_zero: true, chains_ok: true, certificates_ok: true, dues_ok: true, ..Proof::default() };
        assert!(clean(Some(&proof), 0));
        assert!(!clean(Some(&proof), 1), "a slip is missing");
        assert!(!clean(Some(&Proof { unsettled: 1, ..proof.clone() }), 0));
        assert!(!clean(Some(&Proof { sum_zero: false, ..proof.clone() }), 0));
        assert!(!clean(Some(&Proof { certificates_waiting: 1, ..proof.clone() }), 0));
        assert!(!clean(None, 0));
    }
}
