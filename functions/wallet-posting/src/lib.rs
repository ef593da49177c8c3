//! The one way into a wallet from another service: read its journal's end, add a line to the caller's own transaction. The grant admits the
//! put only inside a transaction, so that no line can exist without its object.
//!
//! It is a crate of its own, so that a service that posts links no more of the wallet than this. A change of a wallet's handler does not
//! rebuild that service.

use platform::Context;
use platform::commit::Journal;
use platform::function::{Action, Grant};
use platform::resource::{Index, Table};
use platform::store::StoreError;
use shared::id::UserId;

/// Wallets' lines (`wallet#<user>`), top-ups (`topup#<user>`) and medal grants (`medals#<user>`).
pub static WALLET: Table = Table { name: "wallet", doc: "Wallet lines, top-ups and medal grants.", indexes: &[OPEN_TOPUPS] };

/// Top-ups that are not final, oldest first, spread over eight partitions.
pub const OPEN_TOPUPS: Index = Index { name: "open-topups", hash: "open", range: "since" };

/// What a function needs in its definition to post to wallets.
pub const POSTING: Grant = Grant { table: &WALLET, actions: &[Action::Query, Action::PutInTransaction] };

/// The journal of a person's wallet, read consistently: one call, one read unit.
pub async fn journal(context: &Context, user: &UserId) -> Result<Journal, StoreError> {
    Journal::load(context, &WALLET, wallet_domain::entity(user)).await
}
