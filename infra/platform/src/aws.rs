//! AWS services of which Koban calls a few operations: SQS, SNS and SSM. Their requests are written and their replies are read here.
//! Signatures, retries, time limits and connections are those of the SDK's runtime, set as its generated clients set them. Those clients
//! were a sixth of what a first build compiled (docs/decisions/0015).

pub mod sns;
pub mod sqs;
pub mod ssm;

use crate::sdk::Sdk;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{DisableClockSkewCorrection, ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::orchestrator::operation::{Operation, OperationBuilder};
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_runtime_api::http::{Headers, StatusCode};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use aws_types::{SdkConfig, SigningName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// How a service is called.
pub struct Api {
    /// As configurations name it: `SQS`.
    id: &'static str,
    /// As signatures and hosts name it: `sqs`.
    name: &'static str,
    content_type: &'static str,
    /// What comes before the operation in `x-amz-target`. The query protocol has none: its form names the operation.
    target: Option<&'static str>,
    /// What every call has besides.
    headers: &'static [(&'static str, &'static str)],
    /// Reads a refusal.
    refusal: fn(&Headers, &[u8]) -> ErrorMetadata,
}

/// What a service answers when it does not do what it is asked.
#[derive(Debug)]
pub struct Refused {
    status: u16,
    metadata: ErrorMetadata,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let message = self.metadata.message().unwrap_or("no reason was given");
        match self.metadata.code() {
            Some(code) => write!(f, "{code}: {message}"),
            None => write!(f, "HTTP status {}: {message}", self.status),
        }
    }
}

impl std::error::Error for Refused {}

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.metadata
    }
}

/// A call that failed: refused, too slow, not connected, or answered by what cannot be read.
pub type CallError = SdkError<Refused, HttpResponse>;

#[derive(Debug)]
struct SdkCall {
    operation: &'static str,
    body: Vec<u8>,
}

/// The body of a reply. It may be a secret, so `Debug` says its length alone.
struct SdkReply(Vec<u8>);

impl std::fmt::Debug for SdkReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SdkReply({} bytes)", self.0.len())
    }
}

/// A service's client.
#[derive(Debug, Clone)]
pub struct Client(Operation<SdkCall, SdkReply, Refused>);

impl Client {
    pub fn new(sdk: &Sdk, api: &'static Api) -> Self {
        let config = sdk.config();
        let mut builder =
            OperationBuilder::new().service_name(api.id).operation_name(api.id).endpoint_url(&endpoint(config, api));
        if let Some(version) = config.behavior_version() {
            builder = builder.behavior_version(version);
        }
        if let Some(http) = config.http_client() {
            builder = builder.http_client(http);
        }
        if let Some(retries) = config.retry_config() {
            builder = builder.standard_retry(retries);
        }
        if let Some(timeouts) = config.timeout_config() {
            builder = builder.timeout_config(timeouts.clone());
        }
        if let Some(sleep) = config.sleep_impl() {
            builder = builder.sleep_impl(sleep);
        }
        if let Some(time) = config.time_source() {
            builder = builder.time_source(time);
        }
        builder = if sdk.signs() { builder.runtime_plugin(signing(config, api)) } else { builder.no_auth() };
        let builder = as_generated(builder).runtime_plugin(identification(sdk, api));
        let builder = builder.serializer(move |call: SdkCall| request(api, call));
        Self(builder.deserializer(move |response: &HttpResponse| reply(api, response)).build())
    }

    /// Calls an operation of a JSON protocol. An empty reply is read as an empty object.
    pub async fn json<O: DeserializeOwned>(&self, operation: &'static str, input: &impl Serialize) -> Result<O, CallError> {
        let body = serde_json::to_vec(input).map_err(CallError::construction_failure)?;
        let reply = self.call(operation, body).await?;
        let text: &[u8] = if reply.0.is_empty() { b"{}" } else { &reply.0 };
        serde_json::from_slice(text).map_err(|error| unreadable(error, reply))
    }

    async fn call(&self, operation: &'static str, body: Vec<u8>) -> Result<SdkReply, CallError> {
        self.0.invoke(SdkCall { operation, body }).await
    }
}

/// What the SDK's clients have, each by its own code generator.
fn as_generated(builder: OperationBuilder) -> OperationBuilder {
    builder
        .retry_classifier(HttpStatusCodeClassifier::default())
        .retry_classifier(TransientErrorClassifier::<Refused>::new())
        .retry_classifier(AwsErrorCodeClassifier::<Refused>::new())
        .retry_classifier(ServiceClockSkewClassifier::<Refused>::new())
        .with_connection_poisoning()
        .interceptor(ServiceClockSkewInterceptor::new())
        .interceptor(RequestInfoInterceptor::new())
        .interceptor(UserAgentInterceptor::new())
        .interceptor(InvocationIdInterceptor::new())
        .interceptor(RecursionDetectionInterceptor::new())
}

fn signing(config: &SdkConfig, api: &Api) -> StaticRuntimePlugin {
    let mut layer = Layer::new("signing");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig::default());
    layer.store_put(SigningName::from_static(api.name));
    if let Some(region) = config.region() {
        layer.store_put(SigningRegion::from(region.clone()));
    }
    let mut components = RuntimeComponentsBuilder::new("signing");
    components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    let only = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(only)));
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    if let Some(cache) = config.identity_cache() {
        components.set_identity_cache(Some(cache));
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

/// Who calls, for the user agent, and whose failures count together against further retries.
fn identification(sdk: &Sdk, api: &Api) -> StaticRuntimePlugin {
    let config = sdk.config();
    let mut layer = Layer::new("identification");
    layer.store_put(ApiMetadata::new(api.name, env!("CARGO_PKG_VERSION")));
    if let Some(region) = config.region() {
        layer.store_put(sdk.retry_partition(api.name));
        layer.store_put(region.clone());
    }
    if let Some(name) = config.app_name() {
        layer.store_put(name.clone());
    }
    if let Some(disabled) = config.disable_clock_skew_correction() {
        layer.store_put(DisableClockSkewCorrection::from(disabled));
    }
    StaticRuntimePlugin::new().with_config(layer.freeze())
}

/// Where the service is: as configured for it, as configured for all, or at AWS.
fn endpoint(config: &SdkConfig, api: &Api) -> String {
    let own = || {
        let key = ServiceConfigKey::builder().service_id(api.id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
        config.service_config()?.load_config(key)
    };
    let of_code = config.get_origin("endpoint_url").is_client_config();
    let configured = (!of_code).then(own).flatten().or_else(|| config.endpoint_url().map(str::to_owned));
    configured.unwrap_or_else(|| {
        let fips = if config.use_fips() == Some(true) { "-fips" } else { "" };
        let domain = if config.use_dual_stack() == Some(true) { "api.aws" } else { "amazonaws.com" };
        format!("https://{}{fips}.{}.{domain}", api.name, config.region().map_or("", |region| region.as_ref()))
    })
}

fn request(api: &Api, call: SdkCall) -> Result<HttpRequest, BoxError> {
    let length = call.body.len();
    let mut request = HttpRequest::new(SdkBody::from(call.body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    let headers = request.headers_mut();
    headers.insert("content-type", api.content_type);
    headers.insert("content-length", length.to_string());
    if let Some(target) = api.target {
        headers.insert("x-amz-target", format!("{target}.{}", call.operation));
    }
    for (name, value) in api.headers {
        headers.insert(*name, *value);
    }
    Ok(request)
}

fn reply(api: &Api, response: &HttpResponse) -> Result<SdkReply, OrchestratorError<Refused>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(SdkReply(body.to_vec()));
    }
    let (status, metadata) = (response.status().as_u16(), (api.refusal)(response.headers(), body));
    Err(OrchestratorError::operation(Refused { status, metadata }))
}

/// A success whose reply says nothing that can be read. It is not tried again, as the SDK does not either.
fn unreadable(error: impl Into<BoxError>, SdkReply(body): SdkReply) -> CallError {
    match StatusCode::try_from(200) {
        Ok(ok) => CallError::response_error(error, HttpResponse::new(ok, SdkBody::from(body))),
        Err(error) => CallError::construction_failure(error),
    }
}

/// The refusal of a JSON protocol. Its code is in a header or in the body, perhaps with a namespace before it or a URL behind it.
fn json_refusal(headers: &Headers, body: &[u8]) -> ErrorMetadata {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |names: &[&str]| names.iter().find_map(|name| body.get(name)?.as_str()).map(str::to_owned);
    let code = headers.get("x-amzn-errortype").map(str::to_owned).or_else(|| text(&["code", "__type"]));
    let bare =
        code.as_deref().map(|code| code.split(':').next().unwrap_or(code)).map(|code| code.rsplit('#').next().unwrap_or(code));
    // SQS says in this header what it said before it spoke JSON, which is what people know.
    let former = headers.get("x-amzn-query-error").and_then(|error| error.split_once(';')).map(|(code, _)| code);
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = former.or(bare) {
        metadata = metadata.code(code);
    }
    if let Some(message) = text(&["message", "Message", "errorMessage"]) {
        metadata = metadata.message(message);
    }
    metadata.build()
}

/// What a reply may leave out, or say is `null`.
pub fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
#[path = "aws_tests.rs"]
mod tests;
