//! The AWS endpoint for people and their tools: `aws --endpoint-url http://127.0.0.1:PORT dynamodb list-tables`. Any credentials will
//! do and no grants apply, so it is for the developer of this machine alone. What is not here is refused in the protocol of who asks.

mod lambda;
mod lambda_paths;
mod protocol;
#[cfg(test)]
mod tests;

use crate::clock::LocalClock;
use crate::connector::{Backends, Spoken, not_here, sns, xml};
use crate::engine::Reply as AwsReply;
use crate::log::FileLog;
use crate::loopback;
use crate::queues::random_uuid;
use crate::runner::Runner;
use crate::server::{Answer, Reply};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use lambda::Lambda;
use protocol::{Asked, Protocol};
use std::sync::Arc;
use tokio::sync::watch;

/// The largest request that DynamoDB takes.
const BODY_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// DynamoDB, SQS and SSM in their JSON protocols, SNS and STS in the query protocol, Lambda in REST.
pub struct AwsEndpoint {
    backends: Arc<Backends>,
    lambda: Lambda,
    stopping: watch::Receiver<bool>,
}

impl AwsEndpoint {
    pub fn new(
        backends: Arc<Backends>,
        runners: Vec<Arc<Runner>>,
        clock: Arc<LocalClock>,
        log: Arc<FileLog>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let lambda = Lambda::new(runners, backends.names.clone(), clock, log);
        Self { backends, lambda, stopping }
    }

    async fn reply(&self, parts: &Parts, body: &[u8]) -> Reply {
        let asked = Asked::of(parts, body);
        let (service, operation) = (asked.service.as_str(), asked.operation.as_str());
        match (asked.protocol, service) {
            (Protocol::Json, "DynamoDB") => self.dynamodb(operation, body).await,
            (Protocol::Json, "SQS") => self.sqs(parts, operation, body).await,
            (Protocol::Json, "SSM") => json(self.backends.ssm(operation, body), "1.1"),
            (Protocol::Query, "SNS") => text_xml(self.backends.sns(&asked.form).await),
            (Protocol::Query, "STS") => text_xml(self.sts(&asked.form)),
            (Protocol::RestJson, "Lambda") => self.lambda.answer(parts, body).await,
            _ => asked.refuse(400, &not_here(service, operation)),
        }
    }

    async fn dynamodb(&self, operation: &str, body: &[u8]) -> Reply {
        let mut reply = self.backends.engine.call(operation, body).await;
        if reply.body.contains("#UnknownOperationException") {
            let detail = not_here("DynamoDB", operation);
            reply = AwsReply::error(400, "com.amazon.coral.service#UnknownOperationException", &detail);
        }
        // dynoxide calls the region by its own name.
        if ["CreateTable", "DeleteTable", "DescribeTable", "UpdateTable"].contains(&operation) {
            let region = &self.backends.names.region;
            reply.body = reply.body.replace("arn:aws:dynamodb:dynoxide:", &format!("arn:aws:dynamodb:{region}:"));
        }
        json(reply, "1.0")
    }

    /// A receive that waits ends when the local cloud does.
    async fn sqs(&self, parts: &Parts, operation: &str, body: &[u8]) -> Reply {
        let host = parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let origin = format!("http://{host}");
        let mut stopping = self.stopping.clone();
        let spoken = tokio::select! {
            spoken = self.backends.sqs(&origin).call(operation, body) => spoken,
            _ = stopping.wait_for(|stopping| *stopping) => {
                Spoken::from(AwsReply::error(503, "com.amazon.coral.availability#ServiceUnavailable", "The local cloud stops."))
            }
        };
        let mut reply = json(spoken.reply, "1.0");
        if let Some(error) = spoken.query_error.and_then(|error| HeaderValue::from_str(&error).ok()) {
            reply.headers_mut().insert("x-amzn-query-error", error);
        }
        reply
    }

    fn sts(&self, form: &sns::Form) -> AwsReply {
        let account = &self.backends.names.account;
        match form.action() {
            "GetCallerIdentity" => {
                let arn = format!("arn:aws:iam::{account}:user/developer");
                let detail = format!("<Arn>{arn}</Arn><UserId>AIDALOCALCLOUD</UserId><Account>{account}</Account>");
                xml::result(xml::STS, "GetCallerIdentity", &detail)
            }
            action => xml::error(xml::STS, 400, "InvalidAction", &not_here("STS", action)),
        }
    }
}

impl Answer for AwsEndpoint {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let (parts, body) = request.into_parts();
        let mut reply = if loopback::is_local(&parts.headers) {
            match Limited::new(body, BODY_BYTES_MAX).collect().await {
                Ok(body) => self.reply(&parts, &body.to_bytes()).await,
                Err(_) => Asked::of(&parts, &[]).refuse(413, "The request is longer than 16 MiB, or was not sent whole."),
            }
        } else {
            Asked::of(&parts, &[]).refuse(403, "Only this machine's own tools may call this endpoint.")
        };
        let headers = reply.headers_mut();
        if !headers.contains_key(REQUEST_ID)
            && let Ok(id) = HeaderValue::from_str(&random_uuid())
        {
            headers.insert(REQUEST_ID, id);
        }
        reply
    }
}

const REQUEST_ID: &str = "x-amzn-requestid";

fn json(reply: AwsReply, version: &str) -> Reply {
    response(reply.status, if version == "1.1" { "application/x-amz-json-1.1" } else { "application/x-amz-json-1.0" }, reply.body)
}

fn text_xml(reply: AwsReply) -> Reply {
    response(reply.status, "text/xml", reply.body)
}

fn response(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
