//! The AWS SDK, lean: no configuration chain, credentials from the environment, and one HTTP client for all services. It trusts Amazon's
//! own roots, and its retries start at 25 ms. docs/decisions/0004 has the figures. Only the HTTP client differs between AWS, the local
//! cloud and the simulator.

use crate::clock::Clock;
use crate::https::{self, PATIENCE};
use crate::resource::{QueueSpec, Secret, Table, Topic};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use thiserror::Error;

/// The parameter in which Terraform writes where the API is. Everything deployed has it, so it is also how an environment is found.
pub const API_URL: &str = "api_url";

const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(3);
const OPERATION_TIME_MAX: Duration = Duration::from_secs(8);
/// How long an init may wait for DynamoDB: after that the first request makes the connection.
const INIT_TIME_MAX: Duration = Duration::from_secs(2);

/// How AWS is reached.
#[derive(Debug, Clone)]
pub struct Sdk {
    config: SdkConfig,
    pub names: Names,
    /// Whether requests are signed. In process they are not: the connector itself is the caller's identity.
    signs: bool,
    /// What makes every connection. In process there is none to make.
    connector: Option<SharedHttpConnector>,
    /// Whether the failures of its calls count apart from those of the whole process. They limit retries, so in a simulation each
    /// environment must have its own.
    counts_alone: bool,
}

/// The SDK's time, by a clock of ours.
#[derive(Debug)]
struct Time(Arc<dyn Clock>);

impl TimeSource for Time {
    fn now(&self) -> SystemTime {
        let since = u64::try_from(self.0.now().as_millisecond()).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::from_millis(since)
    }
}

/// The names that resources have in an account: every one begins with the environment's prefix.
#[derive(Debug, Clone)]
pub struct Names {
    /// `koban-alpha-`
    pub prefix: String,
    pub region: String,
    pub account: String,
    /// Where queues are, when not at AWS: the origin of the endpoint.
    pub queue_origin: Option<String>,
}

/// An environment that lacks what a function needs to start.
#[derive(Debug, Error)]
pub enum SdkError {
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    #[error("the TLS roots cannot be read")]
    Tls(#[source] aws_smithy_runtime_api::box_error::BoxError),
}

impl Names {
    /// What every name of `environment` begins with, as Terraform makes them.
    pub fn prefix_of(environment: &str) -> String {
        format!("koban-{environment}-")
    }

    pub fn table(&self, table: &Table) -> String {
        format!("{}{}", self.prefix, table.name)
    }

    pub fn queue_url(&self, queue: &QueueSpec) -> String {
        self.queue_url_of(queue.name)
    }

    /// The URL of the queue or dead-letter queue of that name.
    pub fn queue_url_of(&self, queue: &str) -> String {
        let default = || format!("https://sqs.{}.amazonaws.com", self.region);
        format!("{}/{}/{}{queue}", self.queue_origin.clone().unwrap_or_else(default), self.account, self.prefix)
    }

    pub fn topic_arn(&self, topic: &Topic) -> String {
        format!("arn:aws:sns:{}:{}:{}{}", self.region, self.account, self.prefix, topic.name)
    }

    /// `/koban-alpha/feed`
    pub fn secret(&self, secret: &Secret) -> String {
        self.parameter(secret.name)
    }

    /// The name of an SSM parameter: `/koban-alpha/api_url`
    pub fn parameter(&self, name: &str) -> String {
        format!("/{}/{name}", self.prefix.trim_end_matches('-'))
    }
}

impl Sdk {
    /// As a Lambda function finds itself: everything from its environment variables.
    pub fn from_env() -> Result<Self, SdkError> {
        let var = |name| std::env::var(name).map_err(|_| SdkError::Missing(name));
        let endpoint = std::env::var("AWS_ENDPOINT_URL").ok();
        let names = Names {
            prefix: var("KOBAN_PREFIX")?,
            region: var("AWS_REGION")?,
            account: var("KOBAN_ACCOUNT")?,
            queue_origin: endpoint.clone(),
        };
        let session = std::env::var("AWS_SESSION_TOKEN").ok();
        let keys = Credentials::new(var("AWS_ACCESS_KEY_ID")?, var("AWS_SECRET_ACCESS_KEY")?, session, None, "environment");
        let connector = match &endpoint {
            Some(url) if url.starts_with("http://") => https::plain_connector(),
            _ => https::connector().map_err(SdkError::Tls)?,
        };
        Ok(Self::connected(names, connector, keys, endpoint.as_deref()))
    }

    fn connected(names: Names, connector: SharedHttpConnector, keys: Credentials, endpoint: Option<&str>) -> Self {
        let http = https::client(connector.clone());
        Self { connector: Some(connector), ..Self::new(names, http, keys, endpoint) }
    }

    fn new(names: Names, http: SharedHttpClient, keys: Credentials, endpoint: Option<&str>) -> Self {
        let mut config = SdkConfig::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(Region::new(names.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(http)
            .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(25)))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(ATTEMPT_TIME_MAX * PATIENCE)
                    .operation_timeout(OPERATION_TIME_MAX * PATIENCE)
                    .build(),
            )
            .stalled_stream_protection(aws_sdk_dynamodb::config::StalledStreamProtectionConfig::disabled());
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self { config: config.build(), names, signs: true, connector: None, counts_alone: false }
    }

    /// Through a connector in this process, which knows its function: nothing is signed.
    pub fn in_process(names: Names, http: SharedHttpClient) -> Self {
        let keys = Credentials::new("local", "local", None, None, "in-process");
        Self { signs: false, ..Self::new(names, http, keys, Some("http://aws.local")) }
    }

    /// The same in a simulation: by its clock, and with retries that no other environment has an effect on.
    pub fn simulated(names: Names, http: SharedHttpClient, clock: Arc<dyn Clock>) -> Self {
        let sdk = Self::in_process(names, http);
        let config = sdk.config.into_builder().time_source(Time(clock)).build();
        Self { config, counts_alone: true, ..sdk }
    }

    /// With a configuration that somebody else found: the command line's, by the usual chain.
    pub const fn of(config: SdkConfig, names: Names) -> Self {
        Self { config, names, signs: true, connector: None, counts_alone: false }
    }

    /// What clients of other services are made of.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    pub(crate) const fn signs(&self) -> bool {
        self.signs
    }

    /// Whose failures count together against further retries: those of this `service`.
    pub(crate) fn retry_partition(&self, service: &str) -> RetryPartition {
        let name = format!("{service}-{}", self.names.region);
        if self.counts_alone { RetryPartition::custom(name).build() } else { RetryPartition::new(name) }
    }

    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.config);
        if self.counts_alone {
            config = config.retry_partition(self.retry_partition("dynamodb"));
        }
        if !self.signs {
            let none = aws_smithy_runtime::client::auth::no_auth::NO_AUTH_SCHEME_ID;
            config = config.allow_no_auth().auth_scheme_preference([none]);
        }
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// Opens the connection that the first call to DynamoDB will find in the pool, by asking for its health. Nothing is signed, so it needs
    /// no grant and uses no capacity. A failure is ignored here: the first call meets it again and reports it.
    pub(crate) async fn connect_dynamodb(&self) {
        let default = || format!("https://dynamodb.{}.amazonaws.com", self.names.region);
        let origin = self.config.endpoint_url().map_or_else(default, str::to_owned);
        if let Some(connector) = &self.connector {
            let url = format!("{origin}/");
            let _ = tokio::time::timeout(INIT_TIME_MAX * PATIENCE, https::get(connector, &url)).await;
        }
    }
}

#[cfg(test)]
#[path = "sdk_tests.rs"]
mod tests;
