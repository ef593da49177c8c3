//! A function's definition: everything that is true of it, once. The OpenAPI document, the Terraform wiring and the local cloud all come
//! from it. So routes, grants, events and limits are written nowhere else. It is data: [`crate::function`] adds the code.

use crate::access::key::Scope;
use crate::access::role::Role;
use crate::access::token::StaffRole;
use crate::list::List;
use crate::resource::{Alarm, Personal, QueueSpec, Secret, Setting, Table, Topic};
use crate::secrets::{self, ConnectSecrets};
use crate::sender::{self, ConnectQueues, ConnectTopics};
use std::time::Duration;

/// What is true of one Lambda function. What it does not name, it may not do.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Verb and noun: the file, the binary, the Lambda, the OpenAPI operation, the log group, the alarm and the test have this name.
    pub name: &'static str,
    /// One line, for lists.
    pub summary: &'static str,
    /// A paragraph, for the docs: what it promises its callers.
    pub doc: &'static str,
    pub trigger: Trigger,
    /// The item actions it may use, table by table. Any other is AccessDenied, on the laptop too.
    pub grants: List<Grant, 12>,
    /// The kinds of personal items that it may delete.
    pub forgets: List<&'static Personal, 4>,
    /// The queues it may send to.
    pub sends: List<Sends, 8>,
    /// The topics it may publish to.
    pub publishes: List<Publishes, 2>,
    /// The secrets it may read.
    pub secrets: List<Reads, 4>,
    /// The environment's choices that it may read.
    pub settings: List<&'static Setting, 8>,
    /// The alarms it may raise.
    pub alarms: List<&'static Alarm, 8>,
    pub timeout: Duration,
    pub memory_mb: u32,
    /// What one success may cost at most, when nothing else changes what it reads.
    pub costs: Option<Costs>,
}

/// What starts a function.
///
/// Frames of a socket will be the fifth kind; nothing runs them yet. Its place is here, and its builder is one more kind beside
/// [`crate::function::Http`] and the others. A house test holds that every `match` of triggers names each kind. So the compiler then names
/// each place that must say what it does with a socket: docs/decisions/0019-services.md lists them.
#[derive(Debug, Clone, Copy)]
pub enum Trigger {
    Http(Route),
    /// Messages of a queue, in batches of at most `batch`, at most `concurrency` invocations at once.
    Queue {
        queue: &'static QueueSpec,
        batch: u32,
        concurrency: u32,
        retry: Retry,
    },
    /// A message that the scheduler puts on `queue`, the function's own, at the times of `schedule`.
    Schedule {
        queue: QueueSpec,
        schedule: Schedule,
    },
    /// Changes of a table, in order. Those that no event can be made of go to `failures`, the function's own.
    Stream {
        table: &'static Table,
        batch: u32,
        failures: QueueSpec,
    },
}

/// When the scheduler calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    EveryMinutes(u32),
    /// A cron expression of EventBridge Scheduler, in a time zone of the IANA database. Its six fields are minutes, hours, day of month,
    /// month, day of week and year. `0 3 1 * ? *` in `Asia/Tokyo` is three o'clock in Japan on the first of each month.
    Cron {
        fields: &'static str,
        zone: &'static str,
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
        Self::AsFailureSays(ConnectRetry(sender::connect_queues))
    }
}

/// Links the SQS client for changing visibilities.
#[derive(Debug, Clone, Copy)]
pub struct ConnectRetry(pub(crate) ConnectQueues);

/// An HTTP route. What it takes and answers, its handler's signature says.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    pub method: Method,
    /// `/v1/races/{race}/slips`
    pub path: &'static str,
    pub access: Access,
    pub idempotency: Idempotency,
    /// The steady rate and burst that the gateway admits, requests per second.
    pub throttle: Throttle,
}

impl Route {
    /// The names of the path's parameters, from left to right.
    pub fn path_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Whether a person calls it, whose gate is checked.
    pub const fn has_person(&self) -> bool {
        self.access.has_token()
    }
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

    /// Whether a request of this method may change something.
    pub const fn is_mutating(self) -> bool {
        !matches!(self, Self::Get)
    }
}

/// Who may call a route.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    /// Anyone.
    Public,
    /// The bearer of a token of the configured issuer; the function acts for that person alone.
    User,
    /// The bearer of such a token whose groups include this one.
    Staff(&'static StaffRole),
    /// The bearer of such a token who has one of these roles in the organization that the path names first, as `{organization}`.
    Member(&'static [Role]),
    /// The bearer of an organization's API key with this scope.
    ApiKey(&'static Scope),
    /// The bearer of a shared secret, proven by a Standard Webhooks signature.
    Signed(&'static Secret),
}

impl Access {
    /// Whether the gateway asks for a token.
    pub const fn has_token(self) -> bool {
        matches!(self, Self::User | Self::Staff(_) | Self::Member(_))
    }

    /// Whether admission reads the platform's table.
    pub const fn reads_access(self) -> bool {
        self.has_token() || matches!(self, Self::ApiKey(_))
    }
}

/// How a repeated request is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Reads, and writes whose object the request itself names.
    Natural,
    /// By the `Idempotency-Key` header, which must be there.
    Key,
}

/// Requests per second.
#[derive(Debug, Clone, Copy)]
pub struct Throttle {
    pub rate: u32,
    pub burst: u32,
}

/// Item actions on a table and, for `QueryIndex`, its indexes.
#[derive(Debug, Clone, Copy)]
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
#[derive(Debug, Clone, Copy)]
pub struct Sends {
    pub queue: &'static QueueSpec,
    pub(crate) connect: ConnectQueues,
}

impl Sends {
    pub const fn to(queue: &'static QueueSpec) -> Self {
        Self { queue, connect: sender::connect_queues }
    }
}

/// A topic that a function publishes to. Making one links the SNS client into the function's binary.
#[derive(Debug, Clone, Copy)]
pub struct Publishes {
    pub topic: &'static Topic,
    pub(crate) connect: ConnectTopics,
}

impl Publishes {
    pub const fn to(topic: &'static Topic) -> Self {
        Self { topic, connect: sender::connect_topics }
    }
}

/// A secret that a function reads. Making one links the SSM client into the function's binary.
#[derive(Debug, Clone, Copy)]
pub struct Reads {
    pub secret: &'static Secret,
    pub(crate) connect: ConnectSecrets,
}

impl Reads {
    pub const fn of(secret: &'static Secret) -> Self {
        Self { secret, connect: secrets::connect_secrets }
    }
}

/// The most that one success may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Costs {
    pub calls: Calls,
    pub wru: Wru,
}

/// DynamoDB calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Calls(pub u32);

/// DynamoDB write request units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wru(pub u32);

/// DynamoDB calls, for `.costs(calls(2), wru(0))`.
pub const fn calls(calls: u32) -> Calls {
    Calls(calls)
}

/// DynamoDB write request units, for `.costs(calls(2), wru(0))`.
pub const fn wru(units: u32) -> Wru {
    Wru(units)
}

impl Definition {
    /// The queue whose messages it consumes, if it does.
    pub const fn consumes(&'static self) -> Option<&'static QueueSpec> {
        match &self.trigger {
            Trigger::Queue { queue, .. } => Some(queue),
            Trigger::Schedule { queue, .. } => Some(queue),
            Trigger::Http(_) | Trigger::Stream { .. } => None,
        }
    }

    /// The table whose changes start it, if it is a relay.
    pub const fn relays(&'static self) -> Option<&'static Table> {
        match &self.trigger {
            Trigger::Stream { table, .. } => Some(table),
            Trigger::Http(_) | Trigger::Queue { .. } | Trigger::Schedule { .. } => None,
        }
    }

    /// The queue that keeps what its relay could not map, if it is one.
    pub const fn failures(&'static self) -> Option<&'static QueueSpec> {
        match &self.trigger {
            Trigger::Stream { failures, .. } => Some(failures),
            Trigger::Http(_) | Trigger::Queue { .. } | Trigger::Schedule { .. } => None,
        }
    }

    /// The queues it may send to: those its definition names, and the one for what its relay could not map.
    pub fn sends_to(&'static self) -> impl Iterator<Item = &'static QueueSpec> {
        self.sends.iter().map(|sends| sends.queue).chain(self.failures())
    }

    pub const fn route(&self) -> Option<&Route> {
        match &self.trigger {
            Trigger::Http(route) => Some(route),
            Trigger::Queue { .. } | Trigger::Schedule { .. } | Trigger::Stream { .. } => None,
        }
    }

    /// How long a message stays invisible once received: six times the timeout, as AWS advises for Lambda.
    pub fn visibility(&self) -> Duration {
        self.timeout * 6
    }
}
