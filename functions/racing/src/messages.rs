//! Racing's queues and what their messages say. A message names an object and a version, never an amount: the worker reads the truth.

use crate::RACING_EVENTS;
use platform::message::EventData;
use platform::resource::Queue;
use racing_domain::RaceId;
use racing_domain::event::RaceChanged;
use serde::{Deserialize, Serialize};
use shared::event::Event;

/// Events of races whose result came, or the same sent directly.
pub static SETTLE_RACE: Queue<EventData<SettleRace>> = Queue::new("settle-race", "Races whose result came.")
    .receives(8)
    .subscribes(&RACING_EVENTS, &[RaceChanged::TYPE], &[("state", &["resulted"])]);

pub static SETTLE_SHARD: Queue<SettleShard> = Queue::new("settle-shard", "Shards of races to settle.").receives(20);

pub static CERTIFY_RACE: Queue<CertifyRace> =
    Queue::new("certify-race", "Races whose shards are all done, to be proved.").receives(8);

/// A race to settle by a version of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleRace {
    pub race: RaceId,
    pub result_version: u32,
}

/// A shard of a race to settle by a version of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleShard {
    pub race: RaceId,
    pub result_version: u32,
    pub shard: u16,
    /// Set by certify-race, whose own retry checks the race again: do not enqueue certify-race.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repair: bool,
}

/// A race to prove for a version of its result, and which of its certificates this may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertifyRace {
    pub race: RaceId,
    pub result_version: u32,
    pub pass: u32,
}
