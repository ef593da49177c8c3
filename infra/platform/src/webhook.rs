//! Signed messages in the Standard Webhooks way: HMAC-SHA-256 over `id.timestamp.body`, five minutes either way, several secrets and
//! several signatures at once, compared in constant time. <https://www.standardwebhooks.com>

use crate::problem::{self, Problem};
use crate::secrets::SecretValue;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

/// How far a message's time may be from ours.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// What a secret's text begins with; the rest is base64.
const SECRET_PREFIX: &str = "whsec_";

/// A message with the headers that prove where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub id: &'a str,
    /// Seconds since 1970, as sent.
    pub timestamp: &'a str,
    /// `v1,<base64>`, several separated by spaces.
    pub signatures: &'a str,
    pub body: &'a [u8],
}

impl Signed<'_> {
    /// Checks time and signature.
    ///
    /// # Errors
    /// `timestamp_out_of_range` or `signature_invalid`.
    pub fn verify(&self, secrets: &[SecretValue], now: Timestamp) -> Result<(), Problem> {
        let refused = |header, detail| Problem::new(&problem::SIGNATURE_INVALID, "").with_error(header, detail);
        let no_time = || refused("webhook-timestamp", "must be seconds since 1970");
        let id_fits = (1..=255).contains(&self.id.len()) && self.id.bytes().all(|byte| byte.is_ascii_graphic());
        if !id_fits {
            return Err(refused("webhook-id", "must be 1 to 255 visible ASCII characters"));
        }
        let seconds: i64 = self.timestamp.parse().map_err(|_| no_time())?;
        let sent_at = Timestamp::from_second(seconds).map_err(|_| no_time())?;
        let macs = secrets.iter().filter_map(|secret| mac(secret, self.id, self.timestamp, self.body));
        let known = macs.into_iter().any(|mac| {
            let mut sent = self.signatures.split_ascii_whitespace().filter_map(|one| one.strip_prefix("v1,"));
            sent.any(|one| BASE64.decode(one.as_bytes()).is_ok_and(|bytes| mac.clone().verify_slice(&bytes).is_ok()))
        });
        if !known {
            return Err(refused("webhook-signature", "none fits this id, timestamp and body"));
        }
        if now.duration_since(sent_at).abs() > TOLERANCE {
            let late = Problem::new(&problem::TIMESTAMP_OUT_OF_RANGE, "");
            return Err(late.with_error("webhook-timestamp", format!("it is {now} here")));
        }
        Ok(())
    }
}

fn mac(secret: &SecretValue, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let text = secret.expose();
    let key = BASE64.decode(text.strip_prefix(SECRET_PREFIX).unwrap_or(text).as_bytes()).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    Some(mac)
}

/// The signature header of a message; none when the secret is not base64.
pub fn sign(secret: &SecretValue, id: &str, now: Timestamp, body: &[u8]) -> Option<String> {
    let mac = mac(secret, id, &now.as_second().to_string(), body)?;
    Some(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification's own test suite.
    #[test]
    fn the_specifications_example_verifies() {
        let secret = SecretValue::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let now = Timestamp::from_second(1_614_265_330).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, body).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    fn verify(age: i64, secrets: &[&str], body: &[u8]) -> Result<(), &'static str> {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let sent = now - SignedDuration::from_secs(age);
        let signature = sign(&SecretValue::new("whsec_AAAA"), "m1", sent, b"{}").unwrap();
        let timestamp = sent.as_second().to_string();
        let signatures = format!("v1,AAAA {signature}");
        let signed = Signed { id: "m1", timestamp: &timestamp, signatures: &signatures, body };
        let secrets: Vec<_> = secrets.iter().copied().map(SecretValue::new).collect();
        signed.verify(&secrets, now).map_err(|problem| problem.code.code)
    }

    #[test]
    fn either_of_two_secrets_will_do() {
        assert_eq!(verify(0, &["whsec_BBBB", "whsec_AAAA"], b"{}"), Ok(()));
        assert_eq!(verify(0, &["whsec_BBBB"], b"{}"), Err("signature_invalid"));
    }

    #[test]
    fn a_changed_body_is_refused() {
        assert_eq!(verify(0, &["whsec_AAAA"], b"[]"), Err("signature_invalid"));
    }

    #[test]
    fn five_minutes_either_way() {
        for age in [-300, 300] {
            assert_eq!(verify(age, &["whsec_AAAA"], b"{}"), Ok(()));
        }
        for age in [-301, 301] {
            assert_eq!(verify(age, &["whsec_AAAA"], b"{}"), Err("timestamp_out_of_range"));
        }
    }
}
