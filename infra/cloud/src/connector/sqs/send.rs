//! Sending: what a message may be, and the digests by which an SDK sees that it arrived whole.

use super::batch::{self, Outcome};
use super::refusal::Refusal;
use crate::queues::attributes::{self, Attribute, Attributes, TRACE_HEADER, md5_hex, md5_of};
use crate::queues::{DELAY_MAX, NewMessage, Queues};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The largest message: what Terraform's provider sets on a queue that does not say. SQS itself would take 1 MiB.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1_024;
/// The largest batch, all messages together (SQS since August 2025).
const BATCH_BYTES_MAX: usize = 1_024 * 1_024;
const ATTRIBUTES_MAX: usize = 10;
const NAME_CHARACTERS_MAX: usize = 256;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    #[serde(default)]
    id: String,
    #[serde(default)]
    message_body: String,
    #[serde(default)]
    delay_seconds: i64,
    #[serde(default)]
    message_attributes: Option<Attributes>,
    #[serde(default)]
    message_system_attributes: Option<Attributes>,
    message_deduplication_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Batch {
    #[serde(default)]
    entries: Vec<Entry>,
}

/// `SendMessage`
pub async fn one(queues: &Queues, queue: &str, entry: Entry) -> Result<Value, Refusal> {
    let (message, digests) = check(queue, entry)?;
    let ids = queues.send(vec![message]).await?;
    Ok(sent(digests, ids.first()))
}

/// `SendMessageBatch`
pub async fn batch(queues: &Queues, queue: &str, batch: Batch) -> Result<Value, Refusal> {
    let ids: Vec<_> = batch.entries.iter().map(|entry| entry.id.as_str()).collect();
    batch::check("SendMessageBatchRequestEntry", &ids)?;
    let bytes: usize = batch.entries.iter().map(Entry::bytes).sum();
    if bytes > BATCH_BYTES_MAX {
        let detail = format!("Batch requests cannot be longer than {BATCH_BYTES_MAX} bytes. You have sent {bytes} bytes.");
        return Err(Refusal::batch_too_long(detail));
    }
    let mut outcome = Outcome::default();
    let (mut accepted, mut messages) = (Vec::new(), Vec::new());
    for entry in batch.entries {
        let id = entry.id.clone();
        match check(queue, entry) {
            Ok((message, digests)) => {
                accepted.push((id, digests));
                messages.push(message);
            }
            Err(refusal) => outcome.add(&id, Err(refusal)),
        }
    }
    let stored = if messages.is_empty() { Vec::new() } else { queues.send(messages).await? };
    for ((id, digests), message) in accepted.into_iter().zip(&stored) {
        outcome.add(&id, Ok(sent(digests, Some(message))));
    }
    Ok(outcome.into_value())
}

fn sent(mut digests: Value, message: Option<&String>) -> Value {
    digests["MessageId"] = message.cloned().into();
    digests
}

impl Entry {
    fn bytes(&self) -> usize {
        self.message_body.len() + self.message_attributes.as_ref().map_or(0, attributes::size_bytes)
    }
}

/// The message that `entry` is, and the digests of its reply.
fn check(queue: &str, entry: Entry) -> Result<(NewMessage, Value), Refusal> {
    if entry.message_body.is_empty() {
        return Err(Refusal::missing("MessageBody"));
    }
    if entry.bytes() > MESSAGE_BYTES_MAX {
        let detail =
            format!("One or more parameters are invalid. Reason: Message must be shorter than {MESSAGE_BYTES_MAX} bytes.");
        return Err(Refusal::invalid_value(detail));
    }
    if let Some(character) = entry.message_body.chars().find(|character| !is_allowed(*character)) {
        return Err(Refusal::invalid_contents(format!(
            "Invalid binary character '#x{:X}' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | \
             [#x20 to #xD7FF] | [#xE000 to #xFFFD] | [#x10000 to #x10FFFF]",
            u32::from(character)
        )));
    }
    let delay = u64::try_from(entry.delay_seconds).ok().filter(|seconds| *seconds <= DELAY_MAX.as_secs());
    let Some(delay) = delay else {
        return Err(Refusal::out_of_range(entry.delay_seconds, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."));
    };
    if let Some(id) = entry.message_deduplication_id {
        let reason = "The request include parameter that is not valid for this queue type.";
        return Err(Refusal::invalid_value(format!(
            "Value {id} for parameter MessageDeduplicationId is invalid. Reason: {reason}"
        )));
    }
    let system = system_attributes(entry.message_system_attributes.unwrap_or_default())?;
    let mut all = entry.message_attributes.unwrap_or_default();
    check_attributes(&all)?;
    let mut digests = json!({"MD5OfMessageBody": md5_hex(entry.message_body.as_bytes())});
    if let Some(md5) = md5_of(&all) {
        digests["MD5OfMessageAttributes"] = md5.into();
    }
    if let Some(md5) = md5_of(&system) {
        digests["MD5OfMessageSystemAttributes"] = md5.into();
    }
    all.extend(system.into_values().map(|value| (TRACE_HEADER.to_owned(), value)));
    let (trace, attributes) = attributes::stored(all);
    let delay = Duration::from_secs(delay);
    Ok((NewMessage { queue: queue.to_owned(), body: entry.message_body, delay, trace, attributes }, digests))
}

/// The characters that XML 1.0 can hold.
const fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// A sender may say one: `AWSTraceHeader`.
fn system_attributes(attributes: Attributes) -> Result<Attributes, Refusal> {
    match attributes.iter().find(|(name, value)| *name != "AWSTraceHeader" || value.string_value.is_none()) {
        Some((name, _)) => Err(Refusal::invalid_value(format!("Message system attribute name '{name}' is invalid."))),
        None => Ok(attributes),
    }
}

pub fn check_attributes(attributes: &Attributes) -> Result<(), Refusal> {
    if attributes.len() > ATTRIBUTES_MAX {
        let detail =
            format!("Number of message attributes [{}] exceeds the allowed maximum [{ATTRIBUTES_MAX}].", attributes.len());
        return Err(Refusal::invalid_value(detail));
    }
    attributes.iter().try_for_each(|(name, value)| check_attribute(name, value))
}

fn check_attribute(name: &str, value: &Attribute) -> Result<(), Refusal> {
    let character = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let reserved = ["aws.", "amazon."].iter().any(|prefix| name.to_ascii_lowercase().starts_with(prefix));
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    if !(1..=NAME_CHARACTERS_MAX).contains(&name.len()) || !name.chars().all(character) || reserved || dots {
        return Err(Refusal::invalid_value(format!("Invalid attribute name: '{name}'.")));
    }
    let kind = value.data_type.split('.').next().unwrap_or_default();
    if !matches!(kind, "String" | "Number" | "Binary") || value.data_type.len() > NAME_CHARACTERS_MAX {
        let detail = format!(
            "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type prefixes: \
             Binary, Number, String."
        );
        return Err(Refusal::invalid_value(detail));
    }
    let is_number = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok_and(|text| text.trim().parse::<f64>().is_ok());
    match value.bytes() {
        Some(bytes) if kind == "Number" && !is_number(&bytes) => {
            Err(Refusal::invalid_value(format!("Can't cast the value of message (user) attribute '{name}' to a number.")))
        }
        Some(bytes) if !bytes.is_empty() => Ok(()),
        _ => Err(Refusal::invalid_value(format!(
            "The message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
        ))),
    }
}
