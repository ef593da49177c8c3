//! Publishing one event or ten.

use super::{Form, Refusal, Sns};
use crate::CloudError;
use crate::connector::sqs::check_attributes;
use crate::connector::xml::escaped;
use crate::queues::attributes::{self, Attribute, Attributes};
use crate::queues::random_uuid;
use crate::topics::Published;
use std::collections::HashSet;
use std::fmt::Write;

const BATCH_MAX: usize = 10;
const ID_CHARACTERS_MAX: usize = 80;
/// How many attributes raw delivery hands on; a message with more is refused.
const ATTRIBUTES_MAX: usize = 10;
/// The largest batch or message.
const BYTES_MAX: usize = 256 * 1_024;

impl Sns<'_> {
    pub(super) async fn publish(self, form: &Form) -> Result<String, Refusal> {
        if !form.get("PhoneNumber").is_empty() {
            return Err(Refusal::invalid("PhoneNumber Reason: text messages are not part of the local cloud"));
        }
        let topic = self.topic(form)?;
        let event = event(form, "")?;
        if bytes(&event) > BYTES_MAX {
            return Err(Refusal::invalid("Message too long"));
        }
        self.deliver(&topic, vec![event]).await?;
        Ok(format!("<MessageId>{}</MessageId>", random_uuid()))
    }

    pub(super) async fn publish_batch(self, form: &Form) -> Result<String, Refusal> {
        let topic = self.topic(form)?;
        let prefix = |number: usize| format!("PublishBatchRequestEntries.member.{number}.");
        let is_there = |prefix: &String| form.has(&format!("{prefix}Id")) || form.has(&format!("{prefix}Message"));
        let prefixes: Vec<_> = (1..=BATCH_MAX + 1).map(prefix).take_while(is_there).collect();
        let ids: Vec<_> = prefixes.iter().map(|prefix| form.get(&format!("{prefix}Id"))).collect();
        check_ids(&ids)?;
        let (mut successful, mut failed, mut events) = (String::new(), String::new(), Vec::new());
        for (id, prefix) in ids.iter().zip(&prefixes) {
            match event(form, prefix) {
                Ok(event) => {
                    let _ = write!(successful, "<member><MessageId>{}</MessageId><Id>{id}</Id></member>", random_uuid());
                    events.push(event);
                }
                Err(Refusal { code, message, .. }) => {
                    let detail = escaped(&message);
                    let _ = write!(
                        failed,
                        "<member><Id>{id}</Id><Code>{code}</Code><Message>{detail}</Message><SenderFault>true</SenderFault></member>"
                    );
                }
            }
        }
        if events.iter().map(bytes).sum::<usize>() > BYTES_MAX {
            let detail = format!("The length of all the messages put together is more than the limit of {BYTES_MAX} bytes.");
            return Err(Refusal::new("BatchRequestTooLong", detail));
        }
        self.deliver(&topic, events).await?;
        Ok(format!("<Failed>{failed}</Failed><Successful>{successful}</Successful>"))
    }

    async fn deliver(self, topic: &str, events: Vec<Published>) -> Result<(), Refusal> {
        match self.topics.publish(topic, events).await {
            Ok(()) => Ok(()),
            Err(CloudError::NoTopic(_)) => Err(Refusal::no_topic()),
            Err(failed) => Err(Refusal::failed(failed.to_string())),
        }
    }
}

fn check_ids(ids: &[&str]) -> Result<(), Refusal> {
    if ids.is_empty() {
        return Err(Refusal::new("EmptyBatchRequest", "The batch request doesn't contain any entries."));
    }
    if ids.len() > BATCH_MAX {
        return Err(Refusal::new("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible."));
    }
    let character = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let fits = |id: &&str| (1..=ID_CHARACTERS_MAX).contains(&id.len()) && id.chars().all(character);
    if !ids.iter().all(fits) {
        let detail = "The Id of a batch entry in a batch request doesn't abide by the specification.";
        return Err(Refusal::new("InvalidBatchEntryId", detail));
    }
    let mut seen = HashSet::new();
    if ids.iter().all(|id| seen.insert(*id)) {
        return Ok(());
    }
    Err(Refusal::new("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id."))
}

fn bytes(event: &Published) -> usize {
    event.body.len() + event.trace.len() + event.attributes.len()
}

/// The event whose fields begin with `prefix`.
fn event(form: &Form, prefix: &str) -> Result<Published, Refusal> {
    let field = |name: &str| form.get(&format!("{prefix}{name}"));
    let mut body = field("Message").to_owned();
    if body.is_empty() {
        return Err(Refusal::invalid("Empty message"));
    }
    match field("MessageStructure") {
        "" => {}
        "json" => body = for_queues(&body)?,
        other => return Err(Refusal::invalid(format!("MessageStructure Reason: invalid value: {other}"))),
    }
    let (trace, attributes) = attributes::stored(attributes_of(form, prefix)?);
    Ok(Published { body, trace, attributes })
}

/// What a message with a text for each protocol says to queues.
fn for_queues(body: &str) -> Result<String, Refusal> {
    let detail = "Message Structure - No default entry in JSON message body";
    let texts: std::collections::HashMap<String, serde_json::Value> =
        serde_json::from_str(body).map_err(|_| Refusal::invalid("Message Structure - JSON message body failed to parse"))?;
    let default = texts.get("default").and_then(|text| text.as_str()).ok_or_else(|| Refusal::invalid(detail))?;
    Ok(texts.get("sqs").and_then(|text| text.as_str()).unwrap_or(default).to_owned())
}

fn attributes_of(form: &Form, prefix: &str) -> Result<Attributes, Refusal> {
    let entry = |number: usize| format!("{prefix}MessageAttributes.entry.{number}.");
    let mut attributes = Attributes::new();
    for entry in (1..=ATTRIBUTES_MAX + 1).map(entry).take_while(|entry| form.has(&format!("{entry}Name"))) {
        let value = |name: &str| {
            let field = format!("{entry}Value.{name}");
            form.has(&field).then(|| form.get(&field).to_owned())
        };
        let attribute = Attribute {
            data_type: value("DataType").unwrap_or_default(),
            string_value: value("StringValue"),
            binary_value: value("BinaryValue"),
        };
        attributes.insert(form.get(&format!("{entry}Name")).to_owned(), attribute);
    }
    // Raw delivery hands them to SQS, whose rules they keep.
    check_attributes(&attributes).map_err(|refused| Refusal::new("ParameterValueInvalid", refused.message()))?;
    Ok(attributes)
}
