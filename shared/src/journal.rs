//! The journal: an entity whose history is gapless, ordered and exactly-once. Its invariant: line n+1 holds what happened, the state after
//! it, and a hash over its stored bytes and the previous hash. So any two readers of the same bytes agree on history and state.

use crate::hash::{self, Hash};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

/// What keeps a journal: what can happen to it, and the state that follows.
pub trait Entity {
    type What: Serialize + DeserializeOwned;
    type State: Serialize + DeserializeOwned + Default + Clone + PartialEq;

    /// The state after `what` happened in `state`; the only way a state comes about.
    fn apply(state: &Self::State, what: &Self::What) -> Result<Self::State, FoldError>;
}

/// Something that cannot have happened in the state it is said to have happened in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct FoldError(pub String);

/// A line as it is stored. `body` is hashed as stored, never re-serialized: older and newer code verify the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub entity: String,
    /// 1 for the first line.
    pub seq: u64,
    pub body: Vec<u8>,
    pub hash: Hash,
}

/// What a line's body says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<W, S> {
    /// Never before the previous line's. Order is the sequence, not the time.
    pub at: Timestamp,
    /// Who caused it: a user, or the function that acted without one.
    pub by: String,
    #[serde(flatten)]
    pub what: W,
    /// The state after it.
    pub state: S,
}

/// The entry of an entity's journal.
pub type EntryOf<E> = Entry<<E as Entity>::What, <E as Entity>::State>;

/// Why a journal cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalError {
    #[error("{entity}: line {found} is where line {expected} should be")]
    Gap { entity: String, expected: u64, found: u64 },
    #[error("{entity}: line {seq} does not hash to what it says")]
    Hash { entity: String, seq: u64 },
    #[error("{entity}: line {seq} is unreadable: {reason}")]
    Unreadable { entity: String, seq: u64, reason: String },
    #[error("{entity}: line {seq} is earlier than the line before")]
    Time { entity: String, seq: u64 },
    #[error("{entity}: line {seq} does not follow from the line before: {reason}")]
    Fold { entity: String, seq: u64, reason: String },
}

impl Line {
    /// The sort key of line `seq`: zero-padded, so that text order is number order.
    pub fn sort_key(seq: u64) -> String {
        format!("{seq:012}")
    }

    pub fn entry<E: Entity>(&self) -> Result<EntryOf<E>, JournalError> {
        serde_json::from_slice(&self.body).map_err(|error| JournalError::Unreadable {
            entity: self.entity.clone(),
            seq: self.seq,
            reason: error.to_string(),
        })
    }

    fn hash_of(before: &Hash, entity: &str, seq: u64, body: &[u8]) -> Hash {
        hash::of_parts(&[before, entity.as_bytes(), &seq.to_be_bytes(), body])
    }
}

/// The end of a journal: everything a decision needs to append the next line.
#[derive(Debug, Clone)]
pub struct Tail<E: Entity> {
    pub entity: String,
    /// The newest line's sequence, 0 before the first.
    pub seq: u64,
    pub hash: Hash,
    /// The newest line's time, none before the first.
    pub at: Option<Timestamp>,
    pub state: E::State,
}

impl<E: Entity> Tail<E> {
    /// A journal in which nothing has happened yet.
    pub fn empty(entity: impl Into<String>) -> Self {
        Self { entity: entity.into(), seq: 0, hash: [0; 32], at: None, state: E::State::default() }
    }

    /// The tail that `line` is.
    pub fn of(line: &Line) -> Result<Self, JournalError> {
        let entry = line.entry::<E>()?;
        Ok(Self { entity: line.entity.clone(), seq: line.seq, hash: line.hash, at: Some(entry.at), state: entry.state })
    }

    /// The line that says `what` happened at `now`, caused by `by`.
    pub fn append(&self, now: Timestamp, by: &str, what: E::What) -> Result<Line, FoldError> {
        let state = E::apply(&self.state, &what)?;
        let at = self.at.map_or(now, |before| before.max(now));
        let entry = Entry { at, by: by.to_owned(), what, state };
        let body = serde_json::to_vec(&entry).map_err(|error| FoldError(error.to_string()))?;
        let seq = self.seq + 1;
        Ok(Line { entity: self.entity.clone(), seq, hash: Line::hash_of(&self.hash, &self.entity, seq, &body), body })
    }

    /// Checks that `line` is the next one of this journal: sequence, hash, time and state. Returns the tail after it, and its entry.
    pub fn verify_next(&self, line: &Line) -> Result<(Self, EntryOf<E>), JournalError> {
        let (entity, seq) = (line.entity.clone(), line.seq);
        if seq != self.seq + 1 {
            return Err(JournalError::Gap { entity, expected: self.seq + 1, found: seq });
        }
        if line.hash != Line::hash_of(&self.hash, &self.entity, seq, &line.body) {
            return Err(JournalError::Hash { entity, seq });
        }
        let entry = line.entry::<E>()?;
        if self.at.is_some_and(|before| entry.at < before) {
            return Err(JournalError::Time { entity, seq });
        }
        match E::apply(&self.state, &entry.what) {
            Ok(state) if state == entry.state => {}
            Ok(_) => return Err(JournalError::Fold { entity, seq, reason: "another state follows".into() }),
            Err(error) => return Err(JournalError::Fold { entity, seq, reason: error.0 }),
        }
        let tail = Self { entity, seq, hash: line.hash, at: Some(entry.at), state: entry.state.clone() };
        Ok((tail, entry))
    }
}

/// Verifies a whole journal, oldest line first, and returns its tail.
pub fn verify<E: Entity>(entity: &str, lines: &[Line]) -> Result<Tail<E>, JournalError> {
    lines.iter().try_fold(Tail::empty(entity), |tail, line| Ok(tail.verify_next(line)?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Counter;

    #[derive(Serialize, Deserialize)]
    struct Add {
        add: i64,
    }

    impl Entity for Counter {
        type What = Add;
        type State = i64;

        fn apply(state: &i64, what: &Add) -> Result<i64, FoldError> {
            state.checked_add(what.add).filter(|sum| *sum >= 0).ok_or_else(|| FoldError("below zero".into()))
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn history() -> Vec<Line> {
        let one = Tail::<Counter>::empty("c").append(at(10), "test", Add { add: 5 }).unwrap();
        let two = Tail::<Counter>::of(&one).unwrap().append(at(9), "test", Add { add: -2 }).unwrap();
        vec![one, two]
    }

    #[test]
    fn a_journal_folds_to_its_tail() {
        let tail = verify::<Counter>("c", &history()).unwrap();
        assert_eq!((tail.seq, tail.state), (2, 3));
        assert_eq!(tail.at, Some(at(10)), "a line is never earlier than the one before");
    }

    #[test]
    fn a_refused_change_makes_no_line() {
        assert!(Tail::<Counter>::empty("c").append(at(1), "test", Add { add: -1 }).is_err());
    }

    #[test]
    fn a_changed_byte_is_found() {
        let mut lines = history();
        let digit = lines[0].body.iter().position(|b| *b == b'5').unwrap();
        lines[0].body[digit] = b'6';
        assert_eq!(verify::<Counter>("c", &lines).unwrap_err(), JournalError::Hash { entity: "c".into(), seq: 1 });
    }

    #[test]
    fn a_missing_line_is_found() {
        assert_eq!(
            verify::<Counter>("c", &history()[1..]).unwrap_err(),
            JournalError::Gap { entity: "c".into(), expected: 1, found: 2 }
        );
    }

    #[test]
    fn a_state_that_does_not_follow_is_found_even_with_a_right_hash() {
        let mut lines = history();
        let body = String::from_utf8(lines[1].body.clone()).unwrap().replace("\"state\":3", "\"state\":4").into_bytes();
        lines[1].hash = Line::hash_of(&lines[0].hash, "c", 2, &body);
        lines[1].body = body;
        assert!(matches!(verify::<Counter>("c", &lines), Err(JournalError::Fold { seq: 2, .. })));
    }
}
