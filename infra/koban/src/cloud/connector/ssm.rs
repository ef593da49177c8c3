//! SSM, as far as functions use it: one SecureString by its exact name.

use crate::cloud::engine::Reply;
use crate::cloud::secrets::Secrets;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter {
    name: String,
}

/// The parameter that a request names; empty when it names none.
pub fn parameter_of(body: &[u8]) -> String {
    serde_json::from_slice::<GetParameter>(body).map(|request| request.name).unwrap_or_default()
}

pub fn get_parameter(secrets: &Secrets, name: &str) -> Reply {
    match secrets.parameter(name) {
        Some(value) => Reply {
            status: 200,
            body: json!({"Parameter": {"Name": name, "Type": "SecureString", "Value": value, "Version": 1}}).to_string(),
        },
        None => Reply::error(400, "ParameterNotFound", ""),
    }
}
