//! Racing's functions end to end, each in the file of its name, and the laws that hold of all of them.

// Tests to the linter as well: a helper may unwrap.
#![cfg(test)]

mod announce_races;
mod certify_race;
mod examples;
mod get_race;
mod get_settlement;
mod get_slip;
mod list_races;
mod list_slips;
mod place_slip;
mod record_results;
mod relay_racing;
mod secrets;
mod settle_race;
mod settle_shard;
mod sweep_races;
mod wallet_history;

testing::laws!(examples::Stage);
