//! Signed messages in the Standard Webhooks way: HMAC-SHA-256 over `id.timestamp.body`, five minutes either way, several secrets and
//! several signatures at once, compared in constant time. <https://www.standardwebhooks.com>
//!
//! A secret that is empty, short or of another form is no key: with a guessable key, anybody could sign.

use crate::problem::{self, Problem};
use crate::secrets::SecretValue;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use thiserror::Error;

/// How far a message's time may be from ours.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// What a secret's text begins with; the rest is base64.
const SECRET_PREFIX: &str = "whsec_";
/// The fewest bytes of a key, as Standard Webhooks says.
const KEY_BYTES_MIN: usize = 24;
/// The most keys at once: one, and the one that replaces it.
const KEYS_MAX: usize = 2;

/// What signs and verifies. `Debug` says only that there is one.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Why a secret, or a line of it, is no key. It never says what the secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    #[error("it is empty")]
    Empty,
    #[error("it has more than {} lines", KEYS_MAX)]
    TooManyLines,
    #[error("line {line} does not begin with {}", SECRET_PREFIX)]
    NoPrefix { line: usize },
    #[error("line {line} is not base64 after {}", SECRET_PREFIX)]
    NotBase64 { line: usize },
    #[error("line {line} is a key of {bytes} bytes: it must be {} or more", KEY_BYTES_MIN)]
    Short { line: usize, bytes: usize },
}

/// A secret whose lines, or one of them, can be no key. It says why, never what the secret is.
#[derive(Debug, Error)]
#[error("the secret {name} cannot be used: {}", reasons(.faults))]
pub struct UnusableSecret {
    /// The parameter's name.
    pub name: String,
    pub faults: Vec<KeyError>,
}

fn reasons(faults: &[KeyError]) -> String {
    faults.iter().map(KeyError::to_string).collect::<Vec<_>>().join("; ")
}

impl Key {
    /// The key of line `line` of a secret: `whsec_` and the base64 of 24 bytes or more.
    ///
    /// # Errors
    /// When it is of another form.
    pub fn of_line(value: &SecretValue, line: usize) -> Result<Self, KeyError> {
        let text = value.expose().strip_prefix(SECRET_PREFIX).ok_or(KeyError::NoPrefix { line })?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(|_| KeyError::NotBase64 { line })?;
        if bytes.len() < KEY_BYTES_MIN { Err(KeyError::Short { line, bytes: bytes.len() }) } else { Ok(Self(bytes)) }
    }

    /// The keys of a secret's `lines`, and why each of the others is none. There is a key or a fault.
    pub fn of_lines(lines: &[SecretValue]) -> (Vec<Self>, Vec<KeyError>) {
        match lines.len() {
            0 => return (Vec::new(), vec![KeyError::Empty]),
            1..=KEYS_MAX => {}
            _ => return (Vec::new(), vec![KeyError::TooManyLines]),
        }
        let (mut keys, mut faults) = (Vec::new(), Vec::new());
        for (index, value) in lines.iter().enumerate() {
            match Self::of_line(value, index + 1) {
                Ok(key) => keys.push(key),
                Err(fault) => faults.push(fault),
            }
        }
        (keys, faults)
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac)
    }
}

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
    /// Checks time and signature. Without keys nothing is verified.
    ///
    /// # Errors
    /// `timestamp_out_of_range` or `signature_invalid`.
    pub fn verify(&self, keys: &[Key], now: Timestamp) -> Result<(), Problem> {
        let refused = |header, detail| Problem::new(&problem::SIGNATURE_INVALID, "").with_error(header, detail);
        let no_time = || refused("webhook-timestamp", "must be seconds since 1970");
        let id_fits = (1..=255).contains(&self.id.len()) && self.id.bytes().all(|byte| byte.is_ascii_graphic());
        if !id_fits {
            return Err(refused("webhook-id", "must be 1 to 255 visible ASCII characters"));
        }
        let seconds: i64 = self.timestamp.parse().map_err(|_| no_time())?;
        let sent_at = Timestamp::from_second(seconds).map_err(|_| no_time())?;
        let mut macs = keys.iter().filter_map(|key| key.mac(self.id, self.timestamp, self.body));
        let known = macs.any(|mac| {
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

/// The signature header of a message; none when the secret is no key.
pub fn sign(secret: &SecretValue, id: &str, now: Timestamp, body: &[u8]) -> Option<String> {
    let mac = Key::of_line(secret, 1).ok()?.mac(id, &now.as_second().to_string(), body)?;
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

    const OURS: &[u8] = &[1; 24];
    const OTHER: &[u8] = &[2; 32];

    fn secret(bytes: &[u8]) -> SecretValue {
        SecretValue::new(format!("whsec_{}", BASE64.encode(bytes)))
    }

    fn verify(age: i64, secrets: &[&[u8]], body: &[u8]) -> Result<(), &'static str> {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let sent = now - SignedDuration::from_secs(age);
        let signature = sign(&secret(OURS), "m1", sent, b"{}").unwrap();
        let timestamp = sent.as_second().to_string();
        let signatures = format!("v1,AAAA {signature}");
        let signed = Signed { id: "m1", timestamp: &timestamp, signatures: &signatures, body };
        let secrets: Vec<_> = secrets.iter().map(|bytes| secret(bytes)).collect();
        signed.verify(&Key::of_lines(&secrets).0, now).map_err(|problem| problem.code.code)
    }

    #[test]
    fn either_of_two_secrets_will_do() {
        assert_eq!(verify(0, &[OTHER, OURS], b"{}"), Ok(()));
        assert_eq!(verify(0, &[OTHER], b"{}"), Err("signature_invalid"));
    }

    #[test]
    fn a_changed_body_is_refused() {
        assert_eq!(verify(0, &[OURS], b"[]"), Err("signature_invalid"));
    }

    #[test]
    fn five_minutes_either_way() {
        for age in [-300, 300] {
            assert_eq!(verify(age, &[OURS], b"{}"), Ok(()));
        }
        for age in [-301, 301] {
            assert_eq!(verify(age, &[OURS], b"{}"), Err("timestamp_out_of_range"));
        }
    }

    #[test]
    fn an_empty_key_opens_nothing() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        // What anybody can make of nothing.
        let mac = Key(Vec::new()).mac("m1", "1800000000", b"{}").unwrap();
        let signatures = format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()));
        let signed = Signed { id: "m1", timestamp: "1800000000", signatures: &signatures, body: b"{}" };
        for lines in [&["whsec_"][..], &[""], &[], &["whsec_", "whsec_"]] {
            let lines: Vec<_> = lines.iter().copied().map(SecretValue::new).collect();
            let (keys, faults) = Key::of_lines(&lines);
            assert!(keys.is_empty() && !faults.is_empty(), "{lines:?}");
            assert!(signed.verify(&keys, now).is_err());
        }
        assert_eq!(sign(&SecretValue::new("whsec_"), "m1", now, b"{}"), None);
    }

    #[test]
    fn a_key_is_whsec_and_the_base64_of_24_bytes_or_more() {
        let error = |text: &str| Key::of_line(&SecretValue::new(text), 2).err();
        let text = |bytes: usize| format!("whsec_{}", BASE64.encode(&vec![7; bytes]));
        assert_eq!((error(&text(24)), error(&text(64))), (None, None));
        assert_eq!(error(&text(23)), Some(KeyError::Short { line: 2, bytes: 23 }));
        assert_eq!(error("whsec_"), Some(KeyError::Short { line: 2, bytes: 0 }));
        let good = text(32);
        for (wrong, expected) in [
            (String::new(), KeyError::NoPrefix { line: 2 }),
            (good.replace("whsec_", ""), KeyError::NoPrefix { line: 2 }),
            (good.replace("whsec_", "WHSEC_"), KeyError::NoPrefix { line: 2 }),
            (good.replace("whsec_", "whsec-"), KeyError::NoPrefix { line: 2 }),
            (format!(" {good}"), KeyError::NoPrefix { line: 2 }),
            (format!("{good} x"), KeyError::NotBase64 { line: 2 }),
            (format!("{good}x"), KeyError::NotBase64 { line: 2 }),
            (good.trim_end_matches('=').to_owned(), KeyError::NotBase64 { line: 2 }),
            (format!("whsec_{good}"), KeyError::NotBase64 { line: 2 }),
            ("whsec_$(openssl rand -base64 32)".to_owned(), KeyError::NotBase64 { line: 2 }),
        ] {
            assert_eq!(error(&wrong), Some(expected), "{wrong}");
            assert!(wrong.len() < 8 || !expected.to_string().contains(&wrong[6..]));
        }
    }

    #[test]
    fn a_good_line_works_beside_a_bad_one_and_three_lines_are_none() {
        let (good, bad) = (secret(OURS), SecretValue::new("whsec_"));
        for lines in [[good.clone(), bad.clone()], [bad, good.clone()]] {
            let (keys, faults) = Key::of_lines(&lines);
            assert_eq!((keys.len(), faults.len()), (1, 1));
        }
        let (keys, faults) = Key::of_lines(&[good.clone(), good.clone(), good]);
        assert_eq!((keys.len(), faults), (0, vec![KeyError::TooManyLines]));
    }
}
