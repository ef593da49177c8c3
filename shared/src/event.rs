//! The envelope of the events that other services and customers may rely on: CloudEvents 1.0. Each domain has its own event types, with a
//! JSON Schema committed under `shared/schemas`. An event names an object and a version, never an amount or a decision: a reader asks
//! for the truth. Its id derives from what happened, so a duplicate is recognizable.

use crate::hash;
use jiff::Timestamp;
use schemars::JsonSchema;
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
    /// Identifies this event among those of the subject: a sequence number or a state.
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
