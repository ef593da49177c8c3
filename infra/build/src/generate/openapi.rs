//! The OpenAPI 3.1 document, from the functions' own routes, types and problem codes.

use platform::Service;
use platform::function::{Access, Contract, Function, Idempotency, QueryParameter, Route, SchemaOf, Success};
use platform::problem::{self, ANYWHERE, Code};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The document of `services`.
pub fn document(services: &[&'static Service]) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for service in services {
        for function in service.functions {
            let Some(route) = function.route() else { continue };
            let operation = operation(service, function, route, &mut generator);
            paths.entry(route.path).or_default().insert(route.method.as_str().to_lowercase(), operation);
        }
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".into(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Koban",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The backend for apps in which people earn, spend, play and work. Amounts are integers of minor units. \
                            Times are RFC 3339 in UTC. Errors are problem+json with a stable `code`.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": services.iter().map(|service| json!({"name": service.name, "description": service.doc})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "signature": {
                    "type": "apiKey", "in": "header", "name": "webhook-signature",
                    "description": "Standard Webhooks: `v1,` and the base64 HMAC-SHA-256 of `id.timestamp.body`. The headers webhook-id and \
                                    webhook-timestamp carry the id and the timestamp.",
                },
            },
        },
    })
}

fn operation(service: &Service, function: &Function, route: &Route, generator: &mut SchemaGenerator) -> Value {
    let contract = function.contract();
    let mut operation = json!({
        "operationId": function.name,
        "tags": [service.name],
        "summary": function.summary,
        "description": function.doc,
        "parameters": parameters(route, &contract, generator),
        "responses": responses(route, &contract, generator),
    });
    if let Some(body) = contract.body {
        let schema = body(generator);
        let description = "JSON in UTF-8, without Content-Encoding. Without Content-Type it is read as JSON. No object may contain a name twice.";
        operation["requestBody"] =
            json!({"required": true, "description": description, "content": {"application/json": {"schema": schema}}});
    }
    operation["security"] = match route.access {
        Access::Public => json!([]),
        Access::User => json!([{"token": []}]),
        Access::Signed(_) => json!([{"signature": []}]),
    };
    operation
}

fn parameters(route: &Route, contract: &Contract, generator: &mut SchemaGenerator) -> Vec<Value> {
    let in_path = route.path_names().zip(&contract.path);
    let mut parameters: Vec<Value> = in_path.map(|(name, schema)| path_parameter(name, *schema, generator)).collect();
    parameters.extend(contract.query.iter().map(|parameter| query_parameter(parameter, generator)));
    if route.idempotency == Idempotency::Key {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": true,
            "description": "1 to 255 visible ASCII characters. Use a new random value for each new intent, and the same value for each repeat.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        }));
    }
    if matches!(route.access, Access::Signed(_)) {
        for (name, doc) in [
            ("webhook-id", "The message's own id. A repeated id gets the first answer."),
            ("webhook-timestamp", "When the message was sent, in seconds since 1970. It may be at most five minutes off."),
        ] {
            parameters
                .push(json!({"name": name, "in": "header", "required": true, "description": doc, "schema": {"type": "string"}}));
        }
    }
    parameters
}

fn path_parameter(name: &str, schema: SchemaOf, generator: &mut SchemaGenerator) -> Value {
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": format!("The id of the {}.", name.replace('_', " ")),
        "schema": schema(generator),
    })
}

fn query_parameter(parameter: &QueryParameter, generator: &mut SchemaGenerator) -> Value {
    json!({
        "name": parameter.name,
        "in": "query",
        "required": false,
        "description": parameter.doc,
        "schema": (parameter.schema)(generator),
    })
}

/// A success, described by the doc of its type.
fn success(success: &Success, generator: &mut SchemaGenerator) -> Value {
    if success.media_type.is_empty() {
        return json!({"description": if success.status == 303 { "It is at the address in `Location`." } else { "Done." }});
    }
    let schema = (success.schema)(generator);
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    let of_type = name.and_then(|name| generator.definitions().get(name)?.get("description")?.as_str());
    let description = of_type.unwrap_or("Success.").to_owned();
    json!({"description": description, "content": {success.media_type: {"schema": schema}}})
}

fn responses(route: &Route, contract: &Contract, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for reply in &contract.replies {
        responses.insert(reply.status.to_string(), success(reply, generator));
    }
    let mut by_status: BTreeMap<u16, Vec<&Code>> = BTreeMap::new();
    for code in codes(route, contract) {
        by_status.entry(code.status).or_default().push(code);
    }
    for (status, codes) in by_status {
        let lines: Vec<_> = codes.iter().map(|code| format!("- `{}`: {}. {}", code.code, code.title, code.next)).collect();
        let names: Vec<_> = codes.iter().map(|code| code.code).collect();
        let schema = json!({"$ref": "#/components/schemas/Problem", "properties": {"code": {"enum": names}}});
        let content = json!({"application/problem+json": {"schema": schema}});
        let mut response = json!({"description": lines.join("\n"), "content": content});
        if codes.iter().any(|code| code.retryable) {
            response["headers"] = json!({"Retry-After": {
                "description": "With a retryable problem: the number of seconds before the same request may be sent again.",
                "schema": {"type": "integer", "minimum": 1},
            }});
        }
        responses.insert(status.to_string(), response);
    }
    Value::Object(responses)
}

/// Every code that a route may answer with: its own, and those of its kind.
fn codes(route: &Route, contract: &Contract) -> Vec<&'static Code> {
    let mut codes: Vec<&'static Code> = contract.codes.clone();
    codes.extend(ANYWHERE);
    match route.access {
        Access::Public => {}
        Access::User => codes.push(&problem::UNAUTHENTICATED),
        Access::Signed(_) => codes.extend([&problem::SIGNATURE_INVALID, &problem::TIMESTAMP_OUT_OF_RANGE]),
    }
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
