//! What people do to a deployed Koban from their command line: find it, look into its queues, read its tables. No function does any of
//! it, so none links it. The local cloud answers the same calls, which makes it one environment among others: `local`.

pub mod environment;
pub mod queues;
pub mod republish;
pub mod scan;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use platform::aws::Client;
use platform::aws::ssm::{self, Parameter, SSM};
use platform::resource::Secret;
use platform::sdk::{API_URL, Names, Sdk};
use platform::secrets::SecretValue;
use thiserror::Error;

/// What the roles of an account are refused with, service by service.
const DENIED: [&str; 4] = ["AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException"];
/// What an account says of credentials that it does not know, or no more.
const UNKNOWN_CALLER: [&str; 7] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
];

/// Why something could not be done, each with what to do next.
#[derive(Debug, Error)]
pub enum OperationError {
    #[error(
        "there is no environment {environment} in {region}: Terraform's parameter {parameter} is missing. Check the name, the region and the account, or apply terraform/ once more"
    )]
    NoEnvironment { environment: String, region: String, parameter: String },
    #[error("{0} is not there: terraform/README.md says how to write it")]
    NoParameter(String),
    #[error("{what} was denied ({said}): these credentials need a role that may do it")]
    Denied { what: String, said: String },
    #[error("{what}: AWS does not accept these credentials ({said}): log in again, or choose others with AWS_PROFILE")]
    UnknownCaller { what: String, said: String },
    #[error("{what} failed")]
    Failed {
        what: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OperationError {
    fn failed(what: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed { what: what.into(), source: source.into() }
    }

    /// In the words that help of what the SDK says.
    fn of<E, R>(what: impl Into<String>, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let what = what.into();
        let Some(code) = error.code() else { return Self::failed(what, error) };
        let said = [code, error.message().unwrap_or_default()].join(" ").trim_end().to_owned();
        match code.rsplit(['.', '#']).next().unwrap_or(code) {
            code if DENIED.contains(&code) => Self::Denied { what, said },
            code if UNKNOWN_CALLER.contains(&code) => Self::UnknownCaller { what, said },
            _ => Self::failed(what, said),
        }
    }
}

/// A Koban that is there.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub sdk: Sdk,
    pub environment: String,
    pub api_url: String,
}

impl Deployment {
    /// Finds `environment` in the account and region of `config`.
    pub async fn find(config: SdkConfig, environment: &str) -> Result<Self, OperationError> {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let origin = config.endpoint_url().map(str::to_owned);
        let names = Names { prefix: Names::prefix_of(environment), region, account: String::new(), queue_origin: origin };
        let parameter = names.parameter(API_URL);
        let mut sdk = Sdk::of(config, names);
        let environment = environment.to_owned();
        let Some(found) = parameter_of(&sdk, &parameter).await? else {
            return Err(OperationError::NoEnvironment { environment, region: sdk.names.region, parameter });
        };
        // arn:aws:ssm:ap-northeast-1:123456789012:parameter/koban-alpha/api_url
        found.arn.split(':').nth(4).unwrap_or_default().clone_into(&mut sdk.names.account);
        Ok(Self { sdk, environment, api_url: found.value })
    }

    /// The value of `secret` that signs: the first of one or two.
    pub async fn secret(&self, secret: &Secret) -> Result<SecretValue, OperationError> {
        let name = self.sdk.names.secret(secret);
        let found = parameter_of(&self.sdk, &name).await?;
        let value =
            found.and_then(|found| found.value.lines().map(str::trim).find(|line| !line.is_empty()).map(SecretValue::new));
        value.ok_or(OperationError::NoParameter(name))
    }
}

async fn parameter_of(sdk: &Sdk, name: &str) -> Result<Option<Parameter>, OperationError> {
    match ssm::get_parameter(&Client::new(sdk, &SSM), name).await {
        Ok(parameter) => Ok(Some(parameter)),
        Err(error) if ssm::is_not_found(&error) => Ok(None),
        Err(error) => Err(OperationError::of(format!("reading the parameter {name}"), error)),
    }
}
