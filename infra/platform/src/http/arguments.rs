//! What handlers take: the caller, the intent, the path's parameters, the body, the page of a list, the signed message.

use super::{ApiKey, Call, FromCall};
use crate::contract::{Contract, Needs};
use crate::cursor::{ListId, TEXT_BYTES_MAX};
use crate::definition::Definition;
use crate::problem::{self, Problem};
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use shared::hash::Hash;
use shared::id::{Operation, UserId};
use std::borrow::Cow;

/// The caller.
impl FromCall for UserId {
    const NEEDS: Needs = Needs { user: true, ..Needs::NOTHING };

    fn describe(_contract: &mut Contract) {}

    fn from_call(call: &mut Call) -> Result<Self, Problem> {
        call.user.clone().ok_or_else(|| Problem::internal("a route without callers has no user"))
    }
}

/// What a caller wants under an `Idempotency-Key`: the same intent is carried out once, however often it is sent.
#[derive(Debug, Clone)]
pub struct Intent {
    pub user: UserId,
    pub key: String,
    /// The hash of the request: the same for a repeat, different for another body.
    pub request: Hash,
    /// When the gateway received it.
    pub requested_at: Timestamp,
}

impl Intent {
    /// What the ids of this intent's objects are derived from. `resource` is the one in the path, empty where there is none.
    pub fn operation<'a>(&'a self, definition: &Definition, resource: &'a str) -> Operation<'a> {
        Operation { caller: self.user.as_str(), name: definition.name, resource, idempotency_key: &self.key }
    }
}

impl FromCall for Intent {
    const NEEDS: Needs = Needs { user: true, key: true, ..Needs::NOTHING };

    fn describe(_contract: &mut Contract) {}

    fn from_call(call: &mut Call) -> Result<Self, Problem> {
        let (user, key) = (UserId::from_call(call)?, std::mem::take(&mut call.idempotency_key));
        Ok(Self { user, key, request: call.request_hash(), requested_at: call.requested_at })
    }
}

/// What an organization's program wants under an `Idempotency-Key`. All keys of an organization have one space of such keys, so that a
/// new API key goes on where the old one was.
#[derive(Debug, Clone)]
pub struct KeyIntent {
    pub caller: ApiKey,
    pub key: String,
    /// The hash of the request: the same for a repeat, different for another body.
    pub request: Hash,
    /// When the gateway received it.
    pub requested_at: Timestamp,
}

impl KeyIntent {
    /// As [`Intent::operation`].
    pub fn operation<'a>(&'a self, definition: &Definition, resource: &'a str) -> Operation<'a> {
        Operation { caller: self.caller.organization.as_str(), name: definition.name, resource, idempotency_key: &self.key }
    }
}

impl FromCall for KeyIntent {
    const NEEDS: Needs = Needs { api_key: true, key: true, ..Needs::NOTHING };

    fn describe(_contract: &mut Contract) {}

    fn from_call(call: &mut Call) -> Result<Self, Problem> {
        let (caller, key) = (ApiKey::from_call(call)?, std::mem::take(&mut call.idempotency_key));
        Ok(Self { caller, key, request: call.request_hash(), requested_at: call.requested_at })
    }
}

/// A signed message: its id makes a repeat known.
#[derive(Debug, Clone)]
pub struct SignedMessage {
    pub id: String,
    /// The hash of the message's body.
    pub request: Hash,
    /// When the gateway received it.
    pub requested_at: Timestamp,
}

impl FromCall for SignedMessage {
    const NEEDS: Needs = Needs { signature: true, ..Needs::NOTHING };

    fn describe(_contract: &mut Contract) {}

    fn from_call(call: &mut Call) -> Result<Self, Problem> {
        let id = std::mem::take(&mut call.message_id);
        Ok(Self { id, request: call.request_hash(), requested_at: call.requested_at })
    }
}

/// A parameter of the path: the first such argument is the leftmost one. What is no `T` names nothing that exists.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: std::str::FromStr + JsonSchema + Send> FromCall for Path<T> {
    fn describe(contract: &mut Contract) {
        contract.takes_path::<T>();
        contract.refuses(&[&problem::NOT_FOUND]);
    }

    fn from_call(call: &mut Call) -> Result<Self, Problem> {
        let value = call.path.next().unwrap_or_default();
        value.parse().map(Self).map_err(|_| Problem::new(&problem::NOT_FOUND, ""))
    }
}

/// The body, as JSON of a `T`; the problem points at the field that does not fit.
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send> FromCall for Body<T> {
    fn describe(contract: &mut Contract) {
        contract.body = Some(SchemaGenerator::subschema_for::<T>);
    }

    fn from_call(call: &mut Call) -> Result<Self, Problem> {
        Ok(Self(crate::json::from_slice(&call.body)?))
    }
}

/// Which page of a list.
#[derive(Debug, Clone)]
pub struct Paging {
    /// How many items, 1 to 100.
    pub limit: u32,
    cursor: Option<String>,
    caller: String,
}

impl Paging {
    /// The list that `definition` answers for this caller with these filters. A cursor is good for one list only.
    pub fn list(&self, definition: &Definition, filters: &[&str]) -> ListId {
        ListId::new(&self.caller, definition.name, filters, self.cursor.clone())
    }
}

const LIMIT_MAX: u32 = 100;
const LIMIT_DEFAULT: u32 = 20;

/// The schema of `limit`.
struct Limit;

impl JsonSchema for Limit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT})
    }
}

/// The schema of `cursor`.
struct Cursor;

impl JsonSchema for Cursor {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Cursor".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": TEXT_BYTES_MAX, "pattern": "^[A-Za-z0-9_-]+$"})
    }
}

impl FromCall for Paging {
    fn describe(contract: &mut Contract) {
        contract.takes_query::<Limit>("limit", "The number of items, 1 to 100; 20 when it is not given.");
        contract.takes_query::<Cursor>("cursor", "The `next_cursor` of the previous page.");
    }

    fn from_call(call: &mut Call) -> Result<Self, Problem> {
        let limit = call.query::<u32>("limit")?.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::parameter("limit", format!("must be 1 to {LIMIT_MAX}")));
        }
        Ok(Self { limit, cursor: call.query("cursor")?, caller: call.caller.clone() })
    }
}
