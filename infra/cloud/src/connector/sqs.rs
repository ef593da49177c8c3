//! SQS's JSON protocol: what functions send, and what the AWS CLI asks to look into a queue.

use crate::CloudError;
use crate::engine::Reply;
use crate::queues::{Batch, DELAY_MAX, NewMessage, Queues, Received};
use platform::sdk::Names;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

const BATCH_MAX: usize = 10;
/// The largest message or batch.
const BYTES_MAX: usize = 1_024 * 1_024;
/// How long a message stays invisible that the AWS CLI received, unless it says.
const VISIBILITY_DEFAULT: u64 = 30;
const VISIBILITY_MAX: u64 = 12 * 3_600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Addressed {
    queue_url: Option<String>,
    queue_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    id: String,
    message_body: String,
    #[serde(default)]
    delay_seconds: u64,
    #[serde(default)]
    message_attributes: HashMap<String, Attribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    string_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendBatch {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ByReceipt {
    receipt_handle: String,
    #[serde(default)]
    visibility_timeout: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    max_number_of_messages: Option<u32>,
    visibility_timeout: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteBatch {
    entries: Vec<DeleteEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteEntry {
    id: String,
    receipt_handle: String,
}

/// The queue that a request is about, without the environment's prefix; empty when it names none.
pub fn queue_of(names: &Names, body: &[u8]) -> String {
    let Ok(addressed) = serde_json::from_slice::<Addressed>(body) else { return String::new() };
    let url = addressed.queue_url.or(addressed.queue_name).unwrap_or_default();
    let name = url.rsplit('/').next().unwrap_or_default();
    name.strip_prefix(&names.prefix).unwrap_or(name).to_owned()
}

/// Runs an operation, whoever asks.
pub async fn call(queues: &Queues, names: &Names, operation: &str, body: &[u8]) -> Reply {
    let done = run(queues, names, operation, body).await;
    match done {
        Ok(body) => Reply { status: 200, body: body.to_string() },
        Err(refused) => refused,
    }
}

async fn run(queues: &Queues, names: &Names, operation: &str, body: &[u8]) -> Result<Value, Reply> {
    if operation == "ListQueues" {
        return Ok(json!({"QueueUrls": queues.names().map(|name| url(names, name)).collect::<Vec<_>>()}));
    }
    let queue = queue_of(names, body);
    if !queues.has(&queue) {
        return Err(failed(CloudError::NoQueue(queue)));
    }
    match operation {
        "SendMessage" => {
            let ids = send(queues, &queue, vec![parse(body)?]).await?;
            Ok(json!({"MessageId": ids.first(), "MD5OfMessageBody": ""}))
        }
        "SendMessageBatch" => send_batch(queues, &queue, parse(body)?).await,
        "ChangeMessageVisibility" => change_visibility(queues, &queue, parse(body)?).await,
        "DeleteMessage" => {
            let request: ByReceipt = parse(body)?;
            queues.delete(&queue, request.receipt_handle).await.map(|_| json!({})).map_err(failed)
        }
        "DeleteMessageBatch" => delete_batch(queues, &queue, parse(body)?).await,
        "ReceiveMessage" => receive(queues, &queue, &parse(body)?).await,
        "GetQueueUrl" => Ok(json!({"QueueUrl": url(names, &queue)})),
        "GetQueueAttributes" => attributes(queues, names, &queue).await,
        _ => Err(Reply::error(400, "com.amazon.coral.service#UnknownOperationException", "")),
    }
}

async fn delete_batch(queues: &Queues, queue: &str, batch: DeleteBatch) -> Result<Value, Reply> {
    check_batch(batch.entries.len())?;
    let mut deleted = Vec::with_capacity(batch.entries.len());
    for DeleteEntry { id, receipt_handle } in batch.entries {
        queues.delete(queue, receipt_handle).await.map_err(failed)?;
        deleted.push(json!({"Id": id}));
    }
    Ok(json!({"Successful": deleted, "Failed": []}))
}

fn check_batch(entries: usize) -> Result<(), Reply> {
    let refused = || Reply::error(400, "com.amazonaws.sqs#TooManyEntriesInBatchRequest", "A batch has 1 to 10 entries.");
    if (1..=BATCH_MAX).contains(&entries) { Ok(()) } else { Err(refused()) }
}

async fn send_batch(queues: &Queues, queue: &str, batch: SendBatch) -> Result<Value, Reply> {
    check_batch(batch.entries.len())?;
    let names: Vec<_> = batch.entries.iter().map(|entry| entry.id.clone()).collect();
    let ids = send(queues, queue, batch.entries).await?;
    let sent = names.iter().zip(ids).map(|(name, id)| json!({"Id": name, "MessageId": id, "MD5OfMessageBody": ""}));
    Ok(json!({"Successful": sent.collect::<Vec<_>>(), "Failed": []}))
}

async fn send(queues: &Queues, queue: &str, entries: Vec<Entry>) -> Result<Vec<String>, Reply> {
    let invalid = |message: &str| Reply::error(400, "com.amazonaws.sqs#InvalidParameterValue", message);
    if entries.iter().any(|entry| entry.delay_seconds > DELAY_MAX.as_secs()) {
        return Err(invalid("Value for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."));
    }
    if entries.iter().map(|entry| entry.message_body.len()).sum::<usize>() > BYTES_MAX {
        return Err(invalid("One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."));
    }
    let message = |mut entry: Entry| NewMessage {
        queue: queue.to_owned(),
        body: entry.message_body,
        delay: Duration::from_secs(entry.delay_seconds),
        trace: entry.message_attributes.remove("traceparent").and_then(|value| value.string_value).unwrap_or_default(),
    };
    queues.send(entries.into_iter().map(message).collect()).await.map_err(failed)
}

async fn change_visibility(queues: &Queues, queue: &str, request: ByReceipt) -> Result<Value, Reply> {
    let delay = Duration::from_secs(request.visibility_timeout.min(VISIBILITY_MAX));
    let known = queues.change_visibility(queue, request.receipt_handle, delay).await.map_err(failed)?;
    let invalid = || Reply::error(400, "com.amazonaws.sqs#ReceiptHandleIsInvalid", "The receipt handle is not valid.");
    if known { Ok(json!({})) } else { Err(invalid()) }
}

async fn receive(queues: &Queues, queue: &str, request: &Receive) -> Result<Value, Reply> {
    let visibility = Duration::from_secs(request.visibility_timeout.unwrap_or(VISIBILITY_DEFAULT).min(VISIBILITY_MAX));
    let count = request.max_number_of_messages.unwrap_or(1).clamp(1, 10);
    let Batch { messages, .. } = queues.receive_from(queue, None, count, visibility).await.map_err(failed)?;
    // Nobody in this process holds them: they come again when their time has come, also after a restart.
    queues.settle(Vec::new(), messages.clone()).await.map_err(failed)?;
    let attributes = |trace: &str| match trace {
        "" => json!({}),
        trace => json!({"traceparent": {"DataType": "String", "StringValue": trace}}),
    };
    let shown = |message: &Received| {
        json!({
            "MessageAttributes": attributes(&message.trace),
            "MessageId": message.message_id,
            "ReceiptHandle": message.receipt,
            "Body": message.body,
            "Attributes": {
                "ApproximateReceiveCount": message.receives.to_string(),
                "SentTimestamp": message.sent_ms.to_string(),
            },
        })
    };
    Ok(json!({"Messages": messages.iter().map(shown).collect::<Vec<_>>()}))
}

async fn attributes(queues: &Queues, names: &Names, queue: &str) -> Result<Value, Reply> {
    let depth = queues.depths().await.map_err(failed)?.remove(queue).unwrap_or_default();
    Ok(json!({"Attributes": {
        "QueueArn": format!("arn:aws:sqs:{}:{}:{}{queue}", names.region, names.account, names.prefix),
        "ApproximateNumberOfMessages": depth.visible.to_string(),
        "ApproximateNumberOfMessagesNotVisible": depth.in_flight.to_string(),
        "ApproximateNumberOfMessagesDelayed": depth.delayed.to_string(),
    }}))
}

fn url(names: &Names, queue: &str) -> String {
    let origin = names.queue_origin.as_deref().unwrap_or_default();
    format!("{origin}/{}/{}{queue}", names.account, names.prefix)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Reply> {
    serde_json::from_slice(body)
        .map_err(|error| Reply::error(400, "com.amazon.coral.service#SerializationException", &error.to_string()))
}

fn failed(error: CloudError) -> Reply {
    match error {
        CloudError::NoQueue(_) => Reply::error(400, "com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist."),
        other => Reply::error(500, "com.amazonaws.sqs#InternalError", &other.to_string()),
    }
}
