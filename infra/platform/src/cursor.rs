//! The position at which a list continues. A cursor holds its version, a hash of its list (caller and filters), and the last position. The
//! partition always comes from the caller's token, so a forged cursor only moves within the caller's own list.

use crate::problem::Problem;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use shared::hash;

const VERSION: u8 = 1;
/// The longest cursor that is looked at, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    v: u8,
    list: String,
    after: Vec<String>,
}

/// What a list is of: the caller, the operation and its filters. A cursor is good for one list only.
#[derive(Debug)]
pub struct ListId {
    hash: String,
    /// The cursor that the caller sent.
    sent: Option<String>,
}

impl ListId {
    pub(crate) fn new(caller: &str, operation: &str, filters: &[&str], sent: Option<String>) -> Self {
        let mut parts = vec![caller.as_bytes(), operation.as_bytes()];
        parts.extend(filters.iter().map(|filter| filter.as_bytes()));
        Self { hash: hash::text(&hash::of_parts(&parts)), sent }
    }

    /// The cursor of this list that goes on after `position`.
    pub fn cursor(&self, position: Vec<String>) -> String {
        let cursor = Cursor { v: VERSION, list: self.hash.clone(), after: position };
        BASE64URL_NOPAD.encode(&serde_json::to_vec(&cursor).unwrap_or_default())
    }

    /// The position of `parts` strings that the sent cursor names, when one was sent.
    ///
    /// # Errors
    /// `malformed_parameter` when this list never gave it.
    pub fn position(&self, parts: usize) -> Result<Option<Vec<String>>, Problem> {
        let Some(text) = &self.sent else { return Ok(None) };
        if text.len() > TEXT_BYTES_MAX {
            return Err(refused());
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| refused())?;
        let cursor: Cursor = crate::json::from_slice(&bytes).map_err(|_| refused())?;
        // No key is empty, and DynamoDB refuses to start after one that is.
        if cursor.v != VERSION
            || cursor.list != self.hash
            || cursor.after.len() != parts
            || cursor.after.iter().any(String::is_empty)
        {
            return Err(refused());
        }
        Ok(Some(cursor.after))
    }
}

/// What a list answers to a cursor that it never gave.
pub fn refused() -> Problem {
    Problem::parameter("cursor", "not a cursor of this list; begin again without one")
}
