//! A small HTTP client: one kept-alive connection, JSON both ways.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A connection to one base URL.
#[derive(Debug)]
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
}

impl Client {
    /// # Panics
    /// When nothing answers there.
    pub async fn connect(url: &str) -> Self {
        let authority = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&authority).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        stream.set_nodelay(true).unwrap_or_else(|error| panic!("{url}: {error}"));
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        tokio::spawn(connection);
        Self { sender, authority }
    }

    pub async fn get(&mut self, path: &str, token: Option<&str>) -> (u16, Value) {
        let headers: Vec<_> = token.map(|token| ("authorization", format!("Bearer {token}"))).into_iter().collect();
        self.send("GET", path, &headers, String::new()).await
    }

    pub async fn post(&mut self, path: &str, headers: &[(&str, String)], body: String) -> (u16, Value) {
        self.send("POST", path, headers, body).await
    }

    async fn send(&mut self, method: &str, path: &str, headers: &[(&str, String)], body: String) -> (u16, Value) {
        let mut request = hyper::Request::builder().method(method).uri(path).header("host", &self.authority);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap_or_else(|error| panic!("{path}: {error}"));
        let reply = self.sender.send_request(request).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let status = reply.status().as_u16();
        let body = reply.into_body().collect().await.unwrap_or_else(|error| panic!("{path}: {error}")).to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}
