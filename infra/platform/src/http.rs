//! HTTP calls as a function sees them: API Gateway's own event (payload format 2.0), parsed once at the edge, and the reply in its
//! form.

use crate::function::{Parameter, Place};
use crate::problem::{self, Problem};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::hash;
use shared::id::UserId;
use std::collections::HashMap;

/// The largest body in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1_024;

/// A request that was admitted: its caller is known, its key is there, its signature fits, where the route asks for them.
#[derive(Debug)]
pub struct Call {
    pub(crate) user: Option<UserId>,
    pub(crate) idempotency_key: String,
    pub(crate) path: HashMap<String, String>,
    pub(crate) query: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// When the gateway received it.
    pub requested_at: Timestamp,
    /// The id of a signed message.
    pub message_id: String,
}

impl Call {
    /// The caller, on routes for users.
    ///
    /// # Panics
    /// On a route whose access is not `User`: a mistake in the definition.
    #[expect(
        clippy::panic,
        reason = "a handler asks for the user where its route is for users: the first test that runs it finds where not"
    )]
    pub fn user(&self) -> &UserId {
        self.user.as_ref().unwrap_or_else(|| panic!("a route that is not for users has no user"))
    }

    /// The `Idempotency-Key`, on routes that need one.
    pub fn idempotency_key(&self) -> &str {
        &self.idempotency_key
    }

    /// The hash of what is asked: the same for a repeat, different for another body.
    pub fn request_hash(&self) -> hash::Hash {
        hash::of_parts(&[b"request", &self.body])
    }

    /// A path parameter; one that is no id of its kind names nothing that exists.
    pub fn path<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        let value = self.path.get(name).map(String::as_str).unwrap_or_default();
        value.parse().map_err(|_| Problem::new(&problem::NOT_FOUND, ""))
    }

    /// A query parameter, when it is there.
    pub fn query<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T::Err: std::fmt::Display,
    {
        let Some(value) = self.query.get(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|error| Problem::parameter(name, format!("{error}")))
    }

    /// Refuses query parameters that the route does not have.
    pub(crate) fn check_query(&self, known: &[Parameter]) -> Result<(), Problem> {
        let is_known = |name: &str| known.iter().any(|one| one.place == Place::Query && one.name == name);
        match self.query.keys().find(|name| !is_known(name)) {
            Some(unknown) => Err(Problem::parameter(unknown, "this route has no such parameter")),
            None => Ok(()),
        }
    }

    /// The `limit` of a list: 1 to 100, 20 when not given.
    pub fn limit(&self) -> Result<u32, Problem> {
        match self.query::<u32>("limit")? {
            None => Ok(20),
            Some(limit) if (1..=100).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::parameter("limit", "must be 1 to 100")),
        }
    }

    /// The body as `T`; the problem points at the field that does not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        Ok(crate::json::from_slice(&self.body)?)
    }
}

/// A reply that is not a problem.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: String,
    pub headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub fn json(status: u16, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        Ok(Self { status, body, headers: Vec::new() })
    }

    /// Marks the outcome of an earlier identical request.
    #[must_use]
    pub fn replayed(mut self, replayed: bool) -> Self {
        if replayed {
            self.headers.push(("idempotency-replayed", "true".into()));
        }
        self
    }
}

/// A page of a list.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "ListOf{T}")]
pub struct List<T> {
    pub items: Vec<T>,
    /// Send it back as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// API Gateway's event, the parts that functions read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpEvent {
    #[serde(default)]
    pub headers: HashMap<String, String>,
    pub query_string_parameters: Option<HashMap<String, String>>,
    pub path_parameters: Option<HashMap<String, String>>,
    pub body: Option<String>,
    #[serde(default)]
    pub is_base64_encoded: bool,
    pub request_context: RequestContext,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestContext {
    pub time_epoch: i64,
    pub authorizer: Option<Authorizer>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Authorizer {
    pub jwt: Option<Jwt>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Jwt {
    pub claims: HashMap<String, String>,
}
