//! What both feeds share: a message names a day and a venue, takes its id before anything is done in its name, is worked off race by
//! race, and is answered the same again when it comes again.

use crate::{RACING, keys, problems};
use jiff::Timestamp;
use jiff::civil::Date;
use platform::commit::{Committed, Decision, Journal, commit};
use platform::problem::Code;
use platform::store::{Key, Record, Write};
use platform::{Call, Context, Problem, Reply};
use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use shared::racing::RaceId;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// The most races a message may name.
pub const RACES_PER_MESSAGE_MAX: usize = 12;
/// How often a race is decided anew when something else changed it in between.
pub const ROUNDS_MAX: u32 = 5;
/// A message's right to act: its id is taken for its body.
pub struct Claim {
    /// When it was first taken, if that was not just now: an earlier attempt was cut short, or goes on elsewhere.
    resumed_since: Option<Timestamp>,
}

impl Claim {
    /// Whether what another message wrote at `at` is newer than this one: resumed late, it must not undo that.
    pub fn is_overtaken_by(&self, at: Timestamp) -> bool {
        self.resumed_since.is_some_and(|since| at > since)
    }
}

/// The reply to an earlier identical message that was worked off.
///
/// # Errors
/// `feed_id_reused` when the id was used for another message.
pub async fn earlier(context: &Context, call: &Call) -> Result<Option<Reply>, Problem> {
    let found = context.table(&RACING).get(&keys::feed(&call.message_id)).await?;
    found.map(|record| answer(&record, call, true)).transpose()
}

/// Takes the message's id for this very body, before the first write in its name: of two messages of one id, one changes nothing. A
/// message whose work was cut short finds its id its own and goes on. It lies beside the outcome, not in its place, so that older code
/// never takes a message that was only begun for one that was worked off.
///
/// # Errors
/// `feed_id_reused` when the id was taken for another message.
pub async fn claim(context: &Context, call: &Call) -> Result<Claim, Problem> {
    match put(context, call, keys::feed_claim(&call.message_id), &context.now()).await? {
        Committed::New(_) => Ok(Claim { resumed_since: None }),
        Committed::Found(record) => {
            check_same(&record, call)?;
            Ok(Claim { resumed_since: Some(record.read()?) })
        }
    }
}

/// Remembers `outcome` as the message's and replies with it, or with what a simultaneous identical message left.
pub async fn remember(context: &Context, call: &Call, outcome: &FeedReply) -> Result<Reply, Problem> {
    match put(context, call, keys::feed(&call.message_id), outcome).await? {
        Committed::New(record) => answer(&record, call, false),
        Committed::Found(record) => answer(&record, call, true),
    }
}

/// Puts what is said of the message, unless it was said before.
async fn put(context: &Context, call: &Call, key: Key, said: &impl Serialize) -> Result<Committed, Problem> {
    let mut record = Record::of(key, said);
    record.hash = Some(call.request_hash().to_vec());
    let object = Write::if_absent(&RACING, record);
    commit(context, &mut [], &mut |_: &[Journal]| Ok(Decision::Accept { object: object.clone(), lines: Vec::new() })).await
}

fn check_same(record: &Record, call: &Call) -> Result<(), Problem> {
    let same = record.hash.as_deref() == Some(call.request_hash().as_slice());
    if same { Ok(()) } else { Err(Problem::new(&problems::FEED_ID_REUSED, "")) }
}

fn answer(record: &Record, call: &Call, replayed: bool) -> Result<Reply, Problem> {
    check_same(record, call)?;
    Ok(Reply::json(200, &record.read::<FeedReply>()?)?.replayed(replayed))
}

/// The body of a feed's message, with a bounded list of races.
pub fn body<T: DeserializeOwned>(call: &Call, races: impl FnOnce(&T) -> (usize, &'static str)) -> Result<T, Problem> {
    let body = call.json::<T>()?;
    match races(&body) {
        (1..=RACES_PER_MESSAGE_MAX, _) => Ok(body),
        (_, pointer) => Err(Problem::field(pointer, format!("must name 1 to {RACES_PER_MESSAGE_MAX} races"))),
    }
}

/// The races that the entries of `list` name, each once; one that can be none is `invalid`.
pub fn race_ids(
    date: Date,
    venue: u8,
    numbers: impl Iterator<Item = u8>,
    list: &str,
    invalid: &'static Code,
) -> Result<Vec<RaceId>, Problem> {
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
            Problem::new(invalid, "").with_error(pointer, error.to_string())
        })?;
        if ids.contains(&id) {
            return Err(Problem::new(&problems::DUPLICATE_RACE, "").with_error(entry, format!("{id} stands before this")));
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
                    return Err(A::Error::custom(format!("{name} stands here twice")));
                }
                map.insert(name, entries.next_value()?);
            }
            Ok(map)
        }
    }

    reader.deserialize_map(Distinct(PhantomData))
}

/// What became of each race of a message.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FeedReply {
    pub races: Vec<RaceOutcome>,
}

/// What became of one race.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RaceOutcome {
    pub race: RaceId,
    pub outcome: Outcome,
    /// The race's newest result; 0 before any.
    pub result_version: u32,
}

/// What a message did to a race.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FeedOutcome")]
pub enum Outcome {
    /// The race is new and open for betting.
    Announced,
    /// An open race has another close, title or names now.
    Updated,
    /// A first or a corrected result was taken; settlement follows.
    Resulted,
    /// Everything was so already, or a later message has said otherwise since.
    Unchanged,
}
