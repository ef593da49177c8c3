//! What a person was paid of a race: a journal for each pair of race and person. A line holds the result's version and the total that was
//! posted so far. So a duplicate, a late older worker or a correction can never pay twice.

use super::{Due, RaceId};
use serde::{Deserialize, Serialize};
use shared::id::UserId;
use shared::journal::{Entity, FoldError, Line, Tail};
use shared::money::Amount;
use shared::planted::{self, Bug};
use wallet_domain::{Account, Change, Kind, Posting};

/// The journal of a person's payouts of a race.
#[derive(Debug, Clone, Copy)]
pub struct Payouts;

/// The end of such a journal.
pub type PayoutTail = Tail<Payouts>;

/// For what the payouts of a person were last decided: a result's version, and how many of the person's slips were found late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Basis {
    pub version: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub late: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What is posted by one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    #[serde(flatten)]
    pub basis: Basis,
    /// Positive into the wallet; negative when a correction takes back.
    pub posted: Due,
}

/// What has been posted in all, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Total {
    #[serde(flatten)]
    pub basis: Basis,
    pub total: Due,
}

impl Entity for Payouts {
    type What = Posted;
    type State = Total;

    fn apply(state: &Total, what: &Posted) -> Result<Total, FoldError> {
        if what.basis <= state.basis {
            return Err(FoldError(format!("{:?} was decided already", what.basis)));
        }
        // posted + before = posted - (nothing - before)
        let total = what.posted.minus(&Due::default().minus(&state.total));
        Ok(Total { basis: what.basis, total })
    }
}

/// The journal's name, which its hashes cover.
pub fn entity(race: RaceId, user: &UserId) -> String {
    format!("payout#{}#{user}", race.key())
}

/// The sort key of line `seq` in the race's shard: beside the person's slips.
pub fn sort_key(user: &UserId, seq: u64) -> String {
    format!("{user}#p#{seq:04}")
}

/// What is still to be posted to a person to whom `due` is due on `basis`; none when it was decided already or nothing differs.
pub fn outstanding(tail: &PayoutTail, basis: Basis, due: &Due) -> Option<Posted> {
    let posted = if planted::is_on(Bug::CorrectionInFull) { due.clone() } else { due.minus(&tail.state.total) };
    (basis > tail.state.basis && !posted.is_zero()).then_some(Posted { basis, posted })
}

/// The change of the wallet that goes with a line of payouts: at most two postings an asset.
pub fn wallet_change(race: RaceId, line: &Line, posted: &Posted) -> Change {
    let mut postings = Vec::new();
    for (&asset, settled) in posted.posted.by_asset() {
        let mut post = |minor, counter| {
            if minor != 0 {
                postings.push(Posting::new(Amount { asset, minor }, counter));
            }
        };
        let (mut payout, mut refund) = (settled.payout, settled.refund);
        if planted::is_on(Bug::PostingsSwapped) {
            std::mem::swap(&mut payout, &mut refund);
        }
        post(payout, Account::Escrow(race.key()));
        post(refund, Account::EscrowRefund(race.key()));
    }
    let kind = if line.seq == 1 { Kind::Settlement } else { Kind::Correction };
    Change { kind, operation: operation(race, line.seq), postings }
}

/// How a wallet line names the payout line it belongs to.
pub fn operation(race: RaceId, seq: u64) -> String {
    format!("payout:{}:{seq}", race.key())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use jiff::Timestamp;
    use shared::money::Asset;

    fn due(payout: i64, refund: i64) -> Due {
        let mut due = Due::default();
        due.add(Asset::Jpy, Outcome { payout, refund, ..Outcome::default() }).unwrap();
        due
    }

    fn race() -> RaceId {
        "rac_20260523-01-01".parse().unwrap()
    }

    fn basis(version: u32) -> Basis {
        Basis { version, late: 0 }
    }

    fn post(tail: &PayoutTail, basis: Basis, due: &Due) -> (Line, Change) {
        let posted = outstanding(tail, basis, due).unwrap();
        let line = tail.append(Timestamp::UNIX_EPOCH, "test", posted.clone()).unwrap();
        let change = wallet_change(race(), &line, &posted);
        (line, change)
    }

    #[test]
    fn a_version_is_paid_once() {
        let (line, change) = post(&PayoutTail::empty("p"), basis(1), &due(1_200, 300));
        assert_eq!((change.kind, change.postings.len()), (Kind::Settlement, 2));
        let tail = PayoutTail::of(&line).unwrap();
        assert_eq!(outstanding(&tail, basis(1), &due(9_999, 0)), None);
        assert_eq!(outstanding(&tail, basis(2), &due(1_200, 300)), None);
    }

    #[test]
    fn a_correction_posts_the_net_difference_and_an_older_worker_nothing() {
        let (first, _) = post(&PayoutTail::empty("p"), basis(1), &due(1_200, 0));
        let (second, change) = post(&PayoutTail::of(&first).unwrap(), basis(2), &due(0, 500));
        assert_eq!(change.kind, Kind::Correction);
        assert_eq!(change.postings.iter().map(|posting| posting.amount.minor).collect::<Vec<_>>(), [-1_200, 500]);
        let tail = PayoutTail::of(&second).unwrap();
        assert_eq!(tail.state.total, due(0, 500));
        assert_eq!(outstanding(&tail, basis(1), &due(1_200, 0)), None);
    }

    #[test]
    fn nothing_due_writes_nothing() {
        assert_eq!(outstanding(&PayoutTail::empty("p"), basis(1), &Due::default()), None);
    }

    #[test]
    fn a_slip_found_late_is_decided_after_its_version_was() {
        let (line, _) = post(&PayoutTail::empty("p"), basis(1), &due(1_200, 0));
        let with_late = Basis { version: 1, late: 1 };
        let posted = outstanding(&PayoutTail::of(&line).unwrap(), with_late, &due(1_200, 100)).unwrap();
        assert_eq!(posted.posted, due(0, 100));
    }
}
