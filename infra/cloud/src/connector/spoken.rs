//! A reply with what goes beside it in the header, and the words for what the local cloud does not have.

use crate::engine::Reply;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// A reply of a service that once spoke the query protocol.
#[derive(Debug)]
pub struct Spoken {
    pub reply: Reply,
    /// `x-amzn-query-error`: the error's code of that time, and whose fault it is.
    pub query_error: Option<String>,
}

impl From<Reply> for Spoken {
    fn from(reply: Reply) -> Self {
        Self { reply, query_error: None }
    }
}

impl Spoken {
    pub(super) fn into_response(self) -> Result<HttpResponse, ConnectorError> {
        let status = StatusCode::try_from(self.reply.status).map_err(|error| ConnectorError::other(error.into(), None))?;
        let mut response = HttpResponse::new(status, SdkBody::from(self.reply.body));
        if let Some(error) = self.query_error {
            response.headers_mut().insert("x-amzn-query-error", error);
        }
        Ok(response)
    }
}

/// Of an operation that the local cloud does not have.
pub fn not_here(service: &str, operation: &str) -> String {
    let operation = if operation.is_empty() { "An operation without a name" } else { operation };
    format!("{operation} of {service} is not part of the local cloud. It has what functions and their operators use of AWS.")
}
