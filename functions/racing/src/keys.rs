//! The keys of everything that belongs to a race. One partition holds the race, its results and what settled them; one partition for each
//! shard holds people's slips and payouts side by side.

use jiff::civil::Date;
use platform::store::Key;
use racing_domain::{RaceId, Slip, SlipId, payout};
use shared::id::UserId;

/// The partition of the race itself.
pub fn race_partition(race: RaceId) -> String {
    format!("race#{}", race.key())
}

pub fn race(race: RaceId) -> Key {
    Key::new(race_partition(race), "race")
}

pub fn result(race: RaceId, version: u32) -> Key {
    Key::new(race_partition(race), format!("result#v{version:04}"))
}

/// What all done items of a version begin with.
pub fn done_prefix(version: u32) -> String {
    format!("done#{version:04}#")
}

pub fn done(race: RaceId, version: u32, shard: u16) -> Key {
    Key::new(race_partition(race), format!("{}{shard:04}", done_prefix(version)))
}

/// What all certificates begin with.
pub const CERTIFICATES: &str = "cert#";

/// What all certificates of a version begin with.
pub fn certificate_prefix(version: u32) -> String {
    format!("{CERTIFICATES}{version:04}#")
}

pub fn certificate(race: RaceId, version: u32, pass: u32) -> Key {
    Key::new(race_partition(race), format!("{}{pass:04}", certificate_prefix(version)))
}

/// The partition of one shard's slips and payouts.
pub fn shard_partition(race: RaceId, shard: u16) -> String {
    format!("race#{}#{shard:04}", race.key())
}

/// The sketch of a shard's slips: the first record of its partition. Its key has the name that the first version gave it.
pub fn sketch(race: RaceId, shard: u16) -> Key {
    Key::new(shard_partition(race, shard), "!census")
}

/// A person's slip. The owner is part of the key, so another's is as missing as none.
pub fn slip(user: &UserId, id: &SlipId) -> Key {
    Key::new(shard_partition(id.race(), id.shard()), Slip::sort_key(user, id))
}

/// The mark of a slip that was found only after its shard was counted.
pub fn late(race: RaceId, shard: u16, user: &str, tail: &str) -> Key {
    Key::new(shard_partition(race, shard), format!("{user}#l#{tail}"))
}

pub fn payout(race: RaceId, shard: u16, user: &UserId, seq: u64) -> Key {
    Key::new(shard_partition(race, shard), payout::sort_key(user, seq))
}

/// A day's rows.
pub fn day_partition(date: Date) -> String {
    format!("day#{date}")
}

pub fn day_row(race: RaceId) -> Key {
    Key::new(day_partition(race.date()), format!("{:02}-{:02}", race.venue(), race.number()))
}

/// What became of a feed message.
pub fn feed(message_id: &str) -> Key {
    Key::new(format!("feed#{message_id}"), "feed")
}

/// That a feed message was begun.
pub fn feed_claim(message_id: &str) -> Key {
    Key::new(format!("feed#{message_id}"), "claim")
}

/// The count of the feed messages of a day and venue.
pub fn feed_turn(date: Date, venue: u8) -> Key {
    Key::new(format!("feed#{date}-{venue:02}"), "turn")
}
