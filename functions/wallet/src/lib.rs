//! The wallet service: what a person has, how money and medals come in, and the history of it. It owns the wallet table; other
//! services reach it by the crate `wallet_posting` alone.

mod bank;
pub mod messages;
mod prelude;
pub mod refusals;
mod topup;
mod view;

use platform::Service;
use platform::resource::{EventType, Setting, Table, Topic};
use wallet_domain::event::{TopUpChanged, WalletLineAppended};
use wallet_posting::OPEN_TOPUPS;
pub use wallet_posting::WALLET;

platform::functions![
    get_wallet,
    list_wallet_lines,
    create_topup,
    get_topup,
    grant_medals,
    collect_topup,
    sweep_topups,
    relay_wallet,
    get_medals,
];

pub static SERVICE: Service =
    Service::new("wallet", "Balances, top-ups, free medals and their history.", &[&WALLET, &BANK], FUNCTIONS);

/// A deployment says which bank it has; none takes no money. The development bank is for people who are made up.
pub static BANK_CHOICE: Setting =
    Setting { name: "BANK", doc: "the bank that top-ups are collected from, none or development", local: "development" };

/// The development bank's own ledger. Nothing but the bank adapter touches it.
pub static BANK: Table = Table { name: "bank", doc: "The development bank's ledger.", indexes: &[] };

pub static WALLET_EVENTS: Topic = Topic {
    name: "wallet-events",
    doc: "What happens to wallets and top-ups.",
    events: &[EventType::of::<WalletLineAppended>(), EventType::of::<TopUpChanged>()],
};
