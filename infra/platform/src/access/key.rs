//! API keys: what an organization's own programs call with. A key is the text `kbn_`, 52 characters of base32 for 32 random bytes, and 8
//! for the checksum of all before. A text that was mistyped, cut or made up without care is refused before anything is read.
//!
//! Its item's key is `key#…`/`key` with the hexadecimal SHA-256 of the text, which is kept nowhere. Its JSON is `{"organization": "org_…",
//! "scopes": ["cards:read"], "expires_at": null, "revoked": false}`. The item is found by the hash, so no comparison can be timed: another
//! key has another hash altogether. A hash without salt will do, because 256 random bits cannot be guessed.

use crate::access::entry::{Entry, required};
use crate::access::token::is_word;
use crate::store::record::Key;
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::hash::{self, Hash};
use shared::id::OrganizationId;

/// How a key begins.
const PREFIX: &str = "kbn_";
/// Of the random part.
const RANDOM_CHARACTERS: usize = 52;
/// Of the checksum: 5 bytes.
const CHECKSUM_CHARACTERS: usize = 8;
const CHARACTERS: usize = PREFIX.len() + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS;
/// The most scopes that a key has.
pub const SCOPES_MAX: usize = 32;

shared::derived_id! {
    /// An API key, derived from its hash: for lists and logs. It opens nothing.
    KeyId, "key_", "an API key's id (key_…)"
}

/// What a key may be good for: `cards:read`. A route names one.
#[derive(Debug)]
pub struct Scope {
    pub name: &'static str,
    pub doc: &'static str,
}

impl Scope {
    /// # Panics
    /// When the name has other characters than small letters, digits, `-` and `:`. Scopes are made at compile time, so this is a compile
    /// error.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        assert!(is_word(name, b"-:"), "a scope has small letters, digits, - and :");
        Self { name, doc }
    }
}

/// A key's text. `Debug` says only that there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySecret(String);

impl std::fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeySecret(…)")
    }
}

impl KeySecret {
    /// The key of 32 random bytes, which come from the operating system.
    pub fn of_random(random: &[u8; 32]) -> Self {
        let mut text = PREFIX.to_owned() + &lower_base32(random);
        text += &checksum(&text);
        Self(text)
    }

    /// The text itself, to be shown once to its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key that `text` is; none where its form or its checksum is wrong.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_of_base32 = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
        if text.len() != CHARACTERS || !text.strip_prefix(PREFIX)?.bytes().all(is_of_base32) {
            return None;
        }
        let (signed, sum) = text.split_at(CHARACTERS - CHECKSUM_CHARACTERS);
        (checksum(signed) == sum).then(|| Self(text.to_owned()))
    }

    /// What its item is found by. The owner of the key keeps it to revoke the key, and it opens nothing.
    pub fn hash(&self) -> Hash {
        hash::of_parts(&[b"api-key", self.0.as_bytes()])
    }

    pub fn id(&self) -> KeyId {
        id(&self.hash())
    }
}

pub(crate) fn id(hash: &Hash) -> KeyId {
    KeyId::derive(&[b"api-key-id", hash])
}

fn lower_base32(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}

/// Against mistakes, not against forgers: those find no item.
fn checksum(signed: &str) -> String {
    lower_base32(&hash::of_parts(&[b"api-key-checksum", signed.as_bytes()])[..5])
}

pub(crate) fn key(hash: &Hash) -> Key {
    Key::new(format!("key#{}", HEXLOWER.encode(hash)), "key")
}

/// What a key opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    pub organization: OrganizationId,
    pub scopes: Vec<String>,
    /// From this second since 1970 on it opens nothing.
    #[serde(deserialize_with = "required")]
    pub expires_at: Option<i64>,
    pub revoked: bool,
}

impl Entry for KeyEntry {
    fn check(&self) -> Result<(), &'static str> {
        if self.scopes.len() > SCOPES_MAX { Err("it has too many scopes") } else { Ok(()) }
    }
}

impl KeyEntry {
    /// Why it opens nothing.
    pub(crate) fn refuses(&self, now: Timestamp) -> Option<&'static str> {
        match self.expires_at {
            _ if self.revoked => Some("the key is revoked"),
            Some(expires_at) if expires_at <= now.as_second() => Some("the key has expired"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_has_its_hash_and_id() {
        let (one, other) = (KeySecret::of_random(&[7; 32]), KeySecret::of_random(&[8; 32]));
        assert_eq!(KeySecret::parse(one.expose()), Some(one.clone()));
        assert_eq!(one.expose().len(), CHARACTERS);
        assert_ne!(one.hash(), other.hash());
        assert_ne!(one.id(), other.id());
        assert_eq!(format!("{one:?}"), "KeySecret(…)");
    }

    #[test]
    fn a_text_with_one_wrong_character_is_no_key() {
        let right = KeySecret::of_random(&[7; 32]).expose().to_owned();
        for at in 0..right.len() {
            for other in ["a", "7", "A", " ", "="] {
                let mut wrong = right.clone();
                wrong.replace_range(at..=at, other);
                assert!(wrong == right || KeySecret::parse(&wrong).is_none(), "{at} {other}");
            }
        }
        for wrong in [String::new(), "kbn_".into(), right[1..].into(), right.to_uppercase(), format!("{right}a"), "ä".repeat(32)]
        {
            assert!(KeySecret::parse(&wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_good_until_the_second_in_which_it_expires() {
        let organization = OrganizationId::derive(&[b"o"]);
        let entry = KeyEntry { organization, scopes: Vec::new(), expires_at: Some(100), revoked: false };
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        assert_eq!(entry.refuses(at(99_999)), None);
        assert_eq!(entry.refuses(at(100_000)), Some("the key has expired"));
        let revoked = KeyEntry { revoked: true, expires_at: None, ..entry };
        assert_eq!(revoked.refuses(at(0)), Some("the key is revoked"));
    }

    #[test]
    fn an_entry_with_anything_missing_or_unknown_is_unreadable() {
        let organization = OrganizationId::derive(&[b"o"]);
        let whole = format!(r#"{{"organization":"{organization}","scopes":["a"],"expires_at":null,"revoked":false}}"#);
        assert_eq!(serde_json::to_string(&serde_json::from_str::<KeyEntry>(&whole).unwrap()).unwrap(), whole);
        for (right, wrong) in [
            (r#","expires_at":null"#, ""),
            (r#","revoked":false"#, ""),
            (r#""scopes":["a"],"#, ""),
            (r#"["a"]"#, "null"),
            ("false}", r#"false,"open":true}"#),
            ("org_", "usr_"),
        ] {
            assert!(serde_json::from_str::<KeyEntry>(&whole.replace(right, wrong)).is_err(), "{wrong}");
        }
    }
}
