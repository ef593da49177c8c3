//! Callers whom more than a token makes: staff, members of an organization, API keys. The route's access decides who is admitted, and a
//! handler takes the caller from here. A handler that takes one whom its route does not admit does not compile.

use super::{Call, FromCall};
use crate::access::key::KeyId;
use crate::access::role::Role;
use crate::contract::{Contract, Needs};
use crate::problem::Problem;
use schemars::SchemaGenerator;
use shared::id::{OrganizationId, UserId};

/// Somebody who works for us.
#[derive(Debug, Clone)]
pub struct Staff {
    pub user: UserId,
}

impl FromCall for Staff {
    const NEEDS: Needs = Needs { staff: true, ..Needs::NOTHING };

    fn describe(_contract: &mut Contract) {}

    fn from_call(call: &mut Call) -> Result<Self, Problem> {
        call.staff.take().ok_or_else(|| Problem::internal("a route without staff has none"))
    }
}

/// A member of the path's organization, in a role that the route admits.
#[derive(Debug, Clone)]
pub struct Member {
    pub user: UserId,
    pub organization: OrganizationId,
    pub role: Role,
}

impl FromCall for Member {
    const NEEDS: Needs = Needs { member: true, ..Needs::NOTHING };

    fn describe(contract: &mut Contract) {
        // The builder holds that the organization is the path's first parameter.
        contract.path.insert(0, SchemaGenerator::subschema_for::<OrganizationId>);
    }

    fn from_call(call: &mut Call) -> Result<Self, Problem> {
        call.member.take().ok_or_else(|| Problem::internal("a route without members has none"))
    }
}

/// An organization's own program, by a key with the route's scope.
#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: KeyId,
    pub organization: OrganizationId,
}

impl FromCall for ApiKey {
    const NEEDS: Needs = Needs { api_key: true, ..Needs::NOTHING };

    fn describe(_contract: &mut Contract) {}

    fn from_call(call: &mut Call) -> Result<Self, Problem> {
        call.api_key.take().ok_or_else(|| Problem::internal("a route without API keys has none"))
    }
}
