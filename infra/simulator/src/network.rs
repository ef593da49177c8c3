//! The way from a function's SDK to AWS: the local cloud's own connector, with time that passes and faults that happen.

use super::fault::Fault;
use super::history::digest;
use super::injector::Call;
use super::invocation::CURRENT;
use super::simulation::Simulation;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use cloud::connector::{Connector, internal_error, throttled, transaction_conflict};
use cloud::engine::Reply;
use std::sync::Arc;
use std::time::Duration;

/// How long a call takes each way, in milliseconds.
const WAY_MS: std::ops::RangeInclusive<u64> = 1..=12;
/// How late an effect is that its caller has given up.
const LATE_EFFECT_MS: std::ops::RangeInclusive<u64> = 3_000..=90_000;
/// How late a slow reply is, in milliseconds: beyond an attempt's limit, and often beyond the function's.
const SLOW_MS: std::ops::RangeInclusive<u64> = 2_000..=70_000;

/// A function's connector.
#[derive(Clone)]
pub struct Network {
    cloud: Connector,
    function: &'static str,
    simulation: Arc<Simulation>,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Network({})", self.function)
    }
}

impl Network {
    pub const fn new(cloud: Connector, function: &'static str, simulation: Arc<Simulation>) -> Self {
        Self { cloud, function, simulation }
    }

    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let call = self.call(&request);
        let digest = digest(request.body().bytes().unwrap_or_default());
        self.passes(WAY_MS).await;
        let fault = self.simulation.fault_of(&call);
        self.note(&call, digest, fault);
        if let Some(late) = self.simulation.held(&call) {
            return self.late(request, late).await;
        }
        match fault {
            None => {}
            Some(Fault::LostBefore) => return Err(ConnectorError::io("the request was lost".into())),
            Some(Fault::KilledBefore) => return self.killed().await,
            Some(Fault::LateEffect) => return self.late(request, self.draw(LATE_EFFECT_MS)).await,
            Some(Fault::LostAfter | Fault::KilledAfter | Fault::Slow) => {
                let reply = self.cloud.answer(request).await;
                return match fault {
                    Some(Fault::LostAfter) => Err(ConnectorError::io("the reply was lost".into())),
                    Some(Fault::KilledAfter) => self.killed().await,
                    _ => {
                        self.passes(SLOW_MS).await;
                        reply
                    }
                };
            }
            Some(Fault::Throttled) => return refusal(&call, throttled()),
            Some(Fault::Internal) => return refusal(&call, internal_error()),
            Some(Fault::Conflict) => return refusal(&call, transaction_conflict(call.items)),
            Some(Fault::InProgress) => return refusal(&call, in_progress()),
            Some(_) => return refusal(&call, token_reused()),
        }
        let reply = self.cloud.answer(request).await;
        self.passes(WAY_MS).await;
        reply
    }

    fn call(&self, request: &HttpRequest) -> Call {
        let header = |name| request.headers().get(name).unwrap_or_default();
        let (service, operation) = match header("x-amz-target").split_once('.') {
            Some(("DynamoDB_20120810", operation)) => ("dynamodb", operation),
            Some(("AmazonSQS", operation)) => ("sqs", operation),
            Some((_, operation)) => ("ssm", operation),
            None => ("sns", "PublishBatch"),
        };
        let id = header("amz-sdk-invocation-id");
        let (invocation, number) = CURRENT.try_with(|invocation| (invocation.number, invocation.call(id))).unwrap_or_default();
        let items = if operation == "TransactWriteItems" { items(request.body().bytes().unwrap_or_default()) } else { 0 };
        Call { function: self.function, invocation, number, service, operation: operation.to_owned(), items }
    }

    fn note(&self, call: &Call, digest: u64, fault: Option<Fault>) {
        let what = (call.function, call.invocation, &call.operation, digest, fault);
        self.simulation.note_of(what, || {
            let struck = fault.map(|fault| format!("  !! {}", fault.name())).unwrap_or_default();
            format!("{:>6}  {}  {}.{}{struck}", call.invocation, call.function, call.service, call.operation)
        });
    }

    async fn passes(&self, milliseconds: std::ops::RangeInclusive<u64>) {
        tokio::time::sleep(self.draw(milliseconds)).await;
    }

    fn draw(&self, milliseconds: std::ops::RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.simulation.draw(|rng| rng.u64(milliseconds)))
    }

    /// Lets the request have its effect only after a while, also when its caller has given up.
    async fn late(&self, request: HttpRequest, after: Duration) -> Result<HttpResponse, ConnectorError> {
        let (cloud, simulation, goes_on) = (self.cloud.clone(), self.simulation.clone(), self.simulation.goes_on());
        let effect = tokio::spawn(async move {
            let _goes_on = goes_on;
            tokio::time::sleep(after).await;
            let reply = cloud.answer(request).await;
            // Another process may run by now, whose queues are the same.
            if let Some(process) = simulation.process() {
                process.cloud.look_again();
            }
            reply
        });
        effect.await.unwrap_or_else(|ended| Err(ConnectorError::other(ended.into(), None)))
    }

    /// Kills the invocation. Nothing of it runs after this.
    async fn killed(&self) -> Result<HttpResponse, ConnectorError> {
        let _ = CURRENT.try_with(|invocation| invocation.kill());
        std::future::pending().await
    }
}

/// How many items the transaction has: DynamoDB wants a reason for each.
fn items(body: &[u8]) -> usize {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Transaction<'a> {
        #[serde(borrow)]
        transact_items: Vec<&'a serde_json::value::RawValue>,
    }
    serde_json::from_slice::<Transaction<'_>>(body).map_or(1, |transaction| transaction.transact_items.len().max(1))
}

fn in_progress() -> Reply {
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionInProgressException";
    Reply::error(400, kind, "The transaction with the given request token is already in progress.")
}

fn token_reused() -> Reply {
    let kind = "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException";
    Reply::error(400, kind, "Request parameters do not match those of the request with the same token.")
}

/// As the call's service says it. SNS speaks XML, of which the SDK needs no more than the status.
fn refusal(call: &Call, reply: Reply) -> Result<HttpResponse, ConnectorError> {
    let (status, body) = if call.service == "sns" { (503, String::new()) } else { (reply.status, reply.body) };
    let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
    Ok(HttpResponse::new(status, SdkBody::from(body)))
}

impl HttpConnector for Network {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move { this.carry(request).await })
    }
}

impl HttpClient for Network {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
