//! What the wallet's function files use.

pub use crate::messages::{COLLECT_TOPUP, CollectTopUp};
pub use crate::refusals::*;
pub use crate::{BANK, BANK_CHOICE, WALLET, WALLET_EVENTS};
pub use platform::prelude::*;
pub use wallet_domain::Wallet;
pub use wallet_domain::topup::{TopUp, TopUpId, TopUpState};
pub use wallet_posting as posting;
