//! The morning of a race day: everybody who will bet tops up what they will need and takes the day's medals.

use crate::plan::SlipPlan;
use client::http::{Call, Connection};
use demo::people::People;
use demo::{Acknowledgements, DemoError};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, Instant};
use wallet_domain::topup::TopUpState;

/// How long collecting a top-up may take, by the real clock.
const COLLECTED_WITHIN: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Deserialize)]
struct TopUpReply {
    id: String,
    state: TopUpState,
}

/// The morning of one day, of which each connection takes a part.
pub(super) struct Morning<'a> {
    pub bettors: &'a People,
    pub plan: &'a SlipPlan,
    pub date: Date,
    pub now: Timestamp,
    pub seed: u64,
    pub acknowledgements: &'a Acknowledgements,
}

impl Morning<'_> {
    /// Everything of `bettors`: first all requests, then the wait, so that collecting goes on beside asking.
    pub async fn of(&self, bettors: impl Iterator<Item = usize>, connection: &mut Connection) -> Result<(), DemoError> {
        let mut asked = Vec::new();
        for bettor in bettors {
            if self.plan.top_ups[bettor] > 0 {
                asked.push((bettor, self.top_up(bettor, connection).await?));
            }
            if self.plan.takes_medals[bettor] {
                let call = Call::post("/v1/medals/daily", "")?.by(self.authorization(bettor, connection).await?);
                let reply = connection.send(&call).await?.accepted("taking the day's medals")?;
                self.acknowledgements.note("medals", Some(&self.bettors.name(bettor)), &call, &reply)?;
            }
        }
        for (bettor, topup) in asked {
            self.collected(bettor, &topup, connection).await?;
        }
        Ok(())
    }

    async fn authorization(&self, bettor: usize, connection: &mut Connection) -> Result<http::HeaderValue, DemoError> {
        self.bettors.authorization(bettor, self.now, connection).await
    }

    async fn top_up(&self, bettor: usize, connection: &mut Connection) -> Result<String, DemoError> {
        let body = json!({"asset": "JPY", "minor": self.plan.top_ups[bettor]}).to_string();
        let call = Call::post("/v1/topups", body)?
            .with("idempotency-key", &format!("demo-{}-{}-{bettor}", self.seed, self.date))
            .by(self.authorization(bettor, connection).await?);
        let reply = connection.send(&call).await?.accepted("topping up")?;
        self.acknowledgements.note("topup", Some(&self.bettors.name(bettor)), &call, &reply)?;
        Ok(reply.json::<TopUpReply>()?.id)
    }

    async fn collected(&self, bettor: usize, topup: &str, connection: &mut Connection) -> Result<(), DemoError> {
        let call = Call::get(&format!("/v1/topups/{topup}"))?.by(self.authorization(bettor, connection).await?);
        let started = Instant::now();
        loop {
            let reply = connection.send(&call).await?.accepted("looking after a top-up")?;
            let state = reply.json::<TopUpReply>()?.state;
            if state == TopUpState::Collected {
                return self.acknowledgements.note("collected_topup", Some(&self.bettors.name(bettor)), &call, &reply);
            }
            if state == TopUpState::Declined || started.elapsed() > COLLECTED_WITHIN {
                return Err(DemoError::Unexpected(format!(
                    "top-up {topup} is {state:?} after {} s: look into logs/functions.jsonl of the data directory",
                    started.elapsed().as_secs()
                )));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
