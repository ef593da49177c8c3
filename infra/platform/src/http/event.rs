//! API Gateway's event (payload format 2.0), the parts that functions read.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpEvent {
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub query_string_parameters: Option<BTreeMap<String, String>>,
    pub path_parameters: Option<BTreeMap<String, String>>,
    pub body: Option<String>,
    #[serde(default)]
    pub is_base64_encoded: bool,
    pub request_context: RequestContext,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestContext {
    pub time_epoch: i64,
    pub authorizer: Option<Authorizer>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Authorizer {
    pub jwt: Option<Jwt>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Jwt {
    pub claims: BTreeMap<String, String>,
}
