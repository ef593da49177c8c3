//! Sending to queues and publishing to topics. Behind traits, so that the SQS and SNS clients are linked only into the functions whose
//! definition names a queue or a topic: each would add a quarter of a megabyte to every zip.

use crate::sdk::Sdk;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// A message or event that may not have been accepted. Worth another try: consumers expect duplicates.
#[derive(Debug, Error)]
#[error("{what} was not accepted")]
pub struct SendError {
    pub what: String,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl SendError {
    pub(crate) fn new(what: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { what: what.to_owned(), source: source.into() }
    }
}

/// Sends messages.
pub trait QueueSender: Send + Sync {
    /// Sends at most 10 bodies to the queue at `url`.
    fn send<'a>(
        &'a self,
        url: &'a str,
        bodies: &'a [String],
        delay: Duration,
        trace: &'a str,
    ) -> BoxFuture<'a, Result<(), SendError>>;

    /// Lets a received message come again after `delay`.
    fn retry_after<'a>(&'a self, url: &'a str, receipt: &'a str, delay: Duration) -> BoxFuture<'a, Result<(), SendError>>;
}

/// Publishes events.
pub trait TopicSender: Send + Sync {
    /// Publishes at most 10 events (their JSON) to the topic `arn`.
    fn publish<'a>(&'a self, arn: &'a str, events: &'a [String], trace: &'a str) -> BoxFuture<'a, Result<(), SendError>>;
}

pub(crate) type ConnectQueues = fn(&Sdk) -> Arc<dyn QueueSender>;
pub(crate) type ConnectTopics = fn(&Sdk) -> Arc<dyn TopicSender>;

pub(crate) fn connect_queues(sdk: &Sdk) -> Arc<dyn QueueSender> {
    Arc::new(Sqs(aws_sdk_sqs::Client::new(sdk.config())))
}

/// The publisher to the topics of `sdk`, for who is no function.
pub fn connect_topics(sdk: &Sdk) -> Arc<dyn TopicSender> {
    Arc::new(Sns(aws_sdk_sns::Client::new(sdk.config())))
}

struct Sqs(aws_sdk_sqs::Client);

impl QueueSender for Sqs {
    fn send<'a>(
        &'a self,
        url: &'a str,
        bodies: &'a [String],
        delay: Duration,
        trace: &'a str,
    ) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move {
            let delay_seconds = whole_seconds(delay);
            let mut request = self.0.send_message_batch().queue_url(url);
            for (index, body) in bodies.iter().enumerate() {
                request = request.entries(sqs_entry(index, body, delay_seconds, trace)?);
            }
            let reply = request.send().await.map_err(|error| SendError::new(url, error))?;
            match reply.failed().first() {
                None => Ok(()),
                Some(failed) => Err(SendError::new(url, format!("{}: {}", failed.code(), failed.message().unwrap_or_default()))),
            }
        })
    }

    fn retry_after<'a>(&'a self, url: &'a str, receipt: &'a str, delay: Duration) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move {
            let request = self.0.change_message_visibility().queue_url(url).receipt_handle(receipt);
            let reply = request.visibility_timeout(whole_seconds(delay)).send().await;
            reply.map(|_| ()).map_err(|error| SendError::new(url, error))
        })
    }
}

fn whole_seconds(delay: Duration) -> i32 {
    i32::try_from(delay.as_secs() + u64::from(delay.subsec_nanos() > 0)).unwrap_or(i32::MAX)
}

fn sqs_entry(
    index: usize,
    body: &str,
    delay_seconds: i32,
    trace: &str,
) -> Result<aws_sdk_sqs::types::SendMessageBatchRequestEntry, SendError> {
    use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
    let mut entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body).delay_seconds(delay_seconds);
    if !trace.is_empty() {
        let value = MessageAttributeValue::builder().data_type("String").string_value(trace).build();
        entry = entry.message_attributes("traceparent", value.map_err(|error| SendError::new("a message", error))?);
    }
    entry.build().map_err(|error| SendError::new("a message", error))
}

struct Sns(aws_sdk_sns::Client);

impl TopicSender for Sns {
    fn publish<'a>(&'a self, arn: &'a str, events: &'a [String], trace: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move {
            let mut request = self.0.publish_batch().topic_arn(arn);
            for (index, event) in events.iter().enumerate() {
                request = request.publish_batch_request_entries(sns_entry(index, event, trace)?);
            }
            let reply = request.send().await.map_err(|error| SendError::new(arn, error))?;
            match reply.failed().first() {
                None => Ok(()),
                Some(failed) => Err(SendError::new(arn, format!("{}: {}", failed.code(), failed.message().unwrap_or_default()))),
            }
        })
    }
}

fn sns_entry(index: usize, event: &str, trace: &str) -> Result<aws_sdk_sns::types::PublishBatchRequestEntry, SendError> {
    use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
    let mut entry = PublishBatchRequestEntry::builder().id(index.to_string()).message(event);
    if !trace.is_empty() {
        let value = MessageAttributeValue::builder().data_type("String").string_value(trace).build();
        entry = entry.message_attributes("traceparent", value.map_err(|error| SendError::new("an event", error))?);
    }
    entry.build().map_err(|error| SendError::new("an event", error))
}
