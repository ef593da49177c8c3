//! The people who take part, and their tokens. A token is good for twelve hours of the cloud's clock, and a played day is longer. So
//! an old one is replaced when it is next needed.

use crate::DemoError;
use client::http::{Connection, bearer};
use client::local;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// Less than a token's twelve hours by more than any call takes.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(11);

pub struct People {
    /// What their names begin with.
    called: String,
    tokens: Vec<Mutex<Option<Pass>>>,
}

#[derive(Clone)]
struct Pass {
    header: HeaderValue,
    minted_at: Timestamp,
}

impl People {
    /// `count` people, whose names begin with `called`.
    pub fn new(called: impl Into<String>, count: usize) -> Self {
        Self { called: called.into(), tokens: (0..count).map(|_| Mutex::default()).collect() }
    }

    pub fn count(&self) -> usize {
        self.tokens.len()
    }

    /// The subject of a person's tokens.
    pub fn name(&self, person: usize) -> String {
        format!("{}-{person:05}", self.called)
    }

    /// The `Authorization` of a person at `now`.
    ///
    /// # Errors
    /// When the cloud gives no token.
    pub async fn authorization(
        &self,
        person: usize,
        now: Timestamp,
        connection: &mut Connection,
    ) -> Result<HeaderValue, DemoError> {
        let known = self.tokens[person].lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(Pass { header, minted_at }) = known
            && (SignedDuration::ZERO..GOOD_FOR).contains(&now.duration_since(minted_at))
        {
            return Ok(header);
        }
        let header = bearer(&local::token(connection, &self.name(person)).await?)?;
        let pass = Pass { header: header.clone(), minted_at: now };
        *self.tokens[person].lock().unwrap_or_else(PoisonError::into_inner) = Some(pass);
        Ok(header)
    }
}
