//! How a function's connection to DynamoDB is opened before its first request, seen from the server's side.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A server that answers everything with `{}`: the connections it has had, and the head of each request.
struct Server {
    origin: String,
    connections: Arc<AtomicUsize>,
    heads: mpsc::UnboundedReceiver<String>,
}

async fn server() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let (seen, heads) = mpsc::unbounded_channel();
    let count = connections.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Relaxed);
            tokio::spawn(answer(stream, seen.clone()));
        }
    });
    Server { origin, connections, heads }
}

/// Requests here are small enough to come in one piece.
async fn answer(mut stream: TcpStream, seen: mpsc::UnboundedSender<String>) {
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
        seen.send(text.split("\r\n\r\n").next().unwrap().to_lowercase()).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
    }
}

fn sdk(origin: &str) -> Sdk {
    let names = Names { prefix: "koban-test-".into(), region: "ap-northeast-1".into(), account: "1".into(), queue_origin: None };
    Sdk::connected(names, https::plain_connector(), Credentials::new("id", "key", None, None, "test"), Some(origin))
}

#[tokio::test]
async fn an_init_opens_the_connection_that_the_first_call_uses() {
    let mut server = server().await;
    let sdk = sdk(&server.origin);
    sdk.connect_dynamodb().await;
    sdk.dynamodb().query().table_name("t").send().await.unwrap();
    let (first, second) = (server.heads.recv().await.unwrap(), server.heads.recv().await.unwrap());
    assert!(first.starts_with("get / http/1.1"), "{first}");
    assert!(second.contains("dynamodb_20120810.query"), "{second}");
    assert_eq!(server.connections.load(Relaxed), 1);
}

#[tokio::test]
async fn the_call_of_an_init_is_not_signed_so_it_needs_no_grant() {
    let mut server = server().await;
    let sdk = sdk(&server.origin);
    sdk.connect_dynamodb().await;
    assert!(!server.heads.recv().await.unwrap().contains("authorization"));
    sdk.dynamodb().query().table_name("t").send().await.unwrap();
    assert!(server.heads.recv().await.unwrap().contains("authorization"));
}

#[tokio::test]
async fn an_init_goes_on_when_nobody_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    sdk(&format!("http://{}", silent.local_addr().unwrap())).connect_dynamodb().await;
    let gone = silent.local_addr().unwrap();
    drop(silent);
    sdk(&format!("http://{gone}")).connect_dynamodb().await;
}
