//! An operator's work on queues: their depths, a message by hand, and the redrive of dead letters. A dead letter is sent before it is
//! deleted. So a failure between the two duplicates it, which consumers expect, and never loses it.

use super::{Deployment, OperationError};
use platform::aws::sqs::{self, Attribute, Batch, Entry, SQS};
use platform::aws::{Client, or_default};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How many messages go in one request.
const BATCH: i32 = 10;
/// How many bytes of bodies go in one request: SQS takes 256 KiB in all, attributes included.
const BATCH_BYTES_MAX: usize = 200_000;
/// How long a dead letter is out of others' sight while it is moved. It is back by then if that fails.
const HELD_SECONDS: i32 = 60;
/// How long a receive waits for messages. Without a wait SQS may ask only servers that have none.
const LOOK_SECONDS: i32 = 2;

/// How many messages a queue has, approximately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    pub visible: u64,
    /// Received and not deleted.
    pub in_flight: u64,
}

/// What a redrive came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    pub count: u64,
    /// The time was up before the queue was empty.
    pub timed_out: bool,
}

/// The queues of a deployment.
pub struct Queues<'a> {
    deployment: &'a Deployment,
    client: Client,
}

impl<'a> Queues<'a> {
    pub fn new(deployment: &'a Deployment) -> Self {
        Self { deployment, client: Client::new(&deployment.sdk, &SQS) }
    }

    fn url(&self, queue: &str) -> String {
        self.deployment.sdk.names.queue_url_of(queue)
    }

    /// Puts a message on `queue`. Returns its id.
    pub async fn send(&self, queue: &str, body: &str) -> Result<String, OperationError> {
        let input = SendMessage { queue_url: &self.url(queue), message_body: body };
        let sent: Sent = self.call("SendMessage", &input, || format!("sending to {queue}")).await?;
        Ok(sent.message_id)
    }

    pub async fn depth(&self, queue: &str) -> Result<Depth, OperationError> {
        const VISIBLE: &str = "ApproximateNumberOfMessages";
        const IN_FLIGHT: &str = "ApproximateNumberOfMessagesNotVisible";
        let input = GetQueueAttributes { queue_url: &self.url(queue), attribute_names: &[VISIBLE, IN_FLIGHT] };
        let found: Attributes = self.call("GetQueueAttributes", &input, || format!("looking into {queue}")).await?;
        let count = |name| found.attributes.get(name).and_then(|count| count.parse().ok()).unwrap_or_default();
        Ok(Depth { visible: count(VISIBLE), in_flight: count(IN_FLIGHT) })
    }

    async fn call<O: DeserializeOwned>(
        &self,
        operation: &'static str,
        input: &impl Serialize,
        what: impl Fn() -> String,
    ) -> Result<O, OperationError> {
        self.client.json(operation, input).await.map_err(|error| OperationError::of(what(), error))
    }

    /// Moves every message of the queue `from` to the queue `to`, where the receives of each count from 0. Calls `moved` with the number
    /// moved after each batch.
    pub async fn move_all(
        &self,
        from: &str,
        to: &str,
        time_max: Duration,
        mut moved: impl FnMut(u64),
    ) -> Result<Moved, OperationError> {
        let started = Instant::now();
        let mut count = 0;
        while started.elapsed() < time_max {
            let messages = self.receive(from).await?;
            if messages.is_empty() {
                return Ok(Moved { count, timed_out: false });
            }
            for share in shares(&messages) {
                let sent = self.resend(to, share).await?;
                let accepted = share.iter().zip(0_usize..).filter(|(_, index)| sent.contains(index)).map(|(message, _)| message);
                self.delete(from, accepted).await?;
                count += sent.len() as u64;
                moved(count);
                if sent.len() < share.len() {
                    let left = share.len() - sent.len();
                    let detail =
                        format!("{left} of a batch were not accepted by {to}; {count} were moved, the rest is where it was");
                    return Err(OperationError::failed(format!("moving {from}"), detail));
                }
            }
        }
        Ok(Moved { count, timed_out: true })
    }

    async fn receive(&self, queue: &str) -> Result<Vec<Message>, OperationError> {
        let input = ReceiveMessage {
            queue_url: &self.url(queue),
            max_number_of_messages: BATCH,
            visibility_timeout: HELD_SECONDS,
            wait_time_seconds: LOOK_SECONDS,
            message_attribute_names: &["All"],
        };
        let received: Received = self.call("ReceiveMessage", &input, || format!("receiving from {queue}")).await?;
        Ok(received.messages)
    }

    /// Sends what each says, with the trace it came with. Returns the places of those that were accepted.
    async fn resend(&self, queue: &str, messages: &[Message]) -> Result<BTreeSet<usize>, OperationError> {
        let entries: Vec<_> = messages.iter().enumerate().map(|(index, message)| message.again(index)).collect();
        let sent = sqs::send_message_batch(&self.client, &self.url(queue), &entries).await;
        let sent = sent.map_err(|error| OperationError::of(format!("sending to {queue}"), error))?;
        Ok(sent.successful.iter().filter_map(|sent| sent.id.parse().ok()).collect())
    }

    async fn delete(&self, queue: &str, messages: impl Iterator<Item = &Message>) -> Result<(), OperationError> {
        let what = || format!("deleting from {queue} what was moved");
        let receipts = messages.map(|message| &*message.receipt_handle).enumerate();
        let entries: Vec<_> = receipts.map(|(index, receipt_handle)| Delete { id: index.to_string(), receipt_handle }).collect();
        if entries.is_empty() {
            return Ok(());
        }
        let input = DeleteMessageBatch { queue_url: &self.url(queue), entries };
        let deleted: Batch = self.call("DeleteMessageBatch", &input, what).await?;
        match deleted.failed.first() {
            None => Ok(()),
            Some(failed) => Err(OperationError::failed(what(), failed.code.as_str())),
        }
    }
}

/// A received message.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    body: String,
    receipt_handle: String,
    #[serde(default, deserialize_with = "or_default")]
    #[serde(rename = "MessageAttributes")]
    attributes: BTreeMap<String, Attribute>,
}

impl Message {
    /// As it is sent again. Functions send attributes of text alone.
    fn again(&self, index: usize) -> Entry<'_> {
        let texts = self.attributes.iter().filter(|(_, attribute)| attribute.string_value.is_some());
        let message_attributes = texts.map(|(name, attribute)| (name.as_str(), attribute.clone())).collect();
        Entry { id: index.to_string(), message_body: &self.body, delay_seconds: None, message_attributes }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage<'a> {
    queue_url: &'a str,
    message_body: &'a str,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Sent {
    message_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetQueueAttributes<'a> {
    queue_url: &'a str,
    attribute_names: &'a [&'a str],
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Attributes {
    #[serde(deserialize_with = "or_default")]
    attributes: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReceiveMessage<'a> {
    queue_url: &'a str,
    max_number_of_messages: i32,
    visibility_timeout: i32,
    wait_time_seconds: i32,
    message_attribute_names: &'a [&'a str],
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Received {
    #[serde(deserialize_with = "or_default")]
    messages: Vec<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteMessageBatch<'a> {
    queue_url: &'a str,
    entries: Vec<Delete<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Delete<'a> {
    id: String,
    receipt_handle: &'a str,
}

/// Consecutive messages that may be sent together; one that is large alone.
fn shares(messages: &[Message]) -> Vec<&[Message]> {
    let bytes = |message: &Message| message.body.len();
    let mut shares = Vec::new();
    let mut rest = messages;
    while !rest.is_empty() {
        let sums = rest.iter().scan(0, |sum, message| {
            *sum += bytes(message);
            Some(*sum)
        });
        let fitting = sums.take_while(|sum| *sum <= BATCH_BYTES_MAX).count().max(1);
        let (share, others) = rest.split_at(fitting);
        shares.push(share);
        rest = others;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_messages_are_not_sent_together() {
        let of = |bytes: usize| Message { body: "x".repeat(bytes), receipt_handle: String::new(), attributes: BTreeMap::new() };
        let messages = [of(10), of(190_000), of(20_000), of(250_000), of(1), of(1)];
        let lengths: Vec<_> = shares(&messages).into_iter().map(<[Message]>::len).collect();
        assert_eq!(lengths, [2, 1, 1, 2]);
        assert!(shares(&[]).is_empty());
    }
}
