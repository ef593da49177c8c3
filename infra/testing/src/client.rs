//! An HTTP client for one base URL, which keeps connections open. A reply that differs from a test's expectation says how. Plain HTTP: the
//! local cloud and the emulator of AWS speak it on loopback.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::{HeaderMap, Request, Uri};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Mutex;
use std::time::Duration;
use tokio::net::TcpStream;

type Sender = SendRequest<Full<Bytes>>;

/// Longer than any gateway waits.
const REPLY_WITHIN: Duration = Duration::from_secs(40);

/// A client of one base URL.
pub struct Client {
    host: HeaderValue,
    address: String,
    /// The path of the base URL, without its last slash.
    prefix: String,
    idle: Mutex<Vec<Sender>>,
}

impl Client {
    pub fn new(url: &str) -> Self {
        let uri: Uri = url.parse().unwrap_or_else(|error| panic!("{url} is no URL: {error}"));
        assert_eq!(uri.scheme_str(), Some("http"), "{url}: the suite speaks plain HTTP");
        let authority = uri.authority().expect("a base URL with a host");
        // Names below `localhost` are this machine, also where its resolver has other addresses.
        let host = if authority.host().ends_with(".localhost") { "127.0.0.1" } else { authority.host() };
        Self {
            host: HeaderValue::from_str(authority.as_str()).expect("a host"),
            address: format!("{host}:{}", authority.port_u16().unwrap_or(80)),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            idle: Mutex::default(),
        }
    }

    /// Sends a request and waits for the whole reply.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let request = || self.request(method, path, headers, body);
        let kept = self.idle.lock().unwrap().pop();
        if let Some(mut sender) = kept
            && sender.ready().await.is_ok()
            && let Ok(response) = self.exchange(sender, request()).await
        {
            return response;
        }
        // None was kept, or it was closed meanwhile: everything that is asked here may be asked again.
        let sender = self.connect().await;
        self.exchange(sender, request()).await.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Request<Full<Bytes>> {
        let uri = format!("{}{path}", self.prefix);
        let mut request = Request::builder().method(method).uri(uri).header(HOST, &self.host);
        if !body.is_empty() && headers.iter().all(|(name, _)| *name != "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            // From bytes: a test may send what is not ASCII.
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header's value");
            request = request.header(HeaderName::from_bytes(name.as_bytes()).expect("a header's name"), value);
        }
        request.body(Full::new(Bytes::copy_from_slice(body))).expect("a request")
    }

    async fn exchange(&self, mut sender: Sender, request: Request<Full<Bytes>>) -> Result<Response, String> {
        let exchange = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, hyper::Error>(Response { status: head.status.as_u16(), headers: head.headers, body })
        };
        let exchanged = tokio::time::timeout(REPLY_WITHIN, exchange).await.map_err(|elapsed| elapsed.to_string())?;
        let response = exchanged.map_err(|error| error.to_string())?;
        self.idle.lock().unwrap().push(sender);
        Ok(response)
    }

    async fn connect(&self) -> Sender {
        let stream = TcpStream::connect(&self.address).await.unwrap_or_else(|error| panic!("{}: {error}", self.address));
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("an HTTP server");
        tokio::spawn(connection);
        sender
    }
}

/// A reply.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    headers: HeaderMap,
    pub body: Bytes,
}

/// What a request cost, from `Server-Timing`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    pub calls: f64,
    pub wru: f64,
    pub rru: f64,
    /// How often it decided: more than once where others changed what it had read.
    pub rounds: f64,
}

/// The time in a reply. Texts of times do not compare: zeros at the end are left out.
#[track_caller]
pub fn time(value: &Value) -> Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no time: {value}"))
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of ASCII"))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Whether the function was stopped by its timeout.
    pub fn is_out_of_time(&self) -> bool {
        self.status == 502 && String::from_utf8_lossy(&self.body).contains("Task timed out")
    }

    /// Whether it says of itself that it is a problem.
    pub fn is_problem(&self) -> bool {
        self.header("content-type") == Some("application/problem+json")
    }

    /// Whether it is an earlier request's outcome.
    pub fn replayed(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }

    /// The body of a reply that must be of `status`.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// The problem that it must be, complete as the design wants problems.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
        // That it is complete is looked at of every problem, in `contract`.
        assert!(self.is_problem(), "{problem}");
        problem
    }

    /// The refusal that it must be, pointing at `pointer` alone.
    #[track_caller]
    pub fn refused_at(&self, status: u16, code: &str, pointer: &str) {
        let problem = self.refused(status, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        assert!(problem["errors"][0]["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1), "{problem}");
    }

    /// It was answered without a call of DynamoDB.
    #[track_caller]
    pub fn cost_nothing(&self) {
        assert_eq!(self.cost(), Cost { calls: 0.0, wru: 0.0, rru: 0.0, rounds: 0.0 }, "{self:?}");
    }

    #[track_caller]
    pub fn cost(&self) -> Cost {
        let timing = self.header("server-timing").unwrap_or_else(|| panic!("the reply does not state its cost: {self:?}"));
        let number = |name: &str| {
            let (_, rest) = timing.split_once(&format!("{name};desc=\"")).expect("Server-Timing");
            rest.split('"').next().and_then(|number| number.parse().ok()).expect("a number")
        };
        Cost { calls: number("calls"), wru: number("wru"), rru: number("rru"), rounds: number("rounds") }
    }
}
