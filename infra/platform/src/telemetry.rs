//! What a function logs. Each invocation is one JSON line, which is both its log entry and its CloudWatch metrics (EMF). Each failure is
//! one line with its whole cause. Nothing else is logged, so nothing can leak through the log.

use crate::context::Context;
pub use crate::log_sink::{LogSink, StandardOutput};
use crate::resource::Alarm;
use serde_json::json;
use std::any::Any;
use std::time::Duration;

/// One invocation's line: who, what, how long, what it cost. `_aws` makes CloudWatch read the metrics out of it.
pub(crate) fn log_invocation(context: &Context, outcome: &str, took: Duration) {
    let usage = context.meter.usage();
    let now = context.now();
    let duration_ms = took.as_secs_f64() * 1_000.0;
    let line = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Koban",
                "Dimensions": [["environment", "function"]],
                "Metrics": [
                    {"Name": "duration_ms", "Unit": "Milliseconds"}, {"Name": "wru", "Unit": "Count"},
                    {"Name": "rru", "Unit": "Count"}, {"Name": "calls", "Unit": "Count"},
                ],
            }],
        },
        "level": "info",
        "environment": environment(context),
        "at": now.to_string(),
        "function": context.definition().name,
        "request_id": context.request_id,
        "trace": context.trace,
        "cold_start": context.cold,
        "outcome": outcome,
        "duration_ms": duration_ms,
        "wru": usage.wru,
        "rru": usage.rru + usage.check_rru,
        "calls": usage.calls,
    });
    context.env.log.line(line.to_string());
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
