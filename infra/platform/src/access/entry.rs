//! What every kind of item of the platform's table has in common: strict JSON, and a check of what it says.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of item of [`ACCESS`](super::ACCESS). Every field is required in its JSON, and none may be unknown.
pub trait Entry: Serialize + DeserializeOwned + Send + Sync {
    /// # Errors
    /// What is wrong with an item whose JSON is of the right form.
    fn check(&self) -> Result<(), &'static str>;
}

/// Reads a field that may be null and must be there.
pub(crate) fn required<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    serde::Deserialize::deserialize(deserializer)
}
