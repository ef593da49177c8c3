//! Records: the one shape that every item of every table has, and the conditional puts that write them.

use crate::resource::Table;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::journal::Line;
use std::collections::HashMap;
use thiserror::Error;

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Why a table could not be read or written. The caller learns only whether to try again.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("{operation} was throttled")]
    Throttled {
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{operation} failed")]
    Failed {
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{key} is malformed: {reason}")]
    Malformed { key: String, reason: String },
    /// Before a write: nothing was written. The caller gets the refusal itself.
    #[error("the caller is not admitted: {code}")]
    NotAdmitted { code: &'static str },
}

impl StoreError {
    pub fn malformed(key: &Key, reason: &str) -> Self {
        Self::Malformed { key: format!("{}/{}", key.pk, key.sk), reason: reason.to_owned() }
    }
}

/// Where a record is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub key: Key,
    /// What it says, as JSON bytes.
    pub body: Vec<u8>,
    /// A line's chain hash, or the hash of the request that made an object.
    pub hash: Option<Vec<u8>>,
    /// Counts the changes of an object that may change; its next version is written on the condition that this is still the last.
    pub revision: Option<u64>,
    /// The attributes that sparse indexes read.
    pub index: Vec<(&'static str, String)>,
    /// When DynamoDB may delete it, in seconds since 1970; only refusals have it.
    pub expires_at: Option<i64>,
}

impl Record {
    pub fn new(key: Key, body: Vec<u8>) -> Self {
        Self { key, body, hash: None, revision: None, index: Vec::new(), expires_at: None }
    }

    /// A record of `value`, as JSON.
    ///
    /// # Panics
    /// When `value` cannot be JSON: none of our types fails.
    #[expect(clippy::panic, reason = "our records are structs and lists of plain data, which always have a JSON form")]
    pub fn of(key: Key, value: &impl serde::Serialize) -> Self {
        Self::new(key, serde_json::to_vec(value).unwrap_or_else(|error| panic!("a record that is not JSON: {error}")))
    }

    pub fn of_line(line: &Line) -> Self {
        let key = Key::new(line.entity.clone(), Line::sort_key(line.seq));
        Self { hash: Some(line.hash.to_vec()), ..Self::new(key, line.body.clone()) }
    }

    /// The line that this record is.
    pub fn line(&self) -> Result<Line, StoreError> {
        let seq = self.key.sk.parse().map_err(|_| StoreError::malformed(&self.key, "its sort key is no sequence"))?;
        let hash = self.hash.as_deref().and_then(|hash| hash.try_into().ok());
        let hash = hash.ok_or_else(|| StoreError::malformed(&self.key, "its hash is not 32 bytes"))?;
        Ok(Line { entity: self.key.pk.clone(), seq, body: self.body.clone(), hash })
    }

    /// What the body says.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, StoreError> {
        serde_json::from_slice(&self.body).map_err(|error| StoreError::malformed(&self.key, &error.to_string()))
    }

    pub(super) fn into_item(self) -> Item {
        let mut item = Item::with_capacity(8);
        item.insert("pk".into(), AttributeValue::S(self.key.pk));
        item.insert("sk".into(), AttributeValue::S(self.key.sk));
        item.insert("body".into(), AttributeValue::B(Blob::new(self.body)));
        if let Some(hash) = self.hash {
            item.insert("hash".into(), AttributeValue::B(Blob::new(hash)));
        }
        if let Some(revision) = self.revision {
            item.insert("rev".into(), AttributeValue::N(revision.to_string()));
        }
        if let Some(expires_at) = self.expires_at {
            item.insert("ttl".into(), AttributeValue::N(expires_at.to_string()));
        }
        item.extend(self.index.into_iter().map(|(name, value)| (name.to_owned(), AttributeValue::S(value))));
        item
    }

    /// The record that an item of a table is.
    pub fn from_item(mut item: Item) -> Result<Self, StoreError> {
        let key = key_of(&mut item)?;
        let blob = |value: Option<AttributeValue>| match value {
            Some(AttributeValue::B(blob)) => Some(blob.into_inner()),
            _ => None,
        };
        let body = blob(item.remove("body")).ok_or_else(|| StoreError::malformed(&key, "it has no body"))?;
        let hash = blob(item.remove("hash"));
        let number = |name| item.get(name).and_then(|value| value.as_n().ok()).and_then(|number| number.parse::<i64>().ok());
        let revision = number("rev").and_then(|revision| u64::try_from(revision).ok());
        Ok(Self { body, hash, revision, index: Vec::new(), expires_at: number("ttl"), key })
    }
}

pub(super) fn key_of(item: &mut Item) -> Result<Key, StoreError> {
    match (item.remove("pk"), item.remove("sk")) {
        (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => Ok(Key { pk, sk }),
        _ => Err(StoreError::Malformed { key: "an item".into(), reason: "it has no key".into() }),
    }
}

/// When a put may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing has this key yet.
    Absent,
    /// The object is still at this revision.
    Revision(u64),
}

/// A conditional put.
#[derive(Debug, Clone)]
pub struct Write {
    pub table: &'static Table,
    pub record: Record,
    pub condition: Condition,
}

impl Write {
    pub const fn if_absent(table: &'static Table, record: Record) -> Self {
        Self { table, record, condition: Condition::Absent }
    }

    /// The next version of `record`'s object, whose last was `revision`.
    pub fn next_revision(table: &'static Table, mut record: Record, revision: u64) -> Self {
        record.revision = Some(revision + 1);
        Self { table, record, condition: Condition::Revision(revision) }
    }
}
