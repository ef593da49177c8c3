//! The one way into a wallet from another service: read its journal's end, add a line to the caller's own transaction. The grant
//! admits the put only inside a transaction, so that no line can ever stand without its object.

use crate::WALLET;
use platform::Context;
use platform::commit::Journal;
use platform::function::{Action, Grant};
use platform::store::StoreError;
use shared::id::UserId;

/// What a function needs in its definition to post to wallets.
pub const POSTING: Grant = Grant { table: &WALLET, actions: &[Action::Query, Action::PutInTransaction] };

/// The journal of a person's wallet, read consistently: one call, one read unit.
pub async fn journal(context: &Context, user: &UserId) -> Result<Journal, StoreError> {
    Journal::load(context, &WALLET, shared::wallet::entity(user)).await
}
