//! Racing's events: each names an object and a version, never an amount or a decision.

use crate::{RaceId, RaceState, SlipId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::event::Event;
use shared::id::UserId;

/// A race was announced, changed, got a result or was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RaceChanged {
    pub race: RaceId,
    pub state: RaceState,
    /// The newest result, 0 before the first.
    pub result_version: u32,
    /// Counts every change of the race.
    pub revision: u64,
}

/// A slip was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SlipPlaced {
    pub slip: SlipId,
    pub user: UserId,
}

/// A person's payout of a race was posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PayoutPosted {
    pub race: RaceId,
    pub user: UserId,
    pub result_version: u32,
    /// The line's place in the journal of this person's payouts of the race.
    pub seq: u64,
}

/// Every slip of a shard of a race is settled for a result version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardSettled {
    pub race: RaceId,
    pub shard: u16,
    pub result_version: u32,
}

impl Event for RaceChanged {
    const TYPE: &'static str = "koban.racing.race.changed.v1";
    const SOURCE: &'static str = "/racing";

    fn subject(&self) -> String {
        self.race.to_string()
    }

    fn moment(&self) -> String {
        self.revision.to_string()
    }
}

impl Event for SlipPlaced {
    const TYPE: &'static str = "koban.racing.slip.placed.v1";
    const SOURCE: &'static str = "/racing";

    fn subject(&self) -> String {
        self.slip.to_string()
    }

    fn moment(&self) -> String {
        "placed".into()
    }
}

impl Event for PayoutPosted {
    const TYPE: &'static str = "koban.racing.payout.posted.v1";
    const SOURCE: &'static str = "/racing";

    fn subject(&self) -> String {
        format!("{}/{}", self.race, self.user)
    }

    fn moment(&self) -> String {
        self.seq.to_string()
    }
}

impl Event for ShardSettled {
    const TYPE: &'static str = "koban.racing.shard.settled.v1";
    const SOURCE: &'static str = "/racing";

    fn subject(&self) -> String {
        format!("{}/{}", self.race, self.shard)
    }

    fn moment(&self) -> String {
        self.result_version.to_string()
    }
}
