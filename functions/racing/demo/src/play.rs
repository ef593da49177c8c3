//! Plays race days on a running cloud, through its HTTP API, in their real order. Programs, top-ups and medals come in the morning, and
//! slips minute by minute. Results come while people still bet on later races. The cloud's clock jumps to the next minute in which
//! something happens. Durations are measured by the real clock.

mod betting;
mod held_back;
mod morning;
mod outstanding;
mod pace;
mod placing;
mod reports;
mod settlement;

use super::feed;
use super::plan::{PlannedDay, SlipPlan};
use super::settled::Settled;
use betting::Betting;
use client::http::Connection;
use client::local::Local;
use demo::measure::Tally;
use demo::people::People;
use demo::{Acknowledgements, DemoError, Stage};
use indicatif::ProgressBar;
use jiff::{SignedDuration, Timestamp};
use outstanding::Outstanding;
use pace::Pace;
use placing::Crew;
use platform::secrets::SecretValue;
use reports::Reports;
use settlement::Watch;
use std::sync::Arc;
use std::time::Duration;

/// Kept-alive connections that place slips.
const CONNECTIONS: usize = 24;
/// Certificates are repeated a quarter of an hour after the settlement.
const UNTIL_REPEATED: SignedDuration = SignedDuration::from_mins(20);
const IDLE_WITHIN: Duration = Duration::from_mins(1);

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
    bettors: Arc<People>,
    crew: Crew,
    watch: Watch,
    feed: Connection,
    secret: SecretValue,
    /// Distinguishes the idempotency keys of two runs.
    seed: u64,
    /// Slips, all days together.
    handed_out: u64,
    played: Played,
    progress: ProgressBar,
    acknowledgements: Arc<Acknowledgements>,
}

impl Player {
    /// For the cloud of `stage`.
    pub async fn new(stage: &Stage, bettors: usize, seed: u64) -> Result<Self, DemoError> {
        let (to, acknowledgements) = (&stage.connection, stage.acknowledgements.clone());
        let mut local = Local::over(to.another());
        let secret = local.feed_secret().await?;
        let (outstanding, bettors) = (Arc::new(Outstanding::default()), Arc::new(People::new("bettor", bettors)));
        let reports = Reports { bettors: bettors.clone(), acknowledgements: acknowledgements.clone() };
        Ok(Self {
            pace: Pace::new(local, outstanding.clone()),
            outstanding,
            bettors,
            crew: Crew::new(to, CONNECTIONS, acknowledgements.clone()),
            watch: Watch::start(to.another(), reports),
            feed: to.another(),
            secret,
            seed,
            handed_out: 0,
            played: Played::default(),
            progress: stage.progress.clone(),
            acknowledgements,
        })
    }

    /// Plays one day to its end: everything settled, and certified twice.
    pub async fn play(&mut self, day: &PlannedDay, plan: SlipPlan) -> Result<(), DemoError> {
        self.progress.set_message(format!("{} morning", day.date));
        self.pace.jump(day.morning()).await?;
        self.announce(day).await?;
        self.crew.fund(&self.bettors, &plan, day.date, self.pace.now(), self.seed).await?;
        Betting::new(self, day, &plan.slips)?.play(plan.slips).await?;
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

    async fn announce(&mut self, day: &PlannedDay) -> Result<(), DemoError> {
        for message in feed::announcements(day.races.iter().map(|race| (race.id, &race.announcement))) {
            self.post(&message).await?;
        }
        Ok(())
    }

    async fn post(&mut self, message: &feed::Message) -> Result<(), DemoError> {
        let (call, reply) = feed::post(&mut self.feed, message, &self.secret, self.pace.now()).await?;
        self.acknowledgements.note("feed", None, &call, &reply)
    }

    fn show(&self, now: Timestamp) {
        if !self.progress.is_hidden() {
            let local = now.to_zoned(shared::calendar::tokyo());
            self.progress.set_message(format!("{} · {} races settling", local.strftime("%Y-%m-%d %H:%M"), self.watch.waiting()));
        }
    }
}
