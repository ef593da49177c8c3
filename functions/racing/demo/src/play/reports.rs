//! What the API reports of a race's settlement. Everybody sees that it is settled. Where acknowledgements are kept, each bettor reads the
//! outcome of their slips.

use client::http::{Call, Connection};
use demo::people::People;
use demo::{Acknowledgements, DemoError};
use jiff::Timestamp;
use racing_domain::{RaceId, RaceState};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

pub struct Reports {
    pub bettors: Arc<People>,
    pub acknowledgements: Arc<Acknowledgements>,
}

#[derive(Deserialize)]
struct RaceReply {
    state: RaceState,
}

#[derive(Deserialize)]
struct PageReply {
    next_cursor: Option<String>,
}

impl Reports {
    /// Whether the race is settled. If it is, its report and those to `bettors` are noted; `now` is for their tokens.
    pub async fn of(
        &self,
        race: RaceId,
        bettors: &[usize],
        now: Timestamp,
        connection: &mut Connection,
    ) -> Result<bool, DemoError> {
        let call = Call::get(&format!("/v1/races/{race}"))?;
        let reply = connection.send(&call).await?;
        if reply.json::<RaceReply>()?.state != RaceState::Settled {
            return Ok(false);
        }
        if self.acknowledgements.are_kept() {
            self.acknowledgements.note("settled_race", None, &call, &reply)?;
            for bettor in bettors.iter().copied().collect::<BTreeSet<_>>() {
                self.to(bettor, race, now, connection).await?;
            }
        }
        Ok(true)
    }

    async fn to(&self, bettor: usize, race: RaceId, now: Timestamp, connection: &mut Connection) -> Result<(), DemoError> {
        let first = format!("/v1/slips?race={race}&limit=100");
        let mut next = Some(first.clone());
        while let Some(path) = next {
            let call = Call::get(&path)?.by(self.bettors.authorization(bettor, now, connection).await?);
            let reply = connection.send(&call).await?.accepted("looking after slips")?;
            self.acknowledgements.note("settled_slips", Some(&self.bettors.name(bettor)), &call, &reply)?;
            next = reply.json::<PageReply>()?.next_cursor.map(|cursor| format!("{first}&cursor={cursor}"));
        }
        Ok(())
    }
}
