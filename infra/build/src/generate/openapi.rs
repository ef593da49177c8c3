//! The OpenAPI 3.1 document, from the functions' own routes, types and problem codes.

mod responses;

use platform::Service;
use platform::function::{Access, Contract, Function, Idempotency, QueryParameter, Route, SchemaOf};
use responses::responses;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

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
    schemas.extend(responses::schemas());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Koban",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The backend for apps in which people earn, spend, play and work. Amounts are integers of minor units. \
                            Times are RFC 3339 in UTC. Errors are problem+json with a stable `code`. The gateway's own refusals have \
                            a `message` alone. The gateway answers 404 where there is no operation of the path and the method.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": services.iter().map(|service| json!({"name": service.name, "description": service.doc})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses::of_gateway(),
            "headers": responses::headers(),
            "securitySchemes": security_schemes(services),
        },
    })
}

/// How callers are known. API keys are listed where a route takes them.
fn security_schemes(services: &[&'static Service]) -> Value {
    let mut schemes = json!({
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "signature": {
            "type": "apiKey", "in": "header", "name": "webhook-signature",
            "description": "Standard Webhooks: `v1,` and the base64 HMAC-SHA-256 of `id.timestamp.body`. The headers webhook-id and \
                            webhook-timestamp carry the id and the timestamp.",
        },
    });
    let takes_key = |function: &Function| function.route().is_some_and(|route| matches!(route.access, Access::ApiKey(_)));
    if services.iter().any(|service| service.functions.iter().any(|function| takes_key(function))) {
        schemes["api_key"] = json!({
            "type": "http", "scheme": "bearer", "bearerFormat": "kbn_…",
            "description": "An API key of an organization. Each operation names the scope that the key must have.",
        });
    }
    schemes
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
        let description = "JSON in UTF-8 of at most 256 KiB, without Content-Encoding. Without Content-Type it is read as JSON. \
                           No object may contain a name twice. No integer may have a fraction, not even `.0`.";
        operation["requestBody"] =
            json!({"required": true, "description": description, "content": {"application/json": {"schema": schema}}});
    }
    operation["security"] = match route.access {
        Access::Public => json!([]),
        Access::User => json!([{"token": []}]),
        // The names of roles, as OpenAPI 3.1 has it for other schemes than OAuth's.
        Access::Staff(role) => json!([{"token": [role.name]}]),
        Access::Member(roles) => json!([{"token": roles.iter().map(|role| role.as_str()).collect::<Vec<_>>()}]),
        Access::ApiKey(scope) => json!([{"api_key": [scope.name]}]),
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
        parameters.push(json!({
            "name": "webhook-id", "in": "header", "required": true,
            "description": "The message's own id. A repeated id gets the first answer.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        }));
        parameters.push(json!({
            "name": "webhook-timestamp", "in": "header", "required": true,
            "description": "When the message was sent, in seconds since 1970. It may be at most five minutes off.",
            "schema": {"type": "string", "pattern": "^[0-9]{1,12}$"},
        }));
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
