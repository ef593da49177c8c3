//! `POST /v1/feeds/races`: the day's races of a venue. A race opens for betting when it is announced, with the number of shards that
//! its slips will ever have.

use crate::feed::{self, Claim, FeedAnswer, FeedReply, Outcome, ROUNDS_MAX, RaceOutcome};
use crate::prelude::*;
use crate::records::StoredRace;
use jiff::civil::Date;
use racing_domain::{
    Announcement, PRINTABLE, RUNNER_MAX, RUNNERS_MIN, Race, RaceError, RaceId, RaceState, Runner, TITLE_CHARS_MAX,
};

pub static FUNCTION: Function = Function::post("announce-races", "/v1/feeds/races")
    .says(
        "Announce a venue's races of a day",
        "Signed as Standard Webhooks. Until a race has a result, it may be announced again to move its close or to correct names. Its \
         runners' numbers and brackets never change. A close that has passed is not moved later. Bracket bets are on sale where the \
         runners have brackets.",
    )
    .signed(&FEED)
    .may(&RACING, &[GetItem, PutItem])
    .chooses(&SHARDS)
    // Twelve races: each is read twice and written with its row of the day.
    .costs(calls(42), wru(100))
    .timeout_s(20)
    .throttle(50, 100)
    .handled_by(http!(announce_all));

/// A venue's races of a day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RacesFeed {
    /// The day in the venue's calendar.
    date: Date,
    /// 1 to 99.
    #[schemars(range(min = 1, max = 99))]
    venue: u8,
    /// 1 to 12 races.
    #[schemars(length(min = 1, max = 12))]
    races: Vec<AnnouncedRace>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AnnouncedRace {
    /// 1 to 12.
    #[schemars(range(min = 1, max = 12))]
    number: u8,
    /// When betting closes.
    closes_at: Timestamp,
    /// At most 128 characters, none of them a control character. It and the runners' names take at most 3,072 bytes.
    #[schemars(length(max = TITLE_CHARS_MAX), regex(pattern = PRINTABLE))]
    title: String,
    /// 2 to 18 runners with different numbers.
    #[schemars(length(min = RUNNERS_MIN, max = RUNNER_MAX))]
    runners: Vec<Runner>,
}

async fn announce_all(
    context: &Context,
    message: SignedMessage,
    Body(body): Body<RacesFeed>,
) -> Result<FeedAnswer, Refused<AnnouncementRefusal>> {
    feed::check_count(body.races.len(), "/races")?;
    let numbers = body.races.iter().map(|race| race.number);
    let ids = feed::race_ids(body.date, body.venue, numbers, "/races", || AnnouncementRefusal::InvalidRace)?;
    let shards = context.setting(&SHARDS).map_err(Refused::internal)?;
    let mut wanted = Vec::with_capacity(body.races.len());
    for (index, (id, announced)) in ids.into_iter().zip(body.races).enumerate() {
        wanted.push(race_of(id, announced, shards, index)?);
    }
    if let Some(reply) = feed::earlier(context, &message).await? {
        return Ok(reply);
    }
    // All of them before the first is written: a message that is refused changes nothing.
    for (index, race) in wanted.iter().enumerate() {
        check(context, &message, race, index).await?;
    }
    let claim = feed::claim(context, &message, (body.date, body.venue)).await?;
    let mut races = Vec::with_capacity(wanted.len());
    for (index, race) in wanted.into_iter().enumerate() {
        races.push(announce(context, message.requested_at, &claim, race, index).await?);
    }
    Ok(feed::remember(context, &message, &FeedReply { races }).await?)
}

fn race_of(id: RaceId, announced: AnnouncedRace, shards: u16, index: usize) -> Result<Race, Refused<AnnouncementRefusal>> {
    let AnnouncedRace { closes_at, title, runners, .. } = announced;
    let announcement = Announcement { closes_at, title, runners };
    Race::announce(id, announcement, shards).map_err(|error| {
        if error == RaceError::WrongShards {
            // The environment's choice, not the feed's.
            return Refused::internal(error);
        }
        let pointer = format!("/races/{index}{}", error.pointer());
        AnnouncementRefusal::InvalidRace.at(pointer, error.to_string())
    })
}

/// Refuses an announcement that what is known of the race rules out. One that was begun before another message changed the race is in
/// order: it changes nothing of it.
async fn check(context: &Context, message: &SignedMessage, race: &Race, index: usize) -> Result<(), Refused<AnnouncementRefusal>> {
    let Some(known) = records::race(context, race.id).await? else { return Ok(()) };
    if !matches!(update(&known, race, message.requested_at), Update::Refused) {
        return Ok(());
    }
    let begun = feed::begun(context, message).await?;
    if begun.is_some_and(|claim| is_overtaken(&claim, &known)) { Ok(()) } else { Err(refused(race, index)) }
}

fn is_overtaken(claim: &Claim, known: &StoredRace) -> bool {
    claim.is_overtaken_by(known.turn, known.changed_at)
}

fn refused(race: &Race, index: usize) -> Refused<AnnouncementRefusal> {
    AnnouncementRefusal::RaceChanged.at(format!("/races/{index}"), format!("{} is known otherwise, or closed", race.id))
}

async fn announce(
    context: &Context,
    requested_at: Timestamp,
    claim: &Claim,
    race: Race,
    index: usize,
) -> Result<RaceOutcome, Refused<AnnouncementRefusal>> {
    for _ in 0..ROUNDS_MAX {
        let known = records::race(context, race.id).await?;
        let (announced, revision, outcome) = match &known {
            None => (race.clone(), None, Outcome::Announced),
            Some(known) => match update(known, &race, requested_at) {
                Update::To(updated) if !is_overtaken(claim, known) => (updated, Some(known.revision), Outcome::Updated),
                Update::Refused if !is_overtaken(claim, known) => return Err(refused(&race, index)),
                _ => return Ok(outcome_of(&known.race, outcome_by(claim, known))),
            },
        };
        match write(context, records::announce(&announced, revision, requested_at, claim.turn).into()).await {
            Ok(()) => return Ok(outcome_of(&announced, outcome)),
            Err(WriteError::Canceled(_)) => {}
            Err(WriteError::Store(error)) => return Err(error.into()),
        }
    }
    Err(AnnouncementRefusal::Contention.into())
}

/// What a message came to that must not write: it wrote before it was cut short, or another did.
const fn outcome_by(claim: &Claim, known: &StoredRace) -> Outcome {
    match (known.turn == claim.turn && claim.turn > 0, known.revision) {
        (true, 1) => Outcome::Announced,
        (true, _) => Outcome::Updated,
        (false, _) => Outcome::Unchanged,
    }
}

const fn outcome_of(race: &Race, outcome: Outcome) -> RaceOutcome {
    RaceOutcome { race: race.id, outcome, result_version: race.result_version }
}

enum Update {
    Unchanged,
    To(Race),
    Refused,
}

/// What announcing `race` by a message that came at `requested_at` makes of the race that is known.
fn update(known: &StoredRace, race: &Race, requested_at: Timestamp) -> Update {
    let Race { closes_at, title, runners, .. } = race.clone();
    let updated = Race { closes_at, title, runners, ..known.race.clone() };
    if updated == known.race {
        return Update::Unchanged;
    }
    let is_open = known.race.state == RaceState::Open && known.race.may_close_at(closes_at, requested_at);
    if is_open && updated.field() == known.race.field() { Update::To(updated) } else { Update::Refused }
}
