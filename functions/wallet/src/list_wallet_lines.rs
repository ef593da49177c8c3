//! `GET /v1/wallet/lines`: the caller's history, newest first, with the balance after each line and the balance before the page's
//! oldest, so that each page adds up.

use crate::prelude::*;
use crate::view::{self, AssetBalance};
use platform::store::Range;
use shared::journal::EntryOf;
use shared::money::Amount;
use wallet_domain::{Balances, Kind};

pub static FUNCTION: Function = Function::get("list-wallet-lines", "/v1/wallet/lines")
    .says(
        "The history of the caller's wallet",
        "Newest first. The history has no gaps: `seq` decreases by one from line to line and from page to page.",
    )
    .may(&WALLET, &[Query])
    .costs(calls(1), wru(0))
    .handled_by(http!(list));

/// A page of a wallet's history.
#[derive(Debug, Serialize, JsonSchema)]
struct LinesPage {
    items: Vec<LineView>,
    /// The balances before the oldest line of this page.
    opening_balances: Vec<AssetBalance>,
    /// Send it as `cursor` to get the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One line of a wallet's history.
#[derive(Debug, Serialize, JsonSchema)]
struct LineView {
    seq: u64,
    at: Timestamp,
    kind: Kind,
    /// The object that caused the line: a slip, a top-up, a race's payout.
    operation: String,
    /// The amounts of this line: positive into the wallet, negative out of it.
    amounts: Vec<Amount>,
    /// The balances after this line.
    balances: Vec<AssetBalance>,
}

async fn list(context: &Context, user: UserId, paging: Paging) -> Result<Json<LinesPage>, Problem> {
    let list = paging.list(&FUNCTION, &[]);
    let after = list.position(1)?.map(|position| position.concat());
    let entity = wallet_domain::entity(&user);
    let range = Range { newest_first: true, limit: Some(paging.limit), after: after.as_deref(), ..Range::all(&entity) };
    let page = context.table(&WALLET).page(&range).await?;

    let mut items = Vec::with_capacity(page.records.len());
    let mut opening = Balances::default();
    for record in &page.records {
        let line = record.line()?;
        let entry = line.entry::<Wallet>().map_err(Problem::internal)?;
        opening = before(&entry);
        items.push(LineView {
            seq: line.seq,
            at: entry.at,
            kind: entry.what.kind,
            operation: entry.what.operation,
            amounts: entry.what.postings.iter().map(|posting| posting.amount).collect(),
            balances: view::balances(&entry.state),
        });
    }
    // The first line has nothing before it, even when DynamoDB reports a further page.
    let more = page.next.filter(|_| items.last().is_some_and(|line| line.seq > 1));
    let next_cursor = more.map(|sort_key| list.cursor(vec![sort_key]));
    Ok(Json(LinesPage { items, opening_balances: view::balances(&opening), next_cursor }))
}

/// The balances before a line: those after it, less what it moved.
fn before(entry: &EntryOf<Wallet>) -> Balances {
    let mut balances = entry.state.clone();
    for posting in &entry.what.postings {
        balances.0.entry(posting.amount.asset).or_default().available -= posting.amount.minor;
    }
    balances
}
