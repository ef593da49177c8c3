//! A shard of a race, read whole: its slips and payouts by person, its sketch and the marks of late slips. Settlement and its proof read
//! the same way and decide the same way, at different times.

use crate::records::{self, StoredResult};
use crate::{RACING, keys};
use jiff::Timestamp;
use platform::store::{Range, Record, StoreError};
use platform::{Context, Problem};
use racing_domain::payout::{self, Basis, PayoutTail};
use racing_domain::{Due, Race, RaceId, SketchError, Slip, SlipSketch, Totals};
use shared::id::UserId;
use shared::journal::Line;
use shared::money::MoneyError;
use shared::planted::{self, Bug};
use std::collections::{BTreeMap, BTreeSet};

/// A shard's contents.
#[derive(Debug, Default)]
pub struct Shard {
    /// By user id, as the table orders them.
    pub people: BTreeMap<String, Person>,
    /// The count of slips before anybody was paid; none until then.
    pub sketch: Option<SlipSketch>,
}

/// A person's part in a shard.
#[derive(Debug, Default)]
pub struct Person {
    /// The slips with the tails of their ids.
    pub slips: Vec<(String, Slip)>,
    /// The tails of slips that were found only after the shard was counted.
    pub late: BTreeSet<String>,
    /// The newest line of the payouts' journal.
    pub newest: Option<Line>,
}

impl Shard {
    /// Reads a shard page by page. None when, before a further page, `version` is no longer the race's newest result.
    pub async fn read(context: &Context, race: RaceId, version: u32, shard: u16) -> Result<Option<Self>, Problem> {
        let pk = keys::shard_partition(race, shard);
        let mut read = Self::default();
        let mut after: Option<String> = None;
        loop {
            let range = Range { after: after.as_deref(), ..Range::all(&pk) };
            let page = context.table(&RACING).page(&range).await?;
            for record in &page.records {
                read.take(race, record)?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(Some(read));
            }
            if !records::is_newest(context, race, version).await? {
                return Ok(None);
            }
        }
    }

    fn take(&mut self, race: RaceId, record: &Record) -> Result<(), StoreError> {
        let mut parts = record.key.sk.splitn(3, '#');
        let (user, kind, tail) = (parts.next().unwrap_or_default(), parts.next(), parts.next().unwrap_or_default());
        match kind {
            // A refusal has the key that its slip would have.
            Some("b") if record.expires_at.is_some() && !planted::is_on(Bug::RefusalReadAsSlip) => {}
            Some("b") => self.person(user).slips.push((tail.to_owned(), record.read()?)),
            Some("l") => drop(self.person(user).late.insert(tail.to_owned())),
            Some("p") => self.person(user).newest = Some(payout_line(race, user, tail, record)?),
            _ => self.sketch = Some(record.read()?),
        }
        Ok(())
    }

    fn person(&mut self, user: &str) -> &mut Person {
        if !self.people.contains_key(user) {
            self.people.insert(user.to_owned(), Person::default());
        }
        // It was just put there.
        self.people.get_mut(user).unwrap_or_else(|| unreachable!("a person that was just added"))
    }

    /// The tails of the slips that count, each with its owner, the newest first: all but those marked late.
    fn counted(&self) -> Vec<(&str, &str)> {
        let mut counted = Vec::new();
        for (user, person) in &self.people {
            let slips = person.slips.iter().filter(|(tail, _)| !person.late.contains(tail));
            counted.extend(slips.map(|(tail, slip)| (slip.placed_at, user.as_str(), tail.as_str())));
        }
        counted.sort_unstable_by(|one, other| other.cmp(one));
        counted.into_iter().map(|(_, user, tail)| (user, tail)).collect()
    }

    /// The slips that came after the shard was counted and are not marked yet: owner and tail.
    pub fn uncounted(&self) -> Result<Vec<(String, String)>, SketchError> {
        let Some(sketch) = &self.sketch else { return Ok(Vec::new()) };
        let counted = self.counted();
        let tails: Vec<&str> = counted.iter().map(|(_, tail)| *tail).collect();
        let uncounted = sketch.uncounted(&tails)?;
        Ok(uncounted.into_iter().map(|index| (counted[index].0.to_owned(), counted[index].1.to_owned())).collect())
    }

    /// The sketch of the slips that are here now.
    pub fn count(&self) -> SlipSketch {
        SlipSketch::of(self.counted().into_iter().map(|(_, tail)| tail))
    }

    /// What the shard came to by its own records: the slips' stakes, and what the payout journals say was posted.
    pub fn totals(&self) -> Result<Totals, Problem> {
        let mut totals = Totals::default();
        for person in self.people.values() {
            for (_, slip) in &person.slips {
                totals.add_stake(slip.stake()).map_err(Problem::internal)?;
            }
            totals.add_paid(&person.posted()?).map_err(Problem::internal)?;
        }
        Ok(totals)
    }
}

impl Person {
    /// The end of the payouts' journal.
    pub fn tail(&self, race: RaceId, user: &UserId) -> Result<PayoutTail, Problem> {
        match &self.newest {
            None => Ok(PayoutTail::empty(payout::entity(race, user))),
            Some(line) => PayoutTail::of(line).map_err(Problem::internal),
        }
    }

    /// What the journal says was posted in all.
    pub fn posted(&self) -> Result<Due, Problem> {
        let tail = self.newest.as_ref().map(PayoutTail::of).transpose().map_err(Problem::internal)?;
        Ok(tail.map(|tail| tail.state.total).unwrap_or_default())
    }

    /// What is due to this person by `result`, and on which basis.
    pub fn due(&self, race: &Race, result: &StoredResult) -> Result<(Basis, Due), MoneyError> {
        let (field, close) = (race.field(), race.effective_close());
        // A mark counts only if its slip was read. So the basis records exactly what this decision used.
        let (mut due, mut late) = (Due::default(), 0);
        for (tail, slip) in &self.slips {
            let is_late = self.late.contains(tail) && !planted::is_on(Bug::UncountedSlipPaid);
            late += u32::from(is_late);
            due.add(slip.asset, slip.outcome(&field, &result.result, close, is_late)?)?;
        }
        Ok((Basis { version: race.result_version, late }, due))
    }

    /// The slips that were placed at or after the effective close.
    pub fn too_late(&self, close: Timestamp) -> usize {
        self.slips.iter().filter(|(_, slip)| slip.placed_at >= close).count()
    }
}

fn payout_line(race: RaceId, user: &str, seq: &str, record: &Record) -> Result<Line, StoreError> {
    let malformed = |reason: &str| StoreError::Malformed { key: record.key.sk.clone(), reason: reason.to_owned() };
    let id: UserId = user.parse().map_err(|_| malformed("its key has no user"))?;
    let seq = seq.parse().map_err(|_| malformed("its key has no sequence"))?;
    let hash = record.hash.as_deref().and_then(|hash| hash.try_into().ok()).ok_or_else(|| malformed("it has no hash"))?;
    Ok(Line { entity: payout::entity(race, &id), seq, body: record.body.clone(), hash })
}

#[cfg(test)]
mod tests {
    use super::*;
    use racing_domain::{Announcement, RaceResult, Runner};

    #[test]
    fn a_mark_whose_slip_was_not_read_is_no_basis() {
        let runners = [1, 2].map(|number| Runner { number, name: "boat".into(), bracket: None }).into();
        let announcement = Announcement { closes_at: Timestamp::UNIX_EPOCH, title: "race".into(), runners };
        let race = Race::announce("rac_20260523-01-01".parse().unwrap(), announcement, 1).unwrap();
        let result = StoredResult {
            message_id: "m".into(),
            received_at: Timestamp::UNIX_EPOCH,
            turn: 1,
            result: serde_json::from_str::<RaceResult>(r#"{"dividends":{}}"#).unwrap(),
        };
        // The slip landed after this reading had passed its place; another worker found and marked it before its mark's place was read.
        let person = Person { late: ["slip".to_owned()].into(), ..Person::default() };
        assert_eq!(person.due(&race, &result).unwrap().0.late, 0, "its refund would be taken for posted");
    }
}
