//! What both feeds share: a message names a day and a venue, is worked off race by race, and is answered the same again when it comes
//! again.

use crate::{RACING, keys, problems};
use platform::commit::Journal;
use platform::commit::{Committed, Decision, commit};
use platform::store::{Record, Write};
use platform::{Call, Context, Problem, Reply};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The most races a message may name.
pub const RACES_PER_MESSAGE_MAX: usize = 12;
/// How often a race is decided anew when something else changed it in between.
pub const ROUNDS_MAX: u32 = 5;

/// The reply to an earlier identical message.
///
/// # Errors
/// `feed_id_reused` when the id was used for another message.
pub async fn earlier(context: &Context, call: &Call) -> Result<Option<Reply>, Problem> {
    match context.table(&RACING).get(&keys::feed(&call.message_id)).await? {
        None => Ok(None),
        Some(record) => answer(&record, call, true).map(Some),
    }
}

/// Remembers `outcome` as the message's and replies with it, or with what a simultaneous identical message left.
pub async fn remember(context: &Context, call: &Call, outcome: &(impl Serialize + Sync)) -> Result<Reply, Problem> {
    let mut record = Record::of(keys::feed(&call.message_id), outcome);
    record.hash = Some(call.request_hash().to_vec());
    let object = Write::if_absent(&RACING, record);
    let mut decide = |_: &[Journal]| Ok(Decision::Accept { object: object.clone(), lines: Vec::new() });
    match commit(context, &mut [], &mut decide).await? {
        Committed::New(record) => answer(&record, call, false),
        Committed::Found(record) => answer(&record, call, true),
    }
}

fn answer(record: &Record, call: &Call, replayed: bool) -> Result<Reply, Problem> {
    if record.hash.as_deref() != Some(call.request_hash().as_slice()) {
        return Err(Problem::new(&problems::FEED_ID_REUSED, ""));
    }
    Ok(Reply::json(200, &record.read::<serde_json::Value>()?)?.replayed(replayed))
}

/// The body of a feed's message, with a bounded list of races.
pub fn body<T: DeserializeOwned>(call: &Call, races: impl FnOnce(&T) -> (usize, &'static str)) -> Result<T, Problem> {
    let body = call.json::<T>()?;
    match races(&body) {
        (1..=RACES_PER_MESSAGE_MAX, _) => Ok(body),
        (_, pointer) => Err(Problem::field(pointer, format!("must name 1 to {RACES_PER_MESSAGE_MAX} races"))),
    }
}

/// What became of each race of a message.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FeedReply {
    pub races: Vec<RaceOutcome>,
}

/// What became of one race.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RaceOutcome {
    pub race: shared::racing::RaceId,
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
    /// Everything was so already.
    Unchanged,
}
