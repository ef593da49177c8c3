//! The wallet service's proof: wallets are replayed line by line, and every movement is noted on its side. The development bank's ledger
//! is the witness of top-ups.

use jiff::{SignedDuration, Timestamp};
use proofs::proof::{CHAINS, Count, JOURNALS, LINES, Movement, SUM_ZERO, Shown, Stop, Witness};
use proofs::{Definition, Findings, Item, Proof, VerifyError};
use serde::Deserialize;
use serde_json::json;
use shared::journal::EntryOf;
use shared::money::Amount;
use wallet_domain::topup::{TopUp, TopUpState};
use wallet_domain::{Change, Kind, Wallet, WalletTail};

/// `sweep-topups` asks the bank again each minute: what it took longer ago should have been credited.
const CREDITED_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Top-ups in any state.
pub const TOP_UPS: Count = Count::new("topups", "top-ups").named("top-up");

/// The account on the other side of top-ups.
const BANK_CLEARING: &str = "bank_clearing";
/// The account on the other side of medals.
const BONUS: &str = "bonus";

/// The bank's ledger is read behind the wallets: by then it is known which top-ups are under way.
pub static PROOF: Definition = Definition {
    service: "wallet",
    tables: &["wallet", "bank"],
    shows: &[Shown::Count(TOP_UPS)],
    promises: &[],
    witnesses: &[Witness { account: BANK_CLEARING, says: "the bank says" }],
    begin: || Box::new(Reading::default()),
};

/// The wallet that is being replayed.
#[derive(Default)]
struct Reading {
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

impl Proof for Reading {
    fn take(&mut self, table: &'static str, item: &Item, findings: &mut Findings) -> Result<(), VerifyError> {
        if table == "bank" {
            return findings.read(SUM_ZERO, collection(findings, item));
        }
        let read = match item.pk.split_once('#') {
            _ if item.expires => Ok(()),
            Some(("wallet", user)) => self.line(findings, item, user),
            Some(("topup", user)) => {
                findings.add(TOP_UPS, 1);
                topup(findings, item, user)
            }
            Some(("medals", user)) => medals(findings, item, user),
            _ => Ok(()),
        };
        findings.read(CHAINS, read)
    }

    fn end(&mut self, _: &mut Findings) -> Result<(), VerifyError> {
        Ok(())
    }
}

impl Reading {
    fn line(&mut self, findings: &mut Findings, item: &Item, user: &str) -> Result<(), Stop> {
        findings.add(LINES, 1);
        if self.journal != item.pk {
            self.journal.clone_from(&item.pk);
            findings.add(JOURNALS, 1);
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
                Ok(note_line(findings, user, &entry)?)
            }
            Err(error) => {
                self.tail = Some(tail);
                // What it says moved is compared all the same: a broken chain must not hide a movement.
                if let Ok(entry) = line.entry::<Wallet>() {
                    note_line(findings, user, &entry)?;
                }
                let said = std::mem::replace(&mut self.broken, true);
                if said { Ok(()) } else { Err(error.to_string().into()) }
            }
        }
    }
}

fn note_line(findings: &Findings, user: &str, entry: &EntryOf<Wallet>) -> Result<(), VerifyError> {
    let Change { kind, operation, postings } = &entry.what;
    for posting in postings {
        let account = String::from(posting.counter.clone());
        let Amount { asset, minor } = posting.amount;
        findings.line(Movement { operation, person: user, kind: kind_code(*kind), asset, account: &account, minor })?;
    }
    Ok(())
}

const fn kind_code(kind: Kind) -> &'static str {
    match kind {
        Kind::TopUp => "top_up",
        Kind::MedalGrant => "medal_grant",
        Kind::Stake => "stake",
        Kind::Settlement => "settlement",
        Kind::Correction => "correction",
    }
}

fn topup(findings: &Findings, item: &Item, user: &str) -> Result<(), Stop> {
    let TopUp { id, amount, state, .. } = item.read()?;
    if state == TopUpState::Collected {
        let Amount { asset, minor } = amount;
        let kind = kind_code(Kind::TopUp);
        findings.object(Movement { operation: id.as_str(), person: user, kind, asset, account: BANK_CLEARING, minor })?;
    } else if !state.is_final() {
        findings.unfinished(id.as_str(), user)?;
    }
    Ok(())
}

fn medals(findings: &Findings, item: &Item, user: &str) -> Result<(), Stop> {
    let MedalGrant { amount } = item.read()?;
    let Amount { asset, minor } = amount;
    let (operation, kind) = (format!("medals:{}", item.sk), kind_code(Kind::MedalGrant));
    Ok(findings.object(Movement { operation: &operation, person: user, kind, asset, account: BONUS, minor })?)
}

/// Notes what the bank says it took. All top-ups have been read before.
fn collection(findings: &Findings, item: &Item) -> Result<(), Stop> {
    let Collection { id, amount, verdict, at } = item.read()?;
    if verdict != "COLLECTED" {
        return Ok(());
    }
    let Amount { asset, minor } = amount;
    findings.witness(Movement { operation: &id, person: "", kind: "bank", asset, account: BANK_CLEARING, minor })?;
    if findings.now().duration_since(at) <= CREDITED_WITHIN {
        return Ok(());
    }
    match findings.person_of_unfinished(&id)? {
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
