//! The wallet table and the bank's ledger: wallets are replayed line by line, and every movement is noted on its side.

use super::ledger::{Movement, Side};
use super::{Checking, Item, Promise, Stop, VerifyError};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use shared::journal::EntryOf;
use shared::money::Amount;
use wallet_domain::topup::{TopUp, TopUpState};
use wallet_domain::{Change, Kind, Wallet, WalletTail};

/// `sweep-topups` asks the bank again each minute: what it took longer ago should have been credited.
const CREDITED_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// The wallet that is being replayed.
#[derive(Default)]
pub(super) struct Reading {
    tail: Option<WalletTail>,
    /// The journal that was counted last.
    journal: String,
    /// The journal is broken further up: said once, not for each line that follows.
    broken: bool,
}

/// A day's medals, as they are stored.
#[derive(Deserialize)]
struct MedalGrant {
    #[serde(flatten)]
    amount: Amount,
}

/// An entry of the development bank's own ledger.
#[derive(Deserialize)]
struct Collection {
    id: String,
    amount: Amount,
    verdict: String,
    at: Timestamp,
}

impl Reading {
    pub fn item(&mut self, checking: &mut Checking, item: &Item) -> Result<(), VerifyError> {
        let read = match item.pk.split_once('#') {
            _ if item.expires => Ok(()),
            Some(("wallet", user)) => self.line(checking, item, user),
            Some(("topup", user)) => {
                checking.proof.topups += 1;
                topup(checking, item, user)
            }
            Some(("medals", user)) => medals(checking, item, user),
            _ => Ok(()),
        };
        checking.read(Promise::Chains, read)
    }

    fn line(&mut self, checking: &mut Checking, item: &Item, user: &str) -> Result<(), Stop> {
        checking.proof.lines += 1;
        if self.journal != item.pk {
            self.journal.clone_from(&item.pk);
            checking.proof.journals += 1;
        }
        let line = item.line(&item.pk, &item.sk)?;
        let tail = match self.tail.take() {
            Some(tail) if tail.entity == item.pk => tail,
            _ => {
                self.broken = false;
                WalletTail::empty(item.pk.clone())
            }
        };
        match tail.verify_next(&line) {
            Ok((next, entry)) => {
                self.tail = Some(next);
                Ok(note_line(checking, user, &entry)?)
            }
            Err(error) => {
                self.tail = Some(tail);
                // What it says moved is compared all the same: a broken chain must not hide a movement.
                if let Ok(entry) = line.entry::<Wallet>() {
                    note_line(checking, user, &entry)?;
                }
                let said = std::mem::replace(&mut self.broken, true);
                if said { Ok(()) } else { Err(error.to_string().into()) }
            }
        }
    }
}

fn note_line(checking: &Checking, user: &str, entry: &EntryOf<Wallet>) -> rusqlite::Result<()> {
    let Change { kind, operation, postings } = &entry.what;
    for posting in postings {
        let account = String::from(posting.counter.clone());
        let (asset, minor) = (posting.amount.asset.code(), posting.amount.minor);
        let movement = Movement { operation, user, kind: kind_code(*kind), asset, account: &account, minor };
        checking.ledger.add(Side::Line, movement)?;
    }
    Ok(())
}

pub(super) const fn kind_code(kind: Kind) -> &'static str {
    match kind {
        Kind::TopUp => "top_up",
        Kind::MedalGrant => "medal_grant",
        Kind::Stake => "stake",
        Kind::Settlement => "settlement",
        Kind::Correction => "correction",
    }
}

fn topup(checking: &Checking, item: &Item, user: &str) -> Result<(), Stop> {
    let TopUp { id, amount, state, .. } = item.read()?;
    if state == TopUpState::Collected {
        let (asset, minor) = (amount.asset.code(), amount.minor);
        let kind = kind_code(Kind::TopUp);
        let movement = Movement { operation: id.as_str(), user, kind, asset, account: "bank_clearing", minor };
        checking.ledger.add(Side::Object, movement)?;
    } else if !state.is_final() {
        checking.ledger.add_open_topup(id.as_str(), user)?;
    }
    Ok(())
}

fn medals(checking: &Checking, item: &Item, user: &str) -> Result<(), Stop> {
    let MedalGrant { amount } = item.read()?;
    let (asset, minor) = (amount.asset.code(), amount.minor);
    let (operation, kind) = (format!("medals:{}", item.sk), kind_code(Kind::MedalGrant));
    let movement = Movement { operation: &operation, user, kind, asset, account: "bonus", minor };
    Ok(checking.ledger.add(Side::Object, movement)?)
}

/// Notes what the bank says it took. All top-ups have been read before.
pub(super) fn bank_item(checking: &mut Checking, item: &Item) -> Result<(), VerifyError> {
    let read = note_collection(checking, item);
    checking.read(Promise::SumZero, read)
}

fn note_collection(checking: &Checking, item: &Item) -> Result<(), Stop> {
    let Collection { id, amount, verdict, at } = item.read()?;
    if verdict != "COLLECTED" {
        return Ok(());
    }
    let (asset, minor) = (amount.asset.code(), amount.minor);
    let movement = Movement { operation: &id, user: "", kind: "bank", asset, account: "bank_clearing", minor };
    checking.ledger.add(Side::Bank, movement)?;
    if checking.now.duration_since(at) <= CREDITED_WITHIN {
        return Ok(());
    }
    match checking.ledger.open_topup(&id)? {
        Some(user) => Err(Stop::Fault(uncredited(&id, &user, amount, at))),
        None => Ok(()),
    }
}

/// The same words in every reading, so since when, not for how long.
fn uncredited(id: &str, user: &str, amount: Amount, at: Timestamp) -> String {
    let wanted = json!({"data": {"topup": id, "user": user}});
    format!(
        "top-up {id}: the bank took {amount} at {at} and the wallet does not have it. Fix the cause of the dead letters of \
         collect-topup, then `koban redrive collect-topup`, or `koban publish collect-topup '{wanted}'`"
    )
}
