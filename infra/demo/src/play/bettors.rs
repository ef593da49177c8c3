//! The people who bet, and their tokens. A token is valid for twelve hours of the cloud's clock, and a race day is longer. So an old token
//! is replaced when it is next needed.

use crate::DemoError;
use client::http::{Connection, bearer};
use client::local;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// Less than a token's twelve hours by more than any call takes.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(11);

pub struct Bettors {
    tokens: Vec<Mutex<Option<Pass>>>,
}

#[derive(Clone)]
struct Pass {
    header: HeaderValue,
    minted_at: Timestamp,
}

impl Bettors {
    pub fn new(count: usize) -> Self {
        Self { tokens: (0..count).map(|_| Mutex::default()).collect() }
    }

    pub fn count(&self) -> usize {
        self.tokens.len()
    }

    /// The subject of a bettor's tokens.
    pub fn name(bettor: usize) -> String {
        format!("bettor-{bettor:05}")
    }

    /// The `Authorization` of a bettor at `now`.
    pub async fn authorization(
        &self,
        bettor: usize,
        now: Timestamp,
        connection: &mut Connection,
    ) -> Result<HeaderValue, DemoError> {
        let known = self.tokens[bettor].lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(Pass { header, minted_at }) = known
            && (SignedDuration::ZERO..GOOD_FOR).contains(&now.duration_since(minted_at))
        {
            return Ok(header);
        }
        let header = bearer(&local::token(connection, &Self::name(bettor)).await?)?;
        let pass = Pass { header: header.clone(), minted_at: now };
        *self.tokens[bettor].lock().unwrap_or_else(PoisonError::into_inner) = Some(pass);
        Ok(header)
    }
}
