//! A function's definition: everything that is true of it, once. Routes, grants, events, limits, the OpenAPI document, the Terraform
//! wiring and the local cloud all come from this constant; nothing about a function is written anywhere else.

use crate::context::Context;
use crate::http::{Call, Reply};
use crate::message::{Failure, Message};
use crate::problem::{Code, Problem};
use crate::relay::{MapChange, WrittenAt};
use crate::resource::{Queue, Secret, Setting, Table, Topic};
use crate::secrets::ConnectSecrets;
use crate::sender::{ConnectQueues, ConnectTopics};
use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::time::Duration;

/// One Lambda function.
#[derive(Debug)]
pub struct Function {
    /// Verb and noun: the file, the binary, the Lambda, the OpenAPI operation, the log group, the alarm and the test bear it.
    pub name: &'static str,
    /// One line, for lists.
    pub summary: &'static str,
    /// A paragraph, for the docs: what it promises its callers.
    pub doc: &'static str,
    pub trigger: Trigger,
    /// The item actions it may use, table by table. What is not listed is AccessDenied, on the laptop too.
    pub grants: &'static [Grant],
    /// The queues it may send to.
    pub sends: &'static [Sends],
    /// The topics it may publish to.
    pub publishes: &'static [Publishes],
    /// The secrets it may read.
    pub secrets: &'static [Reads],
    /// The environment's choices that it may read.
    pub settings: &'static [&'static Setting],
    pub timeout: Duration,
    pub memory_mb: u32,
    pub handler: Handler,
}

/// What starts a function.
#[derive(Debug)]
pub enum Trigger {
    Http(Route),
    /// Messages of a queue, in batches of at most `batch`, at most `concurrency` invocations at once.
    Queue {
        queue: &'static Queue,
        batch: u32,
        concurrency: u32,
        retry: Retry,
    },
    /// A message that the scheduler puts on `queue` every `every_minutes`.
    Schedule {
        queue: &'static Queue,
        every_minutes: u32,
    },
    /// Changes of a table, in order.
    Stream {
        table: &'static Table,
        batch: u32,
    },
}

/// When a message that was not handled comes again.
#[derive(Debug, Clone, Copy)]
pub enum Retry {
    /// After the queue's visibility timeout.
    AfterVisibility,
    /// As soon as the failure says, by changing the message's visibility. Links the SQS client.
    AsFailureSays(ConnectRetry),
}

impl Retry {
    pub const fn as_failure_says() -> Self {
        Self::AsFailureSays(ConnectRetry(crate::sender::connect_queues))
    }
}

/// Links the SQS client for changing visibilities.
#[derive(Debug, Clone, Copy)]
pub struct ConnectRetry(pub(crate) ConnectQueues);

/// An HTTP route and its contract.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    /// `/v1/races/{race}/slips`
    pub path: &'static str,
    pub access: Access,
    pub idempotency: Idempotency,
    /// The parameters in the path, then those of the query.
    pub parameters: &'static [Parameter],
    pub body: Option<SchemaOf>,
    /// The replies that are not problems.
    pub replies: &'static [Success],
    /// The problems of its own, beside those that every route of its kind has.
    pub problems: &'static [&'static Code],
    /// The steady rate and burst that the gateway admits, requests per second.
    pub throttle: Throttle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Who may call a route.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    /// Anyone.
    Public,
    /// The bearer of a token of the configured issuer; the function acts for that person alone.
    User,
    /// The bearer of a shared secret, proven by a Standard Webhooks signature.
    Signed(&'static Secret),
}

/// How a repeated request is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Reads, and writes whose object the request itself names.
    Natural,
    /// By the `Idempotency-Key` header, which must be there.
    Key,
}

/// A path or query parameter.
#[derive(Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub place: Place,
    pub doc: &'static str,
    pub required: bool,
    pub schema: SchemaOf,
}

impl Parameter {
    /// How many items a page of a list has.
    pub const LIMIT: Self = Self::query::<u32>("limit", "How many items, 1 to 100; 20 when not given.");
    /// Where a list goes on.
    pub const CURSOR: Self = Self::query::<String>("cursor", "The `next_cursor` of the page before.");

    /// A parameter in the path.
    pub const fn path<T: JsonSchema>(name: &'static str, doc: &'static str) -> Self {
        Self { name, place: Place::Path, doc, required: true, schema: SchemaGenerator::subschema_for::<T> }
    }

    /// A query parameter that may be left out.
    pub const fn query<T: JsonSchema>(name: &'static str, doc: &'static str) -> Self {
        Self { name, place: Place::Query, doc, required: false, schema: SchemaGenerator::subschema_for::<T> }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
}

/// A reply that is not a problem.
#[derive(Debug)]
pub struct Success {
    pub status: u16,
    pub doc: &'static str,
    pub schema: SchemaOf,
}

impl Success {
    /// A reply of status `status` whose body is a `T`.
    pub const fn of<T: JsonSchema>(status: u16, doc: &'static str) -> Self {
        Self { status, doc, schema: SchemaGenerator::subschema_for::<T> }
    }
}

/// The schema of a body.
pub const fn schema<T: JsonSchema>() -> SchemaOf {
    SchemaGenerator::subschema_for::<T>
}

/// Requests per second.
#[derive(Debug, Clone, Copy)]
pub struct Throttle {
    pub rate: u32,
    pub burst: u32,
}

/// Makes the JSON Schema of a type, as `SchemaGenerator::subschema_for::<T>` does.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// Item actions on a table and, for `Query`, its indexes.
#[derive(Debug)]
pub struct Grant {
    pub table: &'static Table,
    pub actions: &'static [Action],
}

/// A DynamoDB item action. `PutInTransaction` is `PutItem` admitted only inside `TransactWriteItems`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    GetItem,
    BatchGetItem,
    Query,
    QueryIndex,
    PutItem,
    PutInTransaction,
}

/// A queue that a function sends to. Making one links the SQS client into the function's binary.
#[derive(Debug)]
pub struct Sends {
    pub queue: &'static Queue,
    pub(crate) connect: ConnectQueues,
}

/// A topic that a function publishes to. Making one links the SNS client into the function's binary.
#[derive(Debug)]
pub struct Publishes {
    pub topic: &'static Topic,
    pub(crate) connect: ConnectTopics,
}

/// A secret that a function reads. Making one links the SSM client into the function's binary.
#[derive(Debug)]
pub struct Reads {
    pub secret: &'static Secret,
    pub(crate) connect: ConnectSecrets,
}

/// A handler of HTTP calls.
pub type HandleCall = for<'a> fn(&'a Context, Call) -> BoxFuture<'a, Result<Reply, Problem>>;
/// A handler of one message of a queue.
pub type HandleMessage = for<'a> fn(&'a Context, Message) -> BoxFuture<'a, Result<(), Failure>>;

/// The code. Its kind must fit the trigger's; a test holds that for every function.
pub enum Handler {
    Http(HandleCall),
    Message(HandleMessage),
    /// Maps each change to the events it means and publishes them to `topic`.
    Relay {
        topic: &'static Topic,
        /// Where changes go that cannot be mapped, and batches that AWS gives up on.
        failures: &'static Queue,
        map: MapChange,
        /// When a record was written that `map` makes events of.
        written_at: WrittenAt,
    },
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Http(_) => "Http",
            Self::Message(_) => "Message",
            Self::Relay { .. } => "Relay",
        })
    }
}

impl Function {
    /// The queue whose messages it consumes, if it does.
    pub fn consumes(&self) -> Option<&'static Queue> {
        match &self.trigger {
            Trigger::Queue { queue, .. } | Trigger::Schedule { queue, .. } => Some(queue),
            Trigger::Http(_) | Trigger::Stream { .. } => None,
        }
    }

    pub fn route(&self) -> Option<&Route> {
        match &self.trigger {
            Trigger::Http(route) => Some(route),
            _ => None,
        }
    }

    /// How long a message stays invisible once received: six times the timeout, as AWS advises for Lambda.
    pub fn visibility(&self) -> Duration {
        self.timeout * 6
    }
}
