//! The play: requests first, each sent twice; then the wait for the bank; then everybody's wallet and history are read and compared.

use super::Outcome;
use super::model::{Deed, Holdings, holdings};
use client::http::{Call, Connection, Reply};
use client::local::Local;
use demo::measure::Tally;
use demo::people::People;
use demo::{DemoError, Stage};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use shared::calendar::tokyo;
use shared::money::Asset;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 16;
/// The bank is asked again each minute for what it did not answer: this far the clock is moved on, so often.
const MINUTE: SignedDuration = SignedDuration::from_secs(61);
const MINUTES: u32 = 5;
const IDLE_WITHIN: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Nobody's history has more pages than this.
const PAGES_MAX: usize = 10_000;

#[derive(Deserialize)]
struct WalletReply {
    balances: Vec<Balance>,
    lines: u64,
}

#[derive(Deserialize)]
struct Balance {
    asset: Asset,
    available: i64,
}

#[derive(Deserialize)]
struct LinesReply {
    items: Vec<LineReply>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct LineReply {
    seq: u64,
    amounts: Vec<Moved>,
}

#[derive(Deserialize)]
struct Moved {
    asset: Asset,
    minor: i64,
}

/// Everybody at work on one cloud.
struct Playing<'a> {
    stage: &'a Stage,
    deeds: &'a [Vec<Deed>],
    people: People,
    seed: u64,
    now: Timestamp,
}

/// Plays everybody's `deeds`.
pub async fn all(stage: &Stage, deeds: &[Vec<Deed>], seed: u64) -> Result<Outcome, DemoError> {
    let mut local = Local::over(stage.connection.another());
    let now = noon_after(local.now().await?);
    local.set_clock(now).await?;
    // Of this run alone, so that nobody has anything yet.
    let people = People::new(format!("holder-{}", now.as_second()), deeds.len());
    let playing = Playing { stage, deeds, people, seed, now };
    let mut outcome = Outcome::default();
    let started = Instant::now();
    for tally in join_all((0..CONNECTIONS).map(|part| playing.ask(part))).await {
        outcome.tally.add(tally);
    }
    outcome.playing = started.elapsed();
    stage.progress.set_message("collecting");
    outcome.dead = collected(&mut local).await?;
    stage.progress.set_message("comparing");
    for compared in join_all((0..CONNECTIONS).map(|part| playing.compare(part))).await {
        let (right, wrong) = compared?;
        outcome.right += right;
        outcome.wrong.extend(wrong);
    }
    Ok(outcome)
}

/// The next day's noon in Tokyo: the medals of one run are those of one day.
fn noon_after(now: Timestamp) -> Timestamp {
    let noon =
        now.to_zoned(tokyo()).tomorrow().and_then(|day| day.with().hour(12).minute(0).second(0).subsec_nanosecond(0).build());
    noon.map_or(now, |noon| noon.timestamp())
}

/// Waits until the bank has answered everything. Returns how many messages were given up on.
async fn collected(local: &mut Local) -> Result<u64, DemoError> {
    let mut dead = idle(local).await?;
    for _ in 0..MINUTES {
        let now = local.now().await?;
        local.set_clock(now.saturating_add(MINUTE).unwrap_or(now)).await?;
        dead = idle(local).await?;
    }
    Ok(dead)
}

async fn idle(local: &mut Local) -> Result<u64, DemoError> {
    let started = Instant::now();
    loop {
        let status = local.status().await?;
        if status.idle || started.elapsed() > IDLE_WITHIN {
            return Ok(status.dead);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl Playing<'_> {
    /// Those whom a connection serves.
    fn of(&self, part: usize) -> impl Iterator<Item = usize> {
        (part..self.deeds.len()).step_by(CONNECTIONS)
    }

    /// All requests of a part of the people.
    async fn ask(&self, part: usize) -> Tally {
        let (mut connection, mut tally) = (self.stage.connection.another(), Tally::default());
        for person in self.of(part) {
            for (number, deed) in self.deeds[person].iter().enumerate() {
                if let Err(error) = self.twice(person, number, *deed, &mut connection, &mut tally).await {
                    tally.refused.push(format!("{}: {error}", self.people.name(person)));
                }
                self.stage.progress.inc(1);
            }
        }
        tally
    }

    /// Asks, and asks the same again: the second reply must be of the same object.
    async fn twice(
        &self,
        person: usize,
        number: usize,
        deed: Deed,
        connection: &mut Connection,
        tally: &mut Tally,
    ) -> Result<(), DemoError> {
        let (what, call) = match deed {
            Deed::TopUp(minor) => {
                let key = format!("demo-{}-{person}-{number}", self.seed);
                let body = json!({"asset": "JPY", "minor": minor}).to_string();
                ("topup", Call::post("/v1/topups", body)?.with("idempotency-key", &key))
            }
            Deed::Medals => ("medals", Call::post("/v1/medals/daily", "")?),
        };
        let call = call.by(self.people.authorization(person, self.now, connection).await?);
        let started = Instant::now();
        let first = connection.send(&call).await?.accepted(what)?;
        tally.accepted((person * 1_000 + number) as u64, started.elapsed(), first.headers.get("server-timing"));
        self.stage.acknowledgements.note(what, Some(&self.people.name(person)), &call, &first)?;
        let again = connection.send(&call).await?.accepted(what)?;
        if id(&first)? == id(&again)? {
            return Ok(());
        }
        Err(DemoError::Unexpected(format!("the same {what} was answered with another object")))
    }

    /// How many wallets of a part of the people are right, and what is wrong with the others.
    async fn compare(&self, part: usize) -> Result<(u64, Vec<String>), DemoError> {
        let mut connection = self.stage.connection.another();
        let (mut right, mut wrong) = (0, Vec::new());
        for person in self.of(part) {
            let expected = holdings(&self.deeds[person]);
            let (wallet, history) = (self.wallet(person, &mut connection).await?, self.history(person, &mut connection).await?);
            if wallet == expected && history == expected {
                right += 1;
            } else {
                let name = self.people.name(person);
                wrong.push(format!("{name}: plain sums say {expected:?}, the wallet {wallet:?}, its history {history:?}"));
            }
        }
        Ok((right, wrong))
    }

    async fn wallet(&self, person: usize, connection: &mut Connection) -> Result<Holdings, DemoError> {
        let call = Call::get("/v1/wallet")?.by(self.people.authorization(person, self.now, connection).await?);
        let reply: WalletReply = connection.send(&call).await?.accepted("reading a wallet")?.json()?;
        let of = |asset| reply.balances.iter().find(|balance| balance.asset == asset).map_or(0, |balance| balance.available);
        Ok(Holdings { yen: of(Asset::Jpy), medals: of(Asset::Medal), lines: reply.lines })
    }

    /// What the lines of the history add up to, page by page.
    async fn history(&self, person: usize, connection: &mut Connection) -> Result<Holdings, DemoError> {
        let (mut sum, mut seen) = (Holdings::default(), BTreeSet::new());
        let mut path = "/v1/wallet/lines?limit=100".to_owned();
        for _ in 0..PAGES_MAX {
            let call = Call::get(&path)?.by(self.people.authorization(person, self.now, connection).await?);
            let page: LinesReply = connection.send(&call).await?.accepted("reading a history")?.json()?;
            for moved in page.items.iter().flat_map(|line| &line.amounts) {
                match moved.asset {
                    Asset::Jpy => sum.yen += moved.minor,
                    Asset::Medal => sum.medals += moved.minor,
                }
            }
            seen.extend(page.items.iter().map(|line| line.seq));
            let Some(cursor) = page.next_cursor else { break };
            path = format!("/v1/wallet/lines?limit=100&cursor={cursor}");
        }
        Ok(Holdings { lines: seen.len() as u64, ..sum })
    }
}

/// What the reply is about: a top-up's id, or what was granted.
fn id(reply: &Reply) -> Result<serde_json::Value, DemoError> {
    let body: serde_json::Value = reply.json()?;
    Ok(body.get("id").cloned().unwrap_or(body))
}
