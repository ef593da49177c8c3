//! The racing service: races come in by a signed feed, people place slips on them, results settle them. It owns the racing table and
//! posts to wallets by the wallet service's one typed way in.

mod feed;
pub mod keys;
mod problems;
pub mod records;
mod shard;
mod slip_view;

use platform::resource::{Alarm, EventType, Index, Queue, Secret, Service, Setting, Subscription, Table, Topic};
use racing_domain::event::{PayoutPosted, RaceChanged, ShardSettled, SlipPlaced};
use shared::event::Event;

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

pub static SERVICE: Service = Service {
    name: "racing",
    doc: "Races, slips and their settlement.",
    tables: &[&RACING],
    queues: &[&SETTLE_RACE, &SETTLE_SHARD, &CERTIFY_RACE, &SWEEP_RACES, &RELAY_RACING_FAILURES],
    topics: &[&RACING_EVENTS],
    secrets: &[&FEED],
    alarms: &[&SLIP_AFTER_CLOSE, &SLIP_AFTER_SETTLEMENT, &RACE_DOES_NOT_ADD_UP, &RACE_HANGS],
    functions: FUNCTIONS,
};

/// Races, their results and what settled them; slips and payouts, by race and shard; the rows of a day. `keys` says where each is.
pub static RACING: Table = Table { name: "racing", doc: "Races, slips, payouts and certificates.", indexes: &[SLIPS_BY_USER] };

/// A person's slips, by the time they were placed.
pub const SLIPS_BY_USER: Index = Index { name: "slips-by-user", hash: "user", range: "placed" };

/// The secret that signs race and result feeds.
pub static FEED: Secret = Secret { name: "feed", doc: "Signs the race and result feeds (whsec_…, one or two lines)." };

/// Four take up to ten thousand slips.
pub static SHARDS: Setting =
    Setting { name: "SHARDS", doc: "into how many shards the slips of a new race are spread, 1 to 1000", local: "4" };

pub static SETTLE_RACE: Queue = Queue {
    name: "settle-race",
    doc: "Races whose result came.",
    receives_max: 8,
    subscriptions: &[Subscription { topic: &RACING_EVENTS, types: &[RaceChanged::TYPE], data: &[("state", &["resulted"])] }],
};

pub static SETTLE_SHARD: Queue =
    Queue { name: "settle-shard", doc: "Shards of races to settle.", receives_max: 20, subscriptions: &[] };

pub static CERTIFY_RACE: Queue =
    Queue { name: "certify-race", doc: "Races whose shards are all done, to be proved.", receives_max: 8, subscriptions: &[] };

pub static SWEEP_RACES: Queue =
    Queue { name: "sweep-races", doc: "The clock's call to look for races that hang.", receives_max: 5, subscriptions: &[] };

pub static RELAY_RACING_FAILURES: Queue = Queue {
    name: "relay-racing-failures",
    doc: "Changes of the racing table that no event could be made of.",
    receives_max: 5,
    subscriptions: &[],
};

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
    doc: "A slip was placed at or after its race's close. It is refunded; find out whose clock is off.",
};

pub static SLIP_AFTER_SETTLEMENT: Alarm = Alarm {
    name: "slip-after-settlement",
    doc: "A slip was found after its shard had been settled. It is refunded; find out what took so long.",
};

pub static RACE_DOES_NOT_ADD_UP: Alarm = Alarm {
    name: "race-does-not-add-up",
    doc: "A race's payouts, refunds and operator result are not its stakes. It stays unsettled until they are.",
};

pub static RACE_HANGS: Alarm = Alarm {
    name: "race-hangs",
    doc: "A race has its result for an hour and is not settled: people's stakes and winnings are frozen. Find out what the dead letters of \
          settle-race, settle-shard and certify-race died of; `koban verify` names every such race.",
};
