//! The one HTTP connector that all of AWS is reached by: hyper's client with rustls, as the SDK takes it. The SDK's own connector reads
//! roots as PEM alone, which is a twentieth of a cold start. It also compiles HTTP/2 and proxies (docs/decisions/0004).
//! It is made once and kept here, so that an init can open a connection which the SDK then finds.

use aws_smithy_runtime::client::http::connection_poisoning::CaptureSmithyConnection;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::ConnectionMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::retry::ErrorKind;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{CaptureConnection, Connect, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Amazon Root CA 1 to 4 and Starfield Services Root G2: what AWS endpoints chain to, and nothing else.
const AMAZON_ROOTS: [&[u8]; 5] = [
    include_bytes!("amazon/root-ca-1.der"),
    include_bytes!("amazon/root-ca-2.der"),
    include_bytes!("amazon/root-ca-3.der"),
    include_bytes!("amazon/root-ca-4.der"),
    include_bytes!("amazon/starfield-services-g2.der"),
];
/// Names the file of one more root, in DER, for binaries with the feature `benchmark`. No other binary contains these letters, so `koban
/// package` recognizes them by it.
pub const BENCHMARK_ROOT: &str = "KOBAN_BENCHMARK_ROOT";

/// What time limits are multiplied by: the benchmark's emulation is slower than a machine.
pub(crate) const PATIENCE: u32 = if cfg!(feature = "benchmark") { 100 } else { 1 };
const CONNECT_TIME_MAX: Duration = Duration::from_secs(1);

/// Over TLS, with Amazon's own roots alone.
pub(crate) fn connector() -> Result<SharedHttpConnector, BoxError> {
    let https = HttpsConnectorBuilder::new().with_tls_config(tls(roots()?)?).https_only();
    Ok(of(https.enable_http1().wrap_connector(tcp(false))))
}

/// For a person's machine, with its roots. Without TLS where the address says so: a person may name an emulator's.
pub fn connector_trusting(machines: Vec<CertificateDer<'static>>) -> Result<SharedHttpConnector, BoxError> {
    let https = HttpsConnectorBuilder::new().with_tls_config(tls_trusting(machines)?).https_or_http();
    Ok(of(https.enable_http1().wrap_connector(tcp(false))))
}

/// TLS with the roots of a person's machine: a company's proxy may stand in between. One that cannot be read is no reason to trust none.
pub fn tls_trusting(machines: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(machines);
    tls(roots)
}

fn tls(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    Ok(tls.with_root_certificates(roots).with_no_client_auth())
}

/// Without TLS, for an emulator of AWS.
pub fn plain_connector() -> SharedHttpConnector {
    of(tcp(true))
}

/// The SDK's way to `connector`.
pub fn client(connector: SharedHttpConnector) -> SharedHttpClient {
    http_client_fn(move |_settings, _components| connector.clone())
}

/// Asks for `url` and reads the whole reply, so that the connection is free again.
pub(crate) async fn get(connector: &SharedHttpConnector, url: &str) -> Result<(), BoxError> {
    let reply = connector.call(HttpRequest::get(url)?).await?;
    ByteStream::new(reply.into_body()).collect().await?;
    Ok(())
}

fn tcp(enforces_http: bool) -> legacy::connect::HttpConnector {
    let mut tcp = legacy::connect::HttpConnector::new();
    tcp.enforce_http(enforces_http);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIME_MAX * PATIENCE));
    tcp
}

fn of<C: Connect + Clone + Send + Sync + 'static>(connect: C) -> SharedHttpConnector {
    let mut builder = legacy::Builder::new(TokioExecutor::new());
    SharedHttpConnector::new(Hyper(builder.pool_timer(TokioTimer::new()).build(connect)))
}

/// Hyper's pool of connections, as a connector of the SDK.
struct Hyper<C>(legacy::Client<C, SdkBody>);

impl<C> fmt::Debug for Hyper<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hyper")
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> HttpConnector for Hyper<C> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&connection));
        }
        let reply = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let reply = reply.await.map_err(failure)?;
            HttpResponse::try_from(reply.map(SdkBody::from_body_1_x)).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// How the SDK takes a connection out of the pool after a reply that says so, a 500 above all.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(poison).build())
}

/// What the SDK decides by whether a call is made again.
fn failure(error: legacy::Error) -> ConnectorError {
    let of_hyper = source::<hyper::Error>(&error);
    if of_hyper.is_some_and(hyper::Error::is_timeout) {
        return ConnectorError::timeout(error.into());
    }
    if of_hyper.is_some_and(hyper::Error::is_user) {
        return ConnectorError::user(error.into());
    }
    // The server closed a connection that it had kept, with or without having read the request.
    if of_hyper.is_some_and(hyper::Error::is_incomplete_message) {
        return ConnectorError::other(error.into(), Some(ErrorKind::TransientError));
    }
    let is_broken = of_hyper.is_some_and(|error| error.is_closed() || error.is_canceled());
    if is_broken || error.is_connect() || source::<std::io::Error>(&error).is_some() {
        return ConnectorError::io(error.into());
    }
    ConnectorError::other(error.into(), None)
}

/// The first error of a kind in the chain of `error`.
fn source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(not(feature = "benchmark"))]
fn roots() -> Result<RootCertStore, BoxError> {
    trusting(&AMAZON_ROOTS)
}

#[cfg(feature = "benchmark")]
fn roots() -> Result<RootCertStore, BoxError> {
    let further = std::fs::read(std::env::var(BENCHMARK_ROOT)?)?;
    let mut roots = trusting(&AMAZON_ROOTS)?;
    roots.add(further.into())?;
    Ok(roots)
}

fn trusting(certificates: &[&[u8]]) -> Result<RootCertStore, BoxError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(CertificateDer::from(*certificate))?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use sha2::{Digest, Sha256};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

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
        let fingerprints = AMAZON_ROOTS.map(|root| HEXLOWER.encode(&Sha256::digest(root)));
        assert_eq!(fingerprints, FINGERPRINTS);
        assert_eq!(trusting(&AMAZON_ROOTS).unwrap().len(), FINGERPRINTS.len());
    }

    #[tokio::test]
    async fn a_persons_machine_may_name_an_emulator_and_a_function_may_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        });
        let persons = connector_trusting(Vec::new()).unwrap();
        assert_eq!(persons.call(HttpRequest::get(url.as_str()).unwrap()).await.unwrap().status().as_u16(), 200);
        assert!(connector().unwrap().call(HttpRequest::get(url).unwrap()).await.is_err());
    }

    /// The SDK does so after a reply that says the other side is in trouble.
    #[tokio::test]
    async fn a_connection_that_the_sdk_poisons_is_not_used_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Relaxed);
                tokio::spawn(async move {
                    while let Ok(1..) = stream.read(&mut [0; 4_096]).await {
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                    }
                });
            }
        });
        let connector = plain_connector();
        for (poisons, opened) in [(false, 1), (true, 1), (false, 2), (false, 2)] {
            let capture = CaptureSmithyConnection::new();
            let mut request = HttpRequest::get(url.as_str()).unwrap();
            request.add_extension(capture.clone());
            let reply = connector.call(request).await.unwrap();
            if poisons {
                capture.get().unwrap().poison();
            }
            ByteStream::new(reply.into_body()).collect().await.unwrap();
            assert_eq!(connections.load(Relaxed), opened);
        }
    }

    /// How a call fails whose server does `reply` with the connection once it has read the request.
    async fn failing(reply: &'static [u8]) -> ConnectorError {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(reply).await;
        });
        plain_connector().call(HttpRequest::get(url).unwrap()).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_a_passing_failure() {
        let broken = failing(b"").await;
        assert!(broken.is_io() || broken.as_other() == Some(ErrorKind::TransientError), "{broken:?}");
        let cut = failing(b"HTTP/1.1 200 OK\r\ncontent-le").await;
        assert!(cut.is_io() || cut.as_other() == Some(ErrorKind::TransientError), "{cut:?}");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_a_passing_failure() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let refused = plain_connector().call(HttpRequest::get(format!("http://{free}/")).unwrap()).await.unwrap_err();
        assert!(refused.is_io(), "{refused:?}");
    }

    #[tokio::test]
    async fn a_reply_that_is_none_is_no_passing_failure() {
        let strange = failing(b"\0\0\0\0\r\n\r\n").await;
        assert!(!strange.is_io() && !strange.is_timeout() && strange.as_other().is_none(), "{strange:?}");
    }
}
