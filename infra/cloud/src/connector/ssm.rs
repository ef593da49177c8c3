//! SSM, as far as functions and operators use it: parameters by their exact names.

use super::not_here;
use crate::engine::Reply;
use crate::secrets::Secrets;
use data_encoding::BASE64;
use platform::sdk::API_URL;
use platform::sdk::Names;
use serde::Deserialize;
use serde_json::{Value, json};

/// How many names one request may have.
const NAMES_MAX: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter {
    #[serde(default)]
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameters {
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    with_decryption: bool,
}

/// The parameter that a request names; empty when it names none.
pub fn parameter_of(body: &[u8]) -> String {
    serde_json::from_slice::<GetParameter>(body).map(|request| request.name).unwrap_or_default()
}

/// The secrets, and where the API is, as Terraform writes them.
#[derive(Clone, Copy)]
pub struct Ssm<'a> {
    pub secrets: &'a Secrets,
    pub names: &'a Names,
    pub api_url: &'a str,
}

impl Ssm<'_> {
    /// Runs an operation, without a check of grants.
    pub fn call(self, operation: &str, body: &[u8]) -> Reply {
        let done = match operation {
            "GetParameter" => parse(body).and_then(|request| self.one(&request)),
            "GetParameters" => parse(body).and_then(|request| self.several(&request)),
            _ => Err(error("com.amazon.coral.service#UnknownOperationException", &not_here("SSM", operation))),
        };
        done.map_or_else(|refused| refused, |body| Reply { status: 200, body: body.to_string() })
    }

    fn one(self, request: &GetParameter) -> Result<Value, Reply> {
        if request.name.is_empty() {
            return Err(invalid("'name' failed to satisfy constraint: Member must not be null"));
        }
        let parameter = self.parameter(&request.name, request.with_decryption);
        parameter.map(|parameter| json!({"Parameter": parameter})).ok_or_else(|| error("ParameterNotFound", ""))
    }

    fn several(self, request: &GetParameters) -> Result<Value, Reply> {
        if !(1..=NAMES_MAX).contains(&request.names.len()) {
            return Err(invalid("'names' failed to satisfy constraint: Member must have length between 1 and 10"));
        }
        let (mut found, mut invalid) = (Vec::new(), Vec::new());
        for name in &request.names {
            match self.parameter(name, request.with_decryption) {
                Some(parameter) => found.push(parameter),
                None => invalid.push(name),
            }
        }
        Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
    }

    /// A secret is a SecureString: without decryption its value is no value, as on AWS.
    fn parameter(self, name: &str, with_decryption: bool) -> Option<Value> {
        let (kind, value) = if name == self.names.parameter(API_URL) {
            ("String", self.api_url.to_owned())
        } else {
            let value = self.secrets.parameter(name)?;
            ("SecureString", if with_decryption { value.to_owned() } else { ciphertext(name) })
        };
        let arn = format!("arn:aws:ssm:{}:{}:parameter{name}", self.names.region, self.names.account);
        Some(json!({"Name": name, "Type": kind, "Value": value, "Version": 1, "ARN": arn, "DataType": "text"}))
    }
}

/// Replaces the encrypted value. It contains nothing of the value.
fn ciphertext(name: &str) -> String {
    BASE64.encode(format!("encrypted: {name}").as_bytes())
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Reply> {
    serde_json::from_slice(body).map_err(|failed| error("SerializationException", &failed.to_string()))
}

fn invalid(constraint: &str) -> Reply {
    error("ValidationException", &format!("1 validation error detected: Value at {constraint}"))
}

fn error(kind: &str, message: &str) -> Reply {
    Reply::error(400, kind, message)
}
