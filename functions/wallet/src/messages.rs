//! The wallet's queues and what their messages say. A message names an object, never an amount: the worker reads the truth.

use crate::WALLET_EVENTS;
use platform::message::EventData;
use platform::resource::Queue;
use serde::{Deserialize, Serialize};
use shared::event::Event;
use shared::id::UserId;
use wallet_domain::event::TopUpChanged;
use wallet_domain::topup::TopUpId;

/// Top-ups to collect from the bank: events of requested ones, or the same sent directly.
pub static COLLECT_TOPUP: Queue<EventData<CollectTopUp>> = Queue::new("collect-topup", "Top-ups to collect from the bank.")
    .receives(8)
    .subscribes(&WALLET_EVENTS, &[TopUpChanged::TYPE], &[("state", &["REQUESTED"])]);

/// Which top-up to collect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectTopUp {
    pub topup: TopUpId,
    pub user: UserId,
}
