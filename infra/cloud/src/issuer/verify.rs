//! The gateway's JWT authorizer: RS256 by the issuer's key alone, its `kid`, issuer, audience, expiry and not-before by the settable clock.
//! API Gateway documents that the header may be the token alone or the token after `Bearer`; a scheme's case does not matter (RFC 9110,
//! 11.1). An RSA verification costs more than everything else the gateway does, so the hash of a token that passed is remembered. Its times
//! are checked every time.

use super::AUDIENCE;
use crate::CloudError;
use crate::clock::LocalClock;
use data_encoding::BASE64URL_NOPAD;
use http::HeaderValue;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use platform::clock::Clock;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// How many tokens are known at once; then all are forgotten.
const KNOWN_MAX: usize = 16_384;

/// Checks tokens.
pub struct Verifier {
    key: DecodingKey,
    key_id: String,
    validation: Validation,
    clock: Arc<LocalClock>,
    known: Mutex<HashMap<[u8; 32], Arc<Claims>>>,
}

/// The claims of a token that passed.
#[derive(Debug)]
pub struct Claims {
    /// As functions see them: an object of strings.
    pub strings: Box<RawValue>,
    expires: i64,
    not_before: i64,
}

/// Why a request was not let through, as the gateway states it in `www-authenticate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unauthorized {
    Missing,
    Invalid(&'static str),
}

const MALFORMED: Unauthorized = Unauthorized::Invalid("the token is malformed");
const MALFORMED_CLAIMS: Unauthorized = Unauthorized::Invalid("the token's claims are malformed");

impl Verifier {
    pub(super) fn new(
        issuer: &str,
        modulus: &str,
        exponent: &str,
        key_id: String,
        clock: Arc<LocalClock>,
    ) -> Result<Self, CloudError> {
        let mut validation = Validation::new(Algorithm::RS256);
        // By `aud`, or else by `client_id`, below.
        validation.validate_aud = false;
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        // By the settable clock, below.
        validation.validate_exp = false;
        let key = DecodingKey::from_rsa_components(modulus, exponent).map_err(CloudError::issuer)?;
        Ok(Self { key, key_id, validation, clock, known: Mutex::default() })
    }

    /// The claims of the bearer of the one value of `authorization`.
    pub fn verify<'a>(&self, authorization: impl IntoIterator<Item = &'a HeaderValue>) -> Result<Arc<Claims>, Unauthorized> {
        let mut values = authorization.into_iter();
        let value = values.next().ok_or(Unauthorized::Missing)?;
        if values.next().is_some() {
            return Err(Unauthorized::Invalid("there are several tokens"));
        }
        let value = value.to_str().map_err(|_| MALFORMED)?;
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => token.trim_start_matches(' '),
            Some(_) => return Err(Unauthorized::Invalid("the token is not a bearer token")),
            None => value,
        };
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        let claims = match known {
            Some(claims) => claims,
            None => self.learn(token, hash)?,
        };
        let now = self.clock.now().as_second();
        if claims.expires <= now {
            return Err(Unauthorized::Invalid("the token has expired"));
        }
        if claims.not_before > now {
            return Err(Unauthorized::Invalid("the token is not valid yet"));
        }
        Ok(claims)
    }

    fn learn(&self, token: &str, hash: [u8; 32]) -> Result<Arc<Claims>, Unauthorized> {
        if has_critical_extensions(token)? {
            return Err(Unauthorized::Invalid("the token has critical extensions"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| MALFORMED)?;
        if header.kid.as_deref() != Some(&self.key_id) {
            return Err(Unauthorized::Invalid("the token's key is unknown"));
        }
        let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, &self.key, &self.validation);
        let claims = decoded.map_err(|error| reason(&error))?.claims;
        if !is_for(&claims, AUDIENCE) {
            return Err(Unauthorized::Invalid("the token's audience is another"));
        }
        let claims = Arc::new(Claims::of(&claims)?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(hash, claims.clone());
        Ok(claims)
    }
}

/// RFC 7515, 4.1.11: a token whose header lists extensions that are not understood is invalid, and none is understood here.
fn has_critical_extensions(token: &str) -> Result<bool, Unauthorized> {
    let header = token.split('.').next().unwrap_or_default();
    let header = BASE64URL_NOPAD.decode(header.as_bytes()).map_err(|_| MALFORMED)?;
    let header: Map<String, Value> = serde_json::from_slice(&header).map_err(|_| MALFORMED)?;
    Ok(header.contains_key("crit"))
}

/// `client_id` is looked at only where there is no `aud`.
fn is_for(claims: &Map<String, Value>, audience: &str) -> bool {
    match claims.get("aud").or_else(|| claims.get("client_id")) {
        Some(Value::Array(audiences)) => claims.contains_key("aud") && audiences.iter().any(|one| one == audience),
        Some(one) => one == audience,
        None => false,
    }
}

fn reason(error: &jsonwebtoken::errors::Error) -> Unauthorized {
    use jsonwebtoken::errors::ErrorKind;
    Unauthorized::Invalid(match error.kind() {
        ErrorKind::InvalidIssuer => "the token's issuer is another",
        ErrorKind::MissingRequiredClaim(_) => "the token lacks a claim",
        ErrorKind::InvalidAlgorithm => "the token's algorithm is another",
        _ => "the token's signature is invalid",
    })
}

impl Claims {
    pub(super) fn of(claims: &Map<String, Value>) -> Result<Self, Unauthorized> {
        if !are_of_their_types(claims) {
            return Err(MALFORMED_CLAIMS);
        }
        let second = |name: &str| claims.get(name).map(|value| second(value).ok_or(MALFORMED_CLAIMS)).transpose();
        let strings: BTreeMap<_, _> = claims.iter().map(|(name, value)| (name, as_text(value))).collect();
        Ok(Self {
            strings: serde_json::value::to_raw_value(&strings).map_err(|_| MALFORMED_CLAIMS)?,
            expires: second("exp")?.ok_or(MALFORMED_CLAIMS)?,
            // The gateway also refuses a token that was issued in the future.
            not_before: second("nbf")?.unwrap_or(i64::MIN).max(second("iat")?.unwrap_or(i64::MIN)),
        })
    }
}

/// The types of RFC 7519, 4.1, of registered claims that are no time; `client_id` is a string by RFC 8693, 4.3.
fn are_of_their_types(claims: &Map<String, Value>) -> bool {
    let is_text = |name: &str| claims.get(name).is_none_or(Value::is_string);
    let is_audience = match claims.get("aud") {
        Some(Value::Array(audiences)) => audiences.iter().all(Value::is_string),
        other => other.is_none_or(Value::is_string),
    };
    is_audience && ["iss", "sub", "jti", "client_id"].into_iter().all(is_text)
}

/// A NumericDate in whole seconds: the first at which a fraction has passed.
fn second(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "what is out of range becomes the nearest time, which is as good")]
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.ceil() as i64))
}

/// A claim as the gateway passes it on: a list as `[one two]`.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => format!("[{}]", values.iter().map(as_text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
