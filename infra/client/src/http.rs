//! A small HTTP client for one base URL: a kept-alive connection, whole bodies, repeats where a connection broke. The load of the demo
//! shares the machine with the cloud it drives, so this does nothing that is not needed. A deployed API is reached over TLS, by the roots
//! that the machine trusts.

use super::ClientError;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// How often a call is sent before it counts as failed.
const ATTEMPTS_MAX: u32 = 4;
const WAIT_BETWEEN: Duration = Duration::from_millis(100);
/// Longer than the gateway's own limit of 30 seconds.
const REPLY_WITHIN: Duration = Duration::from_secs(35);

/// Where calls go: `http://127.0.0.1:4000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// `127.0.0.1:4000`
    authority: HeaderValue,
    address: String,
    /// Whose certificate is asked for, where it is https.
    secured: Option<ServerName<'static>>,
}

impl std::str::FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text} is no base URL: write it like http://127.0.0.1:4000, without a path");
        let uri: Uri = text.parse().map_err(|_| expected())?;
        let authority =
            uri.authority().filter(|_| matches!(uri.path(), "" | "/") && uri.query().is_none()).ok_or_else(expected)?;
        let (port, secured) = match uri.scheme_str() {
            Some("http") => (80, None),
            Some("https") => (443, Some(ServerName::try_from(authority.host().to_owned()).map_err(|_| expected())?)),
            _ => return Err(expected()),
        };
        // Names below `localhost` are this machine, also where its resolver has other addresses.
        let host = if authority.host().ends_with(".localhost") { "127.0.0.1" } else { authority.host() };
        let address = format!("{host}:{}", authority.port_u16().unwrap_or(port));
        Ok(Self { authority: HeaderValue::from_str(authority.as_str()).map_err(|_| expected())?, address, secured })
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.secured.is_some() { "https" } else { "http" }, self.address)
    }
}

/// A request that may be sent again: everything that Koban is asked here is idempotent.
#[derive(Debug, Clone)]
pub struct Call {
    method: Method,
    path: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    pub fn get(path: &str) -> Result<Self, ClientError> {
        Ok(Self::new(Method::GET, uri(path)?, Bytes::new()))
    }

    pub fn post(path: &str, body: impl Into<Bytes>) -> Result<Self, ClientError> {
        Ok(Self::post_to(uri(path)?, body.into()))
    }

    /// Posts JSON to a path that is known to be one.
    pub fn post_to(path: Uri, body: Bytes) -> Self {
        let mut call = Self::new(Method::POST, path, body);
        call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        call
    }

    fn new(method: Method, path: Uri, body: Bytes) -> Self {
        Self { method, path, headers: HeaderMap::new(), body }
    }

    /// With a header whose value is visible ASCII: ids, keys, signatures.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    #[must_use]
    pub fn by(mut self, bearer: HeaderValue) -> Self {
        self.headers.insert(AUTHORIZATION, bearer);
        self
    }

    /// The path with its query.
    pub fn path(&self) -> &str {
        self.path.path_and_query().map_or("", http::uri::PathAndQuery::as_str)
    }

    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// A header of visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The `Authorization` header of a token.
pub fn bearer(token: &str) -> Result<HeaderValue, ClientError> {
    HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| ClientError::Unexpected("the token is not text".into()))
}

pub fn uri(path: &str) -> Result<Uri, ClientError> {
    path.parse().map_err(|_| ClientError::Input(format!("{path} is not a path")))
}

/// A reply, of any status.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// This reply if it is one of success; the refusal, in its own words, otherwise.
    pub fn accepted(self, what: &str) -> Result<Self, ClientError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body).into_owned();
        Err(ClientError::Refused { what: what.to_owned(), status: self.status, body })
    }

    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| ClientError::Unexpected(format!("a reply that is not understood: {error}")))
    }
}

/// How long all connections together wait for a cloud that went away: a while since anything was last answered.
#[derive(Debug)]
pub struct Patience {
    within: Duration,
    /// Since when nothing was answered, if that is so.
    away_since: Mutex<Option<Instant>>,
    repeats: AtomicU64,
}

impl Patience {
    pub const fn new(within: Duration) -> Self {
        Self { within, away_since: Mutex::new(None), repeats: AtomicU64::new(0) }
    }

    /// How often a call was sent again.
    pub fn repeats(&self) -> u64 {
        self.repeats.load(Relaxed)
    }

    fn answered(&self) {
        *self.away_since.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether it is worth another attempt.
    fn bears(&self) -> bool {
        let since = *self.away_since.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
        let bears = since.elapsed() < self.within;
        self.repeats.fetch_add(u64::from(bears), Relaxed);
        bears
    }
}

/// A connection, made when it is first needed and again when it broke.
pub struct Connection {
    base: BaseUrl,
    sender: Option<SendRequest<Full<Bytes>>>,
    /// None gives up after a few attempts.
    patience: Option<Arc<Patience>>,
}

impl Connection {
    pub const fn new(base: BaseUrl) -> Self {
        Self { base, sender: None, patience: None }
    }

    /// One that waits for a cloud that went away, and repeats its calls as they were.
    pub const fn patient(base: BaseUrl, patience: Arc<Patience>) -> Self {
        Self { base, sender: None, patience: Some(patience) }
    }

    /// A new one to the same cloud.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { base: self.base.clone(), sender: None, patience: self.patience.clone() }
    }

    /// Sends `call` until it is replied to by something else than trouble that passes (429, 502, 503, a broken connection).
    pub async fn send(&mut self, call: &Call) -> Result<Reply, ClientError> {
        let mut attempt = 1;
        loop {
            let replied = self.send_once(call).await;
            let passes = match &replied {
                Ok(reply) => matches!(reply.status.as_u16(), 429 | 502 | 503),
                Err(ClientError::Unreachable { .. }) => attempt > 1 || self.patience.is_some(),
                Err(_) => true,
            };
            if !passes {
                self.patience.iter().for_each(|patience| patience.answered());
                return replied;
            }
            if !self.patience.as_ref().map_or(attempt < ATTEMPTS_MAX, |patience| patience.bears()) {
                return replied;
            }
            tokio::time::sleep(WAIT_BETWEEN * attempt.min(ATTEMPTS_MAX)).await;
            attempt += 1;
        }
    }

    async fn send_once(&mut self, call: &Call) -> Result<Reply, ClientError> {
        let broke = |error: &dyn std::fmt::Display| ClientError::Unexpected(format!("the connection broke: {error}"));
        let kept = match self.sender.take() {
            Some(mut kept) => kept.ready().await.is_ok().then_some(kept),
            None => None,
        };
        let mut sender = match kept {
            Some(kept) => kept,
            None => self.connect().await?,
        };
        let mut request = Request::new(Full::new(call.body.clone()));
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.path.clone();
        *request.headers_mut() = call.headers.clone();
        request.headers_mut().insert(HOST, self.base.authority.clone());
        let exchange = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            Ok::<_, hyper::Error>((head, body.collect().await?.to_bytes()))
        };
        let exchanged = tokio::time::timeout(REPLY_WITHIN, exchange).await.map_err(|elapsed| broke(&elapsed))?;
        let (head, body) = exchanged.map_err(|error| broke(&error))?;
        self.sender = Some(sender);
        Ok(Reply { status: head.status, headers: head.headers, body })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let unreachable = |source| ClientError::Unreachable { url: self.base.to_string(), source };
        let stream = TcpStream::connect(&self.base.address).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        match &self.base.secured {
            None => self.converse(stream).await,
            Some(name) => {
                // Boxed: the demo's thousands of connections are plain, and stay small.
                let stream = Box::pin(tls_connector()?.connect(name.clone(), stream)).await;
                Box::pin(self.converse(stream.map_err(unreachable)?)).await
            }
        }
    }

    async fn converse<S>(&self, stream: S) -> Result<SendRequest<Full<Bytes>>, ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| ClientError::Unexpected(format!("{} does not speak HTTP: {error}", self.base)))?;
        // The task ends with the connection. Its errors reach the callers that send on it.
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn tls_connector() -> Result<TlsConnector, ClientError> {
    let config = platform::https::tls_trusting(rustls_native_certs::load_native_certs().certs);
    let config = config.map_err(|error| ClientError::Unexpected(format!("TLS cannot be had: {error}")))?;
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_has_no_path() {
        let base: BaseUrl = "http://127.0.0.1:4000/".parse().unwrap();
        assert_eq!(base.to_string(), "http://127.0.0.1:4000");
        let secured: BaseUrl = "https://api.example".parse().unwrap();
        assert_eq!(secured.to_string(), "https://api.example:443");
        for other in ["127.0.0.1:4000", "https://example.com?x", "http://localhost/v1", "ftp://x", ""] {
            assert!(other.parse::<BaseUrl>().unwrap_err().contains("write it like"), "{other}");
        }
    }

    /// What listens speaks no TLS: the client must notice, not send its secrets in the clear.
    #[tokio::test]
    async fn an_https_url_is_never_spoken_to_in_the_clear() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base: BaseUrl = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
        let heard = tokio::spawn(async move {
            let mut first = [0; 1];
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut first).await.unwrap();
            first[0]
        });
        assert!(Connection::new(base).send_once(&Call::get("/v1/health").unwrap()).await.is_err());
        assert_eq!(heard.await.unwrap(), 22, "a TLS handshake");
    }

    /// Where nobody listens: bound and dropped.
    fn nowhere() -> (u16, BaseUrl) {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        (port, format!("http://127.0.0.1:{port}").parse().unwrap())
    }

    #[tokio::test]
    async fn a_cloud_that_is_not_there_is_said_to_be_missing() {
        let error = Connection::new(nowhere().1).send(&Call::get("/v1/health").unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("koban up"), "{error}");
    }

    #[tokio::test]
    async fn a_cloud_that_went_away_is_waited_for_and_asked_the_same_again() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (port, base) = nowhere();
        let patience = Arc::new(Patience::new(Duration::from_mins(1)));
        let mut connection = Connection::patient(base, patience.clone());
        let call = Call::post("/v1/topups", "{}").unwrap().with("idempotency-key", "the-same");
        let sent = tokio::spawn(async move { connection.send(&call).await });
        tokio::time::sleep(WAIT_BETWEEN / 2).await;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let mut heard = Vec::new();
        // The first one is read and then cut off: its sender cannot know whether it was handled.
        for reply in [None, Some("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4_096];
            let read = stream.read(&mut bytes).await.unwrap();
            heard.push(String::from_utf8_lossy(&bytes[..read]).into_owned());
            if let Some(reply) = reply {
                stream.write_all(reply.as_bytes()).await.unwrap();
                assert_eq!(sent.await.unwrap().unwrap().status, StatusCode::CREATED);
                break;
            }
        }
        assert!(heard[0] == heard[1] && heard[0].contains("idempotency-key: the-same"), "{heard:?}");
        assert!(patience.repeats() >= 2, "{patience:?}");
    }

    #[tokio::test]
    async fn patience_ends() {
        let patience = Arc::new(Patience::new(Duration::from_millis(150)));
        let mut connection = Connection::patient(nowhere().1, patience.clone());
        let error = connection.send(&Call::get("/v1/health").unwrap()).await.unwrap_err();
        assert!(matches!(error, ClientError::Unreachable { .. }) && patience.repeats() > 0, "{error}");
    }
}
