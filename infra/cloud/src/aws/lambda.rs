//! Lambda: which functions there are, and any of them invoked by its name with a raw event, through the same boundary as everything.

use super::lambda_paths;
use super::protocol::rest_error;
use super::{REQUEST_ID, response};
use crate::clock::LocalClock;
use crate::connector::not_here;
use crate::log::FileLog;
use crate::queues::random_uuid;
use crate::runner::{RunError, Runner};
use crate::server::Reply;
use data_encoding::BASE64;
use http::HeaderValue;
use http::request::Parts;
use jiff::SignedDuration;
use platform::clock::Clock;
use platform::sdk::Names;
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest event of an invocation whose reply is waited for.
const EVENT_BYTES_MAX: usize = 6 * 1_024 * 1_024;
/// The largest event of one that is not (Lambda since October 2025).
const ASYNC_EVENT_BYTES_MAX: usize = 1_024 * 1_024;
/// How many invocations that nobody waits for there may be; AWS queues them, here one more is refused.
const ASYNC_MAX: usize = 64;
/// After how long an invocation that nobody waits for is tried again, as Lambda does: two times.
const RETRY_AFTER: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_mins(2)];
/// How much of the log's end the reply to an invocation has.
const LOG_TAIL_BYTES: usize = 4 * 1_024;
/// How many functions a page lists.
const PAGE: usize = 50;

pub(super) struct Lambda {
    runners: Vec<Arc<Runner>>,
    names: Names,
    clock: Arc<LocalClock>,
    log: Arc<FileLog>,
    asynchronous: Arc<Semaphore>,
}

/// What an invocation came to.
struct Invoked {
    payload: Vec<u8>,
    is_error: bool,
    log: String,
}

impl Lambda {
    pub(super) fn new(mut runners: Vec<Arc<Runner>>, names: Names, clock: Arc<LocalClock>, log: Arc<FileLog>) -> Self {
        runners.sort_unstable_by_key(|runner| runner.function().name);
        Self { runners, names, clock, log, asynchronous: Arc::new(Semaphore::new(ASYNC_MAX)) }
    }

    pub(super) async fn answer(&self, parts: &Parts, body: &[u8]) -> Reply {
        let operation = lambda_paths::operation(&parts.method, parts.uri.path(), "lambda").unwrap_or_default();
        if operation == "ListFunctions" {
            return self.list(parts.uri.query().unwrap_or_default());
        }
        if !["GetFunction", "GetFunctionConfiguration", "Invoke"].contains(&operation.as_str()) {
            return rest_error(400, "UnknownOperationException", &not_here("Lambda", &operation));
        }
        let asked = parts.uri.path().trim_matches('/').split('/').nth(2).unwrap_or_default();
        let asked = percent_decoded(asked);
        let Some(runner) = self.find(&asked) else {
            let name = asked.rsplit("function:").next().unwrap_or_default();
            return rest_error(404, "ResourceNotFoundException", &format!("Function not found: {}", self.arn(name)));
        };
        match operation.as_str() {
            "Invoke" => self.invoke(runner, parts, body).await,
            "GetFunction" => {
                let code = json!({"RepositoryType": "local", "Location": ""});
                json_reply(&json!({"Configuration": self.configuration(runner), "Code": code, "Tags": {}}))
            }
            _ => json_reply(&self.configuration(runner)),
        }
    }

    /// By the name with or without the environment's prefix, or by an ARN, whole or in part; its newest version.
    fn find(&self, asked: &str) -> Option<&Arc<Runner>> {
        let name = match asked.rsplit_once("function:") {
            Some((before, name)) => {
                let whole = format!("arn:aws:lambda:{}:{}:", self.names.region, self.names.account);
                let here = before == whole || before == format!("{}:", self.names.account);
                here.then_some(name)?
            }
            None => asked,
        };
        let name = name.strip_suffix(":$LATEST").unwrap_or(name);
        let name = name.strip_prefix(&self.names.prefix).unwrap_or(name);
        self.runners.iter().find(|runner| runner.function().name == name)
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{name}", self.names.region, self.names.account)
    }

    fn list(&self, query: &str) -> Reply {
        let field =
            |wanted: &str| form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value);
        let invalid = |name: &str| rest_error(400, "InvalidParameterValueException", &format!("The {name} is not valid."));
        let Ok(start) = field("Marker").map_or(Ok(0), |marker| marker.parse::<usize>()) else { return invalid("Marker") };
        let count = match field("MaxItems").map(|count| count.parse::<usize>()) {
            None => PAGE,
            Some(Ok(count @ 1..=10_000)) => count.min(PAGE),
            Some(_) => return invalid("MaxItems"),
        };
        let mut rest = self.runners.iter().skip(start);
        let functions: Vec<_> = rest.by_ref().take(count).map(|runner| self.configuration(runner)).collect();
        let next = rest.next().map(|_| (start + count).to_string());
        json_reply(&json!({"Functions": functions, "NextMarker": next}))
    }

    fn configuration(&self, runner: &Runner) -> Value {
        let function = runner.function();
        let name = format!("{}{}", self.names.prefix, function.name);
        json!({
            "FunctionName": name,
            "FunctionArn": self.arn(&name),
            "Role": format!("arn:aws:iam::{}:role/{name}", self.names.account),
            "Description": function.summary,
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "PackageType": "Zip",
            "CodeSize": 0,
            "Timeout": function.timeout.as_millis().div_ceil(1_000),
            "MemorySize": function.memory_mb,
            "Version": "$LATEST",
            "State": "Active",
            "LastUpdateStatus": "Successful",
        })
    }

    async fn invoke(&self, runner: &Arc<Runner>, parts: &Parts, body: &[u8]) -> Reply {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = match header("x-amz-invocation-type") {
            "" => "RequestResponse",
            kind => kind,
        };
        let bytes_max = if kind == "Event" { ASYNC_EVENT_BYTES_MAX } else { EVENT_BYTES_MAX };
        if body.len() > bytes_max {
            let detail = format!("Request must be smaller than {bytes_max} bytes for the InvokeFunction operation");
            return rest_error(413, "RequestTooLargeException", &detail);
        }
        let event = if body.is_empty() { b"{}" } else { body };
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(event) {
            let detail = format!("Could not parse request body into json: {error}");
            return rest_error(400, "InvalidRequestContentException", &detail);
        }
        match kind {
            "RequestResponse" => {
                let id = random_uuid();
                let invoked = invoke(runner, &self.log, &id, event.to_vec()).await;
                invoked.reply(&id, header("x-amz-log-type") == "Tail")
            }
            "Event" => match self.asynchronous.clone().try_acquire_owned() {
                Ok(permit) => {
                    self.start(runner.clone(), event.to_vec(), permit);
                    response(202, "application/json", "")
                }
                Err(_) => rest_error(429, "TooManyRequestsException", "64 invocations that nobody waits for are under way."),
            },
            "DryRun" => response(204, "application/json", ""),
            other => {
                let detail = format!("{other} is no InvocationType: it is one of RequestResponse, Event, DryRun");
                rest_error(400, "InvalidParameterValueException", &detail)
            }
        }
    }

    /// Runs a function for nobody: when it fails, twice more. What is under way when the local cloud ends is lost.
    fn start(&self, runner: Arc<Runner>, event: Vec<u8>, permit: OwnedSemaphorePermit) {
        let (clock, log) = (self.clock.clone(), self.log.clone());
        tokio::spawn(async move {
            let id = random_uuid();
            for wait in std::iter::once(SignedDuration::ZERO).chain(RETRY_AFTER) {
                clock.sleep_until(clock.now().saturating_add(wait).unwrap_or(jiff::Timestamp::MAX)).await;
                if !invoke(&runner, &log, &id, event.clone()).await.is_error {
                    break;
                }
            }
            drop(permit);
        });
    }
}

async fn invoke(runner: &Runner, log: &Arc<FileLog>, id: &str, event: Vec<u8>) -> Invoked {
    let tail = log.tail(id);
    let started = Instant::now();
    let run = runner.invoke_as(id.to_owned(), event).await;
    let took = started.elapsed();
    let failure = |kind: &str, message: String| json!({"errorMessage": message, "errorType": kind}).to_string().into_bytes();
    let (payload, is_error) = match run {
        Ok(payload) => (payload, false),
        Err(RunError::TimedOut) => {
            let seconds = runner.function().timeout.as_secs_f64();
            let message = format!("RequestId: {id} Error: Task timed out after {seconds:.2} seconds");
            (failure("Sandbox.Timedout", message), true)
        }
        Err(RunError::Failed(message)) => (failure("InvokeError", message), true),
    };
    Invoked { payload, is_error, log: report(runner, id, &tail.lines(), took) }
}

/// The log of one invocation, as Lambda frames it.
fn report(runner: &Runner, id: &str, lines: &[String], took: Duration) -> String {
    let mut text = format!("START RequestId: {id} Version: $LATEST\n");
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    let ms = took.as_secs_f64() * 1_000.0;
    let memory = runner.function().memory_mb;
    let _ = write!(
        text,
        "END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {ms:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {memory} MB\n",
        ms.ceil()
    );
    text
}

impl Invoked {
    fn reply(self, id: &str, with_log: bool) -> Reply {
        let mut reply = response(200, "application/json", self.payload);
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                reply.headers_mut().insert(name, value);
            }
        };
        set(REQUEST_ID, id);
        set("x-amz-executed-version", "$LATEST");
        if self.is_error {
            set("x-amz-function-error", "Unhandled");
        }
        if with_log {
            let bytes = self.log.as_bytes();
            set("x-amz-log-result", &BASE64.encode(&bytes[bytes.len().saturating_sub(LOG_TAIL_BYTES)..]));
        }
        reply
    }
}

fn json_reply(value: &Value) -> Reply {
    response(200, "application/json", value.to_string())
}

/// A part of a path: SDKs encode the colons of an ARN.
fn percent_decoded(part: &str) -> String {
    let encoded = format!("x={}", part.replace('+', "%2B"));
    form_urlencoded::parse(encoded.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}
