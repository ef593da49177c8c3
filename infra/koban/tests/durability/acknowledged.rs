//! The acknowledgements as `koban demo --acknowledgements` wrote them, also while it writes.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A request that was answered.
#[derive(Debug, Clone, Deserialize)]
pub struct Acknowledged {
    /// `feed`, `topup`, `collected_topup`, `medals`, `slip`, `settled_race`, `settled_slips`
    pub what: String,
    pub by: Option<String>,
    pub path: String,
    pub key: Option<String>,
    pub body: String,
    pub reply: String,
}

impl Acknowledged {
    pub fn reply(&self) -> Value {
        serde_json::from_str(&self.reply).unwrap()
    }

    pub fn by(&self) -> &str {
        self.by.as_deref().unwrap()
    }
}

/// Those of one kind.
pub fn of<'a>(what: &str, acknowledged: &'a [Acknowledged]) -> impl Iterator<Item = &'a Acknowledged> {
    acknowledged.iter().filter(move |acknowledged| acknowledged.what == what)
}

/// Everything in the file now. A line that is just being written is left for the next time.
pub fn read(file: &Path) -> Vec<Acknowledged> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// How many there are of each kind.
pub fn count(acknowledged: &[Acknowledged]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for acknowledged in acknowledged {
        *counts.entry(acknowledged.what.as_str()).or_default() += 1;
    }
    counts
}
