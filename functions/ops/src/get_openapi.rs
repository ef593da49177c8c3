//! `GET /v1/openapi.json`: the API's description, generated from the definitions of all functions and compiled in. Where an environment has
//! some of the services, it describes their routes alone.

use platform::deployment::SERVICES;
use platform::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::convert::Infallible;
use std::str::FromStr;

/// Written by `koban openapi`; a test holds that it is fresh.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

pub static FUNCTION: Function = Function::get("get-openapi", "/v1/openapi.json")
    .says("This document", "The API's description in OpenAPI 3.1.")
    .public()
    .chooses(&SERVICES)
    .costs(calls(0), wru(0))
    .timeout_s(5)
    .memory_mb(128)
    .throttle(50, 100)
    .handled_by(http!(get));

/// An OpenAPI document.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
struct Document(#[schemars(with = "serde_json::Map<String, serde_json::Value>")] Cow<'static, RawValue>);

async fn get(context: &Context) -> Result<Json<Document>, Problem> {
    let services = context.setting::<Services>(&SERVICES).map_err(Problem::internal)?;
    let document = match services {
        Services::All => serde_json::from_str::<&RawValue>(DOCUMENT).map(Cow::Borrowed),
        Services::Some(names) => of_services(DOCUMENT, &names).map(Cow::Owned),
    };
    document.map(Document).map(Json).map_err(Problem::internal)
}

/// What the environment has.
enum Services {
    All,
    Some(Vec<String>),
}

impl FromStr for Services {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "all" { Self::All } else { Self::Some(text.split(',').map(str::to_owned).collect()) })
    }
}

/// The document without the routes of services that are not of `names`. A route's service is its tag.
fn of_services(document: &str, names: &[String]) -> Result<Box<RawValue>, serde_json::Error> {
    let mut document: Map<String, Value> = serde_json::from_str(document)?;
    let has = |name: &Value| name.as_str().is_some_and(|name| names.iter().any(|known| known == name));
    if let Some(Value::Array(tags)) = document.get_mut("tags") {
        tags.retain(|tag| has(&tag["name"]));
    }
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        for methods in paths.values_mut().filter_map(Value::as_object_mut) {
            methods.retain(|_, operation| has(&operation["tags"][0]));
        }
        paths.retain(|_, methods| methods.as_object().is_some_and(|methods| !methods.is_empty()));
    }
    serde_json::value::to_raw_value(&document)
}
