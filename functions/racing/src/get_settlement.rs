//! `GET /v1/races/{race}/settlement`: what a race came to, certificate by certificate. They are shown as they were written when the race
//! was proved; nothing is added up here.

use crate::prelude::*;
use crate::records::StoredRace;
use platform::store::{Range, StoreError};
use racing_domain::{AssetTotals, Certificate, RaceId, RaceState};
use shared::money::Asset;
use std::collections::BTreeMap;

pub static FUNCTION: Function = Function::get("get-settlement", "/v1/races/{race}/settlement")
    .says(
        "The totals and proofs of a race",
        "A race is proved when it is settled and again a quarter of an hour later. Each correction of its result is proved twice as well. \
         The last certificate is the valid one. Before the first proof the list is empty.",
    )
    .public()
    .may(&RACING, &[Query])
    .costs(calls(1), wru(0))
    .throttle(100, 200)
    .handled_by(http!(get));

/// The settlement of a race.
#[derive(Debug, Serialize, JsonSchema)]
struct SettlementView {
    race: RaceId,
    state: RaceState,
    /// The number of the newest result, from 1; 0 before any.
    result_version: u32,
    /// Oldest first.
    certificates: Vec<CertificateView>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CertificateView {
    /// The version of the settled result.
    result_version: u32,
    /// 1 for the proof that closed the race, 2 for its repetition. Larger numbers are proofs after a late slip.
    pass: u32,
    made_at: Timestamp,
    slips: u64,
    /// The number of people to whom an amount was posted.
    paid_users: u64,
    by_asset: BTreeMap<Asset, AssetSettlement>,
}

/// Amounts in minor units. The stakes equal the payouts, the refunds and the operator's result together.
#[derive(Debug, Serialize, JsonSchema)]
struct AssetSettlement {
    #[serde(flatten)]
    totals: AssetTotals,
    /// What remains for the operator; negative when the race paid out more than it took.
    operator_result: i64,
}

async fn get(context: &Context, Path(id): Path<RaceId>) -> Result<Json<SettlementView>, Refused<NotFound>> {
    let pk = keys::race_partition(id);
    let records = context.table(&RACING).all(&Range::all(&pk)).await?;
    let key = keys::race(id);
    let record = records.iter().find(|record| record.key == key).ok_or(NotFound)?;
    let StoredRace { race, .. } = StoredRace::of(record)?;
    let certificates = records.iter().filter(|record| record.key.sk.starts_with(keys::CERTIFICATES)).map(view);
    let certificates = certificates.collect::<Result<_, _>>()?;
    Ok(Json(SettlementView { race: id, state: race.state, result_version: race.result_version, certificates }))
}

fn view(record: &Record) -> Result<CertificateView, StoreError> {
    let Certificate { version, pass, totals, operator_result, made_at, .. } = record.read()?;
    // A certificate has one posting for each asset of its totals.
    let of_asset = |(asset, totals)| {
        let posting = operator_result.iter().find(|posting| posting.amount.asset == asset)?;
        Some((asset, AssetSettlement { totals, operator_result: posting.amount.minor }))
    };
    let by_asset = totals.by_asset.into_iter().filter_map(of_asset).collect();
    let (slips, paid_users) = (totals.slips, totals.paid_users);
    Ok(CertificateView { result_version: version, pass, made_at, slips, paid_users, by_asset })
}
