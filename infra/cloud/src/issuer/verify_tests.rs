//! What tokens the gateway believes, and every kind it must not.

use super::*;
use crate::issuer::{ISSUER, Issuer};
use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use serde_json::json;

struct Bench {
    directory: tempfile::TempDir,
    clock: Arc<LocalClock>,
    issuer: Issuer,
    verifier: Verifier,
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(LocalClock::open(directory.path(), None).unwrap());
    let issuer = Issuer::open(directory.path(), ISSUER.into(), clock.clone()).unwrap();
    let verifier = issuer.verifier().unwrap();
    Bench { directory, clock, issuer, verifier }
}

impl Bench {
    fn check(&self, token: &str) -> Result<Arc<Claims>, Unauthorized> {
        self.verify(&[&format!("Bearer {token}")])
    }

    fn verify(&self, authorization: &[&str]) -> Result<Arc<Claims>, Unauthorized> {
        let values: Vec<HeaderValue> = authorization.iter().map(|value| value.parse().unwrap()).collect();
        self.verifier.verify(&values)
    }

    /// Signed by the issuer's key under any header.
    fn signed_under(&self, header: &Value) -> String {
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let now = self.clock.now().as_second();
        let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": now + 60, "iat": now});
        let message = format!("{}.{}", encode(header), encode(&claims));
        let pem = std::fs::read(self.directory.path().join("issuer.pem")).unwrap();
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(&pem).unwrap();
        let pair = ring::rsa::KeyPair::from_der(key.as_bytes()).unwrap();
        let encoding: &dyn ring::signature::RsaEncoding = match header["alg"].as_str().unwrap() {
            "RS256" => &ring::signature::RSA_PKCS1_SHA256,
            "RS384" => &ring::signature::RSA_PKCS1_SHA384,
            "RS512" => &ring::signature::RSA_PKCS1_SHA512,
            "PS256" => &ring::signature::RSA_PSS_SHA256,
            other => panic!("{other} is new: say here how it signs"),
        };
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(encoding, &ring::rand::SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
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
}

#[test]
fn the_header_is_read_as_api_gateway_reads_it() {
    let bench = bench();
    let token = bench.signed(|_| ());
    for scheme in ["Bearer ", "bearer ", "BEARER ", "bEaReR ", "Bearer  ", ""] {
        assert!(bench.verify(&[&format!("{scheme}{token}")]).is_ok(), "{scheme}");
    }
    for other in ["Basic ", "Bearer: ", "Bearer, ", "Bearer x ", "DPoP ", "Bearer\t"] {
        assert!(bench.verify(&[&format!("{other}{token}")]).is_err(), "{other}");
    }
    for empty in ["", "Bearer", "Bearer ", "bearer"] {
        assert!(bench.verify(&[empty]).is_err(), "{empty}");
    }
    assert_eq!(bench.verify(&[]).unwrap_err(), Unauthorized::Missing);
    let bearer = format!("Bearer {token}");
    assert_eq!(bench.verify(&[&bearer, &bearer]).unwrap_err(), Unauthorized::Invalid("there are several tokens"));
}

#[test]
fn headers_that_are_not_understood_are_refused() {
    let bench = bench();
    let kid = bench.issuer.keys()["keys"][0]["kid"].clone();
    let check = |change: &Value| {
        let mut header = json!({"alg": "RS256", "typ": "JWT", "kid": kid});
        header.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        bench.check(&bench.signed_under(&header))
    };
    assert!(check(&json!({})).is_ok());
    assert!(check(&json!({"typ": "at+jwt", "unknown": true})).is_ok(), "what is not critical is passed over");
    for change in [
        json!({"crit": ["exp"], "exp": 1}),
        json!({"crit": ["b64"], "b64": true}),
        json!({"crit": []}),
        json!({"crit": null}),
        json!({"crit": "b64"}),
        json!({"alg": "RS384"}),
        json!({"alg": "RS512"}),
        json!({"alg": "PS256"}),
        json!({"kid": null}),
        json!({"kid": 1}),
    ] {
        assert!(check(&change).is_err(), "{change}");
    }
}

#[test]
fn claims_of_other_types_are_refused() {
    let bench = bench();
    let with = |name: &str, value: &Value| bench.check(&bench.signed(|claims| claims[name] = value.clone()));
    let now = bench.clock.now().as_second();
    for name in ["iss", "sub", "aud", "jti", "client_id"] {
        for value in
            [json!(null), json!(true), json!(7), json!({"a": "b"}), json!([7]), json!([[AUDIENCE]]), json!([AUDIENCE, 7])]
        {
            assert!(with(name, &value).is_err(), "{name} {value}");
        }
    }
    for name in ["iss", "sub", "jti", "client_id"] {
        assert!(with(name, &json!([ISSUER])).is_err(), "{name} in a list");
    }
    for name in ["exp", "nbf", "iat"] {
        for value in [json!(null), json!(true), json!(now.to_string()), json!([now]), json!({"at": now}), json!("")] {
            assert!(with(name, &value).is_err(), "{name} {value}");
        }
    }
    // A NumericDate may have a fraction.
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century are exact")]
    let now = now as f64;
    assert!(with("exp", &json!(now + 30.5)).is_ok());
    assert!(with("exp", &json!(1e15)).is_ok());
    assert!(with("exp", &json!(now - 30.5)).is_err());
    assert!(with("nbf", &json!(now - 0.5)).is_ok());
    assert!(with("nbf", &json!(now + 30.5)).is_err());
    assert!(with("iat", &json!(-0.5)).is_ok());
}
