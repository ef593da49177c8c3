//! The event by which Lambda hands a batch of messages to a function.

use super::Received;
use super::attributes::{self, TRACE_HEADER};
use platform::sdk::Names;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

#[derive(Serialize)]
struct SqsEvent<'a> {
    #[serde(rename = "Records")]
    records: Vec<SqsRecord<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SqsRecord<'a> {
    message_id: &'a str,
    receipt_handle: &'a str,
    body: &'a str,
    attributes: Attributes,
    message_attributes: BTreeMap<String, MessageAttribute>,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
    aws_region: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    approximate_receive_count: String,
    sent_timestamp: String,
    sender_id: &'static str,
    approximate_first_receive_timestamp: String,
    #[serde(rename = "AWSTraceHeader", skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageAttribute {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    data_type: String,
}

/// The event of `messages` of `queue`.
pub fn event(names: &Names, queue: &str, messages: &[Received]) -> serde_json::Result<Vec<u8>> {
    let arn = format!("arn:aws:sqs:{}:{}:{}{queue}", names.region, names.account, names.prefix);
    let record = |message| record(names, &arn, message);
    serde_json::to_vec(&SqsEvent { records: messages.iter().map(record).collect() })
}

fn record<'a>(names: &'a Names, arn: &'a str, message: &'a Received) -> SqsRecord<'a> {
    let mut attributes = attributes::restored(&message.trace, &message.attributes);
    let trace_header = attributes.remove(TRACE_HEADER).and_then(|header| header.string_value);
    let detail = |(name, value): (String, attributes::Attribute)| {
        let attributes::Attribute { data_type, string_value, binary_value } = value;
        (name, MessageAttribute { string_value, binary_value, data_type })
    };
    SqsRecord {
        message_id: &message.message_id,
        receipt_handle: &message.receipt,
        body: &message.body,
        attributes: Attributes {
            approximate_receive_count: message.receives.to_string(),
            sent_timestamp: message.sent_ms.to_string(),
            sender_id: "AIDALOCALCLOUD",
            approximate_first_receive_timestamp: message.first_received_ms.to_string(),
            trace_header,
        },
        message_attributes: attributes.into_iter().map(detail).collect(),
        event_source: "aws:sqs",
        event_source_arn: arn,
        aws_region: &names.region,
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchReply {
    #[serde(default)]
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

/// The messages that a function's reply says it did not handle. An unreadable reply, or an id that was not in the batch, means none of
/// them was handled: so does Lambda.
pub fn failures(reply: &[u8], messages: &[Received]) -> HashSet<String> {
    let all = || messages.iter().map(|message| message.message_id.clone()).collect();
    let Ok(reply) = serde_json::from_slice::<BatchReply>(reply) else { return all() };
    let failed: HashSet<_> = reply.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
    let known = |id: &String| messages.iter().any(|message| message.message_id == *id);
    if failed.iter().all(known) { failed } else { all() }
}
