//! What a route takes and answers, as its handler's signature says it. Each argument and each reply type adds its part; the OpenAPI
//! document, the check of query parameters and the tests all read the result.

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
    /// What the handler asks of the route's access and idempotency.
    pub needs: Needs,
}

/// What a handler's arguments need to be there. A test holds that the route provides it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// A caller that is known.
    pub user: bool,
    /// An `Idempotency-Key`.
    pub key: bool,
    /// A signature.
    pub signature: bool,
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
