//! A table, as handlers use it: records that are read, and written by conditional puts alone. Every item has the same shape, so this
//! is the one place that knows DynamoDB's types; it instantiates the SDK once for all functions.

pub(crate) mod record;

pub use record::{Condition, Key, Record, StoreError, Write};
use record::{Item, key_of};

use crate::context::Context;
use crate::resource::{Index, Table};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConsumedCapacity, KeysAndAttributes, Put, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use futures_util::future::BoxFuture;
use shared::planted::{self, Bug};
use std::collections::HashMap;
use std::time::Duration;
use thiserror::Error;

/// The most keys one `BatchGetItem` takes.
const BATCH_KEYS_MAX: usize = 100;
/// How often keys that a batch left unprocessed are asked for again.
const BATCH_ROUNDS_MAX: u32 = 5;

/// Why a put or a transaction did not happen.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The reason for each write, in order.
    #[error("canceled: {0:?}")]
    Canceled(Vec<CancelReason>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why DynamoDB did not do one write of a canceled transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelReason {
    /// Nothing; another write was refused.
    None,
    /// Its condition does not hold; this is what is there.
    Condition(Option<Box<Record>>),
    /// Another transaction holds the item, or capacity ran out: the same again may succeed.
    Transient,
    Other(String),
}

/// A page of a query.
#[derive(Debug, Default)]
pub struct Page {
    pub records: Vec<Record>,
    /// The sort key to continue after.
    pub next: Option<String>,
}

/// Which records of a partition.
#[derive(Debug, Clone)]
pub struct Range<'a> {
    pub pk: &'a str,
    /// Only sort keys that begin with this.
    pub prefix: &'a str,
    /// Only sort keys beyond this one, in reading order.
    pub after: Option<&'a str>,
    pub newest_first: bool,
    pub limit: Option<u32>,
}

impl<'a> Range<'a> {
    pub const fn all(pk: &'a str) -> Self {
        Self { pk, prefix: "", after: None, newest_first: false, limit: None }
    }
}

/// A table in the hands of one invocation.
#[derive(Clone, Copy)]
pub struct Store<'a> {
    context: &'a Context,
    table: &'static Table,
}

impl Context {
    pub fn table(&self, table: &'static Table) -> Store<'_> {
        Store::new(self, table)
    }

    /// A record, read consistently or from a copy at most `age_max` old. Keys must be unique over the tables that one function copies
    /// from.
    pub async fn copy(&self, table: &'static Table, key: &Key, age_max: Duration) -> Result<Option<Record>, StoreError> {
        let now = self.now();
        if let Some(copy) = self.env.records.get(key, now, age_max) {
            return Ok(Some(copy));
        }
        let record = self.table(table).get(key).await?;
        if let Some(record) = &record {
            self.env.records.put(key.clone(), record.clone(), now);
        }
        Ok(record)
    }
}

impl<'a> Store<'a> {
    pub(crate) const fn new(context: &'a Context, table: &'static Table) -> Self {
        Self { context, table }
    }

    fn name(&self) -> String {
        self.context.env.sdk.names.table(self.table)
    }

    /// One record, read consistently.
    pub async fn get(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let (units, record) = self.get_item(key, true).await;
        self.context.meter.count_dynamodb(units, 0.0);
        record
    }

    /// One record of the check of a caller, which is counted apart. In a box: it is part of every invocation.
    pub(crate) fn get_for_check(self, key: Key, consistent: bool) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async move {
            let (units, record) = self.get_item(&key, consistent).await;
            self.context.meter.count_check(units);
            record
        })
    }

    /// A record, after the read units that it took.
    async fn get_item(&self, key: &Key, consistent: bool) -> (f64, Result<Option<Record>, StoreError>) {
        let request = self.context.env.dynamodb().get_item().table_name(self.name()).consistent_read(consistent);
        let request = request.key("pk", AttributeValue::S(key.pk.clone())).key("sk", AttributeValue::S(key.sk.clone()));
        match request.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await {
            Ok(reply) => (units(reply.consumed_capacity.as_slice()), reply.item.map(Record::from_item).transpose()),
            Err(error) => (0.0, Err(failure("GetItem", error))),
        }
    }

    /// The newest record of a partition, read consistently: a journal's tail.
    pub async fn tail(&self, pk: &str) -> Result<Option<Record>, StoreError> {
        let range = Range { newest_first: true, limit: Some(1), ..Range::all(pk) };
        Ok(self.page(&range).await?.records.pop())
    }

    /// A page of records, read consistently; at most 1 MB.
    pub async fn page(&self, range: &Range<'_>) -> Result<Page, StoreError> {
        let mut request = self.context.env.dynamodb().query().table_name(self.name()).consistent_read(true);
        request = request
            .expression_attribute_values(":pk", AttributeValue::S(range.pk.to_owned()))
            .scan_index_forward(!range.newest_first)
            .set_limit(range.limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if range.prefix.is_empty() {
            request = request.key_condition_expression("pk = :pk");
        } else {
            request = request
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(range.prefix.to_owned()));
        }
        if let Some(after) = range.after {
            request = request
                .exclusive_start_key("pk", AttributeValue::S(range.pk.to_owned()))
                .exclusive_start_key("sk", AttributeValue::S(after.to_owned()));
        }
        let reply = request.send().await.map_err(|error| self.failed("Query", error))?;
        self.count_read(reply.consumed_capacity.as_slice());
        let next = reply.last_evaluated_key.map(|mut key| key_of(&mut key)).transpose()?.map(|key| key.sk);
        let records = reply.items.unwrap_or_default().into_iter().map(Record::from_item).collect::<Result<_, _>>()?;
        Ok(Page { records, next })
    }

    /// Every record of a range, page by page.
    pub async fn all(&self, range: &Range<'_>) -> Result<Vec<Record>, StoreError> {
        let mut page = self.page(range).await?;
        let mut records = page.records;
        while let Some(next) = page.next {
            page = self.page(&Range { after: Some(&next), ..range.clone() }).await?;
            records.append(&mut page.records);
        }
        Ok(records)
    }

    /// Keys from an index, eventually consistent, with range values of at least `from`. They are the newest first when asked. They begin
    /// after `after`: the index's range value and the record's key.
    pub async fn index_page(&self, index: &'static Index, query: &IndexQuery<'_>) -> Result<Vec<IndexEntry>, StoreError> {
        let mut request = self.context.env.dynamodb().query().table_name(self.name()).index_name(index.name);
        request = request
            .key_condition_expression("#hash = :hash AND #range >= :from")
            .expression_attribute_names("#hash", index.hash)
            .expression_attribute_names("#range", index.range)
            .expression_attribute_values(":hash", AttributeValue::S(query.hash.to_owned()))
            .expression_attribute_values(":from", AttributeValue::S(query.from.to_owned()))
            .scan_index_forward(!query.newest_first)
            .limit(i32::try_from(query.limit).unwrap_or(i32::MAX))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if let Some(after) = query.after {
            request = request
                .exclusive_start_key(index.hash, AttributeValue::S(query.hash.to_owned()))
                .exclusive_start_key(index.range, AttributeValue::S(after.range.clone()))
                .exclusive_start_key("pk", AttributeValue::S(after.key.pk.clone()))
                .exclusive_start_key("sk", AttributeValue::S(after.key.sk.clone()));
        }
        let reply = request.send().await.map_err(|error| self.failed("Query", error))?;
        self.count_read(reply.consumed_capacity.as_slice());
        let entries = reply.items.unwrap_or_default().into_iter().map(|mut item| {
            let range = item.remove(index.range).and_then(|value| value.as_s().ok().cloned()).unwrap_or_default();
            Ok(IndexEntry { range, key: key_of(&mut item)? })
        });
        entries.collect()
    }

    /// The records of `keys` that exist, in no order, read consistently.
    pub async fn batch(&self, keys: &[Key]) -> Result<HashMap<Key, Record>, StoreError> {
        let mut found = HashMap::with_capacity(keys.len());
        for chunk in keys.chunks(BATCH_KEYS_MAX) {
            self.batch_chunk(chunk, &mut found).await?;
        }
        Ok(found)
    }

    async fn batch_chunk(&self, keys: &[Key], found: &mut HashMap<Key, Record>) -> Result<(), StoreError> {
        let name = self.name();
        let item = |key: &Key| {
            let (pk, sk) = (AttributeValue::S(key.pk.clone()), AttributeValue::S(key.sk.clone()));
            Item::from([("pk".to_owned(), pk), ("sk".to_owned(), sk)])
        };
        let mut asked: Vec<Item> = keys.iter().map(item).collect();
        for _ in 0..BATCH_ROUNDS_MAX {
            let wanted = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(std::mem::take(&mut asked))).build();
            let wanted = wanted.map_err(|error| self.failed_with("BatchGetItem", error))?;
            let request = self.context.env.dynamodb().batch_get_item().request_items(name.clone(), wanted);
            let reply = request.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
            let reply = reply.map_err(|error| self.failed("BatchGetItem", error))?;
            self.count_read(reply.consumed_capacity());
            for item in reply.responses.into_iter().flat_map(HashMap::into_values).flatten() {
                let record = Record::from_item(item)?;
                found.insert(record.key.clone(), record);
            }
            match reply.unprocessed_keys.and_then(|mut left| left.remove(&name)) {
                Some(left) if !left.keys().is_empty() => asked = left.keys,
                _ => return Ok(()),
            }
            tokio::time::sleep(jitter(50)).await;
        }
        Err(StoreError::Throttled { operation: "BatchGetItem", source: "keys stay unprocessed".into() })
    }

    /// Deletes an item, unless it has a hash. Returns whether it is gone.
    pub(crate) async fn delete_unhashed(&self, key: &Key) -> Result<bool, StoreError> {
        use aws_sdk_dynamodb::operation::delete_item::DeleteItemError::ConditionalCheckFailedException;
        self.context.may_write().await?;
        let request = self.context.env.dynamodb().delete_item().table_name(self.name());
        let request = request.key("pk", AttributeValue::S(key.pk.clone())).key("sk", AttributeValue::S(key.sk.clone()));
        let request = request.condition_expression("attribute_not_exists(#c)").expression_attribute_names("#c", "hash");
        let error = match request.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await {
            Ok(reply) => {
                self.context.meter.count_dynamodb(0.0, units(reply.consumed_capacity.as_slice()));
                return Ok(true);
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(ConditionalCheckFailedException(_)) => {
                self.context.meter.count_dynamodb(0.0, 1.0);
                Ok(false)
            }
            _ => Err(self.failed("DeleteItem", error)),
        }
    }

    fn count_read(&self, consumed: &[ConsumedCapacity]) {
        self.context.meter.count_dynamodb(units(consumed), 0.0);
    }

    fn failed<E, R>(&self, operation: &'static str, error: SdkError<E, R>) -> StoreError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        self.context.meter.count_dynamodb(0.0, 0.0);
        failure(operation, error)
    }

    fn failed_with(&self, operation: &'static str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
        self.context.meter.count_dynamodb(0.0, 0.0);
        StoreError::Failed { operation, source: error.into() }
    }
}

/// A query of an index.
#[derive(Debug)]
pub struct IndexQuery<'a> {
    pub hash: &'a str,
    pub from: &'a str,
    pub newest_first: bool,
    pub after: Option<&'a IndexEntry>,
    pub limit: u32,
}

/// What a keys-only index says of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    pub range: String,
    pub key: Key,
}

/// Writes everything, or nothing: one put alone, several in a transaction. An error has the reason for each.
pub async fn write(context: &Context, mut writes: Vec<Write>) -> Result<(), WriteError> {
    assert!((1..=100).contains(&writes.len()), "a transaction takes 1 to 100 writes");
    context.may_write().await?;
    match (writes.pop(), writes.is_empty()) {
        (Some(only), true) => write_one(context, only).await,
        (last, _) => {
            writes.extend(last.filter(|_| !planted::is_on(Bug::LastWriteLost)));
            write_all(context, writes).await
        }
    }
}

async fn write_one(context: &Context, write: Write) -> Result<(), WriteError> {
    let table = Store::new(context, write.table);
    let mut request = context.env.dynamodb().put_item().table_name(table.name());
    let (expression, name, value) = condition(write.condition);
    request = request.condition_expression(expression).expression_attribute_names("#c", name);
    if let Some(value) = value {
        request = request.expression_attribute_values(":c", value);
    }
    let reply = request
        .set_item(Some(write.record.into_item()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await;
    let error = match reply {
        Ok(reply) => {
            context.meter.count_dynamodb(0.0, units(reply.consumed_capacity.as_slice()));
            return Ok(());
        }
        Err(error) => error,
    };
    match error.as_service_error() {
        Some(aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed)) => {
            context.meter.count_dynamodb(0.0, 1.0);
            let found = failed.item().cloned().map(Record::from_item).transpose()?;
            Err(WriteError::Canceled(vec![CancelReason::Condition(found.map(Box::new))]))
        }
        _ => Err(table.failed("PutItem", error).into()),
    }
}

async fn write_all(context: &Context, writes: Vec<Write>) -> Result<(), WriteError> {
    use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException;
    let table = Store::new(context, writes[0].table);
    let billed = 2.0 * f64::from(u16::try_from(writes.len()).unwrap_or(u16::MAX));
    let puts = writes.into_iter().map(|write| put(context, write)).collect::<Result<_, _>>()?;
    let request = context.env.dynamodb().transact_write_items().set_transact_items(Some(puts));
    let error = match request.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await {
        Ok(reply) => {
            context.meter.count_dynamodb(0.0, units(reply.consumed_capacity()));
            return Ok(());
        }
        Err(error) => error,
    };
    match error.as_service_error() {
        Some(TransactionCanceledException(canceled)) => {
            context.meter.count_dynamodb(0.0, billed);
            let reasons = canceled.cancellation_reasons().iter().map(cancel_reason).collect::<Result<_, _>>()?;
            Err(WriteError::Canceled(reasons))
        }
        _ => Err(table.failed("TransactWriteItems", error).into()),
    }
}

fn put(context: &Context, write: Write) -> Result<TransactWriteItem, StoreError> {
    let table = Store::new(context, write.table);
    let (expression, name, value) = condition(write.condition);
    let mut put = Put::builder().table_name(table.name()).set_item(Some(write.record.into_item()));
    put = put.condition_expression(expression).expression_attribute_names("#c", name);
    if let Some(value) = value {
        put = put.expression_attribute_values(":c", value);
    }
    put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let put = put.build().map_err(|error| table.failed_with("TransactWriteItems", error))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

fn condition(condition: Condition) -> (&'static str, &'static str, Option<AttributeValue>) {
    match condition {
        // No item has such an attribute.
        Condition::Absent if planted::is_on(Bug::PutOverOthers) => ("attribute_not_exists(#c)", "id", None),
        Condition::Absent => ("attribute_not_exists(#c)", "pk", None),
        Condition::Revision(_) if planted::is_on(Bug::RevisionNotCompared) => ("attribute_exists(#c)", "rev", None),
        Condition::Revision(revision) => ("#c = :c", "rev", Some(AttributeValue::N(revision.to_string()))),
    }
}

fn cancel_reason(reason: &CancellationReason) -> Result<CancelReason, StoreError> {
    Ok(match reason.code() {
        None | Some("None") => CancelReason::None,
        Some("ConditionalCheckFailed") => {
            CancelReason::Condition(reason.item().cloned().map(Record::from_item).transpose()?.map(Box::new))
        }
        Some(code) if is_transient(code) => CancelReason::Transient,
        Some(code) => CancelReason::Other(format!("{code}: {}", reason.message().unwrap_or_default())),
    })
}

/// Why a call failed.
fn failure<E, R>(operation: &'static str, error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    if error.code().is_some_and(is_transient) {
        return StoreError::Throttled { operation, source: Box::new(error) };
    }
    StoreError::Failed { operation, source: Box::new(error) }
}

/// Error and reason codes that say nothing of the request itself.
fn is_transient(code: &str) -> bool {
    matches!(
        code,
        "TransactionConflict"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            | "ThrottlingError"
            | "ThrottlingException"
            | "ProvisionedThroughputExceeded"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
    )
}

fn units(consumed: &[ConsumedCapacity]) -> f64 {
    consumed.iter().filter_map(ConsumedCapacity::capacity_units).sum()
}

/// A random wait of up to `ms_max` milliseconds.
pub fn jitter(ms_max: u64) -> std::time::Duration {
    std::time::Duration::from_millis(fastrand::u64(0..=ms_max))
}
