//! Who is admitted, end to end. A service with a route of each kind of access is held to the laws of every service.
//! Callers of every kind are admitted, and their neighbors are refused.

mod builder;
mod callers;
mod desk;
mod examples;
mod gate;
mod openapi;

use cloud::Config;
use desk::{ADMIN, DESK};
use platform::Service;
use serde_json::{Value, json};
use testing::{Response, Target, User};

testing::laws!(examples::Stage);

const SERVICES: &[&Service] = &[&DESK, &ADMIN];

async fn start() -> Option<Target> {
    start_with(|_| ()).await
}

async fn start_with(configure: impl FnOnce(&mut Config)) -> Option<Target> {
    Target::start_local_with(SERVICES, configure).await
}

/// A token of the subject `subject` with `claims` beside the usual ones, as a header.
fn bearer(target: &Target, subject: &str, claims: &Value) -> String {
    let mut all = json!({
        "iss": cloud::issuer::ISSUER, "aud": cloud::issuer::AUDIENCE, "sub": subject, "exp": target.now().as_second() + 3_600,
    });
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    format!("Bearer {}", target.cloud().issuer().sign(&all).unwrap())
}

/// A request with that `Authorization`; none is sent where it is empty.
async fn ask(target: &Target, method: &str, path: &str, authorization: &str, key: &str, body: &Value) -> Response {
    let mut headers = vec![("idempotency-key", key)];
    headers.extend((!authorization.is_empty()).then_some(("authorization", authorization)));
    let body = if method == "GET" { String::new() } else { body.to_string() };
    target.send(method, path, &headers, body.as_bytes()).await
}

async fn read(target: &Target, path: &str, authorization: &str) -> Response {
    ask(target, "GET", path, authorization, "k", &Value::Null).await
}

/// Has the service that owns people change something.
async fn change(target: &Target, change: Value) {
    assert_eq!(target.send("PUT", "/v1/access", &[], change.to_string().as_bytes()).await.status, 204, "{change}");
}

async fn suspend(user: &User, suspended: bool) {
    change(&user.target, json!({"user": user.id(), "suspended": suspended})).await;
}

/// How many calls the check of the caller made, and how many read units.
fn check_of(reply: &Response) -> (f64, f64) {
    let timing = reply.header("server-timing").unwrap();
    let number = |name: &str| {
        let (_, rest) = timing.split_once(&format!(" {name};desc=\"")).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    (number("check"), number("check_rru"))
}
