//! What an operation may answer: its successes, its problems, and the replies that the gateway makes itself before or instead of the
//! function. A status may have several media types, and then the caller distinguishes them by `Content-Type`.

use platform::function::{Contract, Idempotency, Method, Route, Success};
use platform::problem::{self, ANYWHERE, Code};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A status that the gateway may answer a request with, in API Gateway's own form.
struct OfGateway {
    status: u16,
    /// The response's name among the components.
    name: &'static str,
    doc: &'static str,
}

/// What the gateway answers on any route. 408 is the local gateway's: API Gateway closes such a connection.
const OF_GATEWAY: [OfGateway; 8] = [
    OfGateway { status: 400, name: "BadRequest", doc: "The gateway could not read the request." },
    OfGateway { status: 408, name: "RequestTimeout", doc: "The gateway did not receive the whole body in time." },
    OfGateway { status: 413, name: "RequestEntityTooLarge", doc: "The body is larger than the gateway passes on: 10 MiB." },
    OfGateway { status: 429, name: "TooManyRequests", doc: "The gateway throttles this route." },
    OfGateway { status: 431, name: "RequestHeaderFieldsTooLarge", doc: "Request line and headers take more than 10,240 bytes." },
    OfGateway { status: 500, name: "InternalServerError", doc: "The function gave no reply that the gateway could read." },
    OfGateway { status: 503, name: "ServiceUnavailable", doc: "The function could not be reached, or did not answer in time." },
    OfGateway { status: 504, name: "GatewayTimeout", doc: "The gateway waited too long for the function." },
];

/// What the gateway answers where it knows no caller.
const UNAUTHORIZED: OfGateway =
    OfGateway { status: 401, name: "Unauthorized", doc: "The gateway refuses the token, or misses it." };

/// The responses of an operation by status.
pub fn responses(route: &Route, contract: &Contract, generator: &mut SchemaGenerator) -> Value {
    let mut responses = BTreeMap::new();
    for reply in &contract.replies {
        responses.insert(reply.status, success(reply, generator));
    }
    let mut by_status: BTreeMap<u16, Vec<&Code>> = BTreeMap::new();
    for code in codes(route, contract) {
        by_status.entry(code.status).or_default().push(code);
    }
    responses.extend(by_status.into_iter().map(|(status, codes)| (status, problems(&codes))));
    for response in responses.values_mut() {
        add_headers(response, &["Server-Timing"]);
        if route.method != Method::Get {
            add_headers(response, &["Idempotency-Replayed"]);
        }
    }
    for of_gateway in &OF_GATEWAY {
        add_gateways(&mut responses, of_gateway);
    }
    if route.access.has_token() {
        add_gateways(&mut responses, &UNAUTHORIZED);
    }
    responses.into_iter().map(|(status, response)| (status.to_string(), response)).collect::<Map<_, _>>().into()
}

/// A success, described by the doc of its type.
fn success(success: &Success, generator: &mut SchemaGenerator) -> Value {
    if success.status == 303 {
        let mut response = json!({"description": "It is at the address in `Location`."});
        add_headers(&mut response, &["Location"]);
        return response;
    }
    if success.media_type.is_empty() {
        return json!({"description": "Done."});
    }
    let schema = (success.schema)(generator);
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    let of_type = name.and_then(|name| generator.definitions().get(name)?.get("description")?.as_str());
    let description = of_type.unwrap_or("Success.").to_owned();
    json!({"description": description, "content": {success.media_type: {"schema": schema}}})
}

/// The problems of one status.
fn problems(codes: &[&Code]) -> Value {
    let lines: Vec<_> = codes.iter().map(|code| format!("- `{}`: {}. {}", code.code, code.title, code.next)).collect();
    let names: Vec<_> = codes.iter().map(|code| code.code).collect();
    let schema = json!({"$ref": "#/components/schemas/Problem", "properties": {"code": {"enum": names}}});
    let content = json!({"application/problem+json": {"schema": schema}});
    let mut response = json!({"description": lines.join("\n"), "content": content});
    if codes.iter().any(|code| code.retryable) {
        add_headers(&mut response, &["Retry-After"]);
    }
    response
}

/// Adds what the gateway may answer: beside the function's problems of the same status, or as the shared response.
fn add_gateways(responses: &mut BTreeMap<u16, Value>, OfGateway { status, name, doc }: &OfGateway) {
    let Some(response) = responses.get_mut(status) else {
        responses.insert(*status, json!({"$ref": format!("#/components/responses/{name}")}));
        return;
    };
    let description = format!("{}\n- without a code: {doc}", response["description"].as_str().unwrap_or_default());
    response["description"] = description.into();
    response["content"]["application/json"] = message();
    add_headers(response, gateways_headers(*status));
}

/// The headers that the gateway itself may send with a status.
const fn gateways_headers(status: u16) -> &'static [&'static str] {
    match status {
        401 => &["WWW-Authenticate"],
        503 => &["Retry-After"],
        _ => &[],
    }
}

fn message() -> Value {
    json!({"schema": {"$ref": "#/components/schemas/GatewayMessage"}})
}

fn add_headers(response: &mut Value, names: &[&str]) {
    for name in names {
        response["headers"][*name] = json!({"$ref": format!("#/components/headers/{name}")});
    }
}

/// The responses that the gateway alone makes, by name.
pub fn of_gateway() -> Map<String, Value> {
    let response = |OfGateway { status, name, doc }: &OfGateway| {
        let mut response = json!({"description": doc, "content": {"application/json": message()}});
        add_headers(&mut response, gateways_headers(*status));
        ((*name).to_owned(), response)
    };
    OF_GATEWAY.iter().map(response).collect()
}

/// The headers of responses, by name. None comes with every response.
pub fn headers() -> Value {
    json!({
        "Retry-After": {
            "description": "The number of seconds before the same request may be sent again.",
            "schema": {"type": "integer", "minimum": 1},
        },
        "Idempotency-Replayed": {
            "description": "That this is the outcome of an earlier identical request.",
            "schema": {"type": "string", "enum": ["true"]},
        },
        "Server-Timing": {
            "description": "What the request cost, where the environment shows it: calls of DynamoDB, write and read units, rounds. \
                            `check` and `check_rru` are the calls and read units of the caller's check, which a copy often saves.",
            "schema": {"type": "string"},
        },
        "WWW-Authenticate": {
            "description": "With the gateway's refusal: what is wrong with the token.",
            "schema": {"type": "string"},
        },
        "Location": {"description": "Where to read it with GET.", "schema": {"type": "string"}},
    })
}

/// Every code that a route may answer with: its own, and those of its kind.
fn codes(route: &Route, contract: &Contract) -> Vec<&'static Code> {
    let mut codes: Vec<&'static Code> = contract.codes.clone();
    codes.extend(ANYWHERE);
    codes.extend(route.access.codes());
    if contract.body.is_some() {
        codes.extend([&problem::MALFORMED_BODY, &problem::UNSUPPORTED_MEDIA_TYPE, &problem::UNSUPPORTED_CONTENT_ENCODING]);
    }
    if route.idempotency == Idempotency::Key {
        codes.extend([
            &problem::IDEMPOTENCY_KEY_REQUIRED,
            &problem::IDEMPOTENCY_KEY_INVALID,
            &problem::IDEMPOTENCY_KEY_REUSED,
            &problem::CONTENTION,
        ]);
    }
    let mut seen = BTreeSet::new();
    codes.retain(|code| seen.insert(code.code));
    codes
}

/// The schemas of refusals, by name.
pub fn schemas() -> [(String, Value); 2] {
    let message = json!({
        "type": "object",
        "description": "The gateway's own refusal: the function was not asked, or gave no answer.",
        "required": ["message"],
        "properties": {"message": {"type": "string", "description": "In API Gateway's words."}},
    });
    [("GatewayMessage".into(), message), ("Problem".into(), problem_schema())]
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "code", "retryable", "next"],
        "properties": {
            "type": {"type": "string", "description": "`urn:koban:problem:` and the code."},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "Stable: programs can depend on it."},
            "retryable": {"type": "boolean", "description": "Whether the identical request may succeed later."},
            "next": {"type": "string", "description": "What the caller should do now."},
            "detail": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": {"type": "string", "description": "A JSON pointer into the body, or a parameter's or header's name."},
                        "detail": {"type": "string"},
                    },
                },
            },
            "request_id": {"type": "string", "description": "Present with 5xx only."},
        },
    })
}

#[cfg(test)]
mod tests {
    use crate::generate::openapi_document;

    #[test]
    fn where_function_and_gateway_refuse_alike_both_forms_are_listed() {
        let document = openapi_document(&[&wallet::SERVICE]);
        let responses = &document["paths"]["/v1/topups"]["post"]["responses"];
        for status in ["400", "401", "413", "429", "500", "503"] {
            let content = responses[status]["content"].as_object().unwrap();
            assert!(content.keys().eq(["application/json", "application/problem+json"]), "{status}: {content:?}");
        }
        for status in ["408", "431", "504"] {
            let reference = responses[status]["$ref"].as_str().unwrap();
            let shared = document.pointer(reference.trim_start_matches('#')).unwrap();
            let schema = &shared["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/GatewayMessage", "{status}");
        }
    }
}
