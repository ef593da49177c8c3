//! What the race days end with: rows for people, and one JSON object for machines.

use super::cost::{self, PaidUnits, SlipUnits};
use super::play::Played;
use super::settled::{result_to_settled_ms, settled_slips_per_s};
use demo::measure::{as_f64, rounded, rss_mb_max};
use demo::{DemoError, Findings};
use proofs::Verdict;
use proofs::proof::{CHAINS, SUM_ZERO};
use proofs::rows::grouped;
use racing_proofs::{
    BETTORS, CERTIFICATES, CERTIFICATES_WAITING, COMBINATIONS, DUES, PAID_PEOPLE, PAYOUT, RACES, REFUND, SLIPS, STAKE, UNSETTLED,
};
use serde::Serialize;
use shared::money::Asset;

/// One JSON object. What could not be known (of a cloud elsewhere) is null. Amounts are yen; medals are counted as slips only.
#[derive(Debug, Serialize)]
struct Measured {
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

impl Measured {
    fn new(played: &Played, findings: &Findings<'_>) -> Self {
        let Findings { verdict, used, engine_txn_per_s, in_process, .. } = *findings;
        let tally = &played.tally;
        let yen = |sum| verdict.map(|verdict| verdict.sum(sum, Asset::Jpy));
        let count = |count| verdict.map(|verdict| verdict.count(count));
        let slip =
            SlipUnits { write_units: tally.write_units_each(), read_units: tally.read_units_each(), calls: tally.calls_each() };
        let paid_users = count(PAID_PEOPLE);
        let paid = paid_users.and_then(|paid| usize::try_from(paid).ok()).filter(|paid| *paid > 0);
        let paid = used.zip(paid).map(|(used, paid)| PaidUnits::of(used, as_f64(paid)));
        Self {
            races: count(RACES),
            slips: count(SLIPS).unwrap_or(tally.count() as u64),
            combinations: count(COMBINATIONS),
            bettors: count(BETTORS),
            stake: yen(STAKE),
            payout: yen(PAYOUT),
            refund: yen(REFUND),
            paid_users,
            unsettled: count(UNSETTLED),
            sum_zero: verdict.map(|verdict| verdict.holds(SUM_ZERO)),
            chains_ok: verdict.map(|verdict| verdict.holds(CHAINS)),
            // A payment that is not what is due is no less a false certificate than a wrong sum.
            certificates_ok: verdict.map(certificates_hold),
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
    fn is_clean(&self, planned: usize, played: &Played) -> bool {
        played.tally.refused.is_empty()
            && played.tally.count() == planned
            && played.dead == 0
            && self.unsettled == Some(0)
            && [self.sum_zero, self.chains_ok, self.certificates_ok].into_iter().all(|holds| holds == Some(true))
    }

    fn rows(&self, [first, last]: [f64; 2]) -> Vec<(&'static str, String)> {
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

fn certificates_hold(verdict: &Verdict) -> bool {
    verdict.holds(CERTIFICATES) && verdict.holds(DUES) && verdict.count(CERTIFICATES_WAITING) == 0
}

/// How many refused slips are named.
const REFUSED_NAMED_MAX: usize = 10;

/// What `planned` slips came to.
///
/// # Errors
/// When it has no JSON form.
pub fn of(played: &Played, planned: usize, findings: &Findings<'_>) -> Result<demo::Report, DemoError> {
    let measured = Measured::new(played, findings);
    let is_clean = measured.is_clean(planned, played);
    let mut off: Vec<_> = played.tally.refused.iter().take(REFUSED_NAMED_MAX).cloned().collect();
    if played.dead > 0 {
        off.push(format!("{} messages are in dead-letter queues", played.dead));
    }
    let rows = measured.rows(played.tally.first_and_last_ms()).into_iter();
    Ok(demo::Report {
        json: serde_json::to_string(&measured).map_err(|error| DemoError::Unexpected(error.to_string()))?,
        rows: rows.map(|(what, value)| (what.to_owned(), value)).collect(),
        off,
        is_clean,
        summary: summary(is_clean, played.tally.count(), planned, findings),
    })
}

fn summary(is_clean: bool, placed: usize, planned: usize, findings: &Findings<'_>) -> String {
    if is_clean {
        return format!("CLEAN: all {} slips are placed and settled, and every proof holds.", grouped(placed as u64));
    }
    let count = |of: fn(&Verdict) -> u64| findings.verdict.map(of).unwrap_or_default();
    let unsettled = count(|verdict| verdict.count(UNSETTLED));
    let off = count(|verdict| verdict.faults.len() as u64 + verdict.faults_unnamed);
    format!("NOT CLEAN: {placed} of {planned} slips placed, {unsettled} unsettled, {off} things off (seed {}).", findings.seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = "races slips combinations bettors stake payout refund paid_users unsettled sum_zero chains_ok \
        certificates_ok place_per_s place_p50_ms place_p99_ms settle_slips_per_s result_to_settled_p99_ms engine_txn_per_s \
        wru_per_slip wru_per_paid_user calls_per_slip usd_per_million_slips usd_per_million_paid_users rss_mb_max";

    const PROOFS: &[&proofs::Definition] = &[&racing_proofs::PROOF];

    fn findings(verdict: Option<&Verdict>) -> Findings<'_> {
        Findings { verdict, used: None, engine_txn_per_s: Some(1.0), in_process: true, seed: 1 }
    }

    #[test]
    fn the_json_has_exactly_the_promised_fields() {
        let json = of(&Played::default(), 0, &findings(Some(&Verdict::of_nothing(PROOFS)))).unwrap().json;
        let found: Vec<_> = json.split(['{', ',', '}']).filter_map(|pair| pair.split('"').nth(1)).collect();
        assert_eq!(found, FIELDS.split_ascii_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn nothing_proved_is_not_clean() {
        let played = Played::default();
        let clean = |verdict: Option<&Verdict>, planned| of(&played, planned, &findings(verdict)).unwrap().is_clean;
        let verdict = Verdict::of_nothing(PROOFS);
        assert!(clean(Some(&verdict), 0));
        assert!(!clean(Some(&verdict), 1), "a slip is missing");
        for count in [UNSETTLED, CERTIFICATES_WAITING] {
            let mut waits = verdict.clone();
            waits.add(count, 1);
            assert!(!clean(Some(&waits), 0), "{count:?}");
        }
        for promise in [SUM_ZERO, CHAINS, DUES, CERTIFICATES] {
            let mut broken = verdict.clone();
            broken.breaks(promise);
            assert!(!clean(Some(&broken), 0), "{promise:?}");
        }
        assert!(!clean(None, 0));
    }
}
