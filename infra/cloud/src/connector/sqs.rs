//! SQS's JSON protocol: what functions send, and what the AWS CLI and SDKs do with a queue.

mod batch;
mod inspect;
mod receive;
mod refusal;
mod send;
#[cfg(test)]
mod tests;

use super::Spoken;
use crate::engine::Reply;
use crate::queues::Queues;
use platform::sdk::Names;
pub use refusal::Refusal;
pub use send::check_attributes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Addressed {
    queue_url: Option<String>,
    queue_name: Option<String>,
}

/// The queue that a request is about, without the environment's prefix; empty when it names none.
pub fn queue_of(names: &Names, body: &[u8]) -> String {
    let Ok(addressed) = serde_json::from_slice::<Addressed>(body) else { return String::new() };
    let url = addressed.queue_url.or(addressed.queue_name).unwrap_or_default();
    let name = url.rsplit('/').next().unwrap_or_default();
    name.strip_prefix(&names.prefix).unwrap_or(name).to_owned()
}

/// The operations that are here.
const OPERATIONS: [&str; 12] = [
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "DeleteMessage",
    "DeleteMessageBatch",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
    "SendMessageBatch",
];

/// The queues, and what their URLs begin with for who asks.
#[derive(Clone, Copy)]
pub struct Sqs<'a> {
    pub queues: &'a Queues,
    pub names: &'a Names,
    pub origin: &'a str,
}

impl Sqs<'_> {
    /// Runs an operation, without a check of grants.
    pub async fn call(self, operation: &str, body: &[u8]) -> Spoken {
        match self.run(operation, body).await {
            Ok(body) => Reply { status: 200, body: body.to_string() }.into(),
            Err(refused) => refused.spoken(),
        }
    }

    async fn run(self, operation: &str, body: &[u8]) -> Result<Value, Refusal> {
        let Self { queues, names, origin } = self;
        if !OPERATIONS.contains(&operation) {
            return Err(Refusal::not_here(super::not_here("SQS", operation)));
        }
        if operation == "ListQueues" {
            return inspect::list(queues, names, origin, &parse(body)?);
        }
        let queue = self.queue(operation, body)?;
        match operation {
            "SendMessage" => send::one(queues, &queue, parse(body)?).await,
            "SendMessageBatch" => send::batch(queues, &queue, parse(body)?).await,
            "ReceiveMessage" => receive::receive(queues, &queue, &parse(body)?).await,
            "DeleteMessage" => receive::delete(queues, &queue, parse(body)?).await,
            "DeleteMessageBatch" => receive::delete_batch(queues, &queue, parse(body)?).await,
            "ChangeMessageVisibility" => receive::change_visibility(queues, &queue, parse(body)?).await,
            "ChangeMessageVisibilityBatch" => receive::change_visibility_batch(queues, &queue, parse(body)?).await,
            "GetQueueUrl" => Ok(json!({"QueueUrl": inspect::url(names, origin, &queue)})),
            "GetQueueAttributes" => inspect::attributes(queues, names, &queue, &parse(body)?).await,
            "ListDeadLetterSourceQueues" => Ok(inspect::sources(queues, names, origin, &queue)),
            "PurgeQueue" => self.purge(&queue).await,
            _ => Err(Refusal::not_here(super::not_here("SQS", operation))),
        }
    }

    async fn purge(self, queue: &str) -> Result<Value, Refusal> {
        if self.queues.purge(queue).await? {
            return Ok(json!({}));
        }
        let detail = format!("Only one PurgeQueue operation on {}{queue} is allowed every 60 seconds.", self.names.prefix);
        Err(Refusal::purge_in_progress(detail))
    }

    /// The queue of a request, if it names one that is here.
    fn queue(self, operation: &str, body: &[u8]) -> Result<String, Refusal> {
        let _: Addressed = parse(body)?;
        let queue = queue_of(self.names, body);
        match queue.as_str() {
            "" if operation == "GetQueueUrl" => Err(Refusal::missing("QueueName")),
            "" => Err(Refusal::missing("QueueUrl")),
            name if self.queues.has(name) => Ok(queue),
            _ => Err(Refusal::no_queue()),
        }
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refusal::malformed(error.to_string()))
}
