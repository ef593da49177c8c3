//! How a top-up is kept and shown: one object under its owner's key, in the index of open ones until it is final.

use crate::WALLET;
use jiff::Timestamp;
use platform::store::{Key, Record, Write};
use schemars::JsonSchema;
use serde::Serialize;
use shared::id::UserId;
use shared::money::Amount;
use wallet_domain::topup::{TopUp, TopUpId, TopUpState};

/// Over how many partitions the index of open top-ups is spread.
pub const OPEN_PARTITIONS: u8 = 8;

/// A top-up, as its owner sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TopUpView {
    id: TopUpId,
    #[serde(flatten)]
    amount: Amount,
    state: TopUpState,
    requested_at: Timestamp,
    updated_at: Timestamp,
}

impl From<TopUp> for TopUpView {
    fn from(topup: TopUp) -> Self {
        let TopUp { id, amount, state, requested_at, updated_at, .. } = topup;
        Self { id, amount, state, requested_at, updated_at }
    }
}

/// Where a person's top-up is. The owner is part of the key, so another's is as missing as none.
pub fn key(user: &UserId, id: &TopUpId) -> Key {
    Key::new(format!("topup#{user}"), id.as_str())
}

/// The partition of the open index that `id` belongs to.
pub fn open_partition(partition: u8) -> String {
    format!("topup#{partition}")
}

/// The record of a top-up at `revision`, made by the request hashed as `request`.
pub fn record(topup: &TopUp, request: &[u8], revision: u64) -> Record {
    let mut record = Record::of(key(&topup.user, &topup.id), topup);
    record.hash = Some(request.to_vec());
    record.revision = Some(revision);
    if !topup.state.is_final() {
        let partition = topup.id.as_str().as_bytes().last().map_or(0, |byte| byte % OPEN_PARTITIONS);
        record.index = vec![("open", open_partition(partition)), ("since", topup.requested_at.to_string())];
    }
    record
}

/// The write of a top-up's next state over the record it was read from.
pub fn next(topup: &TopUp, before: &Record) -> Write {
    let revision = before.revision.unwrap_or(1);
    Write::next_revision(&WALLET, record(topup, before.hash.as_deref().unwrap_or_default(), revision), revision)
}
