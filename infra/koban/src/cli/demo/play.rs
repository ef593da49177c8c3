//! Playing race days on a running cloud, through its HTTP API, in the order in which everything happened: programs in the morning,
//! top-ups and medals, slips minute by minute, results while later races are still being bet. The cloud's clock is moved from one
//! minute in which something happens to the next; how long things take is measured by the real one.

mod bettors;
mod held_back;
mod morning;
mod outstanding;
mod pace;
mod placing;
mod settlement;

use super::measure::{Settled, Tally};
use super::plan::{PlannedDay, PlannedSlip, SlipPlan};
use crate::cli::CliError;
use crate::cli::http::{BaseUrl, Connection};
use crate::cli::local::Local;
use crate::{cli, feed};
use bettors::Bettors;
use held_back::HeldBack;
use indicatif::ProgressBar;
use jiff::{SignedDuration, Timestamp};
use outstanding::Outstanding;
use pace::Pace;
use placing::{Crew, Job, Placing};
use platform::secrets::SecretValue;
use settlement::Watch;
use std::sync::Arc;
use std::time::Duration;

/// Kept-alive connections that place slips.
const CONNECTIONS: usize = 24;
/// Certificates are repeated a quarter of an hour after the settlement.
const UNTIL_REPEATED: SignedDuration = SignedDuration::from_mins(20);
/// A slip that was held back is placed when its race has no more than this to its close.
const HELD_BACK_UNTIL: SignedDuration = SignedDuration::from_mins(1);
const IDLE_WITHIN: Duration = Duration::from_mins(1);
/// More refused slips than this end the demo: something is wrong with all of them.
const REFUSED_MAX: usize = 50;

/// What playing came to.
#[derive(Debug, Default)]
pub struct Played {
    pub tally: Tally,
    pub settled: Vec<Settled>,
    /// How long slips were being placed.
    pub placing: Duration,
    /// Messages in dead-letter queues: work that was given up on.
    pub dead: u64,
}

/// A run of the demo on one cloud.
pub struct Player {
    pace: Pace,
    outstanding: Arc<Outstanding>,
    bettors: Arc<Bettors>,
    crew: Crew,
    watch: Watch,
    feed: Connection,
    secret: SecretValue,
    /// Tells the idempotency keys of two runs apart.
    seed: u64,
    /// Slips, all days together.
    handed_out: u64,
    played: Played,
    progress: ProgressBar,
}

impl Player {
    pub async fn new(base: &BaseUrl, bettors: usize, seed: u64, progress: ProgressBar) -> Result<Self, CliError> {
        let mut local = Local::new(base.clone());
        let secret = local.feed_secret().await?;
        let outstanding = Arc::new(Outstanding::default());
        Ok(Self {
            pace: Pace::new(local, outstanding.clone()),
            outstanding,
            bettors: Arc::new(Bettors::new(bettors)),
            crew: Crew::new(base, CONNECTIONS),
            watch: Watch::start(base.clone()),
            feed: Connection::new(base.clone()),
            secret,
            seed,
            handed_out: 0,
            played: Played::default(),
            progress,
        })
    }

    /// Plays one day to its end: everything settled, and certified twice.
    pub async fn play(&mut self, day: &PlannedDay, plan: SlipPlan) -> Result<(), CliError> {
        self.progress.set_message(format!("{} morning", day.date));
        self.pace.jump(day.morning()).await?;
        self.announce(day).await?;
        self.crew.fund(&self.bettors, &plan, day.date, self.pace.now(), self.seed).await?;
        self.bet(day, plan.slips).await?;
        self.progress.set_message(format!("{} settling", day.date));
        self.watch.all_settled(&mut self.pace).await?;
        self.pace.advance(self.pace.now() + UNTIL_REPEATED).await?;
        self.played.dead = self.pace.idle(IDLE_WITHIN).await?;
        Ok(())
    }

    /// What everything came to.
    pub async fn end(mut self) -> Played {
        self.played.settled = self.watch.end().await;
        self.played.placing = self.outstanding.busy();
        self.played
    }

    async fn announce(&mut self, day: &PlannedDay) -> Result<(), CliError> {
        for message in feed::announcements(day.races.iter().map(|race| (race.id, &race.announcement))) {
            self.post(&message).await?;
        }
        Ok(())
    }

    async fn post(&mut self, message: &feed::Message) -> Result<(), CliError> {
        cli::feed::post(&mut self.feed, message, &self.secret, self.pace.now()).await.map(drop)
    }

    /// The day's betting, and its results as they come in.
    async fn bet(&mut self, day: &PlannedDay, slips: Vec<PlannedSlip>) -> Result<(), CliError> {
        let mut held_back = HeldBack::new(&slips, day.races.len(), self.bettors.count());
        let mut results: Vec<_> = day.races.iter().enumerate().collect();
        results.sort_by_key(|(_, race)| (race.result_at, race.id));
        let (mut results, mut slips) = (results.into_iter().peekable(), slips.into_iter().peekable());
        let placing = self.crew.begin(&self.bettors, &self.outstanding, day, self.seed)?;
        loop {
            let (slip_at, result_at) = (slips.peek().map(|slip| slip.at), results.peek().map(|(_, race)| race.result_at));
            let Some(now) = slip_at.into_iter().chain(result_at).min() else { break };
            self.release(day, &mut held_back, &placing, now + HELD_BACK_UNTIL).await?;
            self.pace.advance(now).await?;
            self.show(now);
            while let Some((index, race)) = results.next_if(|(_, race)| race.result_at <= now) {
                for message in feed::results([(race.id, &race.result)]) {
                    self.post(&message).await?;
                }
                self.watch.resulted(race.id, held_back.slips_of(index));
                held_back.resulted(index);
            }
            while let Some(slip) = slips.next_if(|slip| slip.at <= now) {
                let job = Job { number: self.handed_out, closes_at: day.races[slip.race].closes_at(), slip };
                self.handed_out += 1;
                if let Some(job) = held_back.admit(job) {
                    self.place(&placing, job).await?;
                }
            }
            if placing.refused() > REFUSED_MAX {
                break;
            }
        }
        // Every race is resulted, so every race has closed, and its slips were released before.
        debug_assert!(held_back.is_empty() || placing.refused() > REFUSED_MAX);
        self.end_betting(placing).await
    }

    async fn end_betting(&mut self, placing: Placing) -> Result<(), CliError> {
        let tally = self.crew.end(placing).await;
        let refused = tally.refused.len();
        let first = tally.refused.first().cloned().unwrap_or_default();
        self.played.tally.add(tally);
        if refused > REFUSED_MAX {
            return Err(CliError::Unexpected(format!("{refused} slips were refused, the first with: {first}")));
        }
        Ok(())
    }

    /// Places what was held back for people who are paid by now, and what can wait no longer when the clock comes to `now`.
    async fn release(
        &mut self,
        day: &PlannedDay,
        held_back: &mut HeldBack,
        placing: &Placing,
        now: Timestamp,
    ) -> Result<(), CliError> {
        while let Some(settled) = self.watch.next_settled() {
            if let Some(index) = day.races.iter().position(|race| race.id == settled) {
                held_back.settled(index);
            }
        }
        for job in held_back.release(now) {
            self.place(placing, job).await?;
        }
        Ok(())
    }

    async fn place(&self, placing: &Placing, job: Job) -> Result<(), CliError> {
        self.outstanding.begin(job.closes_at);
        self.progress.inc(1);
        placing.place(job).await
    }

    fn show(&self, now: Timestamp) {
        if !self.progress.is_hidden() {
            let local = now.to_zoned(shared::medals::tokyo());
            self.progress.set_message(format!("{} · {} races settling", local.strftime("%Y-%m-%d %H:%M"), self.watch.waiting()));
        }
    }
}
