//! The racing table, race by race. The race's own records come first, then its shards. Then its certificates are compared with the shards'
//! totals.

use super::report::{CERTIFICATES, CERTIFICATES_WAITING, DUES, PAID_PEOPLE, PAYOUT, RACES, REFUND, SLIPS, STAKE};
use super::shard::{self, Judged};
use jiff::{SignedDuration, Timestamp};
use proofs::proof::Stop;
use proofs::{Findings, Item, VerifyError};
use racing_domain::{AssetTotals, Certificate, ClosingPosting, Race, RaceId, RaceResult, RaceState, Totals, result_seal};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// A certificate is repeated a quarter of an hour later; after this the repetition must be there.
const REPEATED_WITHIN: SignedDuration = SignedDuration::from_mins(18);

/// Settlement takes seconds, and `sweep-races` starts it again after five minutes: a race that takes longer is stuck, with people's stakes
/// in it.
const SETTLED_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// The race that is being read.
#[derive(Default)]
pub(super) struct Reading {
    facts: Option<Facts>,
    shard: shard::Reading,
}

/// What is known of a race before its shards are read.
struct Facts {
    id: RaceId,
    race: Option<Race>,
    /// When the race was last changed. `None` for races that were last written before this was stored.
    changed_at: Option<Timestamp>,
    results: BTreeMap<u32, RaceResult>,
    certificates: Vec<Certificate>,
    judged: Option<Judged>,
    totals: Totals,
}

/// A result as it came; who brought it and when is not compared.
#[derive(Deserialize)]
struct StoredResult {
    result: RaceResult,
}

#[derive(Deserialize)]
struct Changed {
    changed_at: Option<Timestamp>,
}

impl Reading {
    pub fn item(&mut self, findings: &mut Findings, item: &Item) -> Result<(), VerifyError> {
        let Some(place) = item.pk.strip_prefix("race#") else { return Ok(()) };
        let (key, shard) = place.split_once('#').map_or((place, None), |(key, shard)| (key, Some(shard)));
        let Ok(id) = RaceId::from_key(key) else {
            findings.fault(DUES, format!("{}: no race has this key", item.pk));
            return Ok(());
        };
        if self.facts.as_ref().is_none_or(|facts| facts.id != id) {
            self.end(findings);
            self.facts = Some(Facts::new(id));
        }
        let Some(facts) = &mut self.facts else { return Ok(()) };
        match shard {
            None => {
                let read = facts.item(item);
                findings.read(CERTIFICATES, read)
            }
            Some(shard) => {
                let judged = facts.judged.get_or_insert_with(|| Judged::of(facts.race.as_ref(), &facts.results));
                self.shard.item(findings, judged, &mut facts.totals, item, shard)
            }
        }
    }

    /// Ends the race that was read last.
    pub fn end(&mut self, findings: &mut Findings) {
        let Some(mut facts) = self.facts.take() else { return };
        if let Some(judged) = &facts.judged {
            self.shard.end(findings, judged, &mut facts.totals);
        }
        facts.end(findings);
    }
}

impl Facts {
    fn new(id: RaceId) -> Self {
        Self {
            id,
            race: None,
            changed_at: None,
            results: BTreeMap::new(),
            certificates: Vec::new(),
            judged: None,
            totals: Totals::default(),
        }
    }

    fn item(&mut self, item: &Item) -> Result<(), Stop> {
        match item.sk.split('#').next() {
            Some("race") => {
                self.race = Some(item.read()?);
                self.changed_at = item.read::<Changed>()?.changed_at;
            }
            Some("cert") => self.certificates.push(item.read()?),
            Some("result") => {
                let version = item.sk.strip_prefix("result#v").and_then(|version| version.parse().ok());
                let version = version.ok_or_else(|| format!("{} {}: no version", item.pk, item.sk))?;
                // Those from before they were sealed have no seal.
                if !item.hash.is_empty() && item.hash != result_seal(self.id, version, &item.body) {
                    return Err(format!("{}: version {version} of its result was altered since it was recorded", self.id).into());
                }
                self.results.insert(version, item.read::<StoredResult>()?.result);
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&self, findings: &mut Findings) {
        let Some(race) = &self.race else {
            findings.fault(DUES, format!("{}: there are records of it, but no race", self.id));
            return;
        };
        findings.add(RACES, 1);
        findings.add(SLIPS, self.totals.slips);
        findings.add(PAID_PEOPLE, self.totals.paid_users);
        for (asset, AssetTotals { stake, payout, refund }) in &self.totals.by_asset {
            for (sum, minor) in [(STAKE, stake), (PAYOUT, payout), (REFUND, refund)] {
                findings.add_sum(sum, *asset, *minor);
            }
        }
        match race.state {
            RaceState::Open => {}
            RaceState::Resulted => self.check_progress(findings, race),
            RaceState::Settled => self.check_certificates(findings, race),
        }
    }

    /// A race with a result is on its way to be settled. The fault of a stuck race has the same words in every reading, so it says since
    /// when, not for how long.
    fn check_progress(&self, findings: &mut Findings, race: &Race) {
        let since = self.changed_at.unwrap_or_else(|| race.effective_close());
        if findings.now().duration_since(since) <= SETTLED_WITHIN {
            return;
        }
        let (id, slips) = (self.id, self.totals.slips);
        let wanted = json!({"data": {"race": id, "result_version": race.result_version}});
        let stuck = format!(
            "{id}: has its result since {since} and is not settled, with {slips} slips in it. Fix the cause of the dead letters of \
             settle-race, settle-shard and certify-race, then `koban redrive` them, or `koban publish settle-race '{wanted}'`"
        );
        findings.fault(DUES, stuck);
    }

    /// A settled race has certificates of its version, numbered from 1. The newest says what its slips and payouts say.
    /// So does the one before it, unless the newest is so new that its repetition is still to come. Earlier ones say what was true before a
    /// late slip was found.
    fn check_certificates(&self, findings: &mut Findings, race: &Race) {
        let (id, version) = (self.id, race.result_version);
        let mut made: Vec<_> = self.certificates.iter().filter(|made| made.version == version).collect();
        made.sort_by_key(|made| made.pass);
        let Some((newest, earlier)) = made.split_last() else {
            return findings.fault(CERTIFICATES, format!("{id}: settled for version {version} without a certificate"));
        };
        if made.iter().zip(1..).any(|(made, pass)| made.pass != pass) {
            findings.fault(CERTIFICATES, format!("{id}: a certificate of version {version} is missing"));
        }
        self.check_certificate(findings, race, newest);
        match earlier.last().filter(|before| before.totals == newest.totals) {
            Some(before) => self.check_certificate(findings, race, before),
            None if is_waiting(newest.made_at, findings.now()) => findings.add(CERTIFICATES_WAITING, 1),
            None => {
                findings.fault(CERTIFICATES, format!("{id}: the certificate of version {version} was never repeated"));
            }
        }
    }

    fn check_certificate(&self, findings: &mut Findings, race: &Race, made: &Certificate) {
        let (id, pass) = (self.id, made.pass);
        let mut differs = |what: &str, says: String, found: String| {
            findings.fault(CERTIFICATES, format!("{id}: certificate {pass} says {what} {says}; found {found}"));
        };
        if made.shards != race.shards {
            differs("shards", made.shards.to_string(), race.shards.to_string());
        }
        if made.totals != self.totals {
            differs("totals", format!("{:?}", made.totals), format!("{:?}", self.totals));
        }
        let closing = closing_postings(id, &self.totals);
        if made.operator_result != closing {
            differs("operator result", format!("{:?}", made.operator_result), format!("{closing:?}"));
        }
    }
}

fn is_waiting(made_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(made_at) < REPEATED_WITHIN
}

/// What must be left of each asset's stakes for the operator: computed here, not by the code that made the certificate.
fn closing_postings(race: RaceId, totals: &Totals) -> Vec<ClosingPosting> {
    let posting = |(&asset, &AssetTotals { stake, payout, refund })| ClosingPosting {
        from: format!("escrow:{}", race.key()),
        to: "operator_result".into(),
        amount: shared::money::Amount { asset, minor: stake.saturating_sub(payout).saturating_sub(refund) },
    };
    totals.by_asset.iter().map(posting).collect()
}
