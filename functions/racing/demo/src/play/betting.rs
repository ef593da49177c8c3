//! A day's betting, minute by minute, and its results as they come in. A day passes in minutes here. So a slip and a payout of one wallet
//! would conflict a thousand times as often as in real hours. Each conflict costs a second attempt. By the day's own clock a slip is
//! answered, and a race settled, within the second. So a result is posted once the slips of its bettors are answered. A person's next slip
//! is placed once they are paid. Everybody else goes on meanwhile.

use super::Player;
use super::held_back::HeldBack;
use super::placing::{Job, Placing};
use crate::feed;
use crate::plan::{PlannedDay, PlannedSlip};
use demo::DemoError;
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};

/// A slip is held back no longer than until this before the close of its race.
const UNTIL_CLOSE: SignedDuration = SignedDuration::from_mins(1);
/// For a settlement that takes longer than this, by the real clock, the clock of the day waits no more.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// More refused slips than this end the demo: something is wrong with all of them.
const REFUSED_MAX: usize = 50;

pub(super) struct Betting<'a> {
    player: &'a mut Player,
    day: &'a PlannedDay,
    placing: Placing,
    held_back: HeldBack,
    /// Results that are due, by the races' places in the day.
    unposted: Vec<usize>,
}

impl<'a> Betting<'a> {
    pub fn new(player: &'a mut Player, day: &'a PlannedDay, slips: &[PlannedSlip]) -> Result<Self, DemoError> {
        let held_back = HeldBack::new(slips, day.races.len(), player.bettors.count());
        let placing = player.crew.begin(&player.bettors, &player.outstanding, day, player.seed)?;
        Ok(Self { player, day, placing, held_back, unposted: Vec::new() })
    }

    /// Plays the day to its last result.
    pub async fn play(mut self, slips: Vec<PlannedSlip>) -> Result<(), DemoError> {
        let mut results: Vec<_> = self.day.races.iter().enumerate().collect();
        results.sort_by_key(|(_, race)| (race.result_at, race.id));
        let (mut results, mut slips) = (results.into_iter().peekable(), slips.into_iter().peekable());
        while self.placing.refused() <= REFUSED_MAX {
            let (slip_at, result_at) = (slips.peek().map(|slip| slip.at), results.peek().map(|(_, race)| race.result_at));
            let Some(now) = slip_at.into_iter().chain(result_at).min() else { break };
            self.tend_until(now.saturating_add(UNTIL_CLOSE).unwrap_or(now)).await?;
            self.player.pace.advance(now).await?;
            self.player.show(now);
            while let Some((race, _)) = results.next_if(|(_, race)| race.result_at <= now) {
                self.held_back.resulted(race);
                self.unposted.push(race);
            }
            while let Some(slip) = slips.next_if(|slip| slip.at <= now) {
                let job = Job { number: self.player.handed_out, closes_at: self.day.races[slip.race].closes_at(), slip };
                self.player.handed_out += 1;
                if let Some(job) = self.held_back.admit(job) {
                    self.place(job).await?;
                }
            }
        }
        self.tend_until(Timestamp::MAX).await?;
        self.end().await
    }

    /// Tends to what waits until no slip does whose race closes by `close`, and no result does that everything else waits for.
    async fn tend_until(&mut self, close: Timestamp) -> Result<(), DemoError> {
        let started = Instant::now();
        loop {
            if started.elapsed() > PATIENCE {
                self.held_back.give_up();
            }
            self.tend().await?;
            let is_last = close == Timestamp::MAX && !self.unposted.is_empty();
            if !(is_last || self.held_back.any_closing_by(close)) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Posts the results and places the slips that need wait no longer.
    async fn tend(&mut self) -> Result<(), DemoError> {
        while let Some(settled) = self.player.watch.next_settled() {
            if let Some(race) = self.day.races.iter().position(|race| race.id == settled) {
                self.held_back.settled(race);
            }
        }
        for race in std::mem::take(&mut self.unposted) {
            if self.player.outstanding.any_of(self.held_back.bettors_of(race)) {
                self.unposted.push(race);
            } else {
                self.post_result(race).await?;
            }
        }
        for job in self.held_back.release() {
            self.place(job).await?;
        }
        Ok(())
    }

    async fn post_result(&mut self, race: usize) -> Result<(), DemoError> {
        let planned = &self.day.races[race];
        for message in feed::results([(planned.id, &planned.result)]) {
            self.player.post(&message).await?;
        }
        self.player.watch.resulted(planned.id, self.held_back.bettors_of(race).to_vec(), self.player.pace.now());
        Ok(())
    }

    async fn place(&self, job: Job) -> Result<(), DemoError> {
        self.player.outstanding.begin(job.closes_at, job.slip.bettor);
        self.player.progress.inc(1);
        self.placing.place(job).await
    }

    async fn end(self) -> Result<(), DemoError> {
        let tally = self.player.crew.end(self.placing).await;
        let refused = tally.refused.len();
        let first = tally.refused.first().cloned().unwrap_or_default();
        self.player.played.tally.add(tally);
        if refused > REFUSED_MAX {
            return Err(DemoError::Unexpected(format!("{refused} slips were refused, the first with: {first}")));
        }
        Ok(())
    }
}
