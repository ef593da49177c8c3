//! Sending to queues and publishing to topics. Behind traits, so that what calls SQS and SNS is linked only into the functions whose
//! definition names a queue or a topic.

use crate::aws::Client;
use crate::aws::sns::{self, SNS};
use crate::aws::sqs::{self, SQS};
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
    Arc::new(Sqs(Client::new(sdk, &SQS)))
}

/// The publisher to the topics of `sdk`, for who is no function.
pub fn connect_topics(sdk: &Sdk) -> Arc<dyn TopicSender> {
    Arc::new(Sns(Client::new(sdk, &SNS)))
}

struct Sqs(Client);

impl QueueSender for Sqs {
    fn send<'a>(
        &'a self,
        url: &'a str,
        bodies: &'a [String],
        delay: Duration,
        trace: &'a str,
    ) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move {
            let entry = |(index, body): (usize, &'a String)| sqs_entry(index, body, whole_seconds(delay), trace);
            let entries: Vec<_> = bodies.iter().enumerate().map(entry).collect();
            let sent = sqs::send_message_batch(&self.0, url, &entries).await.map_err(|error| SendError::new(url, error))?;
            let failed = sent.failed.first().map(|failed| format!("{}: {}", failed.code, failed.message));
            all_accepted(url, failed, sent.successful.len(), entries.len())
        })
    }

    fn retry_after<'a>(&'a self, url: &'a str, receipt: &'a str, delay: Duration) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move {
            let changed = sqs::change_message_visibility(&self.0, url, receipt, whole_seconds(delay)).await;
            changed.map_err(|error| SendError::new(url, error))
        })
    }
}

fn whole_seconds(delay: Duration) -> i32 {
    i32::try_from(delay.as_secs() + u64::from(delay.subsec_nanos() > 0)).unwrap_or(i32::MAX)
}

fn sqs_entry<'a>(index: usize, message_body: &'a str, delay_seconds: i32, trace: &str) -> sqs::Entry<'a> {
    let traced = (!trace.is_empty()).then(|| ("traceparent", sqs::Attribute::text(trace)));
    let message_attributes = traced.into_iter().collect();
    sqs::Entry { id: index.to_string(), message_body, delay_seconds: Some(delay_seconds), message_attributes }
}

struct Sns(Client);

impl TopicSender for Sns {
    fn publish<'a>(&'a self, arn: &'a str, events: &'a [String], trace: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move {
            let entries: Vec<_> = events.iter().map(|message| sns::Entry { message, trace }).collect();
            let sent = sns::publish_batch(&self.0, arn, &entries).await.map_err(|error| SendError::new(arn, error))?;
            let failed = sent.failed.first().map(|failed| format!("{}: {}", failed.code, failed.message));
            all_accepted(arn, failed, sent.successful, entries.len())
        })
    }
}

/// A batch is accepted when each of its entries was. A reply that leaves one out says nothing of it.
fn all_accepted(what: &str, failed: Option<String>, accepted: usize, sent: usize) -> Result<(), SendError> {
    match failed {
        Some(failed) => Err(SendError::new(what, failed)),
        None if accepted < sent => Err(SendError::new(what, format!("of {sent} the reply names {accepted}"))),
        None => Ok(()),
    }
}
