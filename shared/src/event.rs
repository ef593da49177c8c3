//! The events that other services and customers may rely on: CloudEvents 1.0 whose data types stand here, each with a JSON Schema
//! committed under `shared/schemas`. An event names an object and a version, never an amount or a decision: a reader asks for the
//! truth. Its id derives from what happened, so a duplicate is recognizable.

use crate::hash;
use crate::id::{TopUpId, UserId};
use crate::racing::{RaceId, RaceState, SlipId};
use crate::topup::TopUpState;
use crate::wallet::Kind;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// A CloudEvents 1.0 envelope in its JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudEvent<D> {
    pub specversion: String,
    /// The same for every delivery of the same event.
    pub id: String,
    /// The service, as a URI reference: `/racing`.
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub subject: String,
    pub time: Timestamp,
    pub datacontenttype: String,
    pub data: D,
}

/// An event type: its name, where it comes from, and what it is about.
pub trait Event: Serialize + for<'de> Deserialize<'de> + JsonSchema {
    /// Reverse-DNS style, with the version of its shape last: `koban.racing.race.changed.v1`.
    const TYPE: &'static str;
    /// The service that owns it.
    const SOURCE: &'static str;

    /// What it is about: the object's id.
    fn subject(&self) -> String;
    /// What tells this event of the subject from any other: a sequence or a state.
    fn moment(&self) -> String;
}

impl<D: Event> CloudEvent<D> {
    pub fn new(data: D, time: Timestamp) -> Self {
        let (subject, moment) = (data.subject(), data.moment());
        let id = hash::text(&hash::of_parts(&[D::TYPE.as_bytes(), subject.as_bytes(), moment.as_bytes()]));
        Self {
            specversion: "1.0".into(),
            id,
            source: D::SOURCE.into(),
            kind: D::TYPE.into(),
            subject,
            time,
            datacontenttype: "application/json".into(),
            data,
        }
    }
}

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

/// Every event type with the schema of its data: what `shared/schemas` is generated from.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    fn of<D: Event>() -> (&'static str, Schema) {
        (D::TYPE, SchemaGenerator::default().into_root_schema_for::<D>())
    }
    vec![
        of::<WalletLineAppended>(),
        of::<TopUpChanged>(),
        of::<RaceChanged>(),
        of::<SlipPlaced>(),
        of::<PayoutPosted>(),
        of::<ShardSettled>(),
    ]
}
