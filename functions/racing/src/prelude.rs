//! What racing's function files use.

pub use crate::messages::{CERTIFY_RACE, CertifyRace, SETTLE_RACE, SETTLE_SHARD, SettleRace, SettleShard};
pub use crate::refusals::*;
pub use crate::{FEED, RACING, RACING_EVENTS, SHARDS, SLIPS_BY_USER, keys, records};
pub use platform::prelude::*;
