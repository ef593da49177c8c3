//! The boundary of every function: from a raw event to a raw reply. The same code runs on Lambda, in the local cloud and in the
//! simulator. A failure is logged here, once, with its whole cause; a panic fails its own request or record alone.

use crate::context::{Context, Environment};
use crate::contract::Contract;
use crate::function::{Function, Handler, HttpHandler, Route, Trigger};
use crate::http::{HttpEvent, Reply};
use crate::message::{self, REPORT_TIME, SqsEvent};
use crate::meter::Usage;
use crate::problem::{Problem, chain};
use crate::relay::{self, StreamEvent};
use crate::{admission, telemetry};
use data_encoding::BASE64;
use futures_util::FutureExt;
use serde::Serialize;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use thiserror::Error;

/// What an invocation gets beside its event.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub request_id: String,
    pub trace: String,
    pub deadline: tokio::time::Instant,
}

/// An invocation that failed as a whole: its event comes again.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct InvokeError(pub String);

/// API Gateway's reply form, payload format 2.0.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpReply {
    status_code: u16,
    headers: BTreeMap<&'static str, String>,
    body: String,
    is_base64_encoded: bool,
}

/// Runs a function once.
///
/// # Errors
/// When the event is not of the trigger's kind, or when a relay could not publish.
pub async fn invoke(
    function: &'static Function,
    env: &Arc<Environment>,
    event: &[u8],
    invocation: Invocation,
) -> Result<Vec<u8>, InvokeError> {
    let started = tokio::time::Instant::now();
    let mut context = Context::new(env.clone(), invocation.request_id, invocation.trace, invocation.deadline);
    let (outcome, reply) = match (&function.handler, &function.definition.trigger) {
        (Handler::Http(handle), Trigger::Http(route)) => serve(&mut context, route, *handle, event).await?,
        (Handler::Message(handle), _) => {
            let event: SqsEvent = parse(event)?;
            let count = event.records.len();
            if let [only] = &event.records[..] {
                context.take_trace(only.trace());
            }
            let reply = message::handle_batch(&context, *handle, event).await;
            (format!("{} of {count} handled", count - reply.batch_item_failures.len()), render(&reply)?)
        }
        (Handler::Relay { topic, map, .. }, Trigger::Stream { failures, .. }) => {
            let event: StreamEvent<'_> = parse(event)?;
            let count = event.records.len();
            if let Err(error) = relay::relay(&context, topic, failures, *map, event).await {
                telemetry::log_failure(&context, "batch", "", 1, &chain(&error));
                return Err(InvokeError(error.to_string()));
            }
            (format!("{count} relayed"), br#"{"batchItemFailures":[]}"#.to_vec())
        }
        // The builder makes no such function.
        (Handler::Http(_) | Handler::Relay { .. }, _) => {
            return Err(InvokeError("a handler that does not fit its trigger".into()));
        }
    };
    telemetry::log_invocation(&context, &outcome, started.elapsed());
    Ok(reply)
}

fn parse<'a, T: serde::Deserialize<'a>>(event: &'a [u8]) -> Result<T, InvokeError> {
    serde_json::from_slice(event).map_err(|error| InvokeError(format!("not an event of this trigger: {error}")))
}

fn render(reply: &impl Serialize) -> Result<Vec<u8>, InvokeError> {
    serde_json::to_vec(reply).map_err(|error| InvokeError(error.to_string()))
}

async fn serve(
    context: &mut Context,
    route: &Route,
    handler: HttpHandler,
    event: &[u8],
) -> Result<(String, Vec<u8>), InvokeError> {
    let event: HttpEvent = parse(event)?;
    context.take_trace(event.headers.get("traceparent").map(String::as_str));
    let context = &*context;
    let contract = context.env.contract.get_or_init(|| {
        let mut contract = Contract::default();
        (handler.describe)(&mut contract);
        contract
    });
    let time_left = context.remaining().saturating_sub(REPORT_TIME);
    let handled = async {
        let call = admission::admit(context, (route, contract), event).await?;
        // What the request's form refuses is refused before anything is read.
        let answer = (handler.handle)(context, call)?;
        context.beside_check(answer).await
    };
    let replied = match AssertUnwindSafe(tokio::time::timeout(time_left, handled)).catch_unwind().await {
        Ok(Ok(replied)) => replied,
        Ok(Err(_elapsed)) => Err(Problem::internal("it took longer than the function's timeout")),
        Err(panic) => Err(Problem::internal(format!("panic: {}", telemetry::panic_text(panic.as_ref())))),
    };
    let reply = match replied {
        Ok(reply) => http_reply(context, reply),
        Err(problem) => problem_reply(context, &problem),
    };
    Ok((reply.status_code.to_string(), render(&reply)?))
}

fn problem_reply(context: &Context, problem: &Problem) -> HttpReply {
    if let Some(cause) = &problem.cause {
        telemetry::log_failure(context, problem.code.code, "", 1, &chain(cause.as_ref()));
    }
    let body = problem.to_json(&context.request_id).to_string().into_bytes();
    let media_type = "application/problem+json";
    let mut reply = Reply { status: problem.code.status, media_type, body, headers: Vec::new() }.replayed(problem.replayed);
    reply.headers.extend(problem.retry_after().map(|after| ("retry-after", after.as_secs().to_string())));
    http_reply(context, reply)
}

fn http_reply(context: &Context, reply: Reply) -> HttpReply {
    let mut headers: BTreeMap<_, _> = reply.headers.into_iter().collect();
    if !reply.media_type.is_empty() {
        headers.insert("content-type", reply.media_type.into());
    }
    headers.insert("cache-control", "no-store".into());
    if context.env.shows_cost {
        let Usage { dynamodb_calls, wru, rru, rounds, check_calls, check_rru, .. } = context.meter.usage();
        let timing = format!(
            r#"calls;desc="{dynamodb_calls}", wru;desc="{wru}", rru;desc="{rru}", rounds;desc="{rounds}", check;desc="{check_calls}", check_rru;desc="{check_rru}""#
        );
        headers.insert("server-timing", timing);
    }
    // What is text goes as it is; any other bytes go as base64.
    let (body, is_base64_encoded) = match String::from_utf8(reply.body) {
        Ok(text) => (text, false),
        Err(bytes) => (BASE64.encode(bytes.as_bytes()), true),
    };
    HttpReply { status_code: reply.status, headers, body, is_base64_encoded }
}
