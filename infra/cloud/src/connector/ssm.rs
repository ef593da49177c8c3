//! SSM, as far as functions and operators use it: one parameter by its exact name.

use crate::engine::Reply;
use crate::secrets::Secrets;
use platform::sdk::API_URL;
use platform::sdk::Names;
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

/// The value of a secret, or where the API is, as Terraform writes it.
pub fn get_parameter(secrets: &Secrets, names: &Names, api_url: &str, name: &str) -> Reply {
    let (kind, value) =
        if name == names.parameter(API_URL) { ("String", Some(api_url)) } else { ("SecureString", secrets.parameter(name)) };
    let Some(value) = value else { return Reply::error(400, "ParameterNotFound", "") };
    let arn = format!("arn:aws:ssm:{}:{}:parameter{name}", names.region, names.account);
    let parameter = json!({"Name": name, "Type": kind, "Value": value, "Version": 1, "ARN": arn});
    Reply { status: 200, body: json!({"Parameter": parameter}).to_string() }
}
