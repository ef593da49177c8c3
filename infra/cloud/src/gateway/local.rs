//! What only a developer's machine has, under `/_local/`: the clock, tokens, secrets, the state of queues and streams, where
//! the AWS endpoint is. No function can be at such a path, and no web page of another origin gets here.

use super::body::Bodies;
use super::reply;
use crate::server::Reply;
use crate::{CloudError, Shared};
use http::request::Parts;
use http::{Method, StatusCode};
use hyper::body::Incoming;
use jiff::Timestamp;
use platform::clock::Clock;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::sync::Arc;

#[derive(Deserialize)]
struct SetClock {
    now: Timestamp,
}

type Refused = Box<Reply>;
type Answered = Result<serde_json::Value, Refused>;

pub async fn reply(shared: &Arc<Shared>, parts: &Parts, bodies: &Bodies, body: &mut Incoming) -> Reply {
    let answered = match (parts.method.clone(), parts.uri.path()) {
        (Method::GET, "/_local/clock") => Ok(json!({"now": shared.clock.now()})),
        (Method::POST, "/_local/clock") => set_clock(shared, bodies, body).await,
        (Method::GET, "/_local/token") => token(shared, parts),
        (Method::GET, "/_local/secret") => secret(shared, parts),
        (Method::GET, "/_local/status") => shared.status().await.map(|status| json!(status)).map_err(failed),
        (Method::GET, "/_local/aws") => Ok(json!({"url": shared.aws_url})),
        _ => Err(refused(StatusCode::NOT_FOUND, "Not Found")),
    };
    match answered {
        Ok(answer) => reply::json(&answer),
        Err(refused) => *refused,
    }
}

async fn set_clock(shared: &Shared, bodies: &Bodies, body: &mut Incoming) -> Answered {
    let SetClock { now } = parse(bodies, body).await?;
    shared.set_clock(now).await.map_err(|error| match error {
        CloudError::Time(_) => bad(&error.to_string()),
        other => failed(other),
    })?;
    Ok(json!({"now": shared.clock.now()}))
}

fn token(shared: &Shared, parts: &Parts) -> Answered {
    let subject = query(parts, "sub")?;
    let token = shared.issuer.token(&subject).map_err(failed)?;
    Ok(json!({"token": token}))
}

fn secret(shared: &Shared, parts: &Parts) -> Answered {
    let name = query(parts, "name")?;
    let value = shared.backends.secrets.value(&name);
    value.map(|value| json!({"value": value})).ok_or_else(|| refused(StatusCode::NOT_FOUND, "Not Found"))
}

fn query(parts: &Parts, name: &str) -> Result<String, Refused> {
    let mut pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let value = pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned());
    value.filter(|value| !value.is_empty()).ok_or_else(|| bad(&format!("the query parameter {name} is missing")))
}

async fn parse<T: DeserializeOwned>(bodies: &Bodies, body: &mut Incoming) -> Result<T, Refused> {
    serde_json::from_slice(bodies.read(body).await?.bytes()).map_err(|error| bad(&error.to_string()))
}

fn bad(message: &str) -> Refused {
    refused(StatusCode::BAD_REQUEST, message)
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn failed(error: CloudError) -> Refused {
    refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
}

fn refused(status: StatusCode, message: &str) -> Refused {
    Box::new(reply::message(status, message))
}
