//! What a function logs. Each invocation is one JSON line, which is both its log entry and its CloudWatch metrics (EMF). Each failure is
//! one line with its whole cause. Nothing else is logged, so nothing can leak through the log.

use crate::context::Context;
pub use crate::log_sink::{LogSink, StandardOutput};
use crate::resource::Alarm;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use std::any::Any;
use std::time::Duration;

/// One invocation's line: who, what, how long, what it cost. `_aws` makes CloudWatch read the metrics out of it.
pub(crate) fn log_invocation(context: &Context, outcome: &str, took: Duration) {
    let usage = context.meter.usage();
    let now = context.now();
    let line = InvocationLine {
        aws: Emf {
            timestamp: now.as_millisecond(),
            cloud_watch_metrics: [Directive { namespace: "Koban", dimensions: [["environment", "function"]], metrics: METRICS }],
        },
        level: "info",
        environment: environment(context),
        at: now,
        function: context.definition().name,
        request_id: &context.request_id,
        trace: &context.trace,
        cold_start: context.cold,
        outcome,
        duration_ms: took.as_secs_f64() * 1_000.0,
        wru: usage.wru,
        rru: usage.rru + usage.check_rru,
        calls: usage.calls,
    };
    if let Ok(line) = serde_json::to_string(&line) {
        context.env.log.line(line);
    }
}

const METRICS: &[Metric] = &[
    Metric { name: "duration_ms", unit: "Milliseconds" },
    Metric { name: "wru", unit: "Count" },
    Metric { name: "rru", unit: "Count" },
    Metric { name: "calls", unit: "Count" },
];

/// Every invocation writes one, also the first of a process: so it is written from a structure and not from a tree of values.
#[derive(Serialize)]
struct InvocationLine<'a> {
    #[serde(rename = "_aws")]
    aws: Emf,
    level: &'static str,
    environment: &'a str,
    at: Timestamp,
    function: &'static str,
    request_id: &'a str,
    trace: &'a str,
    cold_start: bool,
    outcome: &'a str,
    duration_ms: f64,
    wru: f64,
    rru: f64,
    calls: u32,
}

/// What CloudWatch reads metrics by: the embedded metric format.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Emf {
    timestamp: i64,
    cloud_watch_metrics: [Directive; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: [[&'static str; 2]; 1],
    metrics: &'static [Metric],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

/// A failure that is ours, with its whole source chain, once.
pub(crate) fn log_failure(context: &Context, what: &str, id: &str, attempt: u32, cause: &str) {
    let line = json!({
        "level": "error",
        "at": context.now().to_string(),
        "function": context.definition().name,
        "request_id": context.request_id,
        "trace": context.trace,
        "what": what,
        "id": id,
        "attempt": attempt,
        "error": cause,
    });
    context.env.log.line(line.to_string());
}

/// Raises an alarm: a line that CloudWatch counts as the metric `alarm`, by environment and name.
///
/// # Panics
/// When the function's definition does not list the alarm: nobody would be woken by it.
pub fn raise(context: &Context, alarm: &'static Alarm, detail: &str) {
    assert!(context.may_raise(alarm), "{} does not raise {}", context.definition().name, alarm.name);
    let now = context.now();
    let line = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Koban",
                "Dimensions": [["environment", "alarm_name"]],
                "Metrics": [{"Name": "alarm", "Unit": "Count"}],
            }],
        },
        "level": "alarm",
        "environment": environment(context),
        "at": now.to_string(),
        "function": context.definition().name,
        "request_id": context.request_id,
        "alarm": 1,
        "alarm_name": alarm.name,
        "detail": detail,
    });
    context.env.log.line(line.to_string());
}

/// Which of the environments in an account this is: `koban-alpha`.
fn environment(context: &Context) -> &str {
    context.env.sdk.names.prefix.trim_end_matches('-')
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}
