//! Where the commands work: in an environment on AWS, reached by the credentials that people have, or on a local cloud, by its AWS
//! endpoint. Only the command line looks for credentials in profiles, SSO and the like; functions get theirs from Lambda.

use super::{Deployment, OperationError};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use cloud::{LOCAL, local_names};
use std::time::Duration;
use thiserror::Error;

/// Tables are read in pages of a megabyte, and an operator prefers waiting to starting again.
const ATTEMPTS_MAX: u32 = 8;
const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(30);

/// Longer than every environment that Terraform knows.
const NAME_BYTES_MAX: usize = 32;
/// How much of what is no name an error repeats, in characters.
const NAME_SHOWN_MAX: usize = 60;

/// Why there is nothing to work on.
#[derive(Debug, Error)]
pub enum EnvironmentError {
    #[error("{0:?} is no environment: the names are up to 32 lower-case letters, digits and hyphens, such as alpha")]
    Name(String),
    #[error("no AWS region is chosen: set AWS_REGION, or a region in the profile")]
    NoRegion,
    #[error("no AWS credentials were found ({0}): log in (`aws sso login`), or choose a profile with AWS_PROFILE")]
    NoCredentials(String),
    #[error("this program was built without what reaches AWS: build it with `--features aws`")]
    WithoutAws,
    #[error(transparent)]
    Operation(#[from] OperationError),
}

/// The environment of that name, in the account and region that the usual chain chooses: environment variables, profiles, SSO, web
/// identity, the machine's role. `AWS_ENDPOINT_URL` leads to an emulator.
pub async fn find(environment: &str) -> Result<Deployment, EnvironmentError> {
    check(environment)?;
    configured(environment).await
}

/// Whether `environment` is a name that one can have.
pub fn check(environment: &str) -> Result<(), EnvironmentError> {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if environment.is_empty() || environment.len() > NAME_BYTES_MAX || !environment.bytes().all(is_name) {
        return Err(EnvironmentError::Name(environment.chars().take(NAME_SHOWN_MAX).collect()));
    }
    Ok(())
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it waits for AWS")]
async fn configured(_environment: &str) -> Result<Deployment, EnvironmentError> {
    Err(EnvironmentError::WithoutAws)
}

#[cfg(feature = "aws")]
async fn configured(environment: &str) -> Result<Deployment, EnvironmentError> {
    use aws_credential_types::provider::ProvideCredentials;
    let connector = platform::https::connector_trusting(rustls_native_certs::load_native_certs().certs);
    let connector = connector.map_err(|error| EnvironmentError::NoCredentials(format!("TLS cannot be had: {error}")))?;
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(platform::https::client(connector));
    // Large: it may be any of a dozen ways.
    let config = Box::pin(config.retry_config(retries()).timeout_config(timeouts()).load()).await;
    if config.region().is_none() {
        return Err(EnvironmentError::NoRegion);
    }
    let provider = config.credentials_provider().ok_or_else(|| EnvironmentError::NoCredentials("there is no provider".into()))?;
    provider
        .provide_credentials()
        .await
        .map_err(|error| EnvironmentError::NoCredentials(first_line(&platform::problem::chain(&error))))?;
    Ok(Box::pin(Deployment::find(config, environment)).await?)
}

/// The local cloud whose AWS endpoint is at `aws_url`.
pub async fn local(aws_url: &str) -> Result<Deployment, EnvironmentError> {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(local_names().region))
        // Any will do.
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(LOCAL, LOCAL, None, None, LOCAL)))
        .http_client(platform::https::client(platform::https::plain_connector()))
        .retry_config(retries())
        .timeout_config(timeouts())
        .endpoint_url(aws_url);
    Ok(Box::pin(Deployment::find(config.build(), LOCAL)).await?)
}

/// The other lines say, place by place, that nothing is there.
#[cfg(feature = "aws")]
fn first_line(detail: &str) -> String {
    detail.lines().next().unwrap_or_default().trim_end_matches(". Attempted:").to_owned()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).operation_attempt_timeout(ATTEMPT_TIME_MAX).build()
}
