//! The relay of the wallet table: new lines and top-ups' states become events of the wallet's topic.

use crate::{RELAY_WALLET_FAILURES, WALLET, WALLET_EVENTS};
use jiff::Timestamp;
use platform::function::{Function, Handler, Publishes, Sends, Trigger};
use platform::relay::{Change, Unmappable};
use platform::store::Record;
use wallet_domain::event::{TopUpChanged, WalletLineAppended};
use wallet_domain::topup::TopUp;
use wallet_domain::Wallet;
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "relay-wallet",
    summary: "Publishes what happens to wallets and top-ups",
    doc: "In the order of each item's changes. Events may come twice; none is lost.",
    trigger: Trigger::Stream { table: &WALLET, batch: 500 },
    grants: &[],
    sends: &[Sends::to(&RELAY_WALLET_FAILURES)],
    publishes: &[Publishes::to(&WALLET_EVENTS)],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_mins(1),
    memory_mb: 256,
    handler: Handler::Relay { topic: &WALLET_EVENTS, failures: &RELAY_WALLET_FAILURES, map, written_at },
};

fn map(change: &Change) -> Result<Vec<String>, Unmappable> {
    let record = &change.record;
    match record.key.pk.split_once('#') {
        Some(("wallet", user)) => {
            let line = record.line()?;
            let entry = line.entry::<Wallet>()?;
            let data = WalletLineAppended {
                user: user.parse()?,
                seq: line.seq,
                kind: entry.what.kind,
                operation: entry.what.operation,
            };
            Ok(vec![change.event(data)?])
        }
        Some(("topup", _)) => {
            let TopUp { id, user, state, .. } = record.read()?;
            Ok(vec![change.event(TopUpChanged { topup: id, user, state })?])
        }
        // A grant's line is its event.
        Some(("medals", _)) => Ok(Vec::new()),
        _ => Err(format!("a record of an unknown kind: {}", record.key.pk).into()),
    }
}

fn written_at(record: &Record) -> Result<Option<Timestamp>, Unmappable> {
    if record.key.pk.starts_with("topup#") {
        return Ok(Some(record.read::<TopUp>()?.updated_at));
    }
    Ok(Some(record.line()?.entry::<Wallet>()?.at))
}
