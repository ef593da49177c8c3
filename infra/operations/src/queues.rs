//! Queues in an operator's hands: how much lies in them, a message by hand, and dead letters that go back. A dead letter is sent before
//! it is deleted: whatever breaks in between leaves it twice, which consumers expect, and never not at all.

use super::{Deployment, OperationError};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry,
};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How many messages go in one request.
const BATCH: i32 = 10;
/// How many bytes of bodies go in one request: SQS takes 256 KiB in all, attributes included.
const BATCH_BYTES_MAX: usize = 200_000;
/// How long a dead letter is out of others' sight while it is moved. It is back by then if that fails.
const HELD_SECONDS: i32 = 60;
/// How long an empty queue is waited for: without any wait SQS may look where nothing lies and say so.
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
        Self { deployment, client: Client::new(deployment.sdk.config()) }
    }

    fn url(&self, queue: &str) -> String {
        self.deployment.sdk.names.queue_url_of(queue)
    }

    /// Puts a message on `queue`. Returns its id.
    pub async fn send(&self, queue: &str, body: &str) -> Result<String, OperationError> {
        let sent = self.client.send_message().queue_url(self.url(queue)).message_body(body).send().await;
        let sent = sent.map_err(|error| OperationError::of(format!("sending to {queue}"), error))?;
        Ok(sent.message_id.unwrap_or_default())
    }

    pub async fn depth(&self, queue: &str) -> Result<Depth, OperationError> {
        let (visible, in_flight) =
            (QueueAttributeName::ApproximateNumberOfMessages, QueueAttributeName::ApproximateNumberOfMessagesNotVisible);
        let asked = self.client.get_queue_attributes().queue_url(self.url(queue));
        let asked = asked.attribute_names(visible.clone()).attribute_names(in_flight.clone()).send().await;
        let found = asked.map_err(|error| OperationError::of(format!("looking into {queue}"), error))?;
        let count = |name| found.attributes().and_then(|all| all.get(&name)?.parse().ok()).unwrap_or_default();
        Ok(Depth { visible: count(visible), in_flight: count(in_flight) })
    }

    /// Moves every message of the queue `from` to the queue `to`, where each starts anew; tells `moved` how many after each batch.
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
                    let told =
                        format!("{left} of a batch were not accepted by {to}; {count} were moved, the rest is where it was");
                    return Err(OperationError::failed(format!("moving {from}"), told));
                }
            }
        }
        Ok(Moved { count, timed_out: true })
    }

    async fn receive(&self, queue: &str) -> Result<Vec<Message>, OperationError> {
        let request = self.client.receive_message().queue_url(self.url(queue)).max_number_of_messages(BATCH);
        let request = request.visibility_timeout(HELD_SECONDS).wait_time_seconds(LOOK_SECONDS).message_attribute_names("All");
        let received = request.send().await.map_err(|error| OperationError::of(format!("receiving from {queue}"), error))?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Sends what each says, with the trace it came with. Returns the places of those that were accepted.
    async fn resend(&self, queue: &str, messages: &[Message]) -> Result<BTreeSet<usize>, OperationError> {
        let what = || format!("sending to {queue}");
        let mut request = self.client.send_message_batch().queue_url(self.url(queue));
        for (index, message) in messages.iter().enumerate() {
            let entry =
                SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(message.body().unwrap_or_default());
            let attributes = message.message_attributes().into_iter().flatten();
            let sendable = attributes.filter_map(|(name, value)| Some((name.clone(), text_attribute(value)?)));
            let entry = entry.set_message_attributes(Some(sendable.collect())).build();
            request = request.entries(entry.map_err(|error| OperationError::failed(what(), error))?);
        }
        let reply = request.send().await.map_err(|error| OperationError::of(what(), error))?;
        Ok(reply.successful().iter().filter_map(|sent| sent.id().parse().ok()).collect())
    }

    async fn delete(&self, queue: &str, messages: impl Iterator<Item = &Message>) -> Result<(), OperationError> {
        let what = || format!("deleting from {queue} what was moved");
        let mut entries = Vec::new();
        for (index, message) in messages.enumerate() {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            let entry = entry.receipt_handle(message.receipt_handle().unwrap_or_default()).build();
            entries.push(entry.map_err(|error| OperationError::failed(what(), error))?);
        }
        if entries.is_empty() {
            return Ok(());
        }
        let request = self.client.delete_message_batch().queue_url(self.url(queue)).set_entries(Some(entries));
        let reply = request.send().await.map_err(|error| OperationError::of(what(), error))?;
        match reply.failed().first() {
            None => Ok(()),
            Some(failed) => Err(OperationError::failed(what(), failed.code())),
        }
    }
}

/// Consecutive messages that may be sent together; one that is large alone.
fn shares(messages: &[Message]) -> Vec<&[Message]> {
    let bytes = |message: &Message| message.body().map_or(0, str::len);
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

/// The attribute as it can be sent again. Functions send text alone.
fn text_attribute(value: &MessageAttributeValue) -> Option<MessageAttributeValue> {
    MessageAttributeValue::builder().data_type(value.data_type()).string_value(value.string_value()?).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_messages_are_not_sent_together() {
        let of = |bytes: usize| Message::builder().body("x".repeat(bytes)).build();
        let messages = [of(10), of(190_000), of(20_000), of(250_000), of(1), of(1)];
        let lengths: Vec<_> = shares(&messages).into_iter().map(<[Message]>::len).collect();
        assert_eq!(lengths, [2, 1, 1, 2]);
        assert!(shares(&[]).is_empty());
    }
}
