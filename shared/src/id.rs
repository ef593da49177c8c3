//! Identifiers. Each kind is its own type with its own prefix, so a slip id can never be used as a user id. Each is derived from what it
//! names, so a repeated request names the same object.

use crate::planted::{self, Bug};
use thiserror::Error;

/// A text that is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not {expected}")]
pub struct IdError {
    /// What an id of this kind looks like, for people: "a user id (usr_…)".
    pub expected: &'static str,
}

/// Declares an id of a prefix and 26 base32 characters derived from a hash. The crate that declares one depends on serde and schemars.
#[macro_export]
macro_rules! derived_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String", extend("pattern" = concat!("^", $prefix, "[a-z2-7]{26}$")))]
        pub struct $name(Box<str>);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// The id of what `parts` describe.
            pub fn derive(parts: &[&[u8]]) -> Self {
                Self(format!("{}{}", $prefix, $crate::hash::text(&$crate::hash::of_parts(parts))).into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::id::IdError;

            fn from_str(text: &str) -> Result<Self, $crate::id::IdError> {
                let tail = text.strip_prefix($prefix).ok_or($crate::id::IdError { expected: $expected })?;
                if !$crate::id::is_hash_text(tail) {
                    return Err($crate::id::IdError { expected: $expected });
                }
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::id::IdError;

            fn try_from(text: String) -> Result<Self, $crate::id::IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

derived_id! {
    /// A person, pseudonymously: derived from the token's issuer and subject, never holding either.
    UserId, "usr_", "a user id (usr_…)"
}

derived_id! {
    /// An organization, in whose name its members and its API keys act.
    OrganizationId, "org_", "an organization id (org_…)"
}

impl UserId {
    /// The pseudonym of a token's subject.
    pub fn of_subject(issuer: &str, subject: &str) -> Self {
        Self::derive(&[b"user", issuer.as_bytes(), subject.as_bytes()])
    }
}

/// What every object's id is derived from: who asks, which operation, on what, with which idempotency key. The same request always names
/// the same object.
#[derive(Debug, Clone, Copy)]
pub struct Operation<'a> {
    /// The id of a person, or of an organization whose API key asks.
    pub caller: &'a str,
    /// The function's name.
    pub name: &'a str,
    /// The resource in the path, empty when there is none.
    pub resource: &'a str,
    pub idempotency_key: &'a str,
}

impl Operation<'_> {
    pub fn parts(&self) -> [&[u8]; 4] {
        let caller = if planted::is_on(Bug::IdWithoutCaller) { "" } else { self.caller };
        [caller.as_bytes(), self.name.as_bytes(), self.resource.as_bytes(), self.idempotency_key.as_bytes()]
    }
}

/// 26 characters of lower-case base32, as [`hash::text`] writes them.
pub fn is_hash_text(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_parse_back_and_refuse_other_kinds() {
        let user = UserId::of_subject("https://issuer", "alice");
        assert_eq!(user.as_str().parse(), Ok(user.clone()));
        assert!(format!("top_{}", &user.as_str()[4..]).parse::<UserId>().is_err());
        assert!("usr_".parse::<UserId>().is_err());
        assert!("usr_ABCDEFGHIJKLMNOPQRSTUVWXYZ".parse::<UserId>().is_err());
    }

    #[test]
    fn the_same_subject_of_another_issuer_is_another_user() {
        assert_ne!(UserId::of_subject("a", "b"), UserId::of_subject("b", "b"));
    }
}
