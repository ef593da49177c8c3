//! Garbage: valid requests with a random change, on every route, from a printed seed. Each is accepted or refused with a documented
//! problem, which the harness checks, and never gets a 5xx. A refused one changes nothing.

use super::request::{mutating, requests};
use super::{Examples, Request, local};
use crate::Response;
use fastrand::Rng;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many bodies each route with a body gets.
const BODIES: usize = 250;
/// How many paths and queries each route gets.
const PATHS: usize = 40;

fn seed() -> Rng {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    Rng::with_seed(seed)
}

const NUMBERS: [i64; 20] =
    [0, 1, -1, 2, 3, 6, 7, 18, 19, 99, 100, 150, 200, 255, 256, 1_000_000, 10_000_100, 1 << 53, i64::MAX, i64::MIN];
const TEXTS: [&str; 17] = [
    "",
    "JPY",
    "MEDAL",
    "win",
    "trifecta",
    "quinella",
    "single",
    "box",
    "wheel",
    "1",
    "2-1",
    "1=2=3",
    "2026-02-30",
    "2027-01-01T00:00:00Z",
    "\0",
    "９",
    "🐎",
];

/// A value of any kind.
fn any_value(rng: &mut Rng) -> Value {
    match rng.u8(..8) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(u64::MAX),
        3 => json!(rng.f64() * 1e18),
        4 => json!("x".repeat(rng.usize(..2_000))),
        5 => json!(rng.choice(TEXTS).unwrap()),
        6 => [json!([]), json!({}), json!([[1]])][rng.usize(..3)].clone(),
        _ => json!(rng.choice(NUMBERS).unwrap()),
    }
}

/// Whether something happens that happens once in `times`.
fn once_in(times: u8, rng: &mut Rng) -> bool {
    rng.u8(..times) == 0
}

/// Changes one place of `value`, chosen by going down at random; mostly so that it stays of its kind, to get past the form.
fn mutate(value: &mut Value, rng: &mut Rng) {
    match value {
        any if once_in(30, rng) => *any = any_value(rng),
        Value::Object(members) if !members.is_empty() => {
            let name = rng.choice(members.keys().cloned().collect::<Vec<_>>()).unwrap();
            match rng.u8(..30) {
                0 => drop(members.remove(&name)),
                1 => drop(members.insert(format!("{name}~/"), any_value(rng))),
                _ => mutate(members.get_mut(&name).unwrap(), rng),
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            let index = rng.usize(..elements.len());
            match rng.u8(..10) {
                0 => drop(elements.remove(index)),
                1 => elements.push(elements[index].clone()),
                2 => *elements = vec![elements[index].clone(); rng.usize(2..50)],
                _ => mutate(&mut elements[index], rng),
            }
        }
        Value::Number(_) => *value = json!(rng.choice(NUMBERS).unwrap()),
        Value::String(_) => *value = json!(rng.choice(TEXTS).unwrap()),
        other => *other = any_value(rng),
    }
}

/// The text of a body: mostly JSON, sometimes broken anywhere.
fn garbled(good: &Value, rng: &mut Rng) -> Vec<u8> {
    let mut body = good.clone();
    for _ in 0..rng.u8(1..3) {
        mutate(&mut body, rng);
    }
    let mut bytes = body.to_string().into_bytes();
    match rng.u8(..40) {
        0 => bytes.truncate(rng.usize(..=bytes.len())),
        1 => {
            let at = rng.usize(..bytes.len());
            bytes[at] = rng.u8(..);
        }
        2 => bytes = vec![b'['; 10_000],
        _ => {}
    }
    bytes
}

/// Whether it was taken, or refused for a reason that is written down.
#[track_caller]
fn may_have_written<E: Examples>(what: &str, reply: &Response) -> bool {
    assert!(reply.status < 500, "{what}: {reply:?}");
    reply.status < 400 || E::REMEMBERED.iter().any(|code| reply.is_problem() && reply.json()["code"] == **code)
}

pub async fn no_body_breaks_a_route_and_no_refused_one_changes_anything<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    let mut rng = seed();
    for request in mutating(&stage) {
        let Some(good) = &request.body else { continue };
        stage.target().rest().await;
        let mut before = stage.target().items().await;
        let mut codes = BTreeSet::new();
        for number in 0..BODIES {
            let body = garbled(good, &mut rng);
            let what = format!("{}: {}", request.function.name, String::from_utf8_lossy(&body));
            let reply = request.send_to(&stage, &request.path, &format!("{}-{number}", request.function.name), &body).await;
            codes.insert(reply.json()["code"].to_string());
            if may_have_written::<E>(&what, &reply) {
                stage.target().rest().await;
                before = stage.target().items().await;
            } else if number % 4 == 0 {
                assert!(stage.target().items().await == before, "{what}: refused, and something changed: {reply:?}");
            }
        }
        assert!(codes.len() > 2, "{}: garbage that gets past nothing finds nothing: {codes:?}", request.function.name);
        stage.target().rest().await;
        assert!(stage.target().items().await == before, "{}: something was refused and changed", request.function.name);
    }
}

const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];

/// Any bytes, percent-encoded.
fn any_segment(rng: &mut Rng) -> String {
    let hostile = ["..", "%00", "%2F..%2F", "%FF%FE", "%", "%zz", "'%22%3B--", "rac_20260523-01-01%00", "bet_%F0%9F%90%8E", "~"];
    if rng.bool() {
        return (*rng.choice(&hostile).unwrap()).to_owned();
    }
    let length = rng.usize(1..60);
    let bytes: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(length).collect();
    let percent = |byte: &u8| ['%', HEX[usize::from(byte / 16)], HEX[usize::from(byte % 16)]];
    bytes.iter().flat_map(percent).collect()
}

/// The path with an id, or a query, that nobody was ever given.
fn garbled_path(request: &Request, rng: &mut Rng) -> String {
    if request.path.as_str() != request.route().path && rng.bool() {
        let template = request.route().path;
        let fill = |part: &str| if part.starts_with('{') { any_segment(rng) } else { part.to_owned() };
        return template.split('/').map(fill).collect::<Vec<_>>().join("/");
    }
    let name = rng.choice(request.contract().query).map_or_else(|| any_segment(rng), |parameter| parameter.name.to_owned());
    let cursor = data_encoding::BASE64URL_NOPAD.encode(any_value(rng).to_string().as_bytes());
    let value = if rng.bool() { any_segment(rng) } else { cursor };
    format!("{}?{name}={value}", request.path)
}

pub async fn no_path_and_no_query_breaks_a_route<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    let mut rng = seed();
    stage.target().rest().await;
    let before = stage.target().items().await;
    for request in requests(&stage) {
        let body = request.text();
        for _ in 0..PATHS {
            let path = garbled_path(&request, &mut rng);
            let reply = request.send_to(&stage, &path, "k", body.as_bytes()).await;
            assert!(reply.status < 500, "{path}: {reply:?}");
            assert!(!request.is_mutating() || reply.status >= 400, "{path} was taken: {reply:?}");
        }
    }
    assert!(stage.target().items().await == before, "something was refused and changed");
}
