//! `GET /v1/wallet`: what the caller has. One consistent read of the newest line, which holds the state after it.

use crate::prelude::*;
use crate::view::{self, AssetBalance};

pub static FUNCTION: Function = Function::get("get-wallet", "/v1/wallet")
    .says("The caller's balances", "Read consistently: a balance is never older than the caller's last acknowledged write.")
    .may(&WALLET, &[Query])
    .costs(calls(1), wru(0))
    .throttle(1_000, 2_000)
    .handled_by(http!(get));

/// A wallet.
#[derive(Debug, Serialize, JsonSchema)]
struct WalletView {
    balances: Vec<AssetBalance>,
    /// The number of lines in its history.
    lines: u64,
}

async fn get(context: &Context, user: UserId) -> Result<Json<WalletView>, Problem> {
    let tail = posting::journal(context, &user).await?.tail::<Wallet>()?;
    Ok(Json(WalletView { balances: view::balances(&tail.state), lines: tail.seq }))
}
