//! The wallet service: what a person has, how money and medals come in, and the history of it. It owns the wallet table; other
//! services reach it by the crate `wallet_posting` alone.

mod bank;
mod topup;
mod view;

use platform::resource::{EventType, Queue, Service, Setting, Subscription, Table, Topic};
use shared::event::Event;
use wallet_domain::event::{TopUpChanged, WalletLineAppended};
pub use wallet_posting::WALLET;
use wallet_posting::{self as posting, OPEN_TOPUPS};

platform::functions![
    get_wallet,
    list_wallet_lines,
    create_topup,
    get_topup,
    grant_medals,
    collect_topup,
    sweep_topups,
    relay_wallet,
];

pub static SERVICE: Service = Service {
    name: "wallet",
    doc: "Balances, top-ups, free medals and their history.",
    tables: &[&WALLET, &BANK],
    queues: &[&COLLECT_TOPUP, &SWEEP_TOPUPS, &RELAY_WALLET_FAILURES],
    topics: &[&WALLET_EVENTS],
    secrets: &[],
    alarms: &[],
    functions: FUNCTIONS,
};

/// A deployment says which bank it has; none takes no money. The development bank is for people who are made up.
pub static BANK_CHOICE: Setting =
    Setting { name: "BANK", doc: "the bank that top-ups are collected from, none or development", local: "development" };

/// The development bank's own ledger. Nothing but the bank adapter touches it.
pub static BANK: Table = Table { name: "bank", doc: "The development bank's ledger.", indexes: &[] };

pub static COLLECT_TOPUP: Queue = Queue {
    name: "collect-topup",
    doc: "Top-ups to collect from the bank.",
    receives_max: 8,
    subscriptions: &[Subscription { topic: &WALLET_EVENTS, types: &[TopUpChanged::TYPE], data: &[("state", &["REQUESTED"])] }],
};

pub static SWEEP_TOPUPS: Queue =
    Queue { name: "sweep-topups", doc: "The clock's call to look for top-ups that hang.", receives_max: 5, subscriptions: &[] };

pub static RELAY_WALLET_FAILURES: Queue = Queue {
    name: "relay-wallet-failures",
    doc: "Changes of the wallet table that no event could be made of.",
    receives_max: 5,
    subscriptions: &[],
};

pub static WALLET_EVENTS: Topic = Topic {
    name: "wallet-events",
    doc: "What happens to wallets and top-ups.",
    events: &[EventType::of::<WalletLineAppended>(), EventType::of::<TopUpChanged>()],
};
