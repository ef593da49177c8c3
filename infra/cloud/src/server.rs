//! Serves HTTP/1.1 on a loopback port until told to stop; then it answers what it has read and closes.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// How many connections there may be at once; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 1_024;
const HEADERS_TIME_MAX: Duration = Duration::from_secs(30);
/// More than what the gateway admits, so that it can say so itself.
const HEAD_BYTES_MAX: usize = 64 * 1_024;
/// How long connections may take to end.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);

pub type Reply = Response<Full<Bytes>>;

/// Answers requests.
pub trait Answer: Send + Sync + 'static {
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> impl Future<Output = Reply> + Send;
}

/// Listens on `port` of the loopback address, 0 for any.
pub async fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Serves until `stopping`, and returns when every connection has ended.
pub async fn serve<A: Answer>(listener: TcpListener, answer: Arc<A>, mut stopping: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let accept = async {
        while let Ok(permit) = permits.clone().acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors, say.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (answer, stopping) = (answer.clone(), stopping.clone());
            tokio::spawn(async move {
                converse(stream, answer, stopping).await;
                drop(permit);
            });
        }
    };
    {
        let mut stopping = stopping.clone();
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = accept => {}
        }
    }
    drop(stopping.borrow_and_update());
    let every = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(STOP_TIME_MAX, permits.acquire_many(every)).await;
}

async fn converse<A: Answer>(stream: TcpStream, answer: Arc<A>, mut stopping: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let answer = answer.clone();
        async move { Ok::<_, Infallible>(answer.answer(request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_TIME_MAX).max_buf_size(HEAD_BYTES_MAX).pipeline_flush(true);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    // A connection that breaks is the client's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
