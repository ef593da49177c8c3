//! One file for each function, of its name: what a user of it may rely on, seen through the API alone wherever the API shows it. The
//! house test holds that none is missing.

mod announce_races;
mod certify_race;
mod check_health;
mod collect_topup;
mod create_topup;
mod get_openapi;
mod get_race;
mod get_settlement;
mod get_slip;
mod get_topup;
mod get_wallet;
mod grant_medals;
mod list_races;
mod list_slips;
mod list_wallet_lines;
mod place_slip;
mod record_results;
mod relay_racing;
mod relay_wallet;
mod settle_race;
mod settle_shard;
mod sweep_races;
mod sweep_topups;
