//! A person's wallet: what is available and held of each asset, and the few things that may happen to it. Every change is a line of
//! postings, each naming the account on the other side, so that money is only ever moved.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::id::UserId;
use shared::journal::{Entity, FoldError, Tail};
use shared::money::{Amount, Asset, MoneyError};
use shared::planted::{self, Bug};
use std::collections::BTreeMap;
use thiserror::Error;

/// The most postings a line may carry, so that it stays within one write unit.
pub const POSTINGS_PER_LINE_MAX: usize = 4;

/// The journal of a wallet.
#[derive(Debug, Clone, Copy)]
pub struct Wallet;

/// The end of a wallet's journal.
pub type WalletTail = Tail<Wallet>;

/// The journal key of a person's wallet.
pub fn entity(user: &UserId) -> String {
    format!("wallet#{user}")
}

/// The balance of one asset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, i64)", into = "(i64, i64)")]
pub struct Balance {
    /// May be spent.
    pub available: i64,
    /// Reserved for a payment that is authorized and not yet captured.
    pub held: i64,
}

impl From<(i64, i64)> for Balance {
    fn from((available, held): (i64, i64)) -> Self {
        Self { available, held }
    }
}

impl From<Balance> for (i64, i64) {
    fn from(balance: Balance) -> Self {
        (balance.available, balance.held)
    }
}

/// The balances of a wallet; an asset never touched is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Balances(pub BTreeMap<Asset, Balance>);

impl Balances {
    pub fn of(&self, asset: Asset) -> Balance {
        self.0.get(&asset).copied().unwrap_or_default()
    }
}

/// The reason for a wallet's change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Money collected by the bank.
    TopUp,
    /// The day's free medals.
    MedalGrant,
    /// The stake of a slip, moved into the race's escrow.
    Stake,
    /// The payouts and refunds of a race.
    Settlement,
    /// The net difference after a correction of a race's result. Only this kind may make a balance negative.
    Correction,
}

/// The account on the other side of a posting. None of them is an item: their balances are derived from the wallets' lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Account {
    /// Money on its way from or to the bank.
    BankClearing,
    /// What a campaign or the house gives away.
    Bonus,
    /// The stakes of a race, by the race's key.
    Escrow(String),
    /// The same escrow, when what comes back is the stake itself.
    EscrowRefund(String),
}

impl From<Account> for String {
    fn from(account: Account) -> Self {
        match account {
            Account::BankClearing => "bank_clearing".into(),
            Account::Bonus => "bonus".into(),
            Account::Escrow(race) => format!("escrow:{race}"),
            Account::EscrowRefund(race) => format!("escrow_refund:{race}"),
        }
    }
}

impl TryFrom<String> for Account {
    type Error = FoldError;

    fn try_from(text: String) -> Result<Self, FoldError> {
        match (text.as_str(), text.split_once(':')) {
            ("bank_clearing", _) => Ok(Self::BankClearing),
            ("bonus", _) => Ok(Self::Bonus),
            (_, Some(("escrow", race))) => Ok(Self::Escrow(race.into())),
            (_, Some(("escrow_refund", race))) => Ok(Self::EscrowRefund(race.into())),
            _ => Err(FoldError(format!("unknown account {text}"))),
        }
    }
}

/// One movement between this wallet and another account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    #[serde(flatten)]
    pub amount: Amount,
    /// Where it came from, or went to when the amount is negative.
    pub counter: Account,
}

impl Posting {
    pub const fn new(amount: Amount, counter: Account) -> Self {
        Self { amount, counter }
    }
}

/// What happened to a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub kind: Kind,
    /// The object that this line belongs to: a slip, a top-up, a race's payout.
    pub operation: String,
    /// 1 to 4.
    pub postings: Vec<Posting>,
}

/// A spend refused for want of funds. Both amounts go to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{needed} needed, {available} available")]
pub struct InsufficientFunds {
    pub available: Amount,
    pub needed: Amount,
}

/// Why a wallet could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WalletError {
    #[error(transparent)]
    InsufficientFunds(#[from] InsufficientFunds),
    #[error(transparent)]
    Fold(#[from] FoldError),
}

impl Entity for Wallet {
    type What = Change;
    type State = Balances;

    fn apply(state: &Balances, change: &Change) -> Result<Balances, FoldError> {
        if change.postings.is_empty() || change.postings.len() > POSTINGS_PER_LINE_MAX {
            return Err(FoldError(format!("a line of {} postings", change.postings.len())));
        }
        let mut after = state.clone();
        let counted = if planted::is_on(Bug::FirstPostingOnly) { 1 } else { change.postings.len() };
        for posting in &change.postings[..counted] {
            let balance = after.0.entry(posting.amount.asset).or_default();
            balance.available = plus(posting.amount, balance.available)?;
            if balance.available < 0 && posting.amount.minor < 0 && change.kind != Kind::Correction {
                return Err(FoldError(format!("{} below zero", posting.amount.asset)));
            }
        }
        Ok(after)
    }
}

fn plus(amount: Amount, available: i64) -> Result<i64, FoldError> {
    let before = Amount { asset: amount.asset, minor: available };
    before.plus(amount).map(|after| after.minor).map_err(|error: MoneyError| FoldError(error.to_string()))
}

/// Takes `stake` into a race's escrow for the slip `operation`, or refuses for want of funds.
pub fn stake(
    tail: &WalletTail,
    now: Timestamp,
    user: &UserId,
    operation: &str,
    race_key: &str,
    stake: Amount,
) -> Result<shared::journal::Line, WalletError> {
    let available = tail.state.of(stake.asset).available;
    if available < stake.minor {
        let available = Amount { asset: stake.asset, minor: available };
        return Err(InsufficientFunds { available, needed: stake }.into());
    }
    let posting = Posting::new(stake.negated(), Account::Escrow(race_key.into()));
    let change = Change { kind: Kind::Stake, operation: operation.into(), postings: vec![posting] };
    Ok(tail.append(now, user.as_str(), change)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::money::MINOR_MAX;

    fn user() -> UserId {
        UserId::of_subject("https://issuer.example", "alice")
    }

    fn yen(minor: i64) -> Amount {
        Amount::new(Asset::Jpy, minor).unwrap()
    }

    fn with_yen(minor: i64) -> WalletTail {
        let change = Change {
            kind: Kind::TopUp,
            operation: "top_x".into(),
            postings: vec![Posting::new(yen(minor), Account::BankClearing)],
        };
        let line = WalletTail::empty(entity(&user())).append(Timestamp::UNIX_EPOCH, "test", change).unwrap();
        WalletTail::of(&line).unwrap()
    }

    #[test]
    fn a_stake_leaves_the_wallet_when_the_slip_is_placed() {
        let line = stake(&with_yen(500), Timestamp::UNIX_EPOCH, &user(), "bet_x", "20260523-01-01", yen(200)).unwrap();
        assert_eq!(WalletTail::of(&line).unwrap().state.of(Asset::Jpy), Balance { available: 300, held: 0 });
    }

    #[test]
    fn too_little_is_refused_with_both_amounts() {
        let refused = stake(&with_yen(100), Timestamp::UNIX_EPOCH, &user(), "bet_x", "r", yen(200)).unwrap_err();
        assert_eq!(refused, InsufficientFunds { available: yen(100), needed: yen(200) }.into());
    }

    #[test]
    fn only_a_correction_may_leave_a_wallet_owing() {
        let owed =
            |kind| Change { kind, operation: "p".into(), postings: vec![Posting::new(yen(-600), Account::Escrow("r".into()))] };
        assert!(with_yen(500).append(Timestamp::UNIX_EPOCH, "t", owed(Kind::Settlement)).is_err());
        assert!(with_yen(500).append(Timestamp::UNIX_EPOCH, "t", owed(Kind::Correction)).is_ok());
    }

    #[test]
    fn the_longest_line_leaves_room_for_its_keys_in_one_write_unit() {
        let mut tail = WalletTail::empty(entity(&user()));
        for asset in Asset::ALL {
            tail.state.0.insert(asset, Balance { available: -MINOR_MAX, held: MINOR_MAX });
        }
        let counter = Account::EscrowRefund("20260523-01-01".into());
        let posting = |minor| Posting::new(Amount { asset: Asset::Medal, minor }, counter.clone());
        let postings = vec![posting(MINOR_MAX), posting(-MINOR_MAX), posting(MINOR_MAX), posting(1)];
        let change = Change { kind: Kind::Correction, operation: "x".repeat(60), postings };
        let line = tail.append(Timestamp::UNIX_EPOCH, user().as_str(), change).unwrap();
        // Keys, hash and attribute names take 110 bytes; six more assets would take 44 each.
        assert!(line.body.len() + 110 + 6 * 44 <= 1_024, "{} bytes", line.body.len());
    }
}
