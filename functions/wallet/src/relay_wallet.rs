//! The relay of the wallet table: new lines and top-ups' states become events of the wallet's topic.

use crate::prelude::*;
use wallet_domain::event::{TopUpChanged, WalletLineAppended};

pub static FUNCTION: Function = relay!("relay-wallet", &WALLET)
    .says(
        "Publishes the events of wallets and top-ups",
        "Events may arrive twice and in any order. None is lost.",
    )
    .publishes(&WALLET_EVENTS, map, written_at);

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
