//! The AWS endpoint for people and their tools: `aws --endpoint-url http://127.0.0.1:PORT dynamodb list-tables`. Any credentials will
//! do and no grants apply, so it is for the developer of this machine alone.

use crate::connector::{Backends, sns, sqs, ssm};
use crate::engine::Reply as AwsReply;
use crate::loopback;
use crate::server::{Answer, Reply};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use std::sync::Arc;

/// The largest request that DynamoDB takes.
const BODY_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// DynamoDB, SQS and SSM in their JSON protocols, and SNS in its own of forms.
pub struct AwsEndpoint {
    backends: Arc<Backends>,
}

impl AwsEndpoint {
    pub const fn new(backends: Arc<Backends>) -> Self {
        Self { backends }
    }

    async fn call(&self, target: &str, body: &[u8]) -> AwsReply {
        match target.split_once('.') {
            Some(("DynamoDB_20120810", operation)) => self.backends.engine.call(operation, body).await,
            Some(("AmazonSQS", operation)) => sqs::call(&self.backends.queues, &self.backends.names, operation, body).await,
            Some(("AmazonSSM", "GetParameter")) => self.backends.parameter(&ssm::parameter_of(body)),
            None => self.form(&sns::Form::parse(body)).await,
            _ => unknown(),
        }
    }

    async fn form(&self, form: &sns::Form) -> AwsReply {
        match form.action() {
            "Publish" | "PublishBatch" => form.publish(&self.backends.topics, &form.topic(&self.backends.names)).await,
            _ => unknown(),
        }
    }
}

fn unknown() -> AwsReply {
    let told = "The local cloud's AWS endpoint speaks DynamoDB, SQS, publishing of SNS, and GetParameter of SSM.";
    AwsReply::error(400, "com.amazon.coral.service#UnknownOperationException", told)
}

impl Answer for AwsEndpoint {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let (parts, body) = request.into_parts();
        if !loopback::is_local(&parts.headers) {
            let denied = "com.amazon.coral.service#AccessDeniedException";
            return response(AwsReply::error(403, denied, "Only this machine's own tools may call this endpoint."));
        }
        let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
            let kind = "com.amazon.coral.service#SerializationException";
            return response(AwsReply::error(413, kind, "The request is longer than 16 MiB."));
        };
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        response(self.call(target, &body.to_bytes()).await)
    }
}

fn response(reply: AwsReply) -> Reply {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}
