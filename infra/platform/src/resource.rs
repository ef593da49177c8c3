//! What functions touch: tables, queues, topics, secrets, settings. Each is one constant in the service that owns it. The Terraform wiring,
//! the local cloud and the grants are derived from it.

use crate::list::List;
use schemars::{Schema, SchemaGenerator};
use shared::event::Event;
use std::fmt::{self, Debug, Formatter};
use std::marker::PhantomData;
use std::ops::Deref;

/// A DynamoDB table. Every table has the same shape: `pk` and `sk`, both strings, and a binary `body`.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub doc: &'static str,
    pub indexes: &'static [Index],
}

/// A kind of personal items: those of a table whose partition key begins with a word and `#`, such as `memo#`. They are the only items
/// that a function may ever delete.
#[derive(Debug)]
pub struct Personal {
    pub table: &'static Table,
    /// `memo#`
    pub prefix: &'static str,
}

impl Personal {
    /// The items of `table` whose partition key begins with `prefix`.
    ///
    /// # Panics
    /// When the prefix is not small letters and hyphens with `#` at its end: IAM would read some other characters as patterns. Kinds are
    /// made at compile time, so this is a compile error.
    pub const fn of(table: &'static Table, prefix: &'static str) -> Self {
        let bytes = prefix.as_bytes();
        assert!(bytes.len() > 1 && bytes[bytes.len() - 1] == b'#', "a kind is a word and #");
        let mut at = 0;
        while at < bytes.len() - 1 {
            assert!(bytes[at].is_ascii_lowercase() || bytes[at] == b'-', "a kind's word has small letters and hyphens");
            at += 1;
        }
        Self { table, prefix }
    }
}

/// A keys-only index over two string attributes that only some items have.
#[derive(Debug)]
pub struct Index {
    pub name: &'static str,
    pub hash: &'static str,
    pub range: &'static str,
}

/// An SQS queue, always with a dead-letter queue beside it: see `dead_letter_name`.
#[derive(Debug, Clone, Copy)]
pub struct QueueSpec {
    pub name: &'static str,
    pub doc: &'static str,
    /// How often a message is received before it goes to the dead-letter queue; at least 5.
    pub receives_max: u32,
    /// The topics it subscribes to, with the event types it wants of each.
    pub subscriptions: List<Subscription, 8>,
}

/// How often a message is received where its queue does not say otherwise.
const RECEIVES_MAX: u32 = 5;

impl QueueSpec {
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc, receives_max: RECEIVES_MAX, subscriptions: List::EMPTY }
    }
}

/// A queue of messages that are `T` as JSON. Senders and the worker use the same `T`: a mismatch does not compile.
pub struct Queue<T> {
    pub spec: QueueSpec,
    message: PhantomData<fn(T) -> T>,
}

impl<T> Queue<T> {
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Self { spec: QueueSpec::new(name, doc), message: PhantomData }
    }

    /// How often a message is received before it goes to the dead-letter queue; at least 5.
    #[must_use]
    pub const fn receives(mut self, receives_max: u32) -> Self {
        self.spec.receives_max = receives_max;
        self
    }

    /// Wants these types of a topic's events, and of those only the ones whose data has one of the named values in each named field.
    #[must_use]
    pub const fn subscribes(
        mut self,
        topic: &'static Topic,
        types: &'static [&'static str],
        data: &'static [(&'static str, &'static [&'static str])],
    ) -> Self {
        self.spec.subscriptions = self.spec.subscriptions.with(Subscription { topic, types, data });
        self
    }
}

impl<T> Deref for Queue<T> {
    type Target = QueueSpec;

    fn deref(&self) -> &QueueSpec {
        &self.spec
    }
}

impl<T> Debug for Queue<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}

/// The name of a queue's dead-letter queue.
pub fn dead_letter_name(queue: &str) -> String {
    format!("{queue}-dlq")
}

/// A subscription of a queue to a topic, raw delivery, filtered by the `type` of the event.
#[derive(Debug, Clone, Copy)]
pub struct Subscription {
    pub topic: &'static Topic,
    pub types: &'static [&'static str],
    /// Further conditions on fields of the event's data: the field and the values it may have.
    pub data: &'static [(&'static str, &'static [&'static str])],
}

/// An SNS topic: a service's events.
#[derive(Debug)]
pub struct Topic {
    pub name: &'static str,
    pub doc: &'static str,
    /// Every type of event that is published to it.
    pub events: &'static [EventType],
}

/// A type of event: its name and the JSON Schema of its data, which is committed under `shared/schemas`.
#[derive(Debug)]
pub struct EventType {
    pub name: &'static str,
    pub schema: fn() -> Schema,
}

impl EventType {
    pub const fn of<D: Event>() -> Self {
        Self { name: D::TYPE, schema: || SchemaGenerator::default().into_root_schema_for::<D>() }
    }
}

/// A secret, kept as an SSM SecureString outside Terraform: one or two values at a time, one a line.
#[derive(Debug)]
pub struct Secret {
    pub name: &'static str,
    pub doc: &'static str,
}

/// A choice of the environment that a function reads: `KOBAN_<name>` among its variables, which Terraform sets from its own variable.
#[derive(Debug)]
pub struct Setting {
    /// `SHARDS`
    pub name: &'static str,
    /// What is chosen, and between what.
    pub doc: &'static str,
    /// What the local cloud chooses when it is not started otherwise.
    pub local: &'static str,
}

/// An alarm that functions raise themselves: for what must never happen and did.
#[derive(Debug)]
pub struct Alarm {
    pub name: &'static str,
    /// What it means, for the person whom it wakes.
    pub doc: &'static str,
}
