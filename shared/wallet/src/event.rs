//! The wallet's events: each names an object and a version, never an amount or a decision.

use crate::topup::{TopUpId, TopUpState};
use crate::wallet::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::event::Event;
use shared::id::UserId;

/// A line was added to a person's wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WalletLineAppended {
    pub user: UserId,
    /// The line's place in the wallet's journal.
    pub seq: u64,
    pub kind: Kind,
    /// The object that the line belongs to.
    pub operation: String,
}

/// A top-up came to be or moved on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TopUpChanged {
    pub topup: TopUpId,
    pub user: UserId,
    pub state: TopUpState,
}

impl Event for WalletLineAppended {
    const TYPE: &'static str = "koban.wallet.line.appended.v1";
    const SOURCE: &'static str = "/wallet";

    fn subject(&self) -> String {
        crate::wallet::entity(&self.user)
    }

    fn moment(&self) -> String {
        self.seq.to_string()
    }
}

impl Event for TopUpChanged {
    const TYPE: &'static str = "koban.wallet.topup.changed.v1";
    const SOURCE: &'static str = "/wallet";

    fn subject(&self) -> String {
        self.topup.to_string()
    }

    fn moment(&self) -> String {
        format!("{:?}", self.state)
    }
}
