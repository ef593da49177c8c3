//! What a route takes and answers, as its handler's signature says it. Each argument and each reply type adds its part; the OpenAPI
//! document, the check of query parameters and the tests all read the result.

use crate::definition::{Access, Idempotency, Route};
use crate::problem::Code;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Makes the JSON Schema of a type, as `SchemaGenerator::subschema_for::<T>` does.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The contract of one route.
#[derive(Debug, Default)]
pub struct Contract {
    /// The types of the path's parameters, in the path's order.
    pub path: Vec<SchemaOf>,
    pub query: Vec<QueryParameter>,
    pub body: Option<SchemaOf>,
    pub replies: Vec<Success>,
    /// The problems of its own, beside those that every route of its kind has.
    pub codes: Vec<&'static Code>,
}

/// What a handler's arguments need of the route. The builder holds that the route provides it, when it is compiled: an argument never
/// opens a route.
#[expect(clippy::struct_excessive_bools, reason = "each is a need of its own, and a handler may have several")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// A person who is known.
    pub user: bool,
    /// An `Idempotency-Key`.
    pub key: bool,
    /// A signature.
    pub signature: bool,
    pub staff: bool,
    pub member: bool,
    pub api_key: bool,
}

impl Needs {
    pub const NOTHING: Self = Self { user: false, key: false, signature: false, staff: false, member: false, api_key: false };

    /// What both need.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            user: self.user || other.user,
            key: self.key || other.key,
            signature: self.signature || other.signature,
            staff: self.staff || other.staff,
            member: self.member || other.member,
            api_key: self.api_key || other.api_key,
        }
    }

    /// Holds that `route` provides it.
    ///
    /// # Panics
    /// When it does not. Functions are made at compile time, so this is a compile error.
    pub(crate) const fn check(self, route: &Route) {
        let access = route.access;
        assert!(!self.user || route.has_person(), "this handler takes a person, and its route asks for none");
        assert!(!self.key || matches!(route.idempotency, Idempotency::Key), "this handler takes an intent, and its route no key");
        let is_signed = matches!(access, Access::Signed(_));
        assert!(self.signature == is_signed, "a signed message and a signed route belong together");
        assert!(!self.staff || matches!(access, Access::Staff(_)), "this handler takes staff, and its route does not ask for it");
        let is_of_member = matches!(access, Access::Member(_));
        assert!(self.member == is_of_member, "a member and a route of members belong together");
        assert!(
            !self.api_key || matches!(access, Access::ApiKey(_)),
            "this handler takes an API key, and its route asks for none"
        );
    }
}

/// A query parameter. Each may be left out.
#[derive(Debug, Clone, Copy)]
pub struct QueryParameter {
    pub name: &'static str,
    pub doc: &'static str,
    pub schema: SchemaOf,
}

/// A reply that is not a problem.
#[derive(Debug, Clone, Copy)]
pub struct Success {
    pub status: u16,
    /// `application/json`; empty for a reply without a body.
    pub media_type: &'static str,
    pub schema: SchemaOf,
}

impl Contract {
    /// Adds a parameter of the path: the next one from the left.
    pub fn takes_path<T: JsonSchema>(&mut self) {
        self.path.push(SchemaGenerator::subschema_for::<T>);
    }

    /// Adds a query parameter.
    pub fn takes_query<T: JsonSchema>(&mut self, name: &'static str, doc: &'static str) {
        self.query.push(QueryParameter { name, doc, schema: SchemaGenerator::subschema_for::<T> });
    }

    /// Adds a reply.
    pub fn replies<T: JsonSchema>(&mut self, status: u16, media_type: &'static str) {
        self.replies.push(Success { status, media_type, schema: SchemaGenerator::subschema_for::<T> });
    }

    /// Adds problems of its own.
    pub fn refuses(&mut self, codes: &[&'static Code]) {
        for code in codes {
            if !self.codes.iter().any(|known| known.code == code.code) {
                self.codes.push(code);
            }
        }
    }
}
