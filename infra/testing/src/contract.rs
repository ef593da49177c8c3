//! What the OpenAPI document promises, looked at in every reply that any test gets: the operation lists its status and media type.
//! `.ci/contract` looks at the schemas. A function refuses by a complete problem alone, with a code that the document lists; the rest is
//! the gateway's own.

use super::client::Response;
use build::generate::openapi_document;
use platform::service::functions_of;
use platform::{Function, Service};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The OpenAPI document of `services`, made once for each list of services that a process tests.
fn document(services: &'static [&'static Service]) -> &'static Value {
    static DOCUMENTS: Mutex<BTreeMap<(usize, usize), &'static Value>> = Mutex::new(BTreeMap::new());
    let mut documents = DOCUMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let list = (services.as_ptr().addr(), services.len());
    documents.entry(list).or_insert_with(|| Box::leak(Box::new(openapi_document(services))))
}

/// Checks the status and the media type of the reply to `method` at `path`. Without an operation there, a refusal is the gateway's own, in
/// AWS's shape. A function that is not written yet (501) is left to its own test, which says what to do.
#[track_caller]
pub fn check_reply(services: &'static [&'static Service], method: &str, path: &str, response: &Response) {
    if response.status == 501 {
        return;
    }
    let Some(responses) = responses(services, method, path) else {
        let is_gateways = response.status < 400 || response.json()["message"].is_string();
        assert!(is_gateways, "neither a problem nor the gateway's: {response:?}");
        return;
    };
    let Some(documented) = documented(services, responses, response.status) else {
        panic!("{method} {path} answers {}, which its operation does not list: {response:?}", response.status)
    };
    let Some(content) = documented["content"].as_object() else {
        assert!(response.body.is_empty(), "{method} {path} answers {} with a body: {response:?}", response.status);
        return;
    };
    let media_type = response.header("content-type").unwrap_or_default();
    let is_listed = content.contains_key(media_type);
    assert!(
        is_listed,
        "{method} {path} answers {} as {media_type:?}, which its operation does not list: {response:?}",
        response.status
    );
}

/// Looks at the problem that answers `method` at `path`.
#[track_caller]
pub fn check_problem(services: &'static [&'static Service], method: &str, path: &str, response: &Response) {
    let problem = response.json();
    let code = problem["code"].as_str().unwrap_or_default();
    let texts = ["code", "title", "next"].iter().all(|name| problem[*name].as_str().is_some_and(|text| !text.is_empty()));
    assert!(texts && problem["retryable"].is_boolean(), "an incomplete problem: {problem}");
    assert_eq!(problem["type"], format!("urn:koban:problem:{code}"), "{problem}");
    assert_eq!(problem["status"], response.status, "{problem}");
    let after = response.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
    assert_eq!(after.is_some_and(|seconds| seconds > 0), problem["retryable"] == true, "Retry-After {after:?}: {problem}");
    let documented = codes(services, method, path, response.status).unwrap_or(&Value::Null);
    let is_listed = documented.as_array().is_some_and(|codes| codes.iter().any(|listed| listed == code));
    assert!(is_listed, "{method} {path} answers {} {code}, of which its operation lists {documented}", response.status);
}

/// The codes that the document lists for a status of an operation.
fn codes(services: &'static [&'static Service], method: &str, path: &str, status: u16) -> Option<&'static Value> {
    let reply = documented(services, responses(services, method, path)?, status)?;
    Some(&reply["content"]["application/problem+json"]["schema"]["properties"]["code"]["enum"])
}

/// The responses that the document lists for the operation `method` at `path`, where there is one.
fn responses(services: &'static [&'static Service], method: &str, path: &str) -> Option<&'static Value> {
    let paths = document(services)["paths"].as_object().expect("paths");
    let path = path.split('?').next().unwrap_or_default();
    let (_, operations) = paths.iter().find(|(template, _)| fits(template, path))?;
    operations.get(method.to_lowercase())?.get("responses")
}

/// What the document says of a status, wherever it says it.
fn documented(services: &'static [&'static Service], responses: &'static Value, status: u16) -> Option<&'static Value> {
    let response = responses.get(status.to_string())?;
    match response["$ref"].as_str() {
        Some(reference) => document(services).pointer(reference.trim_start_matches('#')),
        None => Some(response),
    }
}

/// The function that answers `method` at `path`.
fn function(services: &'static [&'static Service], method: &str, path: &str) -> Option<&'static Function> {
    let path = path.split('?').next().unwrap_or_default();
    functions_of(services)
        .find(|function| function.route().is_some_and(|route| route.method.as_str() == method && fits(route.path, path)))
}

/// A success costs no more than its definition says, unless others changed what it read and it decided again.
#[track_caller]
pub fn check_costs(services: &'static [&'static Service], method: &str, path: &str, response: &Response) {
    let Some(function) = function(services, method, path) else { return };
    let (Some(costs), Some(_)) = (function.costs, response.header("server-timing")) else { return };
    let cost = response.cost();
    if cost.rounds <= 1.0 {
        let within = cost.calls <= f64::from(costs.calls.0) && cost.wru <= f64::from(costs.wru.0);
        assert!(within, "{} costs {cost:?}, and its definition says {costs:?}", function.name);
    }
}

fn fits(template: &str, path: &str) -> bool {
    let parts = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (template, path) = (parts(template), parts(path));
    template.len() == path.len() && template.iter().zip(&path).all(|(known, part)| known.starts_with('{') || known == part)
}
