//! What `ClientRequestToken` promises of a transaction: for ten minutes the same token has no second effect, and another request under
//! it is refused. A repeat costs one look into a hash map, since the SDK puts a token into every transaction of a function. Tokens are
//! kept in memory alone: a restart forgets them.

use super::{Reply, Request};
use dynoxide::actions::transact_write_items::{TransactWriteItem, TransactWriteItemsRequest};
use dynoxide::types::{AttributeValue, item_size, read_capacity_units};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How long DynamoDB remembers a token after its request was completed.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_mins(10);
/// How many tokens are remembered: beyond that the oldest is forgotten. About 20 MB.
const TOKENS_MAX: usize = 262_144;
/// The longest token in bytes.
const TOKEN_BYTES_MAX: usize = 36;

/// A token and what was asked under it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    token: u128,
    parameters: u64,
}

impl Claim {
    /// The claim of `request`, if it has a token.
    ///
    /// # Errors
    /// DynamoDB's refusal of a token that is too long or empty.
    pub(super) fn of(request: &Request) -> Result<Option<Self>, Reply> {
        let Request::TransactWriteItems(request) = request else { return Ok(None) };
        let Some(token) = &request.client_request_token else { return Ok(None) };
        let limit = match token.len() {
            0 => Some("greater than or equal to 1".to_owned()),
            length if length > TOKEN_BYTES_MAX => Some(format!("less than or equal to {TOKEN_BYTES_MAX}")),
            _ => None,
        };
        if let Some(limit) = limit {
            let detail = format!(
                "1 validation error detected: Value '{token}' at 'clientRequestToken' failed to satisfy constraint: Member must have \
                 length {limit}"
            );
            return Err(Reply::error(400, "com.amazon.coral.validate#ValidationException", &detail));
        }
        let half = |salt: u8| u128::from(hash_of(&(salt, token)));
        let parameters = all(request.transact_items.iter().map(action));
        Ok(Some(Self { token: half(0) << 64 | half(1), parameters }))
    }
}

struct Done {
    parameters: u64,
    at: Timestamp,
}

/// The tokens of the transactions that were committed.
#[derive(Default)]
pub(super) struct Tokens {
    done: HashMap<u128, Done>,
    /// The oldest first.
    order: VecDeque<(u128, Timestamp)>,
}

impl Tokens {
    /// What a repeat of `claim` at `now` gets; none when it is to be run. `request` is what it claims.
    pub(super) fn repeated(&self, claim: Claim, request: &Request, now: Timestamp) -> Option<Reply> {
        let done = self.done.get(&claim.token).filter(|done| !is_over(done.at, now))?;
        let Request::TransactWriteItems(request) = request else { return None };
        Some(if done.parameters == claim.parameters { repeat(request) } else { mismatch() })
    }

    /// Remembers that `claim` was committed at `now`.
    pub(super) fn remember(&mut self, claim: Claim, now: Timestamp) {
        while let Some((token, at)) = self.order.front().copied() {
            if !is_over(at, now) && self.order.len() < TOKENS_MAX {
                break;
            }
            self.order.pop_front();
            if self.done.get(&token).is_some_and(|done| done.at == at) {
                self.done.remove(&token);
            }
        }
        self.done.insert(claim.token, Done { parameters: claim.parameters, at: now });
        self.order.push_back((claim.token, now));
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.done.len().max(self.order.len())
    }
}

fn is_over(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) >= REMEMBERED_FOR
}

fn mismatch() -> Reply {
    let kind = "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException";
    let detail = "The request has other parameters than the one that was made with this client request token before.";
    Reply { status: 400, body: json!({"__type": kind, "Message": detail, "message": detail}).to_string() }
}

/// The reply to a repeat reports the cost of reading the items: two read units for each 4 KiB of an item, as DynamoDB documents. An item
/// that the request does not hold counts as one of at most 4 KiB.
fn repeat(request: &TransactWriteItemsRequest) -> Reply {
    let mode = request.return_consumed_capacity.as_deref().unwrap_or("NONE");
    if mode == "NONE" {
        return Reply { status: 200, body: "{}".into() };
    }
    let mut units: BTreeMap<&str, f64> = BTreeMap::new();
    for item in &request.transact_items {
        if let Some((table, size)) = subject(item) {
            *units.entry(table).or_default() += 2.0 * read_capacity_units(size.max(1));
        }
    }
    let consumed = |(table, units): (&&str, &f64)| {
        let mut consumed = json!({"TableName": table, "CapacityUnits": units, "ReadCapacityUnits": units});
        if mode == "INDEXES" {
            consumed["Table"] = json!({"CapacityUnits": units, "ReadCapacityUnits": units});
        }
        consumed
    };
    let consumed: Vec<Value> = units.iter().map(consumed).collect();
    Reply { status: 200, body: json!({"ConsumedCapacity": consumed}).to_string() }
}

/// The table and the bytes of the item, as far as the request holds it.
fn subject(item: &TransactWriteItem) -> Option<(&str, usize)> {
    let put = item.put.as_ref().map(|put| (put.table_name.as_str(), item_size(&put.item)));
    let update = || item.update.as_ref().map(|update| (update.table_name.as_str(), item_size(&update.key)));
    let delete = || item.delete.as_ref().map(|delete| (delete.table_name.as_str(), item_size(&delete.key)));
    let check = || item.condition_check.as_ref().map(|check| (check.table_name.as_str(), item_size(&check.key)));
    put.or_else(update).or_else(delete).or_else(check)
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Of parts whose order counts.
fn all(parts: impl Iterator<Item = u64>) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.for_each(|part| part.hash(&mut hasher));
    hasher.finish()
}

/// Of parts in any order.
fn any_order(parts: impl Iterator<Item = u64>) -> u64 {
    parts.fold(0, u64::wrapping_add)
}

fn map<T>(entries: &HashMap<String, T>, value: fn(&T) -> u64) -> u64 {
    any_order(entries.iter().map(|(name, entry)| hash_of(&(name, value(entry)))))
}

fn action(item: &TransactWriteItem) -> u64 {
    let put = item.put.as_ref().map(|put| {
        let names = put.expression_attribute_names.as_ref().map(|names| map(names, hash_of));
        let values = put.expression_attribute_values.as_ref().map(|values| map(values, attribute));
        let returned = &put.return_values_on_condition_check_failure;
        hash_of(&(&put.table_name, map(&put.item, attribute), &put.condition_expression, names, values, returned))
    });
    let update = item.update.as_ref().map(|update| {
        let names = update.expression_attribute_names.as_ref().map(|names| map(names, hash_of));
        let values = update.expression_attribute_values.as_ref().map(|values| map(values, attribute));
        let expressions = (&update.update_expression, &update.condition_expression);
        let returned = &update.return_values_on_condition_check_failure;
        hash_of(&(&update.table_name, map(&update.key, attribute), expressions, names, values, returned))
    });
    let delete = item.delete.as_ref().map(|delete| {
        let names = delete.expression_attribute_names.as_ref().map(|names| map(names, hash_of));
        let values = delete.expression_attribute_values.as_ref().map(|values| map(values, attribute));
        let returned = &delete.return_values_on_condition_check_failure;
        hash_of(&(&delete.table_name, map(&delete.key, attribute), &delete.condition_expression, names, values, returned))
    });
    let check = item.condition_check.as_ref().map(|check| {
        let names = check.expression_attribute_names.as_ref().map(|names| map(names, hash_of));
        let values = check.expression_attribute_values.as_ref().map(|values| map(values, attribute));
        let returned = &check.return_values_on_condition_check_failure;
        hash_of(&(&check.table_name, map(&check.key, attribute), &check.condition_expression, names, values, returned))
    });
    hash_of(&(put, update, delete, check))
}

fn attribute(value: &AttributeValue) -> u64 {
    let content = match value {
        AttributeValue::S(text) | AttributeValue::N(text) => hash_of(text),
        AttributeValue::B(bytes) => hash_of(bytes),
        AttributeValue::BOOL(flag) | AttributeValue::NULL(flag) => hash_of(flag),
        AttributeValue::SS(set) | AttributeValue::NS(set) => any_order(set.iter().map(hash_of)),
        AttributeValue::BS(set) => any_order(set.iter().map(hash_of)),
        AttributeValue::L(list) => all(list.iter().map(attribute)),
        AttributeValue::M(entries) => map(entries, attribute),
    };
    hash_of(&(std::mem::discriminant(value), content))
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
