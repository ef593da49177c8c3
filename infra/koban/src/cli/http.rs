//! A small HTTP client for one base URL: a kept-alive connection, whole bodies, repeats where a connection broke. The load of the demo
//! shares the machine with the cloud it drives, so this does nothing that is not needed.

use super::CliError;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::net::TcpStream;

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
}

impl std::str::FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text} is no base URL of a local cloud: write it like http://127.0.0.1:4000");
        let uri: Uri = text.parse().map_err(|_| expected())?;
        if uri.scheme_str() != Some("http") || !matches!(uri.path(), "" | "/") {
            return Err(expected());
        }
        let authority = uri.authority().ok_or_else(expected)?;
        let address = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
        Ok(Self { authority: HeaderValue::from_str(authority.as_str()).map_err(|_| expected())?, address })
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}", self.address)
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
    pub fn get(path: &str) -> Result<Self, CliError> {
        Ok(Self::new(Method::GET, uri(path)?, Bytes::new()))
    }

    pub fn post(path: &str, body: impl Into<Bytes>) -> Result<Self, CliError> {
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
}

/// The `Authorization` header of a token.
pub fn bearer(token: &str) -> Result<HeaderValue, CliError> {
    HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| CliError::Unexpected("the token is not text".into()))
}

pub fn uri(path: &str) -> Result<Uri, CliError> {
    path.parse().map_err(|_| CliError::Input(format!("{path} is not a path")))
}

/// A reply, whatever its status.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// This reply if it is one of success; the refusal, in its own words, otherwise.
    pub fn accepted(self, what: &str) -> Result<Self, CliError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body).into_owned();
        Err(CliError::Refused { what: what.to_owned(), status: self.status, body })
    }

    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CliError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| CliError::Unexpected(format!("a reply that is not understood: {error}")))
    }
}

/// A connection, made when it is first needed and again when it broke.
pub struct Connection {
    base: BaseUrl,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub const fn new(base: BaseUrl) -> Self {
        Self { base, sender: None }
    }

    /// Sends `call` until it is replied to by something else than trouble that passes (429, 502, 503, a broken connection).
    pub async fn send(&mut self, call: &Call) -> Result<Reply, CliError> {
        let mut attempt = 1;
        loop {
            let replied = self.send_once(call).await;
            let passes = match &replied {
                Ok(reply) => matches!(reply.status.as_u16(), 429 | 502 | 503),
                Err(CliError::Unreachable { .. }) => attempt > 1,
                Err(_) => true,
            };
            if !passes || attempt == ATTEMPTS_MAX {
                return replied;
            }
            tokio::time::sleep(WAIT_BETWEEN * attempt).await;
            attempt += 1;
        }
    }

    async fn send_once(&mut self, call: &Call) -> Result<Reply, CliError> {
        let broke = |error: &dyn std::fmt::Display| CliError::Unexpected(format!("the connection broke: {error}"));
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

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, CliError> {
        let unreachable = |source| CliError::Unreachable { url: self.base.to_string(), source };
        let stream = TcpStream::connect(&self.base.address).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| CliError::Unexpected(format!("{} does not speak HTTP: {error}", self.base)))?;
        // Ends by itself with the connection; whoever sends hears of its errors.
        tokio::spawn(connection);
        Ok(sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_plain_http_without_a_path() {
        let base: BaseUrl = "http://127.0.0.1:4000/".parse().unwrap();
        assert_eq!(base.to_string(), "http://127.0.0.1:4000");
        for other in ["127.0.0.1:4000", "https://example.com", "http://localhost/v1", "ftp://x", ""] {
            assert!(other.parse::<BaseUrl>().unwrap_err().contains("write it like"), "{other}");
        }
    }

    #[tokio::test]
    async fn a_cloud_that_is_not_there_is_said_to_be_missing() {
        // Bound and dropped: nobody listens there now.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let base: BaseUrl = format!("http://127.0.0.1:{port}").parse().unwrap();
        let error = Connection::new(base).send(&Call::get("/v1/health").unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("koban up"), "{error}");
    }
}
