//! The state of a connection between two requests. hyper answers a malformed head with an empty reply of its own. This state lets the
//! socket recognize such a reply, and the connection sends a better one.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

/// No request is under way.
const IDLE: u8 = 0;
/// A request is under way, and nothing of its reply is on its way.
const ASKED: u8 = 1;
/// Some of the reply is on its way.
const ANSWERING: u8 = 2;
/// All of the reply is in hyper's hands, and not all of it is written.
const ANSWERED: u8 = 3;

/// The state of a connection's exchange. One task changes it; it is atomic because that task moves between threads.
#[derive(Debug, Default)]
pub struct Exchange(AtomicU8);

impl Exchange {
    /// A request's head was read.
    pub fn asked(&self) {
        self.0.store(ASKED, Relaxed);
    }

    /// The socket took everything that hyper had to write.
    pub fn flushed(&self) {
        let _ = self.0.compare_exchange(ANSWERED, IDLE, Relaxed, Relaxed);
    }

    /// Whether no request is under way.
    pub fn is_idle(&self) -> bool {
        self.0.load(Relaxed) == IDLE
    }

    /// Whether a refusal would be read as what the peer waits for.
    pub fn is_unanswered(&self) -> bool {
        self.0.load(Relaxed) <= ASKED
    }
}

/// A reply's body, which says when hyper has it all: hyper drops it then.
pub struct Tracked {
    body: Full<Bytes>,
    exchange: Arc<Exchange>,
}

impl Tracked {
    pub fn new(body: Full<Bytes>, exchange: Arc<Exchange>) -> Self {
        exchange.0.store(ANSWERING, Relaxed);
        Self { body, exchange }
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.exchange.0.store(ANSWERED, Relaxed);
    }
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
