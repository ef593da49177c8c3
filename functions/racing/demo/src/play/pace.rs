//! The cloud's clock, in the hands of the demo.

use super::outstanding::Outstanding;
use client::local::Local;
use demo::DemoError;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The clock keeps this far away from the close of a slip that is on its way.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub struct Pace {
    local: Local,
    outstanding: Arc<Outstanding>,
    set_to: Timestamp,
    set_at: Instant,
}

impl Pace {
    pub fn new(local: Local, outstanding: Arc<Outstanding>) -> Self {
        Self { local, outstanding, set_to: Timestamp::UNIX_EPOCH, set_at: Instant::now() }
    }

    /// What the cloud's clock shows now: it runs on between two moves.
    pub fn now(&self) -> Timestamp {
        let since = SignedDuration::try_from(self.set_at.elapsed()).unwrap_or_default();
        self.set_to.saturating_add(since).unwrap_or(self.set_to)
    }

    /// Sets the clock, also back: where a day begins.
    pub async fn jump(&mut self, to: Timestamp) -> Result<(), DemoError> {
        self.local.set_clock(to).await?;
        (self.set_to, self.set_at) = (to, Instant::now());
        Ok(())
    }

    /// Moves the clock on to `to`, once no slip is on its way that would then be too late. It never goes back.
    pub async fn advance(&mut self, to: Timestamp) -> Result<(), DemoError> {
        self.outstanding.none_closing_by(to.saturating_add(MARGIN).unwrap_or(to)).await;
        if to > self.now() { self.jump(to).await } else { Ok(()) }
    }

    /// Waits until the cloud has nothing left to do, at most `within`; what is still undone then is for the proof to find. Returns how
    /// many messages it gave up on.
    pub async fn idle(&mut self, within: Duration) -> Result<u64, DemoError> {
        let started = Instant::now();
        loop {
            let status = self.local.status().await?;
            if status.idle || started.elapsed() > within {
                return Ok(status.dead);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
