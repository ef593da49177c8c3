//! An HTTP client, as small as can be.

use super::Cloud;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;

pub struct Client {
    authority: String,
}

impl Client {
    pub fn of(cloud: &Cloud) -> Self {
        Self { authority: cloud.url().trim_start_matches("http://").to_owned() }
    }

    pub fn at(url: &str) -> Self {
        Self { authority: url.trim_start_matches("http://").to_owned() }
    }

    pub async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let stream = tokio::net::TcpStream::connect(&self.authority).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        let (status, _, body) = self.send("GET", path, &[], "").await;
        (status, body)
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let (status, _, body) = self.send("POST", path, headers, body).await;
        (status, body)
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, http::HeaderMap, String) {
        send(&mut self.connect().await, method, path, headers, body).await
    }
}

pub async fn send(
    connection: &mut SendRequest<Full<Bytes>>,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, http::HeaderMap, String) {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "127.0.0.1");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    connection.ready().await.unwrap();
    let reply = connection.send_request(request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()).await.unwrap();
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    let body = reply.into_body().collect().await.unwrap().to_bytes();
    (status, headers, String::from_utf8_lossy(&body).into_owned())
}
