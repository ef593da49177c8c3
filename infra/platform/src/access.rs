//! Who may call, beside what a token or a signature proves. The platform has a table of its own for it. Its items are gates of people,
//! memberships of people in organizations, and API keys. Each kind has a module, which documents its key and its JSON. Nothing in them is
//! personal: they hold pseudonymous ids and hashes alone.
//!
//! Routes read them during admission, by a grant that follows from their access. The service that owns people and organizations writes
//! them, by grants on [`ACCESS`] in its definitions. An item that cannot be read in full refuses its caller: it never opens.

mod check;
pub(crate) mod entry;
pub(crate) mod gate;
pub(crate) mod key;
mod keys;
mod membership;
pub(crate) mod role;
pub(crate) mod token;
pub(crate) mod verdict;

pub use entry::Entry;
pub use gate::{Gate, REVOKED_MAX};
pub use key::{KeyEntry, KeyId, KeySecret, SCOPES_MAX, Scope};
pub(crate) use keys::admit as admit_key;
pub use membership::Membership;
pub(crate) use membership::role_of;
pub use role::Role;
pub(crate) use token::Token;
pub use token::{STAFF_CLAIM, SessionId, StaffRole};

use crate::context::Context;
use crate::definition::{Access, Action, Grant};
use crate::problem::{self, Code, Problem};
use crate::resource::Table;
use crate::store::{CancelReason, Key, Record, StoreError, Write, WriteError, write};
use shared::id::UserId;

/// The platform's table of gates, memberships and API keys. A cloud has it when one of its functions reads it.
pub static ACCESS: Table =
    Table { name: "access", doc: "Who may call: gates of people, memberships of organizations, API keys.", indexes: &[] };

/// What a route's admission reads, granted by the route's access.
pub(crate) const READS: Grant = Grant { table: &ACCESS, actions: &[Action::GetItem] };

/// How often a change is tried again that others came between.
const ROUNDS_MAX: u32 = 5;

/// An item as it was read, which its next version replaces.
#[derive(Debug, Clone)]
pub struct Stored<T> {
    key: Key,
    revision: Option<u64>,
    /// None where there is no such item.
    pub value: Option<T>,
}

impl<T: Entry> Stored<T> {
    /// Reads the item at `key` consistently.
    async fn load(context: &Context, key: Key) -> Result<Self, StoreError> {
        let record = context.table(&ACCESS).get(&key).await?;
        let revision = record.as_ref().map(revision).transpose()?;
        Ok(Self { value: record.as_ref().map(read).transpose()?, key, revision })
    }

    /// Puts `value` in its place, on the condition that nobody came between: alone, or in a transaction with what it follows from.
    pub fn write(&self, value: &T) -> Write {
        let record = Record::of(self.key.clone(), value);
        match self.revision {
            Some(revision) => Write::next_revision(&ACCESS, record, revision),
            None => Write::if_absent(&ACCESS, Record { revision: Some(1), ..record }),
        }
    }
}

fn revision(record: &Record) -> Result<u64, StoreError> {
    record.revision.ok_or_else(|| StoreError::malformed(&record.key, "it has no revision"))
}

/// What an item says.
fn read<T: Entry>(record: &Record) -> Result<T, StoreError> {
    let value: T = record.read()?;
    value.check().map_err(|reason| StoreError::malformed(&record.key, reason))?;
    Ok(value)
}

/// Replaces the item at `key` by what `change` makes of it.
///
/// # Errors
/// Those of `change`; `contention` where others change it again and again.
async fn change<T: Entry>(
    context: &Context,
    key: Key,
    change: impl Fn(Option<T>) -> Result<T, Problem> + Send + Sync,
) -> Result<T, Problem> {
    for _ in 0..ROUNDS_MAX {
        let mut stored = Stored::load(context, key.clone()).await?;
        let next = change(stored.value.take())?;
        match write(context, vec![stored.write(&next)]).await {
            Ok(()) => return Ok(next),
            Err(WriteError::Canceled(obstacles)) if matches!(obstacles[..], [CancelReason::Condition(_)]) => {}
            Err(WriteError::Store(error)) => return Err(error.into()),
            Err(canceled @ WriteError::Canceled(_)) => return Err(Problem::internal(canceled)),
        }
    }
    Err(Problem::new(&problem::CONTENTION, ""))
}

/// Why a caller could not be checked, as the caller learns it: only an item that is malformed needs us.
fn unchecked(error: StoreError) -> Problem {
    match error {
        StoreError::Malformed { .. } => Problem::internal(error),
        _ => Problem { cause: Some(Box::new(error)), ..Problem::new(&problem::ACCESS_UNCHECKED, "") },
    }
}

impl Access {
    /// The problems that admission to such a route may answer with.
    pub const fn codes(self) -> &'static [&'static Code] {
        use problem::{
            ACCESS_UNCHECKED, ACCOUNT_SUSPENDED, API_KEY_INVALID, FORBIDDEN_ROLE, FORBIDDEN_SCOPE, NOT_FOUND, SIGNATURE_INVALID,
            TIMESTAMP_OUT_OF_RANGE, TOKEN_REVOKED, UNAUTHENTICATED,
        };
        match self {
            Self::Public => &[],
            Self::User => &[&UNAUTHENTICATED, &TOKEN_REVOKED, &ACCOUNT_SUSPENDED, &ACCESS_UNCHECKED],
            Self::Staff(_) => &[&UNAUTHENTICATED, &TOKEN_REVOKED, &ACCOUNT_SUSPENDED, &FORBIDDEN_ROLE, &ACCESS_UNCHECKED],
            Self::Member(_) => {
                &[&UNAUTHENTICATED, &TOKEN_REVOKED, &ACCOUNT_SUSPENDED, &FORBIDDEN_ROLE, &NOT_FOUND, &ACCESS_UNCHECKED]
            }
            Self::ApiKey(_) => &[&API_KEY_INVALID, &FORBIDDEN_SCOPE, &ACCESS_UNCHECKED],
            Self::Signed(_) => &[&SIGNATURE_INVALID, &TIMESTAMP_OUT_OF_RANGE],
        }
    }
}

impl Gate {
    /// The gate of `user`, read consistently.
    pub async fn load(context: &Context, user: &UserId) -> Result<Stored<Self>, StoreError> {
        Stored::load(context, Self::key(user)).await
    }

    /// Replaces the gate of `user` by what `next` makes of it. It needs the grants `GetItem` and `PutItem` on the table. What it refuses
    /// is refused everywhere within 60 seconds: functions keep a gate for at most 30, and run for at most 30.
    ///
    /// # Errors
    /// `contention` where others change it again and again.
    pub async fn change(context: &Context, user: &UserId, next: impl Fn(Self) -> Self + Send + Sync) -> Result<Self, Problem> {
        change(context, Self::key(user), |gate: Option<Self>| Ok(next(gate.unwrap_or_default()))).await
    }
}
