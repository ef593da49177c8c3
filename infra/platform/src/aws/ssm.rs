//! SSM: one parameter by its exact name.

use super::{Api, CallError, Client, json_refusal};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};

pub static SSM: Api = Api {
    id: "SSM",
    name: "ssm",
    content_type: "application/x-amz-json-1.1",
    target: Some("AmazonSSM"),
    headers: &[],
    refusal: json_refusal,
};

/// A parameter. It may be a secret, so it has no `Debug`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    pub value: String,
    /// `arn:aws:ssm:ap-northeast-1:123456789012:parameter/koban-alpha/api_url`
    #[serde(rename = "ARN", default)]
    pub arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter<'a> {
    name: &'a str,
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    parameter: Parameter,
}

/// The parameter `name`, decrypted.
pub async fn get_parameter(client: &Client, name: &str) -> Result<Parameter, CallError> {
    let found: Found = client.json("GetParameter", &GetParameter { name, with_decryption: true }).await?;
    Ok(found.parameter)
}

/// Whether there is no parameter of that name.
pub fn is_not_found(error: &CallError) -> bool {
    error.code() == Some("ParameterNotFound")
}
