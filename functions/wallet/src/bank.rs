//! The bank, as top-ups need it: take an amount once for an id, and say what became of an id. Which one it is the deployment says, and
//! where it says none nothing is collected and nobody is credited. The development bank takes nobody's money: it keeps a durable ledger
//! of its own, which the proofs compare with the wallets' lines.

use crate::{BANK, BANK_CHOICE};
use jiff::Timestamp;
use platform::Context;
use platform::context::SettingError;
use platform::store::{CancelReason, Key, Record, StoreError, Write, WriteError, write};
use serde::{Deserialize, Serialize};
use shared::money::Amount;
use std::str::FromStr;
use thiserror::Error;
use wallet_domain::topup::{TopUp, TopUpId};

/// What the bank says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    Collected,
    Declined,
}

/// The bank did not say; ask for the status later.
#[derive(Debug, Error)]
pub enum BankError {
    #[error("the bank did not answer in time")]
    TimedOut,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a deployment chooses. Another bank is another name here and in Terraform's `bank`, and another [`Bank`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    None,
    Development,
}

impl FromStr for Choice {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "none" => Ok(Self::None),
            "development" => Ok(Self::Development),
            _ => Err(()),
        }
    }
}

/// The bank of this deployment.
pub enum Bank<'a> {
    Development(DevelopmentBank<'a>),
}

impl<'a> Bank<'a> {
    /// The one that was chosen, if any was.
    pub fn chosen(context: &'a Context) -> Result<Option<Self>, SettingError> {
        Ok(match context.setting(&BANK_CHOICE)? {
            Choice::None => None,
            Choice::Development => Some(Self::Development(DevelopmentBank(context))),
        })
    }

    /// Takes the top-up's amount, once: the same id again answers as the first time.
    pub async fn collect(&self, topup: &TopUp) -> Result<Verdict, BankError> {
        match self {
            Self::Development(bank) => bank.collect(topup).await,
        }
    }

    /// What became of a top-up; none when the bank never heard of it.
    pub async fn status(&self, id: &TopUpId) -> Result<Option<Verdict>, BankError> {
        match self {
            Self::Development(bank) => bank.status(id).await,
        }
    }
}

/// An entry of the development bank's ledger.
#[derive(Debug, Serialize, Deserialize)]
struct Collection {
    id: TopUpId,
    amount: Amount,
    verdict: Verdict,
    at: Timestamp,
}

/// A bank for development. The last two digits of the amount decide. 97 is declined. 98 always times out after the money was taken. 99
/// times out in the first minute, before the bank has the request. Anything else is collected.
pub struct DevelopmentBank<'a>(&'a Context);

impl DevelopmentBank<'_> {
    async fn collect(&self, topup: &TopUp) -> Result<Verdict, BankError> {
        let tail = topup.amount.minor % 100;
        if tail == 99 && self.0.now().duration_since(topup.requested_at).as_secs() < 60 {
            return Err(BankError::TimedOut);
        }
        let verdict = if tail == 97 { Verdict::Declined } else { Verdict::Collected };
        let entry = Collection { id: topup.id.clone(), amount: topup.amount, verdict, at: self.0.now() };
        let record = Record::of(key(&topup.id), &entry);
        let verdict = match write(self.0, vec![Write::if_absent(&BANK, record)]).await {
            Ok(()) => verdict,
            Err(WriteError::Store(error)) => return Err(error.into()),
            Err(WriteError::Canceled(reasons)) => match &reasons[..] {
                [CancelReason::Condition(Some(found))] => found.read::<Collection>()?.verdict,
                _ => return Err(BankError::TimedOut),
            },
        };
        if tail == 98 { Err(BankError::TimedOut) } else { Ok(verdict) }
    }

    async fn status(&self, id: &TopUpId) -> Result<Option<Verdict>, BankError> {
        let found = self.0.table(&BANK).get(&key(id)).await?;
        Ok(found.map(|record| record.read::<Collection>()).transpose()?.map(|collection| collection.verdict))
    }
}

fn key(id: &TopUpId) -> Key {
    Key::new(format!("collection#{id}"), "collection")
}
