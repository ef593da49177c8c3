//! The racing service: races come in by a signed feed, people place slips on them, results settle them. It owns the racing table and
//! posts to wallets by the wallet service's one typed way in.

mod feed;
pub mod keys;
pub mod messages;
mod prelude;
pub mod records;
pub mod refusals;
mod shard;
mod slip_view;

use platform::Service;
use platform::resource::{Alarm, EventType, Index, Secret, Setting, Table, Topic};
use racing_domain::event::{PayoutPosted, RaceChanged, ShardSettled, SlipPlaced};

platform::functions![
    announce_races,
    record_results,
    list_races,
    get_race,
    place_slip,
    list_slips,
    get_slip,
    settle_race,
    settle_shard,
    certify_race,
    sweep_races,
    relay_racing,
    get_settlement,
];

pub static SERVICE: Service = Service::new("racing", "Races, slips and their settlement.", &[&RACING], FUNCTIONS);

/// Races, their results and what settled them; slips and payouts, by race and shard; the rows of a day. `keys` says where each is.
pub static RACING: Table = Table { name: "racing", doc: "Races, slips, payouts and certificates.", indexes: &[SLIPS_BY_USER] };

/// A person's slips, by the time they were placed.
pub const SLIPS_BY_USER: Index = Index { name: "slips-by-user", hash: "user", range: "placed" };

/// The secret that signs race and result feeds.
pub static FEED: Secret = Secret { name: "feed", doc: "Signs the race and result feeds (whsec_…, one or two lines)." };

/// Four take up to ten thousand slips.
pub static SHARDS: Setting =
    Setting { name: "SHARDS", doc: "into how many shards the slips of a new race are spread, 1 to 1000", local: "4" };

pub static RACING_EVENTS: Topic = Topic {
    name: "racing-events",
    doc: "What happens to races, slips and payouts.",
    events: &[
        EventType::of::<RaceChanged>(),
        EventType::of::<SlipPlaced>(),
        EventType::of::<PayoutPosted>(),
        EventType::of::<ShardSettled>(),
    ],
};

pub static SLIP_AFTER_CLOSE: Alarm = Alarm {
    name: "slip-after-close",
    doc: "A slip was placed at or after its race's close. It is refunded. Find out which clock is wrong.",
};

pub static SLIP_AFTER_SETTLEMENT: Alarm = Alarm {
    name: "slip-after-settlement",
    doc: "A slip was found after its shard had been settled. It is refunded. Find out what delayed it.",
};

pub static RACE_DOES_NOT_ADD_UP: Alarm = Alarm {
    name: "race-does-not-add-up",
    doc: "A race's payouts, refunds and operator result do not add up to its stakes. It stays unsettled until they do.",
};

pub static RACE_STUCK: Alarm = Alarm {
    name: "race-stuck",
    doc: "A race has its result for an hour and is not settled, so stakes and winnings are not paid. Find out why the messages in the \
          dead-letter queues of settle-race, settle-shard and certify-race failed. `koban verify` names every such race.",
};
