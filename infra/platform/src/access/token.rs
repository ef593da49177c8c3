//! What a token says of its session and of its bearer's work: which tokens a revocation hits, and who is staff.

use crate::resource::Setting;
use jiff::Timestamp;
use std::collections::BTreeMap;

shared::derived_id! {
    /// A session of the issuer, derived from the claim that names it. It holds nothing of the claim.
    SessionId, "ses_", "a session id (ses_…)"
}

/// The claims that name a session. The first that is there counts: `sid` of OpenID Connect, `origin_jti` of Cognito, `auth_time`
/// where the issuer names no session.
const SESSION_CLAIMS: [&str; 3] = ["sid", "origin_jti", "auth_time"];

/// What a revocation looks at in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub session: Option<SessionId>,
    /// When its bearer signed in, in seconds since 1970; none where the token does not say it, or not as a number.
    pub signed_in: Option<i64>,
}

impl Token {
    pub(crate) fn of_claims(claims: &BTreeMap<String, String>) -> Self {
        let claim = |name: &str| claims.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let named = SESSION_CLAIMS.iter().find_map(|name| Some((*name, claim(name)?)));
        let session = named.map(|(name, value)| SessionId::derive(&[b"session", name.as_bytes(), value.as_bytes()]));
        // A refreshed token has a new `iat` and keeps its `auth_time`.
        let signed_in = claim("auth_time").or_else(|| claim("iat")).and_then(|second| second.parse().ok());
        Self { session, signed_in }
    }
}

/// A group of the issuer whose members do one kind of work: `support`. Small letters, digits, `-` and `_`: a list of groups reaches a
/// function as text between blanks.
#[derive(Debug)]
pub struct StaffRole {
    pub name: &'static str,
    /// What they do.
    pub doc: &'static str,
}

impl StaffRole {
    /// # Panics
    /// When the name has other characters. Roles are made at compile time, so this is a compile error.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        assert!(is_word(name, b"-_"), "a staff role has small letters, digits, - and _");
        Self { name, doc }
    }

    /// Whether the claim's text names this group.
    pub(crate) fn is_in(&self, claim: &str) -> bool {
        groups(claim).iter().any(|group| group == self.name)
    }
}

/// Whether `text` has small letters, digits and the characters of `others` alone, and at least one.
pub(crate) const fn is_word(text: &str, others: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let mut is_other = false;
        let mut other = 0;
        while other < others.len() {
            is_other |= bytes[at] == others[other];
            other += 1;
        }
        if !(bytes[at].is_ascii_lowercase() || bytes[at].is_ascii_digit() || is_other) {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty()
}

/// The groups that a claim lists. A list reaches a function as `[one two]` from API Gateway and the local gateway, or as JSON; what is no
/// list is one group.
fn groups(claim: &str) -> Vec<String> {
    if let Ok(groups) = serde_json::from_str(claim) {
        return groups;
    }
    match claim.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(listed) => listed.split(' ').map(str::to_owned).collect(),
        None => vec![claim.to_owned()],
    }
}

/// The claim that lists the groups of a token's bearer.
pub static STAFF_CLAIM: Setting =
    Setting { name: "STAFF_CLAIM", doc: "the claim of a token that lists its bearer's groups", local: "cognito:groups" };

/// The second after `at` began: what was signed in at `at` or before has an earlier one.
pub(crate) fn next_second(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(1_000) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &[(&str, &str)]) -> Token {
        Token::of_claims(&claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_session_is_named_by_the_first_claim_that_there_is() {
        let all = [("auth_time", "7"), ("origin_jti", "b"), ("sid", "a"), ("iat", "9")];
        assert_eq!(token(&all).session, token(&all[2..]).session);
        assert_eq!(token(&all[..2]).session, token(&[("sid", ""), ("origin_jti", "b")]).session);
        assert_eq!(token(&all[..1]).session, token(&[("auth_time", "7")]).session);
        assert_eq!(token(&[("iat", "9")]).session, None);
        // The same text of another claim is another session.
        assert_ne!(token(&[("sid", "7")]).session, token(&[("auth_time", "7")]).session);
        assert_ne!(token(&[("sid", "a")]).session, token(&[("sid", "b")]).session);
    }

    #[test]
    fn a_sign_in_is_at_auth_time_or_else_at_iat() {
        let signed_in = |claims: &[(&str, &str)]| token(claims).signed_in;
        assert_eq!(signed_in(&[("auth_time", "7"), ("iat", "9")]), Some(7));
        assert_eq!(signed_in(&[("auth_time", ""), ("iat", "9")]), Some(9));
        assert_eq!(signed_in(&[("iat", "9")]), Some(9));
        // What is said and cannot be read is not replaced by something later.
        assert_eq!(signed_in(&[("auth_time", "soon"), ("iat", "9")]), None);
        assert_eq!(signed_in(&[]), None);
    }

    #[test]
    fn a_staff_role_is_one_of_the_listed_groups() {
        let support = StaffRole::new("support", "");
        for claim in ["support", "[support]", "[a support b]", r#"["a","support"]"#] {
            assert!(support.is_in(claim), "{claim}");
        }
        for claim in [
            "",
            "[]",
            "Support",
            "supporter",
            "[supporter]",
            "a support",
            "[a,support]",
            "[[support]]",
            "support]",
            "[support",
            r#"["supporter"]"#,
            r#"[["support"]]"#,
            r#"{"support":true}"#,
            r#""support"x"#,
            "[\"support\"",
            "null",
            "[a\tsupport]",
        ] {
            assert!(!support.is_in(claim), "{claim}");
        }
    }

    #[test]
    fn a_staff_role_has_a_plain_name() {
        for wrong in ["", "a b", "[a]", "Support", "a,b", "ä"] {
            assert!(std::panic::catch_unwind(|| StaffRole::new(wrong, "")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_next_second_is_after_every_moment_of_this_one() {
        let at = |milliseconds| next_second(Timestamp::from_millisecond(milliseconds).unwrap());
        assert_eq!((at(0), at(999), at(1_000), at(-1)), (1, 1, 2, 0));
    }
}
