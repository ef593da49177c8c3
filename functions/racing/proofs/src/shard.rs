//! A shard of a race: each person's slips, then their payouts, side by side. What is due is reckoned from the slips and the result,
//! and compared with what was posted. One person at a time is in memory.

use super::report::{COMBINATIONS, DUES, PAYOUTS, UNSETTLED};
use jiff::Timestamp;
use proofs::proof::{CHAINS, JOURNALS, LINES, Movement, Stop};
use proofs::{Findings, Item, VerifyError};
use racing_domain::payout::{self, PayoutTail, Payouts};
use racing_domain::{Due, Field, Race, RaceId, RaceResult, RaceState, Slip, Totals, check_bets, shard_of};
use shared::id::UserId;
use std::collections::BTreeMap;

/// The kinds of the wallets' lines.
pub(super) const STAKED: &str = "stake";
const SETTLEMENT: &str = "settlement";
const CORRECTION: &str = "correction";

/// By what the slips of a race are judged.
pub(super) struct Judged {
    id: Option<RaceId>,
    field: Field,
    shards: u16,
    closed_at: Timestamp,
    /// The result, when the race is settled for it.
    settled_by: Option<RaceResult>,
}

impl Judged {
    pub fn of(race: Option<&Race>, results: &BTreeMap<u32, RaceResult>) -> Self {
        let settled = race.filter(|race| race.state == RaceState::Settled);
        Self {
            id: race.map(|race| race.id),
            field: race.map(Race::field).unwrap_or_default(),
            shards: race.map_or(0, |race| race.shards),
            closed_at: race.map_or(Timestamp::MIN, Race::effective_close),
            settled_by: settled.and_then(|race| results.get(&race.result_version)).cloned(),
        }
    }
}

/// The person that is being read.
#[derive(Default)]
pub(super) struct Reading {
    person: Option<Person>,
}

struct Person {
    user: UserId,
    shard: String,
    /// With the tails of their ids.
    slips: Vec<(String, Slip)>,
    /// Tails of slips that were found only after their shard was counted.
    late: Vec<String>,
    payouts: PayoutTail,
    /// A line of theirs was read.
    was_paid: bool,
}

impl Reading {
    pub fn item(
        &mut self,
        findings: &mut Findings,
        judged: &Judged,
        totals: &mut Totals,
        item: &Item,
        shard: &str,
    ) -> Result<(), VerifyError> {
        let mut parts = item.sk.splitn(3, '#');
        let (Some(user), Some(kind), Some(name)) = (parts.next(), parts.next(), parts.next()) else { return Ok(()) };
        let Some(race) = judged.id else { return Ok(()) }; // Said at the race's end.
        if self.person.as_ref().is_none_or(|person| person.user.as_str() != user || person.shard != shard) {
            self.end(findings, judged, totals);
            let Ok(user) = user.parse() else {
                findings.fault(DUES, format!("{} {}: not a person's", item.pk, item.sk));
                return Ok(());
            };
            self.person = Some(Person::new(race, user, shard));
        }
        let Some(person) = &mut self.person else { return Ok(()) };
        let read = match kind {
            _ if item.expires => Ok(()),
            "b" => person.slip(findings, judged, race, item, name),
            "l" => {
                person.late.push(name.to_owned());
                Ok(())
            }
            "p" => person.payout(findings, race, item, name),
            _ => Ok(()),
        };
        findings.read(if kind == "p" { CHAINS } else { DUES }, read)
    }

    /// Ends the person that was read last.
    pub fn end(&mut self, findings: &mut Findings, judged: &Judged, totals: &mut Totals) {
        let Some(person) = self.person.take() else { return };
        if let Err(fault) = person.end(findings, judged, totals) {
            findings.fault(DUES, fault);
        }
    }
}

impl Person {
    fn new(race: RaceId, user: UserId, shard: &str) -> Self {
        let payouts = PayoutTail::empty(payout::entity(race, &user));
        Self { user, shard: shard.to_owned(), slips: Vec::new(), late: Vec::new(), payouts, was_paid: false }
    }

    fn slip(&mut self, findings: &mut Findings, judged: &Judged, race: RaceId, item: &Item, tail: &str) -> Result<(), Stop> {
        let slip: Slip = item.read()?;
        let shard: u16 = self.shard.parse().map_err(|_| format!("{}: not a shard", item.pk))?;
        let id = format!("bet_{}_{shard:02}_{tail}", race.key());
        let account = format!("escrow:{}", race.key());
        let (person, minor) = (self.user.as_str(), slip.stake.saturating_neg());
        findings.object(Movement { operation: &id, person, kind: STAKED, asset: slip.asset, account: &account, minor })?;
        findings.add(COMBINATIONS, slip.combinations.into());
        let totals = check_bets(&slip.bets, &judged.field).map_err(|error| format!("{id}: {error}"))?;
        let in_place = shard_of(&self.user, judged.shards) == shard;
        let fault = if totals.stake != slip.stake || totals.combinations != slip.combinations {
            Some(format!("{id}: its bets come to {totals:?}, it says {} and {}", slip.combinations, slip.stake))
        } else {
            (!in_place).then(|| format!("{id}: it is in a shard that is not its bettor's"))
        };
        self.slips.push((tail.to_owned(), slip));
        fault.map_or(Ok(()), |fault| Err(Stop::Fault(fault)))
    }

    fn payout(&mut self, findings: &mut Findings, race: RaceId, item: &Item, seq: &str) -> Result<(), Stop> {
        findings.add(JOURNALS, u64::from(!std::mem::replace(&mut self.was_paid, true)));
        findings.add(LINES, 1);
        findings.add(PAYOUTS, 1);
        let line = item.line(&self.payouts.entity, seq)?;
        let verified = self.payouts.verify_next(&line);
        let entry = match &verified {
            Ok((_, entry)) => Some(entry.what.clone()),
            Err(_) => line.entry::<Payouts>().ok().map(|entry| entry.what),
        };
        let kind = if line.seq == 1 { SETTLEMENT } else { CORRECTION };
        let operation = payout::operation(race, line.seq);
        for (asset, settled) in entry.iter().flat_map(|posted| posted.posted.by_asset()) {
            for (account, minor) in [("escrow", settled.payout), ("escrow_refund", settled.refund)] {
                if minor != 0 {
                    let account = format!("{account}:{}", race.key());
                    let person = self.user.as_str();
                    findings.object(Movement { operation: &operation, person, kind, asset: *asset, account: &account, minor })?;
                }
            }
        }
        self.payouts = verified.map_err(|error| error.to_string())?.0;
        Ok(())
    }

    fn end(self, findings: &mut Findings, judged: &Judged, totals: &mut Totals) -> Result<(), String> {
        let (user, posted) = (self.user.as_str(), &self.payouts.state.total);
        let broken = |error: shared::money::MoneyError| format!("{user}: {error}");
        for (_, slip) in &self.slips {
            totals.add_stake(slip.stake()).map_err(broken)?;
        }
        totals.add_paid(posted).map_err(broken)?;
        let slips = self.slips.len() as u64;
        let Some(result) = &judged.settled_by else {
            findings.add(UNSETTLED, slips);
            return Ok(());
        };
        let mut due = Due::default();
        for (tail, slip) in &self.slips {
            let late = self.late.contains(tail);
            let outcome = slip.outcome(&judged.field, result, judged.closed_at, late).map_err(broken)?;
            due.add(slip.asset, outcome).map_err(broken)?;
        }
        if due == *posted {
            return Ok(());
        }
        findings.add(UNSETTLED, slips);
        let race = judged.id.map(|id| id.to_string()).unwrap_or_default();
        Err(format!("{race}: due to {user} {:?}, posted {:?}", due.by_asset(), posted.by_asset()))
    }
}
