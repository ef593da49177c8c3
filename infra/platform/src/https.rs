//! The one HTTP connector that all of AWS is reached by. It is made once and kept here, not in the SDK, so that an init can open a
//! connection which the SDK then finds. It trusts Amazon's own roots alone: the system's are not even read.

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use std::time::Duration;

/// Amazon Root CA 1 to 4 and Starfield Services Root G2: what AWS endpoints chain to, and nothing else.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon.pem");
/// Names the file of one more root, for binaries with the feature `benchmark`. No other binary contains these letters, so `koban package`
/// recognizes them by it.
pub const BENCHMARK_ROOT: &str = "KOBAN_BENCHMARK_ROOT";

/// What time limits are multiplied by: the benchmark's emulation is slower than a machine.
pub(crate) const PATIENCE: u32 = if cfg!(feature = "benchmark") { 100 } else { 1 };
const CONNECT_TIME_MAX: Duration = Duration::from_secs(1);

/// Over TLS.
pub(crate) fn connector() -> Result<SharedHttpConnector, BoxError> {
    let tls = TlsContext::builder().with_trust_store(roots()?).build()?;
    let connector = Connector::builder().connector_settings(settings());
    Ok(SharedHttpConnector::new(connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build()))
}

/// Without TLS, for an emulator of AWS.
pub(crate) fn plain_connector() -> SharedHttpConnector {
    SharedHttpConnector::new(Connector::builder().connector_settings(settings()).build_http())
}

/// The SDK's way to `connector`.
pub(crate) fn client(connector: SharedHttpConnector) -> SharedHttpClient {
    http_client_fn(move |_settings, _components| connector.clone())
}

/// Asks for `url` and reads the whole reply, so that the connection is free again.
pub(crate) async fn get(connector: &SharedHttpConnector, url: &str) -> Result<(), BoxError> {
    let reply = connector.call(HttpRequest::get(url)?).await?;
    ByteStream::new(reply.into_body()).collect().await?;
    Ok(())
}

fn settings() -> HttpConnectorSettings {
    HttpConnectorSettings::builder().connect_timeout(CONNECT_TIME_MAX * PATIENCE).build()
}

#[cfg(not(feature = "benchmark"))]
#[expect(clippy::unnecessary_wraps, reason = "the benchmark's further root is a file, which may be missing")]
fn roots() -> Result<TrustStore, BoxError> {
    Ok(TrustStore::empty().with_pem_certificate(AMAZON_ROOTS))
}

#[cfg(feature = "benchmark")]
fn roots() -> Result<TrustStore, BoxError> {
    let further = std::fs::read(std::env::var(BENCHMARK_ROOT)?)?;
    Ok(TrustStore::empty().with_pem_certificate(AMAZON_ROOTS).with_pem_certificate(further))
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::{BASE64, HEXLOWER};
    use sha2::{Digest, Sha256};

    /// As Amazon Trust Services publishes them.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn only_amazons_own_roots_are_trusted() {
        let text = std::str::from_utf8(AMAZON_ROOTS).unwrap();
        let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
        let fingerprints = blocks.map(|block| {
            let base64: String = block.split("-----END").next().unwrap().split_whitespace().collect();
            HEXLOWER.encode(&Sha256::digest(BASE64.decode(base64.as_bytes()).unwrap()))
        });
        assert_eq!(fingerprints.collect::<Vec<_>>(), FINGERPRINTS);
    }
}
