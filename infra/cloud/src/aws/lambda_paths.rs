//! Which Lambda operation a method and a path are, so that what is not here can be named.

use http::Method;

/// The years of Lambda's API versions begin its paths: `/2015-03-31/functions/…`.
const FUNCTIONS: &str = "functions";

/// The operation, by its name where the path is known. None where the request is not Lambda's: `signed` is the service it was signed
/// for, if it was.
pub(super) fn operation(method: &Method, path: &str, signed: &str) -> Option<String> {
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let is_dated = parts[0].len() == 10 && parts[0].chars().all(|character| character.is_ascii_digit() || character == '-');
    let is_lambda = signed == "lambda" || signed.is_empty() && is_dated && parts.get(1) == Some(&FUNCTIONS);
    is_lambda.then(|| name(method, &parts[1..]).map_or_else(|| format!("{method} {path}"), str::to_owned))
}

fn name(method: &Method, parts: &[&str]) -> Option<&'static str> {
    Some(match (method.as_str(), parts) {
        ("GET", [FUNCTIONS]) => "ListFunctions",
        ("POST", [FUNCTIONS]) => "CreateFunction",
        ("GET", [FUNCTIONS, _]) => "GetFunction",
        ("DELETE", [FUNCTIONS, _]) => "DeleteFunction",
        ("GET", [FUNCTIONS, _, "configuration"]) => "GetFunctionConfiguration",
        ("PUT", [FUNCTIONS, _, "configuration"]) => "UpdateFunctionConfiguration",
        ("PUT", [FUNCTIONS, _, "code"]) => "UpdateFunctionCode",
        ("POST", [FUNCTIONS, _, "invocations"]) => "Invoke",
        ("POST", [FUNCTIONS, _, "invoke-async"]) => "InvokeAsync",
        ("POST", [FUNCTIONS, _, "response-streaming-invocations"]) => "InvokeWithResponseStream",
        ("GET", [FUNCTIONS, _, "versions"]) => "ListVersionsByFunction",
        ("POST", [FUNCTIONS, _, "versions"]) => "PublishVersion",
        ("GET", [FUNCTIONS, _, "aliases"]) => "ListAliases",
        ("POST", [FUNCTIONS, _, "aliases"]) => "CreateAlias",
        ("GET", [FUNCTIONS, _, "aliases", _]) => "GetAlias",
        ("PUT", [FUNCTIONS, _, "aliases", _]) => "UpdateAlias",
        ("DELETE", [FUNCTIONS, _, "aliases", _]) => "DeleteAlias",
        ("GET", [FUNCTIONS, _, "policy"]) => "GetPolicy",
        ("POST", [FUNCTIONS, _, "policy"]) => "AddPermission",
        ("DELETE", [FUNCTIONS, _, "policy", _]) => "RemovePermission",
        ("GET", [FUNCTIONS, _, "concurrency"]) => "GetFunctionConcurrency",
        ("PUT", [FUNCTIONS, _, "concurrency"]) => "PutFunctionConcurrency",
        ("DELETE", [FUNCTIONS, _, "concurrency"]) => "DeleteFunctionConcurrency",
        ("GET", [FUNCTIONS, _, "url"]) => "GetFunctionUrlConfig",
        ("POST", [FUNCTIONS, _, "url"]) => "CreateFunctionUrlConfig",
        ("GET", [FUNCTIONS, _, "event-invoke-config"]) => "GetFunctionEventInvokeConfig",
        ("GET", ["event-source-mappings"]) => "ListEventSourceMappings",
        ("POST", ["event-source-mappings"]) => "CreateEventSourceMapping",
        ("GET", ["event-source-mappings", _]) => "GetEventSourceMapping",
        ("PUT", ["event-source-mappings", _]) => "UpdateEventSourceMapping",
        ("DELETE", ["event-source-mappings", _]) => "DeleteEventSourceMapping",
        ("GET", ["account-settings"]) => "GetAccountSettings",
        ("GET", ["layers"]) => "ListLayers",
        ("GET", ["tags", _]) => "ListTags",
        ("POST", ["tags", _]) => "TagResource",
        ("DELETE", ["tags", _]) => "UntagResource",
        _ => return None,
    })
}
