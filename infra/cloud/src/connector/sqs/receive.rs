//! Receiving, deleting, and changing when a received message comes again.

use super::batch::{self, Outcome};
use super::refusal::Refusal;
use crate::queues::attributes::{TRACE_HEADER, md5_hex, md5_of, restored};
use crate::queues::{Hold, Queues, Received, receipt};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const COUNT_MAX: i64 = 10;
const WAIT_SECONDS_MAX: i64 = 20;
const VISIBILITY_SECONDS_MAX: i64 = 12 * 3_600;
/// What a message says of itself when it is asked for all of it.
const SYSTEM_ATTRIBUTES: [&str; 5] =
    ["SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "AWSTraceHeader"];
/// Those that only other kinds of queues have.
const OTHER_SYSTEM_ATTRIBUTES: [&str; 5] =
    ["All", "SequenceNumber", "MessageDeduplicationId", "MessageGroupId", "DeadLetterQueueSourceArn"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Receive {
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ByReceipt {
    #[serde(default)]
    id: String,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Batch {
    #[serde(default)]
    entries: Vec<ByReceipt>,
}

/// `ReceiveMessage`
pub async fn receive(queues: &Queues, queue: &str, request: &Receive) -> Result<Value, Refusal> {
    let count = request.max_number_of_messages.unwrap_or(1);
    if !(1..=COUNT_MAX).contains(&count) {
        return Err(Refusal::out_of_range(count, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."));
    }
    let visibility = request.visibility_timeout.map(|seconds| visibility(seconds, "Must be >= 0 and <= 43200, if provided."));
    let wait = match request.wait_time_seconds {
        None => queues.settings(queue).map(|settings| settings.wait).unwrap_or_default(),
        Some(seconds) => u64::try_from(seconds)
            .ok()
            .filter(|_| seconds <= WAIT_SECONDS_MAX)
            .map(Duration::from_secs)
            .ok_or_else(|| Refusal::out_of_range(seconds, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."))?,
    };
    let asked: Vec<&str> =
        request.attribute_names.iter().chain(&request.message_system_attribute_names).map(String::as_str).collect();
    let is_known = |name: &&&str| SYSTEM_ATTRIBUTES.contains(*name) || OTHER_SYSTEM_ATTRIBUTES.contains(*name);
    if let Some(unknown) = asked.iter().find(|name| !is_known(name)) {
        return Err(Refusal::invalid_attribute(format!("Unknown Attribute {unknown}.")));
    }
    let count = u32::try_from(count).unwrap_or(1);
    let messages = queues.wait_for(queue, count, visibility.transpose()?, wait).await?;
    if messages.is_empty() {
        return Ok(json!({}));
    }
    let shown = messages.iter().map(|message| show(message, &asked, &request.message_attribute_names));
    Ok(json!({"Messages": shown.collect::<Vec<_>>()}))
}

fn show(message: &Received, system: &[&str], names: &[String]) -> Value {
    let mut attributes = restored(&message.trace, &message.attributes);
    let trace_header = attributes.remove(TRACE_HEADER).and_then(|header| header.string_value);
    attributes.retain(|name, _| names.iter().any(|pattern| is_meant(pattern, name)));
    let mut shown = json!({
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": md5_hex(message.body.as_bytes()),
        "Body": message.body,
    });
    let detail = BTreeMap::from([
        ("SenderId", Some("AIDALOCALCLOUD".to_owned())),
        ("SentTimestamp", Some(message.sent_ms.to_string())),
        ("ApproximateReceiveCount", Some(message.receives.to_string())),
        ("ApproximateFirstReceiveTimestamp", Some(message.first_received_ms.to_string())),
        ("AWSTraceHeader", trace_header),
    ]);
    let wanted = detail.into_iter().filter(|(name, _)| system.contains(name) || system.contains(&"All"));
    let detail: Map<_, _> = wanted.filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    if !detail.is_empty() {
        shown["Attributes"] = detail.into();
    }
    if let Some(md5) = md5_of(&attributes) {
        shown["MD5OfMessageAttributes"] = md5.into();
        shown["MessageAttributes"] = serde_json::to_value(&attributes).unwrap_or_default();
    }
    shown
}

/// Whether a receiver who asks for `pattern` wants the attribute `name`: by its name, by how it begins, or all.
fn is_meant(pattern: &str, name: &str) -> bool {
    pattern == name || pattern == "All" || pattern.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
}

fn visibility(seconds: i64, reason: &str) -> Result<Duration, Refusal> {
    let fits = u64::try_from(seconds).ok().filter(|_| seconds <= VISIBILITY_SECONDS_MAX);
    fits.map(Duration::from_secs).ok_or_else(|| Refusal::out_of_range(seconds, "VisibilityTimeout", reason))
}

/// `DeleteMessage`: what is gone already is deleted.
pub async fn delete(queues: &Queues, queue: &str, request: ByReceipt) -> Result<Value, Refusal> {
    let receipt = request.receipt(queue)?;
    queues.delete(queue, receipt).await?;
    Ok(json!({}))
}

/// `DeleteMessageBatch`
pub async fn delete_batch(queues: &Queues, queue: &str, batch: Batch) -> Result<Value, Refusal> {
    batch.check("DeleteMessageBatchRequestEntry")?;
    let mut outcome = Outcome::default();
    for mut entry in batch.entries {
        let id = std::mem::take(&mut entry.id);
        outcome.add(&id, delete(queues, queue, entry).await);
    }
    Ok(outcome.into_value())
}

/// `ChangeMessageVisibility`
pub async fn change_visibility(queues: &Queues, queue: &str, request: ByReceipt) -> Result<Value, Refusal> {
    let seconds = request.visibility_timeout.ok_or_else(|| Refusal::missing("VisibilityTimeout"))?;
    let delay = visibility(seconds, "Must be >= 0 and <= 43200.")?;
    let receipt = request.receipt(queue)?;
    match queues.change_visibility(queue, receipt.clone(), delay).await? {
        Hold::Held => Ok(json!({})),
        Hold::Over => Err(Refusal::not_in_flight("The message referred to isn't in flight.")),
        Hold::None => Err(Refusal::invalid_value(format!(
            "Value {receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility \
             timeout change."
        ))),
    }
}

/// `ChangeMessageVisibilityBatch`
pub async fn change_visibility_batch(queues: &Queues, queue: &str, batch: Batch) -> Result<Value, Refusal> {
    batch.check("ChangeMessageVisibilityBatchRequestEntry")?;
    let mut outcome = Outcome::default();
    for mut entry in batch.entries {
        let id = std::mem::take(&mut entry.id);
        outcome.add(&id, change_visibility(queues, queue, entry).await);
    }
    Ok(outcome.into_value())
}

impl ByReceipt {
    fn receipt(self, queue: &str) -> Result<String, Refusal> {
        match self.receipt_handle {
            Some(receipt) if receipt::is_of(queue, &receipt) => Ok(receipt),
            Some(receipt) if !receipt.is_empty() => Err(Refusal::invalid_receipt(&receipt)),
            _ => Err(Refusal::missing("ReceiptHandle")),
        }
    }
}

impl Batch {
    fn check(&self, kind: &str) -> Result<(), Refusal> {
        let ids: Vec<_> = self.entries.iter().map(|entry| entry.id.as_str()).collect();
        batch::check(kind, &ids)
    }
}
