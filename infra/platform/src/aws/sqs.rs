//! SQS: messages sent by the batch, and a received one put off.

use super::{Api, CallError, Client, SdkReply, json_refusal, or_default};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub static SQS: Api = Api {
    id: "SQS",
    name: "sqs",
    content_type: "application/x-amz-json-1.0",
    target: Some("AmazonSQS"),
    // Refusals name what they named before SQS spoke JSON.
    headers: &[("x-amzn-query-mode", "true")],
    refusal: json_refusal,
};

/// A message of a batch.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Entry<'a> {
    /// Unique in the batch.
    pub id: String,
    pub message_body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<i32>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub message_attributes: BTreeMap<&'a str, Attribute>,
}

/// An attribute of a message. What is sent is text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    pub data_type: String,
}

impl Attribute {
    pub fn text(value: &str) -> Self {
        Self { string_value: Some(value.to_owned()), data_type: "String".to_owned() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessageBatch<'a> {
    queue_url: &'a str,
    entries: &'a [Entry<'a>],
}

/// What became of each entry of a batch.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Batch {
    #[serde(deserialize_with = "or_default")]
    pub successful: Vec<Done>,
    #[serde(deserialize_with = "or_default")]
    pub failed: Vec<Failed>,
}

/// An entry that was accepted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Done {
    pub id: String,
}

/// An entry that was not.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failed {
    pub code: String,
    #[serde(default, deserialize_with = "or_default")]
    pub message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeMessageVisibility<'a> {
    queue_url: &'a str,
    receipt_handle: &'a str,
    visibility_timeout: i32,
}

/// Sends at most 10 messages to the queue at `queue_url`.
pub async fn send_message_batch(client: &Client, queue_url: &str, entries: &[Entry<'_>]) -> Result<Batch, CallError> {
    client.json("SendMessageBatch", &SendMessageBatch { queue_url, entries }).await
}

/// Lets a received message come again in `visibility_timeout` seconds.
pub async fn change_message_visibility(
    client: &Client,
    queue_url: &str,
    receipt_handle: &str,
    visibility_timeout: i32,
) -> Result<(), CallError> {
    let input = ChangeMessageVisibility { queue_url, receipt_handle, visibility_timeout };
    let body = serde_json::to_vec(&input).map_err(CallError::construction_failure)?;
    let SdkReply(_) = client.call("ChangeMessageVisibility", body).await?;
    Ok(())
}
