//! A caller's trace goes with the work: into the log line of the function, so that one search finds all that a request caused.

use crate::harness::Target;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_trace_is_in_the_log() {
    let Some(target) = Target::start_local().await else { return };
    target.send("GET", "/v1/health", &[("traceparent", TRACE)], &[]).await.expect(200);
    let log = target.data().join("logs/functions.jsonl");
    let logged = async || std::fs::read_to_string(&log).ok().filter(|text| text.contains(TRACE));
    target.eventually("a log line with the trace", logged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_that_is_no_header_is_not_passed_on() {
    let Some(target) = Target::start_local().await else { return };
    let endless = "x".repeat(129);
    target.send("GET", "/v1/health", &[("traceparent", &endless)], &[]).await.expect(200);
    target.send("GET", "/v1/health", &[("traceparent", TRACE)], &[]).await.expect(200);
    let log = target.data().join("logs/functions.jsonl");
    let logged = async || std::fs::read_to_string(&log).ok().filter(|text| text.contains(TRACE));
    assert!(!target.eventually("the second line", logged).await.contains(&endless));
}
