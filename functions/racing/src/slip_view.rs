//! How a slip looks to its owner. Its status is never stored: it is derived from the slip and the newest result of its race.

use crate::records::{StoredRace, StoredResult};
use crate::{RACING, keys};
use jiff::Timestamp;
use platform::store::{Key, Record};
use platform::{Context, Problem};
use racing_domain::{Bet, Outcome, Race, RaceId, RaceState, Slip, SlipId};
use schemars::JsonSchema;
use serde::Serialize;
use shared::id::UserId;
use shared::money::Asset;
use std::collections::{BTreeSet, HashMap};

/// A slip, as its owner sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SlipView {
    pub id: SlipId,
    pub race: RaceId,
    pub asset: Asset,
    /// The price of the slip: the minor units of all combinations together.
    pub stake: i64,
    pub combinations: u32,
    pub bets: Vec<Bet>,
    pub placed_at: Timestamp,
    pub status: SlipStatus,
    /// The payout and refund; absent until the race has a result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// The status of a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlipStatus {
    /// The race has no result yet.
    Placed,
    /// The race has a result, which is being settled.
    Settling,
    /// Something is paid.
    Won,
    /// Nothing is paid, and some or all of the stake is refunded.
    Refunded,
    Lost,
}

/// The view of a slip just placed, or placed by an earlier identical request: the same bytes each time.
pub fn placed(id: SlipId, slip: Slip) -> SlipView {
    let Slip { asset, stake, combinations, bets, placed_at } = slip;
    SlipView { race: id.race(), id, asset, stake, combinations, bets, placed_at, status: SlipStatus::Placed, outcome: None }
}

/// The views of a person's slips: one read of the slips with their races and late marks, one of the races' results. Slips that do not
/// exist, and refusals, are left out.
pub async fn views(context: &Context, user: &UserId, ids: &[SlipId]) -> Result<Vec<SlipView>, Problem> {
    let table = context.table(&RACING);
    let races: BTreeSet<RaceId> = ids.iter().map(SlipId::race).collect();
    let mut wanted: Vec<Key> = races.iter().map(|race| keys::race(*race)).collect();
    wanted.extend(ids.iter().flat_map(|id| [keys::slip(user, id), late_key(user, id)]));
    let found = table.batch(&wanted).await?;

    let race_of = |id: &RaceId| found.get(&keys::race(*id)).map(StoredRace::of).transpose();
    let mut resulted: HashMap<RaceId, (Race, Key)> = HashMap::new();
    for id in &races {
        if let Some(StoredRace { race, .. }) = race_of(id)?
            && race.state != RaceState::Open
        {
            let key = keys::result(*id, race.result_version);
            resulted.insert(*id, (race, key));
        }
    }
    let result_keys: Vec<Key> = resulted.values().map(|(_, key)| key.clone()).collect();
    let results = if result_keys.is_empty() { HashMap::new() } else { table.batch(&result_keys).await? };

    let slips = ids.iter().filter_map(|id| Some((id, found.get(&keys::slip(user, id))?)));
    let slips = slips.filter(|(_, record)| record.expires_at.is_none());
    let view = |(id, record): (&SlipId, &Record)| {
        let late = found.contains_key(&late_key(user, id));
        let view = placed(id.clone(), record.read::<Slip>()?);
        match resulted.get(&id.race()).and_then(|(race, key)| Some((race, results.get(key)?))) {
            None => Ok(view),
            Some((race, result)) => {
                let result = StoredResult::of(race.id, race.result_version, result)?;
                decided(view, record, race, &result, late)
            }
        }
    };
    slips.map(view).collect()
}

fn late_key(user: &UserId, id: &SlipId) -> Key {
    keys::late(id.race(), id.shard(), user.as_str(), id.tail())
}

fn decided(view: SlipView, record: &Record, race: &Race, result: &StoredResult, late: bool) -> Result<SlipView, Problem> {
    let slip = record.read::<Slip>()?;
    let outcome = slip.outcome(&race.field(), &result.result, race.effective_close(), late).map_err(Problem::internal)?;
    let status = match race.state {
        RaceState::Settled if outcome.payout > 0 => SlipStatus::Won,
        RaceState::Settled if outcome.refund > 0 => SlipStatus::Refunded,
        RaceState::Settled => SlipStatus::Lost,
        RaceState::Resulted | RaceState::Open => SlipStatus::Settling,
    };
    Ok(SlipView { status, outcome: Some(outcome), ..view })
}
