//! A function: its definition and its code, in one constant, made by a builder that denies by default. A handler's signature is its
//! contract, and the builder takes only the handler that fits the trigger: what disagrees does not compile.
//!
//! ```ignore
//! pub static FUNCTION: Function = Function::get("get-slip", "/v1/slips/{slip}")
//!     .says("A slip of the caller", "Another person's slip is answered like one that does not exist.")
//!     .may(&RACING, &[BatchGetItem])
//!     .costs(calls(2), wru(0))
//!     .handled_by(http!(get));
//! ```

pub use crate::contract::{Contract, Needs, QueryParameter, SchemaOf, Success};
pub use crate::definition::*;
pub use crate::service::Service;

use crate::access::{self, Role, STAFF_CLAIM, Scope, StaffRole};
use crate::http::HandleCall;
use crate::list::List;
use crate::message::{HandleMessage, JobHandler, SweepHandler};
use crate::relay::{MapChange, WrittenAt};
use crate::resource::{Alarm, Personal, Queue, QueueSpec, Secret, Setting, Table, Topic};
use crate::secrets::SECRET_UNUSABLE;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::Duration;

/// One Lambda function.
#[derive(Debug)]
pub struct Function {
    pub definition: Definition,
    pub handler: Handler,
}

impl Deref for Function {
    type Target = Definition;

    fn deref(&self) -> &Definition {
        &self.definition
    }
}

/// The code. The builder holds that its kind fits the trigger's.
pub enum Handler {
    Http(HttpHandler),
    Message(HandleMessage),
    /// Maps each change to the events it means and publishes them to `topic`.
    Relay {
        topic: &'static Topic,
        map: MapChange,
        /// When a record was written that `map` makes events of.
        written_at: WrittenAt,
    },
}

/// The code of a route, and what its signature says.
#[derive(Clone, Copy)]
pub struct HttpHandler {
    pub handle: HandleCall,
    pub describe: fn(&mut Contract),
    /// What its arguments need of the route.
    pub needs: Needs,
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
    /// A route that reads.
    pub const fn get(name: &'static str, path: &'static str) -> Builder<Http> {
        Builder::route(name, Method::Get, path)
    }

    /// A route that changes something, under an `Idempotency-Key`.
    pub const fn post(name: &'static str, path: &'static str) -> Builder<Http> {
        Builder::route(name, Method::Post, path)
    }

    /// A route that replaces what the path names.
    pub const fn put(name: &'static str, path: &'static str) -> Builder<Http> {
        Builder::route(name, Method::Put, path).naturally_idempotent()
    }

    /// A route that changes part of what the path names, under an `Idempotency-Key`.
    pub const fn patch(name: &'static str, path: &'static str) -> Builder<Http> {
        Builder::route(name, Method::Patch, path)
    }

    /// A route that removes what the path names.
    pub const fn delete(name: &'static str, path: &'static str) -> Builder<Http> {
        Builder::route(name, Method::Delete, path).naturally_idempotent()
    }

    /// A worker of a queue: ten messages at a time, ten invocations at once.
    pub const fn worker<T>(name: &'static str, queue: &'static Queue<T>) -> Builder<Job<T>> {
        let trigger = Trigger::Queue { queue: &queue.spec, batch: 10, concurrency: 10, retry: Retry::AfterVisibility };
        Builder::new(name, trigger).timeout_s(30)
    }

    /// A sweep that the scheduler calls every so many minutes, through a queue of its own name.
    pub const fn every_minutes(name: &'static str, minutes: u32) -> Builder<Sweep> {
        Builder::scheduled(name, Schedule::EveryMinutes(minutes))
    }

    /// A sweep that the scheduler calls at the times of a cron expression, through a queue of its own name. The fields are EventBridge
    /// Scheduler's: minutes, hours, day of month, month, day of week, year; the zone is a name of the IANA database.
    pub const fn cron(name: &'static str, fields: &'static str, zone: &'static str) -> Builder<Sweep> {
        Builder::scheduled(name, Schedule::Cron { fields, zone })
    }

    /// The relay of a table. `failures` is the queue of changes that no event can be made of; the macro `relay!` names it.
    pub const fn relay(name: &'static str, failures: &'static str, table: &'static Table) -> Builder<Relay> {
        let failures = QueueSpec::new(failures, "Changes that could not be mapped to events.");
        Builder::new(name, Trigger::Stream { table, batch: 500, failures }).timeout_s(60)
    }

    /// What its signature says, where it is a route.
    pub fn contract(&self) -> Contract {
        let mut contract = Contract::default();
        if let Handler::Http(HttpHandler { describe, .. }) = &self.handler {
            describe(&mut contract);
        }
        contract
    }

    /// The topic it relays to, if it is a relay.
    pub const fn relays_to(&self) -> Option<&'static Topic> {
        match &self.handler {
            Handler::Relay { topic, .. } => Some(topic),
            Handler::Http(_) | Handler::Message(_) => None,
        }
    }
}

/// A relay, with its failures queue beside it: `relay!("relay-wallet", &WALLET)`.
#[macro_export]
macro_rules! relay {
    ($name:literal, $table:expr) => {
        $crate::Function::relay($name, concat!($name, "-failures"), $table)
    };
}

/// The handler of a route: an async function of the context and of what it takes. Its signature is the route's contract.
#[macro_export]
macro_rules! http {
    ($handler:path) => {
        $crate::function::HttpHandler {
            handle: |context, call| $crate::http::serve(context, call, $handler),
            describe: |contract| $crate::http::describe(contract, $handler),
            needs: $crate::http::needs(&$handler),
        }
    };
}

/// The handler of a worker or a sweep: an async function of the context and, for a worker, of the message.
#[macro_export]
macro_rules! job {
    ($handler:path) => {
        $crate::message::JobHandler::new(
            |context, message| $crate::message::work(context, message, $handler),
            || $crate::message::takes($handler),
        )
    };
}

/// The handler of a sweep: an async function of the context.
#[macro_export]
macro_rules! sweep {
    ($handler:path) => {
        $crate::message::SweepHandler(|context, _message| Box::pin($handler(context)))
    };
}

/// A definition under construction, of a function that is a `Kind`: [`Http`], [`Job`], [`Sweep`] or [`Relay`].
#[must_use]
pub struct Builder<Kind> {
    definition: Definition,
    kind: PhantomData<fn() -> Kind>,
}

/// A route.
pub struct Http;
/// A worker of messages that are `T`.
pub struct Job<T>(PhantomData<T>);
/// What a schedule calls.
pub struct Sweep;
/// What a table's stream calls.
pub struct Relay;

impl<Kind> Builder<Kind> {
    #[expect(clippy::large_types_passed_by_value, reason = "definitions are made at compile time")]
    const fn new(name: &'static str, trigger: Trigger) -> Self {
        let definition = Definition {
            name,
            summary: "",
            doc: "",
            trigger,
            grants: List::EMPTY,
            forgets: List::EMPTY,
            sends: List::EMPTY,
            publishes: List::EMPTY,
            secrets: List::EMPTY,
            settings: List::EMPTY,
            alarms: List::EMPTY,
            timeout: Duration::from_secs(10),
            memory_mb: 256,
            costs: None,
        };
        Self { definition, kind: PhantomData }
    }

    /// One line for lists, and a paragraph: what it promises.
    pub const fn says(mut self, summary: &'static str, doc: &'static str) -> Self {
        self.definition.summary = summary;
        self.definition.doc = doc;
        self
    }

    /// Grants item actions on a table.
    pub const fn may(self, table: &'static Table, actions: &'static [Action]) -> Self {
        self.with(Grant { table, actions })
    }

    /// Adds a grant that another crate declares.
    pub const fn with(mut self, grant: Grant) -> Self {
        self.definition.grants = self.definition.grants.with(grant);
        self
    }

    /// Grants deleting a kind of personal items.
    pub const fn forgets(mut self, personal: &'static Personal) -> Self {
        self.definition.forgets = self.definition.forgets.with(personal);
        self
    }

    /// Grants sending to a queue.
    pub const fn sends<T>(mut self, queue: &'static Queue<T>) -> Self {
        self.definition.sends = self.definition.sends.with(Sends::to(&queue.spec));
        self
    }

    /// Grants reading a secret. One that cannot be used raises the alarm `secret-unusable`.
    pub const fn reads(mut self, secret: &'static Secret) -> Self {
        self.definition.secrets = self.definition.secrets.with(Reads::of(secret));
        self.raises(&SECRET_UNUSABLE)
    }

    /// Grants reading a choice of the environment.
    pub const fn chooses(mut self, setting: &'static Setting) -> Self {
        self.definition.settings = self.definition.settings.with(setting);
        self
    }

    /// Lets it raise an alarm.
    pub const fn raises(mut self, alarm: &'static Alarm) -> Self {
        self.definition.alarms = self.definition.alarms.with(alarm);
        self
    }

    /// How long an invocation may take; 10 s for routes, 30 s for workers and sweeps, 60 s for relays where nothing else is said.
    pub const fn timeout_s(mut self, seconds: u64) -> Self {
        self.definition.timeout = Duration::from_secs(seconds);
        self
    }

    /// Its memory, which also decides its share of a CPU; 256 MB where nothing else is said.
    pub const fn memory_mb(mut self, memory_mb: u32) -> Self {
        self.definition.memory_mb = memory_mb;
        self
    }

    /// The most DynamoDB calls and write units that one success may cost, when nothing else changes what it reads. Tests hold it.
    pub const fn costs(mut self, calls: Calls, wru: Wru) -> Self {
        self.definition.costs = Some(Costs { calls, wru });
        self
    }
}

impl Builder<Http> {
    const fn route(name: &'static str, method: Method, path: &'static str) -> Self {
        let idempotency = if method.is_mutating() { Idempotency::Key } else { Idempotency::Natural };
        let throttle = Throttle { rate: 500, burst: 1_000 };
        Self::new(name, Trigger::Http(Route { method, path, access: Access::User, idempotency, throttle }))
    }

    #[expect(clippy::panic, reason = "this builder is of a route, and is evaluated at compile time")]
    const fn change(mut self, change: RouteChange) -> Self {
        let Trigger::Http(mut route) = self.definition.trigger else { panic!("a route") };
        match change {
            RouteChange::Access(access) => route.access = access,
            RouteChange::Idempotency(idempotency) => route.idempotency = idempotency,
            RouteChange::Throttle(throttle) => route.throttle = throttle,
        }
        self.definition.trigger = Trigger::Http(route);
        self
    }

    /// Anyone may call it. Where nothing else is said, only the bearer of a token may.
    pub const fn public(self) -> Self {
        self.change(RouteChange::Access(Access::Public)).naturally_idempotent()
    }

    /// Only people whose groups, by the claim that the environment names, include `role` may call it.
    pub const fn staff(self, role: &'static StaffRole) -> Self {
        self.change(RouteChange::Access(Access::Staff(role))).chooses(&STAFF_CLAIM)
    }

    /// Only people who have one of `roles` in the organization may call it. To others the organization does not exist. The path's first
    /// parameter is `{organization}`.
    ///
    /// # Panics
    /// When it is not, or when there is no role: a compile error.
    pub const fn members(self, roles: &'static [Role]) -> Self {
        assert!(!roles.is_empty(), "a route of members names the roles that may call it");
        self.change(RouteChange::Access(Access::Member(roles)))
    }

    /// Only an organization's API key with `scope` may call it.
    pub const fn api_key(self, scope: &'static Scope) -> Self {
        self.change(RouteChange::Access(Access::ApiKey(scope)))
    }

    /// The bearer of `secret` may call it, whose signature covers the body. The message's id makes a repeat known.
    pub const fn signed(self, secret: &'static Secret) -> Self {
        self.change(RouteChange::Access(Access::Signed(secret))).naturally_idempotent().reads(secret)
    }

    /// The request itself names what it changes, so that it needs no `Idempotency-Key`.
    pub const fn naturally_idempotent(self) -> Self {
        self.change(RouteChange::Idempotency(Idempotency::Natural))
    }

    /// The steady rate and the burst that the gateway admits, in requests per second; 500 and 1,000 where nothing else is said.
    pub const fn throttle(self, rate: u32, burst: u32) -> Self {
        self.change(RouteChange::Throttle(Throttle { rate, burst }))
    }

    /// # Panics
    /// When the handler takes what the route does not provide: a compile error.
    #[expect(clippy::panic, reason = "this builder is of a route, and is evaluated at compile time")]
    pub const fn handled_by(self, handler: HttpHandler) -> Function {
        let Trigger::Http(route) = self.definition.trigger else { panic!("a route") };
        handler.needs.check(&route);
        assert!(
            !matches!(route.access, Access::Member(_)) || begins_with_organization(route.path),
            "the first parameter of a path for members is {{organization}}"
        );
        let this = if route.access.reads_access() { self.with(access::READS) } else { self };
        Function { definition: this.definition, handler: Handler::Http(handler) }
    }
}

/// Whether the first parameter of `path` is `{organization}`.
const fn begins_with_organization(path: &str) -> bool {
    let (path, name) = (path.as_bytes(), b"{organization}");
    let mut begin = 0;
    while begin < path.len() && path[begin] != b'{' {
        begin += 1;
    }
    let mut at = 0;
    while at < name.len() {
        if begin + at >= path.len() || path[begin + at] != name[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// A change of a route.
#[derive(Clone, Copy)]
enum RouteChange {
    Access(Access),
    Idempotency(Idempotency),
    Throttle(Throttle),
}

impl<T> Builder<Job<T>> {
    #[expect(clippy::panic, reason = "this builder is of a worker, and is evaluated at compile time")]
    const fn change(mut self, change: JobChange) -> Self {
        let Trigger::Queue { queue, mut batch, mut concurrency, mut retry } = self.definition.trigger else { panic!("a worker") };
        match change {
            JobChange::Batch(messages) => batch = messages,
            JobChange::Concurrency(invocations) => concurrency = invocations,
            JobChange::Retry(of_failures) => retry = of_failures,
        }
        self.definition.trigger = Trigger::Queue { queue, batch, concurrency, retry };
        self
    }

    /// One message an invocation.
    pub const fn one_at_a_time(self) -> Self {
        self.change(JobChange::Batch(1))
    }

    /// How many invocations may run at once; 10 where nothing else is said.
    pub const fn concurrency(self, invocations: u32) -> Self {
        self.change(JobChange::Concurrency(invocations))
    }

    /// A message that failed comes again when its failure says, instead of after the queue's visibility timeout. Links the SQS client.
    pub const fn retry_per_failure(self) -> Self {
        self.change(JobChange::Retry(Retry::as_failure_says()))
    }

    pub const fn handled_by(self, handler: JobHandler<T>) -> Function {
        Function { definition: self.definition, handler: Handler::Message(handler.handle()) }
    }
}

/// A change of a worker.
#[derive(Clone, Copy)]
enum JobChange {
    Batch(u32),
    Concurrency(u32),
    Retry(Retry),
}

impl Builder<Sweep> {
    const fn scheduled(name: &'static str, schedule: Schedule) -> Self {
        let queue = QueueSpec::new(name, "The scheduler's calls.");
        Self::new(name, Trigger::Schedule { queue, schedule }).timeout_s(30)
    }

    pub const fn handled_by(self, handler: SweepHandler) -> Function {
        Function { definition: self.definition, handler: Handler::Message(handler.0) }
    }
}

impl Builder<Relay> {
    /// Publishes what `map` makes of each change to `topic`. `written_at` says when a record was written.
    pub const fn publishes(mut self, topic: &'static Topic, map: MapChange, written_at: WrittenAt) -> Function {
        self.definition.publishes = self.definition.publishes.with(Publishes::to(topic));
        Function { definition: self.definition, handler: Handler::Relay { topic, map, written_at } }
    }
}
