//! DynamoDB over TLS: the local cloud's AWS endpoint behind a certificate. It counts its requests and connections, because a retry under
//! the slow emulation would be counted as work.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What a client has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub connections: usize,
    /// The operation of each request, or its method and path when it has none.
    pub requests: Vec<String>,
}

/// A running endpoint.
pub struct DynamoDb {
    pub url: String,
    seen: Arc<Mutex<Seen>>,
}

impl DynamoDb {
    /// In front of `aws_url`.
    pub async fn start(aws_url: &str, tls: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let backend: Arc<str> = aws_url.trim_start_matches("http://").into();
        tokio::spawn(accept(listener, TlsAcceptor::from(tls), backend, seen.clone()));
        Self { url, seen }
    }

    /// What was seen since the last time.
    pub fn take_seen(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, backend: Arc<str>, seen: Arc<Mutex<Seen>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        seen.lock().unwrap().connections += 1;
        let (tls, backend, seen) = (tls.clone(), backend.clone(), seen.clone());
        tokio::spawn(async move {
            // A client that does not trust us ends here; it says so itself.
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                let backend = backend.clone();
                seen.lock().unwrap().requests.push(operation(&request));
                async move { Ok::<_, Infallible>(forward(&backend, request).await) }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn operation(request: &Request<Incoming>) -> String {
    match request.headers().get("x-amz-target") {
        Some(target) => target.to_str().unwrap().rsplit('.').next().unwrap().to_owned(),
        None => format!("{} {}", request.method(), request.uri().path()),
    }
}

async fn forward(backend: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let stream = TcpStream::connect(backend).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (parts, body) = request.into_parts();
    let body = Full::new(body.collect().await.unwrap().to_bytes());
    let (parts, body) = sender.send_request(Request::from_parts(parts, body)).await.unwrap().into_parts();
    Response::from_parts(parts, Full::new(body.collect().await.unwrap().to_bytes()))
}
