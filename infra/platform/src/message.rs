//! Messages of a queue. Each record of a batch is handled alone. A failure, a panic or a timeout is reported for that record only, and
//! every record gets an outcome.

use crate::context::Context;
use crate::definition::{Retry, Trigger};
use crate::problem::{Problem, chain};
use crate::telemetry;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::planted::{self, Bug};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// How many records of a batch are handled at once.
const CONCURRENT_MAX: usize = 10;
/// What is kept of the function's timeout to report the batch.
pub(crate) const REPORT_TIME: Duration = Duration::from_millis(500);

/// A handler of one message of a queue.
pub type HandleMessage = for<'a> fn(&'a Context, Message) -> BoxFuture<'a, Result<(), Failure>>;

/// One message, as it was received.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: String,
    pub body: String,
    /// 1 at the first delivery.
    pub receives: u32,
}

impl Message {
    /// The body as `T`; one that does not fit is a poison message, which ends in the dead-letter queue.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        crate::json::from_slice(self.body.as_bytes()).map_err(Failure::new)
    }
}

/// What is known of a message beside its body.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    /// 1 at the first delivery.
    pub receives: u32,
}

/// What a consumer reads of an event: its data. A message that is sent to the same queue directly has the same form.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventData<T> {
    pub data: T,
}

/// The handler of a worker whose messages are `T`: what the macro `job!` makes.
pub struct JobHandler<T> {
    handle: HandleMessage,
    message: PhantomData<fn(T)>,
}

impl<T> Clone for JobHandler<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for JobHandler<T> {}

/// What names the type of a worker's messages.
type Takes<T> = fn() -> PhantomData<fn(T)>;

impl<T> JobHandler<T> {
    /// `_takes` is never called: it ties the handler's message to `T`.
    pub const fn new(handle: HandleMessage, _takes: Takes<T>) -> Self {
        Self { handle, message: PhantomData }
    }

    pub(crate) const fn handle(self) -> HandleMessage {
        self.handle
    }
}

/// The handler of a sweep: what the macro `sweep!` makes.
#[derive(Clone, Copy)]
pub struct SweepHandler(pub HandleMessage);

/// A worker's function: of the context and a message, and of the message's delivery where it wants that as well.
#[diagnostic::on_unimplemented(
    message = "this is no handler of a worker",
    note = "a handler is `async fn(&Context, T) -> Result<(), Failure>` or `async fn(&Context, T, Delivery) -> …`",
    note = "T is the type of the queue's messages"
)]
pub trait Works<'a, T, Arguments>: Copy + Send + 'a {
    fn work(self, context: &'a Context, message: T, delivery: Delivery) -> BoxFuture<'a, Result<(), Failure>>;
}

impl<'a, T: 'a, Function, Answer> Works<'a, T, (T,)> for Function
where
    Function: Fn(&'a Context, T) -> Answer + Copy + Send + 'a,
    Answer: Future<Output = Result<(), Failure>> + Send + 'a,
{
    fn work(self, context: &'a Context, message: T, _delivery: Delivery) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self(context, message))
    }
}

impl<'a, T: 'a, Function, Answer> Works<'a, T, (T, Delivery)> for Function
where
    Function: Fn(&'a Context, T, Delivery) -> Answer + Copy + Send + 'a,
    Answer: Future<Output = Result<(), Failure>> + Send + 'a,
{
    fn work(self, context: &'a Context, message: T, delivery: Delivery) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self(context, message, delivery))
    }
}

/// Calls a worker's function: what the macro `job!` does.
pub fn work<'a, T, Arguments, W>(context: &'a Context, message: Message, worker: W) -> BoxFuture<'a, Result<(), Failure>>
where
    T: DeserializeOwned + Send + 'a,
    W: Works<'a, T, Arguments>,
{
    match message.json::<T>() {
        Ok(body) => worker.work(context, body, Delivery { id: message.id, receives: message.receives }),
        Err(poison) => Box::pin(std::future::ready(Err(poison))),
    }
}

/// What a worker's function takes.
pub const fn takes<'a, T, Arguments, W: Works<'a, T, Arguments>>(_worker: W) -> PhantomData<fn(T)> {
    PhantomData
}

/// A message that was not handled and will be delivered again.
#[derive(Debug)]
pub struct Failure {
    /// When it should come again, where the function's definition retries as its failures say.
    pub retry_after: Option<Duration>,
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

impl Failure {
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { retry_after: None, cause: cause.into() }
    }
}

impl Failure {
    /// The same failure, to come again after `delay`.
    #[must_use]
    pub fn retry_after(self, delay: Duration) -> Self {
        Self { retry_after: Some(delay), ..self }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let cause = problem.cause.unwrap_or_else(|| problem.code.code.into());
        Self::new(cause)
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

#[derive(Deserialize)]
pub(crate) struct SqsEvent {
    #[serde(rename = "Records")]
    pub records: Vec<SqsRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SqsRecord {
    pub message_id: String,
    #[serde(default)]
    pub receipt_handle: String,
    pub body: String,
    #[serde(default)]
    pub attributes: HashMap<String, String>,
    #[serde(default)]
    pub message_attributes: HashMap<String, MessageAttribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageAttribute {
    string_value: Option<String>,
}

/// The reply to a batch: the records that were not handled.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchReply {
    pub batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchItemFailure {
    pub item_identifier: String,
}

impl SqsRecord {
    /// The trace that the message was sent with.
    pub fn trace(&self) -> Option<&str> {
        self.message_attributes.get("traceparent")?.string_value.as_deref()
    }
}

impl From<SqsRecord> for Message {
    fn from(record: SqsRecord) -> Self {
        let receives = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1);
        Self { id: record.message_id, body: record.body, receives }
    }
}

/// Handles every record of `event`.
pub(crate) async fn handle_batch(context: &Context, handle: HandleMessage, event: SqsEvent) -> BatchReply {
    let time_left = context.remaining().saturating_sub(REPORT_TIME);
    let one = |mut record: SqsRecord| async move {
        let receipt = std::mem::take(&mut record.receipt_handle);
        let message = Message::from(record);
        let (id, receives) = (message.id.clone(), message.receives);
        let handled = AssertUnwindSafe(tokio::time::timeout(time_left, handle(context, message))).catch_unwind().await;
        let failure = match handled {
            Ok(Ok(Ok(()))) => return None,
            Ok(Ok(Err(failure))) => failure,
            Ok(Err(_elapsed)) => Failure::new("it took longer than the function's timeout").retry_after(Duration::ZERO),
            Err(panic) => Failure::new(format!("panic: {}", telemetry::panic_text(panic.as_ref()))),
        };
        telemetry::log_failure(context, "message", &id, receives, &chain(failure.cause.as_ref()));
        if let Some(delay) = failure.retry_after {
            retry_after(context, &receipt, delay).await;
        }
        (!planted::is_on(Bug::FailureAcknowledged)).then_some(BatchItemFailure { item_identifier: id })
    };
    let failures = futures_util::stream::iter(event.records).map(one).buffer_unordered(CONCURRENT_MAX);
    BatchReply { batch_item_failures: failures.filter_map(std::future::ready).collect().await }
}

/// Changes the message's visibility, where the definition says so. When that fails the queue's own timeout serves, only later.
async fn retry_after(context: &Context, receipt: &str, delay: Duration) {
    let Trigger::Queue { queue, retry: Retry::AsFailureSays(connect), .. } = &context.definition().trigger else { return };
    let url = context.env.sdk.names.queue_url(queue);
    let sender = context.queue_sender(connect.0);
    context.meter.count_call();
    if let Err(error) = sender.retry_after(&url, receipt, delay).await {
        telemetry::log_failure(context, "visibility", "", 1, &chain(&error));
    }
}
