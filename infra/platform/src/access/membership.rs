//! The membership of a person in an organization. Its key is `member#org_…#usr_…`/`member`, a partition for each, so that a large
//! organization is no hot one. Its JSON is `{"role": "admin"}`; the role is null of one who was a member. It is read consistently by every
//! request: a change of role holds from the next one.

use super::{ACCESS, Entry, Role, Stored, change, read, unchecked};
use crate::context::Context;
use crate::problem::Problem;
use crate::store::{Key, StoreError};
use serde::{Deserialize, Serialize};
use shared::id::{OrganizationId, UserId};

/// Whether somebody is a member, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// None of one who left.
    #[serde(deserialize_with = "super::entry::required")]
    pub role: Option<Role>,
}

impl Entry for Membership {
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

impl Membership {
    pub fn key(organization: &OrganizationId, user: &UserId) -> Key {
        Key::new(format!("member#{organization}#{user}"), "member")
    }

    /// The membership, read consistently.
    pub async fn load(context: &Context, organization: &OrganizationId, user: &UserId) -> Result<Stored<Self>, StoreError> {
        Stored::load(context, Self::key(organization, user)).await
    }

    /// Gives `user` the role in `organization`; none ends the membership. It needs the grants `GetItem` and `PutItem` on the table.
    ///
    /// # Errors
    /// `contention` where others change it again and again.
    pub async fn set(
        context: &Context,
        organization: &OrganizationId,
        user: &UserId,
        role: Option<Role>,
    ) -> Result<Self, Problem> {
        change(context, Self::key(organization, user), |_| Ok(Self { role })).await
    }
}

/// The role of `user` in `organization`, as it is now.
pub(crate) async fn role_of(context: &Context, organization: &OrganizationId, user: &UserId) -> Result<Option<Role>, Problem> {
    let record = context.table(&ACCESS).get_for_check(Membership::key(organization, user), true).await.map_err(unchecked)?;
    let membership = record.map(|record| read::<Membership>(&record)).transpose().map_err(unchecked)?;
    Ok(membership.and_then(|membership| membership.role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_read_as_it_is_written_and_no_other_is() {
        for role in Role::ALL {
            let membership = Membership { role: Some(*role) };
            let text = serde_json::to_string(&membership).unwrap();
            assert_eq!(text, format!(r#"{{"role":"{}"}}"#, role.as_str()));
            assert_eq!(serde_json::from_str::<Membership>(&text).unwrap(), membership);
        }
        assert_eq!(serde_json::from_str::<Membership>(r#"{"role":null}"#).unwrap(), Membership { role: None });
        for wrong in
            ["{}", "null", r#"{"role":"root"}"#, r#"{"role":"Owner"}"#, r#"{"role":["owner"]}"#, r#"{"role":"owner","x":1}"#]
        {
            assert!(serde_json::from_str::<Membership>(wrong).is_err(), "{wrong}");
        }
    }
}
