//! The development issuer: an RS256 key of the data directory's own, its JWKS and discovery document, and tokens for anyone who asks. The
//! key is never compiled in. The issuer's name does not depend on the port, because user ids derive from it: a restart at another port must
//! not change anyone's id. The gateway serves discovery at its own address. That address is also the issuer's name where another gateway
//! must find it by its name alone.

mod rsa_by_ring;
mod verify;

pub use verify::{Claims, Unauthorized, Verifier};

use crate::CloudError;
use crate::clock::LocalClock;
use crate::private::{damaged, read_or_create};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::clock::Clock;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, rand_core::OsRng};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

pub const ISSUER: &str = "http://koban.localhost";
pub const AUDIENCE: &str = "koban";
/// How long a token is good for.
const TOKEN_SECONDS: i64 = 12 * 3_600;
const KEY_BITS: usize = 2_048;

/// The issuer of a data directory.
pub struct Issuer {
    name: String,
    key: EncodingKey,
    key_id: String,
    /// Base64url, as a JWK has them.
    modulus: String,
    exponent: String,
    clock: Arc<LocalClock>,
}

#[derive(Serialize)]
struct TokenClaims<'a> {
    iss: &'a str,
    aud: &'static str,
    sub: &'a str,
    exp: i64,
    auth_time: i64,
}

impl Issuer {
    /// Reads the key, or makes one: a tenth of a second to half a second, once.
    pub fn open(directory: &Path, name: String, clock: Arc<LocalClock>) -> Result<Self, CloudError> {
        rsa_by_ring::install();
        let file = directory.join("issuer.pem");
        let pem = read_or_create(&file, new_key).map_err(CloudError::Directory)?;
        let unusable = |reason: &dyn std::fmt::Display| {
            CloudError::Directory(damaged(
                &file,
                pem.as_bytes(),
                reason,
                "remove it to have another made; older tokens are refused then",
            ))
        };
        let private = RsaPrivateKey::from_pkcs8_pem(&pem).map_err(|error| unusable(&error))?;
        let modulus = private.n().to_bytes_be();
        let issuer = Self {
            name,
            key: EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|error| unusable(&error))?,
            key_id: BASE64URL_NOPAD.encode(&Sha256::digest(&modulus)[..12]),
            modulus: BASE64URL_NOPAD.encode(&modulus),
            exponent: BASE64URL_NOPAD.encode(&private.e().to_bytes_be()),
            clock,
        };
        // A key that is too short is read, and cannot sign.
        issuer.token("nobody").map_err(|error| unusable(&platform::problem::chain(&error)))?;
        Ok(issuer)
    }

    /// A token of `subject`, good for 12 hours of the settable clock. It says when its bearer signed in, for revocations. It does not say
    /// when it was issued, because that clock may be set back. A token that was issued in the future would be refused.
    pub fn token(&self, subject: &str) -> Result<String, CloudError> {
        let now = self.clock.now().as_second();
        let claims = TokenClaims { iss: &self.name, aud: AUDIENCE, sub: subject, exp: now + TOKEN_SECONDS, auth_time: now };
        self.sign(&claims)
    }

    /// Signs any claims, also wrong ones.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, CloudError> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.key).map_err(CloudError::issuer)
    }

    /// `/.well-known/jwks.json`
    pub fn keys(&self) -> Value {
        json!({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.key_id, "n": self.modulus, "e": self.exponent,
        }]})
    }

    /// `/.well-known/openid-configuration`
    pub fn discovery(&self, base_url: &str) -> Value {
        json!({
            "issuer": self.name,
            "jwks_uri": format!("{base_url}/.well-known/jwks.json"),
            "authorization_endpoint": format!("{base_url}/_local/token"),
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    /// What the gateway checks tokens with.
    pub fn verifier(&self) -> Result<Verifier, CloudError> {
        Verifier::new(&self.name, &self.modulus, &self.exponent, self.key_id.clone(), self.clock.clone())
    }
}

/// The claims of a token that an issuer would have given `subject` at `now`, for who has no need of tokens: a simulation.
///
/// # Errors
/// When they are none: a subject is text.
pub fn claims(issuer: &str, subject: &str, now: Timestamp) -> Result<Claims, CloudError> {
    let now = now.as_second();
    let claims = TokenClaims { iss: issuer, aud: AUDIENCE, sub: subject, exp: now + TOKEN_SECONDS, auth_time: now };
    let Ok(Value::Object(claims)) = serde_json::to_value(&claims) else { return Err(CloudError::issuer("no claims")) };
    Claims::of(&claims).map_err(|why| CloudError::issuer(format!("{why:?}")))
}

fn new_key() -> String {
    let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS).map_err(|error| error.to_string());
    let pem = key.and_then(|key| key.to_pkcs8_pem(LineEnding::LF).map_err(|error| error.to_string()));
    // An empty file would be refused when it is read: the random source of the system has failed.
    pem.map(|pem| pem.to_string()).unwrap_or_default()
}
