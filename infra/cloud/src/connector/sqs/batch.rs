//! What is the same in every batch: ids that are distinct and well formed, 1 to 10 entries, and entries that succeed or fail alone.

use super::refusal::Refusal;
use serde_json::{Value, json};
use std::collections::HashSet;

const ENTRIES_MAX: usize = 10;
const ID_CHARACTERS_MAX: usize = 80;

/// Refuses a batch as a whole. `kind` names an entry: `SendMessageBatchRequestEntry`.
pub fn check(kind: &str, ids: &[&str]) -> Result<(), Refusal> {
    if ids.is_empty() {
        return Err(Refusal::empty_batch(format!("There should be at least one {kind} in the request.")));
    }
    if ids.len() > ENTRIES_MAX {
        let detail = format!("Maximum number of entries per request are {ENTRIES_MAX}. You have sent {}.", ids.len());
        return Err(Refusal::too_many_entries(detail));
    }
    let fits = |id: &&str| {
        let character = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        (1..=ID_CHARACTERS_MAX).contains(&id.len()) && id.chars().all(character)
    };
    if !ids.iter().all(fits) {
        return Err(Refusal::invalid_entry_id(
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
        ));
    }
    let mut seen = HashSet::new();
    match ids.iter().find(|id| !seen.insert(**id)) {
        Some(repeated) => Err(Refusal::not_distinct(format!("Id {repeated} repeated."))),
        None => Ok(()),
    }
}

/// How a batch went: what of each entry that succeeded, and what failed.
#[derive(Default)]
pub struct Outcome {
    successful: Vec<Value>,
    failed: Vec<Value>,
}

impl Outcome {
    pub fn add(&mut self, id: &str, entry: Result<Value, Refusal>) {
        match entry {
            Ok(mut entry) => {
                entry["Id"] = id.into();
                self.successful.push(entry);
            }
            Err(refusal) => self.failed.push(refusal.of_entry(id)),
        }
    }

    /// Like SQS, a batch without failures does not name them.
    pub fn into_value(self) -> Value {
        let mut value = json!({"Successful": self.successful});
        if !self.failed.is_empty() {
            value["Failed"] = self.failed.into();
        }
        value
    }
}
