//! The AWS that a function's SDK talks to: in process, and known by the connector itself, since each function has its own. What the
//! function's definition does not grant is refused here in AWS's own words, and what it does use is remembered.

mod fault;
pub mod permits;
pub mod sns;
mod spoken;
pub mod sqs;
pub mod ssm;
pub mod xml;

pub use spoken::{Spoken, not_here};

pub use fault::{Call, Fault, Faults, InstalledFaults, internal_error, throttled, transaction_conflict};

use crate::engine::{Engine, Reply, Request};
use crate::queues::Queues;
use crate::secrets::Secrets;
use crate::topics::Topics;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use permits::Permits;
use platform::sdk::Names;
use std::sync::Arc;

/// The services behind every connector.
pub struct Backends {
    pub engine: Arc<Engine>,
    pub queues: Arc<Queues>,
    pub topics: Topics,
    pub secrets: Secrets,
    pub names: Names,
    /// Where the API answers.
    pub api_url: String,
    pub faults: InstalledFaults,
}

impl Backends {
    /// SQS, whose URLs begin with `origin` for who asks.
    pub fn sqs<'a>(&'a self, origin: &'a str) -> sqs::Sqs<'a> {
        sqs::Sqs { queues: &self.queues, names: &self.names, origin }
    }

    /// SSM, without a check of grants.
    pub fn ssm(&self, operation: &str, body: &[u8]) -> Reply {
        ssm::Ssm { secrets: &self.secrets, names: &self.names, api_url: &self.api_url }.call(operation, body)
    }

    /// SNS, without a check of grants.
    pub async fn sns(&self, form: &sns::Form) -> Reply {
        sns::Sns { topics: &self.topics, names: &self.names }.call(form).await
    }
}

/// A function's way to AWS.
#[derive(Clone)]
pub struct Connector {
    backends: Arc<Backends>,
    permits: Arc<Permits>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connector({})", self.permits.function)
    }
}

impl Connector {
    pub const fn new(backends: Arc<Backends>, permits: Arc<Permits>) -> Self {
        Self { backends, permits }
    }

    /// Answers as AWS would.
    pub async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let body = request.body().bytes().unwrap_or_default();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let form = if target.is_empty() { sns::Form::parse(body) } else { sns::Form::default() };
        let (service, operation) = match target.split_once('.') {
            Some((service, operation)) => (service_of(service), operation),
            None => ("sns", form.action()),
        };
        let call = Call { function: self.permits.function, service, operation, body };
        let faults = self.backends.faults.installed();
        if let Some(fault) = faults.as_ref().and_then(|faults| faults.before(&call)) {
            return fault.into_response();
        }
        let spoken = match service {
            "dynamodb" => self.dynamodb(operation, body).await.into(),
            "sqs" => self.sqs(operation, body).await,
            "ssm" => self.ssm(operation, body).into(),
            _ => self.sns(&form).await.into(),
        };
        match faults.and_then(|faults| faults.after(&call, &spoken.reply)) {
            Some(fault) => fault.into_response(),
            None => spoken.into_response(),
        }
    }

    async fn dynamodb(&self, operation: &str, body: &[u8]) -> Reply {
        let request = match Request::parse(operation, body) {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        match self.permits.check_dynamodb(&self.backends.names, operation, &request) {
            Ok(()) => self.backends.engine.run(request).await,
            Err(denied) => denied.json(),
        }
    }

    async fn sqs(&self, operation: &str, body: &[u8]) -> Spoken {
        let names = &self.backends.names;
        match self.permits.check_sqs(names, operation, &sqs::queue_of(names, body)) {
            Ok(()) => self.backends.sqs(names.queue_origin.as_deref().unwrap_or_default()).call(operation, body).await,
            Err(denied) => denied.json().into(),
        }
    }

    fn ssm(&self, operation: &str, body: &[u8]) -> Reply {
        let name = ssm::parameter_of(body);
        match self.permits.check_ssm(&self.backends.names, operation, &name) {
            Ok(()) => self.backends.ssm(operation, body),
            Err(denied) => denied.json(),
        }
    }

    async fn sns(&self, form: &sns::Form) -> Reply {
        let topic = form.topic(&self.backends.names);
        match self.permits.check_sns(&self.backends.names, form.action(), &topic) {
            Ok(()) => self.backends.sns(form).await,
            Err(denied) => sns::denied(&denied),
        }
    }
}

fn service_of(target: &str) -> &'static str {
    match target {
        "DynamoDB_20120810" => "dynamodb",
        "AmazonSQS" => "sqs",
        "AmazonSSM" => "ssm",
        _ => "sns",
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move { this.answer(request).await })
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

#[cfg(test)]
mod tests;
