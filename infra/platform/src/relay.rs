//! Relays: a table's stream is its outbox. Each change is mapped to its events, which are published. Those of a batch have no order,
//! because topics and queues keep none; an event names its version. A change that cannot be mapped goes whole to the relay's own failures
//! queue, and the stream goes on. When publishing fails, the batch fails and is delivered again from its first record. So an event may be
//! duplicated, but never lost.

use crate::context::Context;
use crate::due;
use crate::problem::chain;
use crate::resource::{QueueSpec, Topic};
use crate::sender::SendError;
use crate::store::{Key, Record};
use crate::telemetry;
use data_encoding::BASE64;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use shared::event::{CloudEvent, Event};
use shared::planted::{self, Bug};

/// A new or changed record of a table.
#[derive(Debug)]
pub struct Change {
    pub record: Record,
    /// When it was written, in whole seconds as streams report it.
    pub at: Timestamp,
}

/// A change that no event can be made of.
pub type Unmappable = Box<dyn std::error::Error + Send + Sync>;

/// Maps a change to the events it means, as JSON; none for records that are nobody else's business.
pub type MapChange = fn(&Change) -> Result<Vec<String>, Unmappable>;

/// The write time that a record's body stores, by the writer's clock. `None` for records from before bodies stored it.
pub type WrittenAt = fn(&Record) -> Result<Option<Timestamp>, Unmappable>;

/// The events of a record that was relayed before, with the ids they had then. `None` when it was not written in `from..to`. A record
/// without a stored time counts as written in it: a duplicate does no harm, a lost event does. Only the newest version of a record exists,
/// so events of earlier ones are not made again.
pub fn events_again(
    (map, written_at): (MapChange, WrittenAt),
    record: Record,
    times: &std::ops::Range<Timestamp>,
) -> Result<Option<(Timestamp, Vec<String>)>, Unmappable> {
    if is_due(&record) {
        return Ok(None);
    }
    let mut change = Change { record, at: Timestamp::UNIX_EPOCH };
    // A record without events needs no time either.
    if map(&change)?.is_empty() {
        return Ok(None);
    }
    let written_at = written_at(&change.record)?.unwrap_or(times.start);
    if !times.contains(&written_at) {
        return Ok(None);
    }
    // Whole seconds, as streams report them.
    change.at = Timestamp::from_second(written_at.as_second())?;
    Ok(Some((written_at, map(&change)?)))
}

impl Change {
    /// The CloudEvent of `data`, as JSON.
    pub fn event<D: Event>(&self, data: D) -> Result<String, Unmappable> {
        Ok(serde_json::to_string(&CloudEvent::new(data, self.at))?)
    }
}

#[derive(Deserialize)]
pub(crate) struct StreamEvent<'a> {
    #[serde(rename = "Records", borrow)]
    pub records: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct StreamRecord {
    dynamodb: StreamImages,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamImages {
    new_image: Option<Image>,
    approximate_creation_date_time: Option<f64>,
}

#[derive(Deserialize)]
struct Image {
    pk: Text,
    sk: Text,
    body: Binary,
    hash: Option<Binary>,
    rev: Option<Number>,
    ttl: Option<Number>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    s: String,
}

#[derive(Deserialize)]
struct Number {
    #[serde(rename = "N")]
    n: String,
}

#[derive(Deserialize)]
struct Binary {
    #[serde(rename = "B")]
    b: String,
}

impl Image {
    fn into_record(self) -> Result<Record, Unmappable> {
        let mut record = Record::new(Key::new(self.pk.s, self.sk.s), BASE64.decode(self.body.b.as_bytes())?);
        record.hash = self.hash.map(|hash| BASE64.decode(hash.b.as_bytes())).transpose()?;
        record.revision = self.rev.map(|rev| rev.n.parse()).transpose()?;
        record.expires_at = self.ttl.map(|ttl| ttl.n.parse()).transpose()?;
        Ok(record)
    }
}

/// Relays a batch of a stream.
pub(crate) async fn relay(
    context: &Context,
    topic: &'static Topic,
    failures: &'static QueueSpec,
    map: MapChange,
    event: StreamEvent<'_>,
) -> Result<(), SendError> {
    let mut events = Vec::with_capacity(event.records.len());
    let mut unmapped = Vec::new();
    for raw in event.records {
        match map_record(map, raw) {
            Ok(mapped) => events.extend(mapped),
            Err(error) => {
                telemetry::log_failure(context, "stream record", "", 1, &chain(error.as_ref()));
                unmapped.push(raw.get().to_owned());
            }
        }
    }
    if !unmapped.is_empty() {
        context.send_failures(failures, &unmapped).await?;
    }
    let published = context.topic(topic).publish(&events).await;
    if planted::is_on(Bug::UnpublishedForgotten) { Ok(()) } else { published }
}

/// Whether it is of the due table: what will happen is no event yet.
fn is_due(record: &Record) -> bool {
    record.key.pk.starts_with(due::PREFIX)
}

fn map_record(map: MapChange, raw: &RawValue) -> Result<Vec<String>, Unmappable> {
    let record: StreamRecord = serde_json::from_str(raw.get())?;
    let Some(image) = record.dynamodb.new_image else { return Ok(Vec::new()) };
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds")]
    let second = record.dynamodb.approximate_creation_date_time.unwrap_or_default() as i64;
    let change = Change { record: image.into_record()?, at: Timestamp::from_second(second)? };
    if is_due(&change.record) {
        return Ok(Vec::new());
    }
    std::panic::catch_unwind(|| map(&change)).unwrap_or_else(|panic| Err(telemetry::panic_text(panic.as_ref()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events_of(record: &str) -> Vec<String> {
        let raw: Box<RawValue> = serde_json::from_str(record).unwrap();
        map_record(|change| Ok(vec![change.record.key.pk.clone()]), &raw).unwrap()
    }

    #[test]
    fn what_is_removed_or_only_due_is_no_event() {
        let keys = r#""Keys":{"pk":{"S":"memo#usr_1"},"sk":{"S":"1"}},"ApproximateCreationDateTime":1700000000"#;
        let image = r#""NewImage":{"pk":{"S":"memo#usr_1"},"sk":{"S":"1"},"body":{"B":"e30="}}"#;
        assert_eq!(events_of(&format!(r#"{{"eventName":"INSERT","dynamodb":{{{keys},{image}}}}}"#)), ["memo#usr_1"]);
        let due = image.replace("memo#usr_1", "due#2026112508#3");
        assert_eq!(events_of(&format!(r#"{{"eventName":"INSERT","dynamodb":{{{keys},{due}}}}}"#)), [""; 0]);
        assert_eq!(events_of(&format!(r#"{{"eventName":"REMOVE","dynamodb":{{{keys}}}}}"#)), [""; 0]);
    }
}
