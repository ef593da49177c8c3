//! An item as it is stored: the one shape that every table has.

use data_encoding::BASE64;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use shared::journal::Line;

/// A stored item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub pk: String,
    pub sk: String,
    pub body: Vec<u8>,
    pub hash: Vec<u8>,
    /// Only refusals expire.
    pub expires: bool,
}

/// The same in DynamoDB's own JSON, which the embedded engine stores.
#[derive(Deserialize)]
struct Stored {
    pk: Text,
    sk: Text,
    body: Binary,
    hash: Option<Binary>,
    ttl: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

#[derive(Deserialize)]
struct Binary {
    #[serde(rename = "B")]
    base64: String,
}

impl Item {
    /// The item that `json` is; the reason when it is none.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let stored: Stored = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let bytes = |binary: &Binary| BASE64.decode(binary.base64.as_bytes()).map_err(|error| error.to_string());
        let (body, hash) = (bytes(&stored.body)?, stored.hash.as_ref().map(bytes).transpose()?.unwrap_or_default());
        Ok(Self { pk: stored.pk.text, sk: stored.sk.text, body, hash, expires: stored.ttl.is_some() })
    }

    /// What the body says.
    ///
    /// # Errors
    /// The reason why it cannot be read, with its key.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| format!("{} {} is unreadable: {error}", self.pk, self.sk))
    }

    /// The line `seq` of the journal `entity` that it is.
    ///
    /// # Errors
    /// The reason why it is none, with its key.
    pub fn line(&self, entity: &str, seq: &str) -> Result<Line, String> {
        let broken = |what: &str| format!("{} {}: {what}", self.pk, self.sk);
        let seq = seq.parse().map_err(|_| broken("its sort key is no sequence"))?;
        let hash = self.hash.as_slice().try_into().map_err(|_| broken("its hash is not 32 bytes"))?;
        Ok(Line { entity: entity.to_owned(), seq, body: self.body.clone(), hash })
    }
}
