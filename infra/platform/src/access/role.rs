//! The roles of an organization's members.

use serde::{Deserialize, Serialize};

/// What a member may do. Roles have no order: somebody who pays the bills sees no contracts, and a member pays no bills. A route names all
/// roles that may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, and the organization itself.
    Owner,
    /// Its members and settings.
    Admin,
    /// Its daily work.
    Member,
    /// Its plan and invoices.
    Billing,
}

impl Role {
    pub const ALL: &'static [Self] = &[Self::Owner, Self::Admin, Self::Member, Self::Billing];
    /// Those who manage it.
    pub const MANAGERS: &'static [Self] = &[Self::Owner, Self::Admin];
    /// Those who do its work.
    pub const WORKERS: &'static [Self] = &[Self::Owner, Self::Admin, Self::Member];

    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Billing => "billing",
        }
    }
}
