//! What a handler may use: the clock, the meter of its costs, and the tables, queues, topics, secrets and settings of its definition. A
//! handler reaches nothing else.

use crate::access::gate::Gate;
use crate::access::key::KeyEntry;
use crate::access::verdict::Check;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::contract::Contract;
use crate::definition::{Definition, Publishes, Reads, Sends};
use crate::log_sink::LogSink;
use crate::meter::Meter;
use crate::resource::{Alarm, Queue, QueueSpec, Secret, Setting, Topic};
use crate::sdk::Sdk;
use crate::secrets::Secrets;
use crate::sender::{self, QueueSender, SendError, TopicSender};
use crate::store::record::{Key, Record};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;
use shared::hash::Hash;
use shared::id::UserId;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How many calls of a topic are under way at once: a relay's batch is fifty of them, and the table's stream waits for it.
const PUBLISHED_AT_ONCE: usize = 4;

/// What lives as long as a Lambda's process: connections, made when first used.
pub struct Environment {
    pub definition: &'static Definition,
    pub sdk: Sdk,
    pub clock: Arc<dyn Clock>,
    pub log: Arc<dyn LogSink>,
    /// Whose tokens are believed.
    pub issuer: Issuer,
    /// Whether replies show what they cost: everywhere but in production.
    pub shows_cost: bool,
    settings: Arc<Settings>,
    pub(crate) records: Cache<Key, Record>,
    pub(crate) gates: Cache<UserId, Option<Arc<Gate>>>,
    pub(crate) api_keys: Cache<Hash, Arc<KeyEntry>>,
    pub(crate) cold: std::sync::atomic::AtomicBool,
    pub(crate) contract: OnceLock<Contract>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    queues: OnceLock<Arc<dyn QueueSender>>,
    topics: OnceLock<Arc<dyn TopicSender>>,
    secrets: OnceLock<Arc<dyn Secrets>>,
}

/// What differs between AWS, a laptop and a simulator, beside the SDK's connector.
#[derive(Clone)]
pub struct ProcessEnv {
    pub clock: Arc<dyn Clock>,
    pub log: Arc<dyn LogSink>,
    pub issuer: Issuer,
    pub shows_cost: bool,
    /// The environment's choices, by name without `KOBAN_`: `SHARDS`.
    pub settings: Arc<Settings>,
}

/// Choices of an environment that functions read, by name.
pub type Settings = std::collections::BTreeMap<String, String>;

/// A setting that is missing, or is none of its choices.
#[derive(Debug, thiserror::Error)]
#[error("KOBAN_{} is missing, or none of its choices ({}): set it in Terraform's variables", .0.name, .0.doc)]
pub struct SettingError(&'static Setting);

/// Who issues the tokens of callers, and for whom.
#[derive(Debug, Clone)]
pub struct Issuer {
    pub url: String,
    pub audience: String,
}

impl Environment {
    pub fn new(definition: &'static Definition, sdk: Sdk, process_env: ProcessEnv) -> Self {
        let ProcessEnv { clock, log, issuer, shows_cost, settings } = process_env;
        Self {
            definition,
            sdk,
            clock,
            log,
            issuer,
            shows_cost,
            settings,
            records: Cache::default(),
            gates: Cache::default(),
            api_keys: Cache::default(),
            cold: true.into(),
            contract: OnceLock::new(),
            dynamodb: OnceLock::new(),
            queues: OnceLock::new(),
            topics: OnceLock::new(),
            secrets: OnceLock::new(),
        }
    }

    /// The call of an init, made while Lambda gives it a whole CPU: a function that uses tables gets its connection to them.
    pub(crate) async fn connect(&self) {
        if !self.definition.grants.is_empty() {
            self.sdk.connect_dynamodb().await;
        }
    }

    pub(crate) fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| self.sdk.dynamodb())
    }
}

/// One invocation.
pub struct Context {
    pub env: Arc<Environment>,
    pub request_id: String,
    /// `traceparent` or the X-Ray header, passed on as it came.
    pub trace: String,
    /// The first invocation of its process.
    pub cold: bool,
    pub deadline: tokio::time::Instant,
    pub meter: Meter,
    pub(crate) check: Check,
}

impl Context {
    pub fn new(env: Arc<Environment>, request_id: String, trace: String, deadline: tokio::time::Instant) -> Self {
        let cold = env.cold.swap(false, std::sync::atomic::Ordering::Relaxed);
        Self { env, request_id, trace, cold, deadline, meter: Meter::default(), check: Check::default() }
    }

    pub fn definition(&self) -> &'static Definition {
        self.env.definition
    }

    /// Goes on with the trace that the caller or the message named: it says more than the runtime's own. One that is not visible
    /// ASCII, or too long for a header, is not passed on.
    pub(crate) fn take_trace(&mut self, trace: Option<&str>) {
        let fits = |trace: &&str| (1..=128).contains(&trace.len()) && trace.bytes().all(|byte| byte.is_ascii_graphic());
        if let Some(trace) = trace.filter(fits) {
            trace.clone_into(&mut self.trace);
        }
    }

    pub fn now(&self) -> Timestamp {
        self.env.clock.now()
    }

    /// What the environment chose for `setting`.
    ///
    /// # Errors
    /// When nothing was chosen, or what is none of its choices: there is no default that would do instead.
    ///
    /// # Panics When the function's definition does not list the setting: on AWS it would not be set.
    pub fn setting<T: std::str::FromStr>(&self, setting: &'static Setting) -> Result<T, SettingError> {
        let declared = self.definition().settings.iter().any(|declared| std::ptr::eq(declared, setting));
        assert!(declared, "{} does not read the setting {}", self.definition().name, setting.name);
        let chosen = self.env.settings.get(setting.name);
        chosen.and_then(|chosen| chosen.parse().ok()).ok_or(SettingError(setting))
    }

    /// How long this invocation may still run.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(tokio::time::Instant::now())
    }

    /// Whether the function may raise `alarm`.
    pub(crate) fn may_raise(&self, alarm: &'static Alarm) -> bool {
        self.definition().alarms.iter().any(|declared| std::ptr::eq(declared, alarm))
    }

    /// The sender to `queue`.
    ///
    /// # Panics
    /// When the function's definition does not list the queue: a mistake in the code, found by the first test that runs it.
    #[expect(clippy::panic, reason = "a function uses what its definition lists: the first test that runs it finds where not")]
    pub fn queue<T: Serialize>(&self, queue: &'static Queue<T>) -> QueueHandle<'_, T> {
        let spec = &queue.spec;
        let declared = self.definition().sends.iter().find(|sends| std::ptr::eq(sends.queue, spec));
        let Sends { connect, .. } =
            declared.unwrap_or_else(|| panic!("{} does not send to {}", self.definition().name, spec.name));
        QueueHandle { context: self, spec, sender: self.queue_sender(connect), message: PhantomData }
    }

    /// Sends bodies as they are to the queue that keeps what this relay could not map.
    pub(crate) async fn send_failures(&self, failures: &'static QueueSpec, bodies: &[String]) -> Result<(), SendError> {
        let sender = self.queue_sender(sender::connect_queues);
        send(self, sender.as_ref(), failures, bodies, Duration::ZERO).await
    }

    pub(crate) fn queue_sender(&self, connect: sender::ConnectQueues) -> Arc<dyn QueueSender> {
        self.env.queues.get_or_init(|| connect(&self.env.sdk)).clone()
    }

    /// The publisher to `topic`.
    ///
    /// # Panics
    /// When the function's definition does not list the topic.
    #[expect(clippy::panic, reason = "a function uses what its definition lists: the first test that runs it finds where not")]
    pub fn topic(&self, topic: &'static Topic) -> TopicHandle<'_> {
        let declared = self.definition().publishes.iter().find(|publishes| std::ptr::eq(publishes.topic, topic));
        let Publishes { connect, .. } =
            declared.unwrap_or_else(|| panic!("{} does not publish to {}", self.definition().name, topic.name));
        TopicHandle { context: self, topic, sender: self.env.topics.get_or_init(|| connect(&self.env.sdk)).clone() }
    }

    /// The current values of `secret`: one, or two while it is being changed.
    ///
    /// # Panics
    /// When the function's definition does not list the secret.
    #[expect(clippy::panic, reason = "a function uses what its definition lists: the first test that runs it finds where not")]
    pub async fn secret(&self, secret: &'static Secret) -> Result<Arc<[crate::secrets::SecretValue]>, SendError> {
        let declared = self.definition().secrets.iter().find(|reads| std::ptr::eq(reads.secret, secret));
        let Reads { connect, .. } =
            declared.unwrap_or_else(|| panic!("{} does not read {}", self.definition().name, secret.name));
        let secrets = self.env.secrets.get_or_init(|| connect(&self.env.sdk)).clone();
        secrets.read(&self.env.sdk.names.secret(secret), self.now()).await
    }
}

/// The longest delay of SQS.
const DELAY_MAX: Duration = Duration::from_mins(15);

/// Sends to one queue.
pub struct QueueHandle<'a, T> {
    context: &'a Context,
    spec: &'static QueueSpec,
    sender: Arc<dyn QueueSender>,
    message: PhantomData<fn(T)>,
}

impl<T: Serialize> QueueHandle<'_, T> {
    /// Sends one message.
    ///
    /// # Errors
    /// As [`Self::send_all`].
    pub async fn send(&self, message: &T, delay: Duration) -> Result<(), SendError> {
        self.send_all(std::slice::from_ref(message), delay).await
    }

    /// Sends every message, each to be delivered after `delay` (at most 15 minutes).
    ///
    /// # Errors
    /// When some may not have been accepted. Send all of them again: consumers expect duplicates.
    pub async fn send_all(&self, messages: &[T], delay: Duration) -> Result<(), SendError> {
        let bodies: Result<Vec<_>, _> = messages.iter().map(serde_json::to_string).collect();
        let bodies = bodies.map_err(|error| SendError::new(self.spec.name, error))?;
        send(self.context, self.sender.as_ref(), self.spec, &bodies, delay).await
    }
}

/// Not generic: compiled once for all messages.
async fn send(
    context: &Context,
    sender: &dyn QueueSender,
    spec: &'static QueueSpec,
    bodies: &[String],
    delay: Duration,
) -> Result<(), SendError> {
    context.may_write().await.map_err(|error| SendError::new(spec.name, error))?;
    let url = context.env.sdk.names.queue_url(spec);
    for chunk in bodies.chunks(10) {
        context.meter.count_call();
        sender.send(&url, chunk, delay.min(DELAY_MAX), &context.trace).await?;
    }
    Ok(())
}

/// Publishes to one topic.
pub struct TopicHandle<'a> {
    context: &'a Context,
    topic: &'static Topic,
    sender: Arc<dyn TopicSender>,
}

impl TopicHandle<'_> {
    /// Publishes every event, in no order: neither topics nor queues keep one. Success means that all were accepted. After an error publish
    /// all of them again: consumers expect duplicates.
    pub async fn publish(&self, events: &[String]) -> Result<(), SendError> {
        self.context.may_write().await.map_err(|error| SendError::new(self.topic.name, error))?;
        let arn = &self.context.env.sdk.names.topic_arn(self.topic);
        let publish = |chunk| async move {
            self.context.meter.count_call();
            self.sender.publish(arn, chunk, &self.context.trace).await
        };
        let calls: Vec<_> = events.chunks(10).map(publish).collect();
        stream::iter(calls).buffer_unordered(PUBLISHED_AT_ONCE).try_collect().await
    }
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
