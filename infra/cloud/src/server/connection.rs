//! One connection, from its acceptance to its end. hyper reads one request at a time and writes its reply before it reads the next. So a
//! peer that sends and never reads fills only its own socket.

use super::exchange::{Exchange, Tracked};
use super::refusal::refusal_bytes;
use super::socket::Socket;
use super::{Answer, HEAD_BYTES_MAX, Limits, Reply, STOP_LINGER_TIME_MAX, refusal};
use futures_util::FutureExt;
use http::header::{HOST, TRANSFER_ENCODING};
use http::{Request, StatusCode, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

/// Bytes that are discarded at once while a refused peer goes on sending.
const DISCARDED_BYTES: usize = 8 * 1_024;

/// How a connection ended.
enum End {
    /// After whole exchanges.
    Whole,
    /// What the peer sent is no request.
    Refused(StatusCode),
    /// In the middle of an exchange, if one had begun.
    Cut(StatusCode),
    /// The peer or the network broke it.
    Broken,
}

/// Serves a connection until either side ends it.
pub async fn converse<A: Answer>(stream: TcpStream, answer: Arc<A>, limits: Limits, mut stopping: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let exchange = Arc::new(Exchange::default());
    let service = service_fn({
        let exchange = exchange.clone();
        move |request| {
            exchange.asked();
            let (answer, exchange) = (answer.clone(), exchange.clone());
            Box::pin(async move {
                let reply = reply(answer, request, limits.answer_time).await;
                Ok::<_, Infallible>(reply.map(|body| Tracked::new(body, exchange)))
            })
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(HEAD_BYTES_MAX).half_close(true);
    let socket = Socket::new(stream, exchange.clone(), limits.write_time);
    let mut connection = http.serve_connection(TokioIo::new(socket), service);
    let served = tokio::select! {
        served = poll_fn(|context| connection.poll_without_shutdown(context)) => Some(served),
        _ = stopping.wait_for(|stopping| *stopping) => None,
    };
    let is_stopping = served.is_none();
    let linger_time = if is_stopping { limits.linger_time.min(STOP_LINGER_TIME_MAX) } else { limits.linger_time };
    let end = match served {
        Some(served) => end(served, &exchange),
        // Half a head is not worth waiting for.
        None if exchange.is_idle() => End::Cut(StatusCode::SERVICE_UNAVAILABLE),
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            let served = timeout(limits.stop_time, poll_fn(|context| connection.poll_without_shutdown(context))).await;
            served.map_or(End::Cut(StatusCode::SERVICE_UNAVAILABLE), |served| end(served, &exchange))
        }
    };
    let parts = connection.into_parts();
    let Socket { stream, ended, .. } = parts.io.into_inner();
    let has_begun = !exchange.is_idle() || parts.read_buf.iter().any(|byte| !matches!(byte, b'\r' | b'\n'));
    match end {
        End::Refused(status) if exchange.is_unanswered() => refuse(stream, status, linger_time).await,
        End::Cut(status) if has_begun && exchange.is_unanswered() => refuse(stream, status, linger_time).await,
        End::Whole if !ended && !is_stopping => linger(stream, linger_time).await,
        End::Whole | End::Refused(_) | End::Cut(_) | End::Broken => {}
    }
}

fn end(served: hyper::Result<()>, exchange: &Exchange) -> End {
    let Err(error) = served else { return End::Whole };
    if error.is_parse_too_large() {
        End::Refused(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else if error.is_parse_version_h2() {
        End::Refused(StatusCode::HTTP_VERSION_NOT_SUPPORTED)
    } else if error.is_parse() || error.is_incomplete_message() {
        End::Refused(StatusCode::BAD_REQUEST)
    } else if error.is_timeout() && exchange.is_idle() {
        End::Cut(StatusCode::REQUEST_TIMEOUT)
    } else {
        End::Broken
    }
}

async fn reply<A: Answer>(answer: Arc<A>, request: Request<Incoming>, answer_time: Duration) -> Reply {
    if let Some(status) = malformed(&request) {
        return refusal(status);
    }
    // A panic that left something half done has poisoned its lock, or touched the request alone.
    let answered = AssertUnwindSafe(timeout(answer_time, answer.answer(request))).catch_unwind().await;
    match answered {
        Ok(Ok(reply)) => reply,
        Ok(Err(_elapsed)) => refusal(StatusCode::SERVICE_UNAVAILABLE),
        Err(_panic) => refusal(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// What RFC 9112 asks a server to refuse and hyper lets through: a head without one `Host` (3.2), a coding that is not known (6.1).
fn malformed(request: &Request<Incoming>) -> Option<StatusCode> {
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || hosts == 0 && request.version() >= Version::HTTP_11 {
        return Some(StatusCode::BAD_REQUEST);
    }
    let mut codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    let is_known = codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    (!is_known).then_some(StatusCode::NOT_IMPLEMENTED)
}

/// Answers a connection that is one too many.
pub async fn turn_away(stream: TcpStream, limits: Limits) {
    refuse(stream, StatusCode::SERVICE_UNAVAILABLE, limits.linger_time).await;
}

async fn refuse(mut stream: TcpStream, status: StatusCode, time: Duration) {
    let written = timeout(time, stream.write_all(refusal_bytes(status).as_bytes())).await;
    if matches!(written, Ok(Ok(()))) {
        linger(stream, time).await;
    }
}

/// Reads what the peer still sends, for `time` at most: a socket that is closed with bytes unread is reset, and its answer lost.
async fn linger(mut stream: TcpStream, time: Duration) {
    let discard = async {
        stream.shutdown().await?;
        let mut discarded = vec![0; DISCARDED_BYTES];
        while stream.read(&mut discarded).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout(time, discard).await;
}
