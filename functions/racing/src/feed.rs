//! What both feeds share. A message covers one day and venue. Before any other write it reserves its id and a sequence number, its turn.
//! It then updates race by race and never overwrites what a later turn wrote. A repeat gets the stored answer.

use crate::refusals::{DUPLICATE_RACE, FEED_ID_REUSED};
use crate::{RACING, keys};
use jiff::Timestamp;
use jiff::civil::Date;
use platform::commit::{Committed, Decision, Journal, commit};
use platform::http::{Json, SignedMessage};
use platform::once::Done;
use platform::problem;
use platform::refusal::{Refusals, Refused};
use platform::store::{Key, Record, StoreError, Write, WriteError, jitter, write};
use platform::{Context, Problem};
use racing_domain::RaceId;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// The most races a message may name.
pub const RACES_PER_MESSAGE_MAX: usize = 12;
/// How often a race is decided again when something else changed it in between.
pub const ROUNDS_MAX: u32 = 5;
/// How often a message asks for its turn when others take theirs.
const TURN_ROUNDS_MAX: u32 = 20;

/// A message's right to act: its id is taken for its body.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Claim {
    /// Its place among the messages of its day and venue, counted when it was first taken: no clock says which of two is newer. 0 when
    /// older code took it, which did not count.
    pub turn: u64,
    /// When it first came, by the gateway's clock.
    pub received_at: Timestamp,
}

/// A claim as it is stored; older code stored when it took the message, by its own clock.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredClaim {
    Counted(Claim),
    Timed(Timestamp),
}

impl Claim {
    /// Whether another message, which wrote in its `turn`, is newer than this one. Then this one is a retry or late, and must not undo that
    /// write. What older code wrote has only its time.
    pub fn is_overtaken_by(&self, turn: u64, written_at: Option<Timestamp>) -> bool {
        match (self.turn, turn) {
            (0, 0) => written_at > Some(self.received_at),
            (own, other) => other > own,
        }
    }

    fn of(record: &Record) -> Result<Self, StoreError> {
        Ok(match record.read()? {
            StoredClaim::Counted(claim) => claim,
            StoredClaim::Timed(received_at) => Self { turn: 0, received_at },
        })
    }
}

/// The reply to an earlier identical message that was processed.
///
/// # Errors
/// `feed_id_reused` when the id was used for another message.
pub async fn earlier(context: &Context, message: &SignedMessage) -> Result<Option<FeedAnswer>, Problem> {
    let found = context.table(&RACING).get(&keys::feed(&message.id)).await?;
    found.map(|record| answer(&record, message, true)).transpose()
}

/// The claim of an earlier attempt at this message.
pub async fn begun(context: &Context, message: &SignedMessage) -> Result<Option<Claim>, Problem> {
    let found = context.table(&RACING).get(&keys::feed_claim(&message.id)).await?;
    let claim = found.filter(|record| check_same(record, message).is_ok()).map(|record| Claim::of(&record));
    Ok(claim.transpose()?)
}

/// Takes the message's id for this very body, before the first write in its name: of two messages of one id, one changes nothing. A message
/// whose work was cut short finds its own claim and continues. The claim has a key of its own beside the outcome's. Otherwise older code
/// would take a message that was only begun for a processed one.
///
/// # Errors
/// `feed_id_reused` when the id was taken for another message; `contention` when too many others of its day and venue come at once.
pub async fn claim(context: &Context, message: &SignedMessage, (date, venue): (Date, u8)) -> Result<Claim, Problem> {
    let claim = Claim { turn: next_turn(context, &keys::feed_turn(date, venue)).await?, received_at: message.requested_at };
    match put(context, message, keys::feed_claim(&message.id), &claim).await? {
        Committed::New(_) => Ok(claim),
        Committed::Found(record) => {
            check_same(&record, message)?;
            Ok(Claim::of(&record)?)
        }
    }
}

/// What a counter of turns says; the record's revision is what counts.
#[derive(Serialize)]
struct Turn {
    turn: u64,
}

/// Takes the next turn. One that is taken and not used is only skipped.
async fn next_turn(context: &Context, key: &Key) -> Result<u64, Problem> {
    for round in 0..TURN_ROUNDS_MAX {
        let last = context.table(&RACING).get(key).await?.and_then(|record| record.revision);
        let turn = last.unwrap_or(0) + 1;
        let record = Record::of(key.clone(), &Turn { turn });
        let taken = match last {
            None => Write::if_absent(&RACING, Record { revision: Some(turn), ..record }),
            Some(last) => Write::next_revision(&RACING, record, last),
        };
        match write(context, vec![taken]).await {
            Ok(()) => return Ok(turn),
            Err(WriteError::Canceled(_)) => tokio::time::sleep(jitter(10 << round.min(6))).await,
            Err(WriteError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::new(&problem::CONTENTION, ""))
}

/// Remembers `outcome` as the message's and replies with it, or with what a simultaneous identical message left.
pub async fn remember(context: &Context, message: &SignedMessage, outcome: &FeedReply) -> Result<FeedAnswer, Problem> {
    match put(context, message, keys::feed(&message.id), outcome).await? {
        Committed::New(record) => answer(&record, message, false),
        Committed::Found(record) => answer(&record, message, true),
    }
}

/// Puts what is said of the message, unless it was said before.
async fn put(context: &Context, message: &SignedMessage, key: Key, said: &impl Serialize) -> Result<Committed, Problem> {
    let mut record = Record::of(key, said);
    record.hash = Some(message.request.to_vec());
    let object = Write::if_absent(&RACING, record);
    commit(context, &mut [], &mut |_: &[Journal]| Ok(Decision::Accept { object: object.clone(), lines: Vec::new() })).await
}

fn check_same(record: &Record, message: &SignedMessage) -> Result<(), Problem> {
    let same = record.hash.as_deref() == Some(message.request.as_slice());
    if same { Ok(()) } else { Err(Problem::new(&FEED_ID_REUSED, "")) }
}

fn answer(record: &Record, message: &SignedMessage, replayed: bool) -> Result<FeedAnswer, Problem> {
    check_same(record, message)?;
    Ok(Done { value: Json(record.read()?), replayed })
}

/// Refuses a message that names no race, or too many.
pub fn check_count(races: usize, pointer: &str) -> Result<(), Problem> {
    if (1..=RACES_PER_MESSAGE_MAX).contains(&races) {
        return Ok(());
    }
    Err(Problem::field(pointer, format!("must name 1 to {RACES_PER_MESSAGE_MAX} races")))
}

/// The races that the entries of `list` name, each once; one that can be none is `invalid`.
pub fn race_ids<R: Refusals>(
    date: Date,
    venue: u8,
    numbers: impl Iterator<Item = u8>,
    list: &str,
    invalid: impl Fn() -> R,
) -> Result<Vec<RaceId>, Refused<R>> {
    let mut ids = Vec::new();
    for (index, number) in numbers.enumerate() {
        let entry = format!("{list}/{index}/number");
        let id = RaceId::new(date, venue, number).map_err(|error| {
            // The first part that is wrong though all others are right.
            let pointer = match (RaceId::new(date, 1, 1), RaceId::new(date, venue, 1)) {
                (Err(_), _) => "/date",
                (_, Err(_)) => "/venue",
                _ => entry.as_str(),
            };
            invalid().at(pointer, error.to_string())
        })?;
        if ids.contains(&id) {
            let twice = Problem::new(&DUPLICATE_RACE, "").with_error(entry, format!("{id} is named before this"));
            return Err(twice.into());
        }
        ids.push(id);
    }
    Ok(ids)
}

/// Reads an object whose names must differ. JSON readers let the last of two equal names win, and what the first said would be lost.
pub fn distinct<'de, K, V, D>(reader: D) -> Result<BTreeMap<K, V>, D::Error>
where
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Distinct<K, V>(PhantomData<(K, V)>);

    impl<'de, K: Deserialize<'de> + Ord + fmt::Display, V: Deserialize<'de>> Visitor<'de> for Distinct<K, V> {
        type Value = BTreeMap<K, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some(name) = entries.next_key::<K>()? {
                if map.contains_key(&name) {
                    return Err(A::Error::custom(format!("{name} occurs here twice")));
                }
                map.insert(name, entries.next_value()?);
            }
            Ok(map)
        }
    }

    reader.deserialize_map(Distinct(PhantomData))
}

/// The answer to a message.
pub type FeedAnswer = Done<Json<FeedReply>>;

/// The outcome for each race of a message.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FeedReply {
    pub races: Vec<RaceOutcome>,
}

/// The outcome for one race.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RaceOutcome {
    pub race: RaceId,
    pub outcome: Outcome,
    /// The race's newest result; 0 before any.
    pub result_version: u32,
}

/// The effect of a message on a race.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FeedOutcome")]
pub enum Outcome {
    /// The race is new and open for betting.
    Announced,
    /// The close, title or names of an open race were changed.
    Updated,
    /// A first or corrected result was recorded; settlement follows.
    Resulted,
    /// Nothing changed: the race had this content already, or a later message changed it.
    Unchanged,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: &str) -> Timestamp {
        format!("2026-05-23T12:{minute}:00Z").parse().unwrap()
    }

    #[test]
    fn the_turn_says_what_is_newer_and_no_clock_does() {
        let claim = Claim { turn: 7, received_at: at("05") };
        assert!(claim.is_overtaken_by(8, Some(at("01"))));
        assert!(!claim.is_overtaken_by(7, Some(at("09"))), "its own");
        assert!(!claim.is_overtaken_by(6, Some(at("09"))));
        assert!(!claim.is_overtaken_by(0, Some(at("09"))), "written before messages were counted");
    }

    #[test]
    fn a_claim_reads_back_and_so_does_one_of_older_code() {
        let read = |stored: &serde_json::Value| Claim::of(&Record::of(keys::feed_claim("m"), stored)).unwrap();
        let counted = Claim { turn: 7, received_at: at("05") };
        let again = read(&serde_json::to_value(counted).unwrap());
        assert_eq!((again.turn, again.received_at), (7, at("05")));
        let older = read(&serde_json::json!("2026-05-23T12:05:00Z"));
        assert!(older.is_overtaken_by(1, Some(at("01"))), "every counted message came after it");
        assert!(older.is_overtaken_by(0, Some(at("06"))) && !older.is_overtaken_by(0, Some(at("04"))));
        assert!(!older.is_overtaken_by(0, None));
    }
}
