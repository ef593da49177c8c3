//! Every body must have the form that the OpenAPI document states. An array of its fields is no object, and an object is no word. No name
//! occurs twice at any depth. The headers must name no other type or encoding. The routes and their bodies come from the registry.

use super::request::{mutating, path_parameters};
use super::{Examples, Request, local};
use crate::random_text;
use cloud::issuer::{AUDIENCE, ISSUER};
use platform::function::Access;
use platform::secrets::SecretValue;
use platform::webhook::sign;
use serde_json::{Value, json};

/// The most members of an object whose members are tried in every order.
const PERMUTED_MAX: usize = 4;

/// Every place in `value`, as a pointer.
fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                places(element, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Every order of `values`; only the given one of many.
fn orders(values: &[Value]) -> Vec<Vec<Value>> {
    if values.len() > PERMUTED_MAX || values.len() < 2 {
        return vec![values.to_vec()];
    }
    let mut all = Vec::new();
    for first in 0..values.len() {
        let mut rest = values.to_vec();
        let first = rest.remove(first);
        all.extend(orders(&rest).into_iter().map(|rest| [vec![first.clone()], rest].concat()));
    }
    all
}

/// What `serde_json` alone would read in the place of `value`, or might in another version.
fn lookalikes(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(members) => {
            let values: Vec<_> = members.values().cloned().collect();
            orders(&values).into_iter().map(Value::from).collect()
        }
        Value::String(word) => vec![json!({word: null}), json!({word: {}}), json!([word]), json!(0)],
        Value::Number(number) => vec![json!(number.to_string()), json!([number]), json!(number.as_f64())],
        _ => Vec::new(),
    }
}

/// `good` in which each object in turn has its first member twice.
fn with_a_name_twice(good: &Value, pointer: &str) -> Option<String> {
    let (name, member) = good.pointer(pointer)?.as_object()?.iter().next()?;
    let mut marked = good.clone();
    marked.pointer_mut(pointer)?.as_object_mut()?.insert("the same again".into(), member.clone());
    Some(marked.to_string().replace("\"the same again\"", &json!(name).to_string()))
}

pub async fn nothing_is_read_in_the_place_of_what_is_documented<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    stage.target().rest().await;
    let before = stage.target().items().await;
    for request in mutating(&stage) {
        let Some(good) = &request.body else { continue };
        let mut all = Vec::new();
        places(good, "", &mut all);
        for pointer in &all {
            let mut bodies = Vec::from_iter(with_a_name_twice(good, pointer));
            for other in lookalikes(good.pointer(pointer).unwrap()) {
                let mut body = good.clone();
                *body.pointer_mut(pointer).unwrap() = other;
                bodies.push(body.to_string());
            }
            for body in bodies {
                let refused = request.send_to(&stage, &request.path, "k", body.as_bytes()).await;
                let problem = refused.refused(400, "malformed_body");
                let named = problem["errors"][0]["pointer"].as_str().unwrap();
                // Within a tagged enum the fields are read together: the place is the enum's.
                assert!(named.starts_with(pointer.as_str()) || pointer.starts_with(named), "{body}: {pointer}: {problem}");
                refused.cost_nothing();
            }
        }
    }
    assert_eq!(stage.target().items().await, before, "a refusal of form changes nothing");
}

/// The event of `request` with `headers` beside those that it needs.
async fn event<E: Examples>(stage: &E, request: &Request, headers: &Value) -> Vec<u8> {
    let now = stage.target().now();
    let body = request.text();
    let mut all = headers.clone();
    let mut authorizer = Value::Null;
    match request.route().access {
        Access::Public => {}
        Access::User => {
            all["idempotency-key"] = json!("k");
            let expires = (now.as_second() + 60).to_string();
            authorizer = json!({"jwt": {"claims": {"iss": ISSUER, "aud": AUDIENCE, "sub": "mallory", "exp": expires}}});
        }
        Access::Staff(_) | Access::Member(_) => {
            all["idempotency-key"] = json!("k");
            authorizer = json!({"jwt": {"claims": claims_of(&stage.bearer(request.function).await)}});
        }
        Access::ApiKey(_) => {
            all["idempotency-key"] = json!("k");
            all["authorization"] = json!(stage.bearer(request.function).await);
        }
        Access::Signed(secret) => {
            let key = SecretValue::new(stage.target().cloud().feed_secret(secret.name).unwrap());
            let id = random_text();
            all["webhook-id"] = json!(id);
            all["webhook-timestamp"] = json!(now.as_second().to_string());
            all["webhook-signature"] = json!(sign(&key, &id, now, body.as_bytes()).unwrap());
        }
    }
    let event = json!({
        "headers": all,
        "pathParameters": path_parameters(stage, request.function),
        "body": body,
        "requestContext": {"timeEpoch": now.as_millisecond(), "authorizer": authorizer},
    });
    event.to_string().into_bytes()
}

/// The claims of a token, as the gateway passes them on.
fn claims_of(bearer: &str) -> Value {
    let payload = bearer.split('.').nth(1).expect("a token");
    let claims: Value = serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    claims
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), json!(text(value))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

async fn ask<E: Examples>(stage: &E, request: &Request, headers: &Value) -> (u64, Value) {
    let reply = stage.target().cloud().invoke(request.function.name, event(stage, request, headers).await).await.unwrap();
    let reply: Value = serde_json::from_slice(&reply).unwrap();
    (reply["statusCode"].as_u64().unwrap(), serde_json::from_str(reply["body"].as_str().unwrap()).unwrap())
}

pub async fn a_body_of_another_type_or_encoding_is_refused_on_every_route_that_takes_one<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    stage.target().rest().await;
    let before = stage.target().items().await;
    let with_body = || mutating(&stage).into_iter().filter(|request| request.body.is_some());
    for request in with_body() {
        for (headers, code, place) in [
            (json!({"content-type": "text/plain"}), "unsupported_media_type", "Content-Type"),
            (json!({"content-type": "application/x-www-form-urlencoded"}), "unsupported_media_type", "Content-Type"),
            (json!({"content-type": "application/json; charset=utf-16"}), "unsupported_media_type", "Content-Type"),
            (
                json!({"content-type": "application/json", "content-encoding": "gzip"}),
                "unsupported_content_encoding",
                "Content-Encoding",
            ),
            (json!({"content-encoding": "br"}), "unsupported_content_encoding", "Content-Encoding"),
        ] {
            let (status, problem) = ask(&stage, &request, &headers).await;
            assert_eq!((status, &problem["code"]), (415, &json!(code)), "{}: {headers}: {problem}", request.function.name);
            assert_eq!(problem["errors"][0]["pointer"], place, "{problem}");
        }
    }
    // Through the gateway, with the reply looked at as the document wants it.
    for request in with_body().filter(|request| request.route().has_person()) {
        let headers = [
            ("authorization", stage.bearer(request.function).await),
            ("idempotency-key", "k".into()),
            ("content-type", "text/plain".into()),
        ];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let method = request.route().method.as_str();
        let refused = stage.target().send(method, &request.path, &headers, request.text().as_bytes()).await;
        refused.refused_at(415, "unsupported_media_type", "Content-Type");
        refused.cost_nothing();
    }
    assert_eq!(stage.target().items().await, before);

    for request in with_body() {
        for headers in
            [json!({}), json!({"content-type": "application/vnd.koban+json; charset=utf-8", "content-encoding": "identity"})]
        {
            let (status, reply) = ask(&stage, &request, &headers).await;
            // Mallory has no money: that her slip is looked at is enough.
            assert!(
                status < 300 || reply["code"].as_str().is_some_and(|code| E::REMEMBERED.contains(&code)),
                "{}: {headers}: {reply}",
                request.function.name
            );
        }
    }
}
