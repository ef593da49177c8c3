//! How a wallet looks to its owner.

use schemars::JsonSchema;
use serde::Serialize;
use shared::money::Asset;
use wallet_domain::Balances;

/// The balance of one asset.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AssetBalance {
    pub asset: Asset,
    /// Minor units that the person may spend; negative when a correction is owed.
    pub available: i64,
    /// Minor units reserved for authorized payments.
    pub held: i64,
}

/// The balances of every asset that was ever touched.
pub fn balances(balances: &Balances) -> Vec<AssetBalance> {
    let of = |(asset, balance): (&Asset, &wallet_domain::Balance)| AssetBalance {
        asset: *asset,
        available: balance.available,
        held: balance.held,
    };
    balances.0.iter().map(of).collect()
}
