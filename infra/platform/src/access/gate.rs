//! The gate of a person: which of their tokens are revoked, and whether they are suspended. Its key is `gate#usr_…`/`gate`. Its JSON is
//! `{"revoked_before": 1767225600, "revoked": ["ses_…"], "suspended": false}`; `revoked_before` may be null. A person without an item
//! has an open gate.

use crate::access::entry::{Entry, required};
use crate::access::token::{SessionId, Token, next_second};
use crate::problem::{self, Code};
use crate::store::record::Key;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::UserId;

/// The most sessions that a gate lists: with it an item stays below 4 KB, which is half a read unit.
pub const REVOKED_MAX: usize = 64;

/// What keeps a person's tokens out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Tokens of those who signed in before this second since 1970 are revoked.
    #[serde(deserialize_with = "required")]
    revoked_before: Option<i64>,
    /// The sessions that are revoked, oldest revocation first.
    revoked: Vec<SessionId>,
    suspended: bool,
}

impl Entry for Gate {
    fn check(&self) -> Result<(), &'static str> {
        if self.revoked.len() > REVOKED_MAX { Err("it lists too many sessions") } else { Ok(()) }
    }
}

impl Gate {
    pub fn key(user: &UserId) -> Key {
        Key::new(format!("gate#{user}"), "gate")
    }

    /// Revokes one session. A gate that is full revokes every session from before `at`, because none that was revoked may come back.
    #[must_use]
    pub fn revoking(mut self, session: SessionId, at: Timestamp) -> Self {
        if self.revoked.contains(&session) {
            return self;
        }
        if self.revoked.len() >= REVOKED_MAX {
            return self.revoking_all(at);
        }
        self.revoked.push(session);
        self
    }

    /// Revokes every token of those who signed in until `at`, also within its second. Clocks differ, so a sign-in shortly before `at`
    /// may have a later `auth_time`; a session that must end is revoked by its id.
    #[must_use]
    pub fn revoking_all(mut self, at: Timestamp) -> Self {
        self.revoked_before = self.revoked_before.max(Some(next_second(at)));
        self
    }

    /// Suspends the person, or lets them in again.
    #[must_use]
    pub const fn suspended(mut self, suspended: bool) -> Self {
        self.suspended = suspended;
        self
    }

    /// Why it keeps a token out. A revoked token learns nothing of a suspension.
    pub(crate) fn refuses(&self, token: &Token) -> Option<&'static Code> {
        let is_listed = token.session.as_ref().is_some_and(|session| self.revoked.contains(session));
        // A token that does not say when its bearer signed in may be of any time.
        let is_older = self.revoked_before.is_some_and(|before| token.signed_in.is_none_or(|at| at < before));
        if is_listed || is_older {
            return Some(&problem::TOKEN_REVOKED);
        }
        self.suspended.then_some(&problem::ACCOUNT_SUSPENDED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(name: &str) -> SessionId {
        SessionId::derive(&[name.as_bytes()])
    }

    fn token(session_name: &str, signed_in: Option<i64>) -> Token {
        Token { session: Some(session(session_name)), signed_in }
    }

    fn refused(gate: &Gate, token: &Token) -> Option<&'static str> {
        gate.refuses(token).map(|code| code.code)
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_open_gate_admits_every_token() {
        let gate = Gate::default();
        assert_eq!(refused(&gate, &token("a", None)), None);
        assert_eq!(refused(&gate, &Token { session: None, signed_in: None }), None);
    }

    #[test]
    fn a_session_that_is_revoked_is_refused_and_its_neighbors_are_not() {
        let gate = Gate::default().revoking(session("a"), second(100));
        assert_eq!(refused(&gate, &token("a", Some(200))), Some("token_revoked"));
        assert_eq!(refused(&gate, &token("b", Some(1))), None);
        assert_eq!(refused(&gate, &Token { session: None, signed_in: Some(1) }), None);
        assert_eq!(gate.clone().revoking(session("a"), second(100)), gate, "twice is once");
    }

    #[test]
    fn who_signed_in_within_the_second_of_a_revocation_is_refused_and_a_second_later_is_not() {
        let gate = Gate::default().revoking_all(second(100));
        for (signed_in, refusal) in [
            (Some(99), Some("token_revoked")),
            (Some(100), Some("token_revoked")),
            (Some(101), None),
            (None, Some("token_revoked")),
        ] {
            assert_eq!(refused(&gate, &token("a", signed_in)), refusal, "{signed_in:?}");
        }
        // An earlier revocation takes nothing back.
        assert_eq!(gate.clone().revoking_all(second(50)), gate);
    }

    #[test]
    fn a_full_gate_revokes_everybody_instead_of_forgetting_somebody() {
        let mut gate = Gate::default();
        for number in 0..REVOKED_MAX {
            gate = gate.revoking(session(&number.to_string()), second(100));
        }
        assert_eq!(refused(&gate, &token("other", Some(1))), None);
        let full = gate.revoking(session("one more"), second(100));
        assert_eq!(full.check(), Ok(()));
        assert_eq!(refused(&full, &token("one more", Some(100))), Some("token_revoked"));
        assert_eq!(refused(&full, &token("0", Some(200))), Some("token_revoked"));
        assert_eq!(refused(&full, &token("new", Some(101))), None);
        assert!(serde_json::to_vec(&full).unwrap().len() < 4_000);
    }

    #[test]
    fn those_whose_token_is_good_learn_of_a_suspension() {
        let gate = Gate::default().suspended(true).revoking(session("a"), second(100));
        assert_eq!(refused(&gate, &token("b", Some(1))), Some("account_suspended"));
        assert_eq!(refused(&gate, &token("a", Some(1))), Some("token_revoked"));
        assert_eq!(refused(&gate.suspended(false), &token("b", Some(1))), None);
    }

    #[test]
    fn an_item_with_anything_missing_or_unknown_is_unreadable() {
        let read = |text: &str| serde_json::from_str::<Gate>(text).ok().filter(|gate| gate.check().is_ok());
        let session = session("a");
        let whole = format!(r#"{{"revoked_before":null,"revoked":["{session}"],"suspended":false}}"#);
        assert_eq!(serde_json::to_string(&read(&whole).unwrap()).unwrap(), whole);
        let too_many =
            format!(r#"{{"revoked_before":1,"revoked":[{}],"suspended":true}}"#, vec![format!("\"{session}\""); 65].join(","));
        for wrong in [
            "{}",
            "null",
            "[]",
            r#"{"revoked":[],"suspended":false}"#,
            r#"{"revoked_before":null,"suspended":false}"#,
            r#"{"revoked_before":null,"revoked":[]}"#,
            r#"{"revoked_before":null,"revoked":[],"suspended":false,"locked":true}"#,
            r#"{"revoked_before":"1","revoked":[],"suspended":false}"#,
            r#"{"revoked_before":1.5,"revoked":[],"suspended":false}"#,
            r#"{"revoked_before":null,"revoked":["ses_"],"suspended":false}"#,
            r#"{"revoked_before":null,"revoked":null,"suspended":false}"#,
            r#"{"revoked_before":null,"revoked":[],"suspended":"false"}"#,
            r#"{"revoked_before":null,"revoked":[],"suspended":true,"suspended":false}"#,
            &too_many,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
