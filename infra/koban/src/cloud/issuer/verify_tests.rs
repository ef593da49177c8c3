//! What tokens the gateway believes, and every kind it must not.

use super::*;
use crate::cloud::issuer::{ISSUER, Issuer};
use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use serde_json::json;

struct Bench {
    _directory: tempfile::TempDir,
    clock: Arc<LocalClock>,
    issuer: Issuer,
    verifier: Verifier,
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(LocalClock::open(directory.path(), None).unwrap());
    let issuer = Issuer::open(directory.path(), ISSUER.into(), clock.clone()).unwrap();
    let verifier = issuer.verifier().unwrap();
    Bench { _directory: directory, clock, issuer, verifier }
}

impl Bench {
    fn check(&self, token: &str) -> Result<Arc<Claims>, Unauthorized> {
        self.verifier.verify(Some(&format!("Bearer {token}")))
    }

    /// A right token's claims, changed.
    fn signed(&self, change: impl FnOnce(&mut Value)) -> String {
        let now = self.clock.now().as_second();
        let mut claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": now + 60, "iat": now});
        change(&mut claims);
        self.issuer.sign(&claims).unwrap()
    }
}

#[test]
fn claims_reach_functions_as_strings() {
    let bench = bench();
    let token = bench.signed(|claims| {
        claims["aud"] = json!(["other", AUDIENCE]);
        claims["admin"] = json!(true);
    });
    let claims: Value = serde_json::from_str(bench.check(&token).unwrap().strings.get()).unwrap();
    assert_eq!(claims["aud"], "[other koban]");
    assert_eq!(claims["admin"], "true");
    assert!(claims["exp"].is_string());
}

#[test]
fn a_token_ends_when_the_clock_says_also_once_it_is_known() {
    let bench = bench();
    let token = bench.signed(|claims| claims["exp"] = json!(bench.clock.now().as_second() + 12 * 3_600));
    assert!(bench.check(&token).is_ok());
    bench.clock.set(bench.clock.now() + SignedDuration::from_hours(13)).unwrap();
    assert_eq!(bench.check(&token).unwrap_err(), Unauthorized::Invalid("the token has expired"));
    bench.clock.set(bench.clock.now() - SignedDuration::from_hours(26)).unwrap();
    assert_eq!(bench.check(&token).unwrap_err(), Unauthorized::Invalid("the token is not valid yet"));
}

#[test]
fn a_token_of_the_development_issuer_is_good_after_the_clock_was_set_back() {
    let bench = bench();
    let token = bench.issuer.token("alice").unwrap();
    for hours in [0, 1, 26, 365 * 24] {
        bench.clock.set(bench.clock.now() - SignedDuration::from_hours(hours)).unwrap();
        assert!(bench.check(&token).is_ok(), "{hours} hours back");
        assert!(bench.check(&bench.issuer.token("alice").unwrap()).is_ok(), "{hours} hours back");
    }
    bench.clock.set(bench.clock.now() + SignedDuration::from_hours(2 * 365 * 24)).unwrap();
    assert_eq!(bench.check(&token).unwrap_err(), Unauthorized::Invalid("the token has expired"));
    assert!(bench.check(&bench.issuer.token("alice").unwrap()).is_ok());
}

/// As the access tokens of some issuers are: they name the client alone.
fn without_audience(claims: &Value, client: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove("aud");
    claims["client_id"] = json!(client);
    claims
}

#[test]
fn wrong_claims_are_refused() {
    let bench = bench();
    let wrong: [fn(&mut Value); 10] = [
        |claims| drop(claims.as_object_mut().unwrap().remove("aud")),
        |claims| *claims = without_audience(claims, "other"),
        |claims| (claims["aud"], claims["client_id"]) = (json!("other"), json!(AUDIENCE)),
        |claims| claims["iss"] = json!("https://other"),
        |claims| claims["aud"] = json!("other"),
        |claims| claims["exp"] = json!(1),
        |claims| claims["exp"] = json!("9999999999"),
        |claims| drop(claims.as_object_mut().unwrap().remove("exp")),
        |claims| claims["nbf"] = json!(99_999_999_999_i64),
        |claims| drop(claims.as_object_mut().unwrap().remove("iss")),
    ];
    assert!(bench.check(&bench.signed(|_| ())).is_ok());
    assert!(bench.check(&bench.signed(|claims| *claims = without_audience(claims, AUDIENCE))).is_ok());
    for change in wrong {
        assert!(bench.check(&bench.signed(change)).is_err());
    }
}

#[test]
fn forged_tokens_are_refused() {
    let bench = bench();
    let token = bench.signed(|_| ());
    let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("not a token") };
    let header = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let kid = bench.issuer.keys()["keys"][0]["kid"].clone();
    let none = header(&json!({"alg": "none", "typ": "JWT", "kid": kid}));
    let hs256 = header(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}));
    let other_key = header(&json!({"alg": "RS256", "typ": "JWT", "kid": "other"}));
    let rs256 = header(&json!({"alg": "RS256", "typ": "JWT", "kid": kid}));
    let other_claims = header(&json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "mallory", "exp": 99_999_999_999_i64}));
    for forged in [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{hs256}.{claims}.{signature}"),
        format!("{other_key}.{claims}.{signature}"),
        format!("{rs256}.{other_claims}.{signature}"),
        "no token".to_owned(),
        String::new(),
    ] {
        assert!(bench.check(&forged).is_err(), "{forged}");
    }
    assert_eq!(bench.verifier.verify(None).unwrap_err(), Unauthorized::Missing);
    assert!(bench.verifier.verify(Some(&token)).is_err(), "without Bearer");
}
