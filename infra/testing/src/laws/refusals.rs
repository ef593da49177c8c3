//! Refusals that every route has: unknown callers, and requests that do not have its form. Each refusal states its own code and place,
//! costs no call of DynamoDB and changes nothing. The routes come from the registry.

use super::request::{mutating, path_parameters, requests};
use super::{Examples, Request, anywhere, local};
use crate::random_text;
use cloud::issuer::{AUDIENCE, ISSUER};
use platform::function::Idempotency;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const BODY_BYTES_MAX: usize = 256 * 1_024;

/// The routes for people, with a stage that they are asked on.
async fn for_users<E: Examples>() -> Option<(E, Vec<Request>)> {
    let stage = local::<E>().await?;
    let mut requests = requests(&stage);
    requests.retain(|request| request.route().has_person());
    Some((stage, requests))
}

/// Right claims of `subject`, as the issuer makes them, changed.
fn claims<E: Examples>(stage: &E, change: impl FnOnce(&mut Value)) -> Value {
    let now = stage.target().now().as_second();
    let mut claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "mallory", "iat": now - 60, "exp": now + 60});
    change(&mut claims);
    claims
}

/// Claims as the access tokens of some issuers have them: for no audience, of a client.
fn name_client(claims: &mut Value, client: &str) {
    claims.as_object_mut().unwrap().remove("aud");
    claims["client_id"] = json!(client);
}

pub async fn a_token_without_an_audience_is_good_for_its_client<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    let token = stage.target().cloud().issuer().sign(&claims(&stage, |claims| name_client(claims, AUDIENCE))).unwrap();
    let authorization = format!("Bearer {token}");
    let of_users = requests(&stage).into_iter().filter(|request| request.route().has_person());
    for request in of_users.filter(|request| !request.is_mutating()) {
        let answered = stage.target().send("GET", &request.path, &[("authorization", &authorization)], &[]).await;
        assert_ne!(answered.status, 401, "{}: {answered:?}", request.function.name);
    }
}

/// The token with another algorithm and no signature.
fn unsigned(token: &str) -> String {
    let encode = |value: &Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let claims = token.split('.').nth(1).unwrap();
    format!("{}.{claims}.", encode(&json!({"alg": "none", "typ": "JWT"})))
}

pub async fn the_gateway_lets_nobody_in_without_a_good_token<E: Examples>() {
    let Some((stage, requests)) = for_users::<E>().await else { return };
    let sign = |change: fn(&mut Value)| stage.target().cloud().issuer().sign(&claims(&stage, change)).unwrap();
    let good = sign(|_| ());
    let (head, _) = good.rsplit_once('.').unwrap();
    let tokens = [
        ("none", String::new()),
        ("no token", "Bearer x.y.z".to_owned()),
        ("another scheme", format!("Basic {good}")),
        ("another signature", format!("Bearer {head}.AAAA")),
        ("alg none", format!("Bearer {}", unsigned(&good))),
        ("expired", format!("Bearer {}", sign(|claims| claims["exp"] = json!(1_000)))),
        ("never expiring", format!("Bearer {}", sign(|claims| drop(claims.as_object_mut().unwrap().remove("exp"))))),
        ("another issuer", format!("Bearer {}", sign(|claims| claims["iss"] = json!("https://other")))),
        ("another audience", format!("Bearer {}", sign(|claims| claims["aud"] = json!("other")))),
        ("another client", format!("Bearer {}", sign(|claims| name_client(claims, "other")))),
        (
            "another audience of our client",
            format!(
                "Bearer {}",
                sign(|claims| {
                    (claims["aud"], claims["client_id"]) = (json!("other"), json!(AUDIENCE));
                })
            ),
        ),
    ];
    stage.target().rest().await;
    let before = stage.target().items().await;
    for request in &requests {
        let (method, body) = (request.route().method.as_str(), request.text());
        for (what, authorization) in &tokens {
            let headers = [("authorization", authorization.as_str()), ("idempotency-key", "k")];
            let headers = if authorization.is_empty() { &headers[1..] } else { &headers[..] };
            let refused = stage.target().send(method, &request.path, headers, body.as_bytes()).await;
            // AWS's own words: no function was asked.
            assert_eq!(refused.expect(401), json!({"message": "Unauthorized"}), "{}: {what}", request.function.name);
        }
    }
    assert_eq!(stage.target().items().await, before);
}

pub async fn functions_check_the_claims_again<E: Examples>() {
    let Some((stage, requests)) = for_users::<E>().await else { return };
    let as_strings = |claims: Value| {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let strings = claims.as_object().unwrap().iter().map(|(name, value)| (name.clone(), json!(text(value))));
        json!({"jwt": {"claims": strings.collect::<serde_json::Map<_, _>>(), "scopes": null}})
    };
    let wrong = |change: fn(&mut Value)| as_strings(claims(&stage, change));
    let authorizers = [
        Value::Null,
        json!({}),
        wrong(|claims| claims["exp"] = json!(1_000)),
        wrong(|claims| drop(claims.as_object_mut().unwrap().remove("exp"))),
        wrong(|claims| claims["nbf"] = json!(99_999_999_999_i64)),
        wrong(|claims| claims["iss"] = json!("https://other")),
        wrong(|claims| claims["aud"] = json!("[other another]")),
        wrong(|claims| name_client(claims, "other")),
        wrong(|claims| (claims["aud"], claims["client_id"]) = (json!("other"), json!(AUDIENCE))),
        wrong(|claims| drop(claims.as_object_mut().unwrap().remove("sub"))),
        wrong(|claims| claims["sub"] = json!(null)),
        wrong(|claims| claims["sub"] = json!(true)),
        wrong(|claims| claims["sub"] = json!({"name": "mallory"})),
        wrong(|claims| claims["sub"] = json!("[mallory alice]")),
        wrong(|claims| claims["sub"] = json!("mallory\n")),
    ];
    stage.target().rest().await;
    let before = stage.target().items().await;
    for request in &requests {
        let mut bodies = BTreeSet::new();
        for authorizer in &authorizers {
            let event = json!({
                "headers": {"idempotency-key": "k"},
                "pathParameters": path_parameters(&stage, request.function),
                "body": request.body.as_ref().map(Value::to_string),
                "requestContext": {"timeEpoch": stage.target().now().as_millisecond(), "authorizer": authorizer},
            });
            let reply = stage.target().cloud().invoke(request.function.name, event.to_string().into_bytes()).await.unwrap();
            let reply: Value = serde_json::from_slice(&reply).unwrap();
            let problem: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
            let answer = (&reply["statusCode"], &problem["code"], &problem["retryable"]);
            assert_eq!(
                answer,
                (&json!(401), &json!("unauthenticated"), &json!(false)),
                "{}: {authorizer}",
                request.function.name
            );
            assert!(reply["headers"]["server-timing"].as_str().unwrap().starts_with(r#"calls;desc="0""#), "{reply}");
            bodies.insert(reply["body"].to_string());
        }
        assert_eq!(bodies.len(), 1, "a forger can see what was wrong: {bodies:?}");
    }
    assert_eq!(stage.target().items().await, before);
}

pub async fn a_parameter_that_the_route_does_not_have_is_refused<E: Examples>() {
    let Some(stage) = anywhere::<E>().await else { return };
    for request in requests(&stage) {
        // A parameter of the path is no parameter of the query.
        for name in request.route().path_names().chain(["strange"]) {
            let path = format!("{}?{name}=x", request.path);
            let body = request.text();
            let refused = request.send_to(&stage, &path, "k", body.as_bytes()).await;
            refused.refused_at(400, "malformed_parameter", name);
            refused.cost_nothing();
        }
    }
}

pub async fn an_intent_without_a_good_key_is_refused<E: Examples>() {
    let Some(stage) = anywhere::<E>().await else { return };
    for request in requests(&stage).iter().filter(|request| request.route().idempotency == Idempotency::Key) {
        let long = "x".repeat(256);
        for (key, code) in [
            ("", "idempotency_key_required"),
            (&*long, "idempotency_key_invalid"),
            ("a b", "idempotency_key_invalid"),
            ("鍵", "idempotency_key_invalid"),
        ] {
            let refused = request.send(&stage, key).await;
            refused.refused_at(400, code, "Idempotency-Key");
            refused.cost_nothing();
        }
    }
}

pub async fn a_body_of_more_than_256_kib_is_refused_also_where_none_is_read<E: Examples>() {
    let Some(stage) = anywhere::<E>().await else { return };
    for request in mutating(&stage) {
        // A feed's ids are everybody's, and a deployed API keeps them.
        let (name, key) = (request.function.name, random_text());
        let refused = request.send_to(&stage, &request.path, &key, &padded(&request, BODY_BYTES_MAX + 1)).await;
        refused.refused(413, "body_too_large");
        refused.cost_nothing();
        let taken = request.send_to(&stage, &request.path, &key, &padded(&request, BODY_BYTES_MAX)).await;
        assert!(taken.status < 300, "{name}: exactly 256 KiB: {taken:?}");
    }
}

/// Its body, and blanks after it up to `bytes`.
fn padded(request: &Request, bytes: usize) -> Vec<u8> {
    let mut body = request.text().into_bytes();
    body.resize(bytes, b' ');
    body
}

/// Bodies that are not of the form of `good`, with the place that the refusal must name.
fn malformed(good: &Value) -> Vec<(String, String)> {
    let texts = ["", "{", "null", "[]", "\"x\"", "{}"].map(|text| (text.to_owned(), String::new()));
    let mut bodies = Vec::from(texts);
    bodies.push((format!("{good} {good}"), String::new()));
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        body.to_string()
    };
    bodies.push((changed(&|body| body["strange"] = json!(1)), "/strange".into()));
    for (name, value) in good.as_object().unwrap() {
        let twice = good.to_string().replacen('{', &format!("{{\"{name}\":{value},"), 1);
        bodies.push((twice, format!("/{name}")));
        bodies.push((changed(&|body| drop(body.as_object_mut().unwrap().remove(name))), String::new()));
        for wrong in [json!(null), json!(true), json!(1.5), json!({"x": 1}), json!("no such thing")] {
            bodies.push((changed(&|body| body[name] = wrong.clone()), format!("/{name}")));
        }
    }
    bodies
}

pub async fn a_body_of_another_form_is_refused_at_its_place<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    stage.target().rest().await;
    let before = stage.target().items().await;
    for request in mutating(&stage) {
        let Some(good) = &request.body else { continue };
        for (body, pointer) in malformed(good) {
            let refused = request.send_to(&stage, &request.path, "k", body.as_bytes()).await;
            refused.refused_at(400, "malformed_body", &pointer);
            refused.cost_nothing();
        }
        // What is not text is base64 on its way to the function, and no JSON there.
        let refused = request.send_to(&stage, &request.path, "k", &[0xff, 0x00, 0x80]).await;
        refused.refused(400, "malformed_body");
        refused.cost_nothing();
    }
    assert_eq!(stage.target().items().await, before, "a refusal of form changes nothing");
}
