//! The bodies of requests: bounded each in bytes and time, and in bytes all together.

use super::reply;
use crate::server::{Reply, refusal};
use bytes::BytesMut;
use futures_util::FutureExt;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body that API Gateway passes on, in bytes: its quota for HTTP APIs.
pub const BODY_BYTES_MAX: usize = 10 * 1_024 * 1_024;
/// How long a body may take to arrive: as long as API Gateway waits for the function behind it.
pub const TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes of all bodies that are in memory at once: a laptop has that much to spare, and no function takes a tenth of it.
const ALL_BYTES_MAX: usize = 256 * 1_024 * 1_024;

/// What bodies there is room for.
pub struct Bodies {
    room_bytes: Arc<Semaphore>,
    time: Duration,
}

/// A whole body, and its share of the room.
pub struct Whole {
    bytes: BytesMut,
    _share: Option<OwnedSemaphorePermit>,
}

impl Whole {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Bodies {
    /// `time` is how long each may take to arrive.
    pub fn new(time: Duration) -> Self {
        Self::within(ALL_BYTES_MAX, time)
    }

    fn within(room_bytes: usize, time: Duration) -> Self {
        Self { room_bytes: Arc::new(Semaphore::new(room_bytes)), time }
    }

    /// The whole body, or the gateway's refusal of it.
    pub async fn read(&self, body: &mut Incoming) -> Result<Whole, Box<Reply>> {
        // Said before the peer sends it all.
        if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
            return Err(too_large());
        }
        let read = tokio::time::timeout(self.time, self.collect(body)).await;
        read.unwrap_or_else(|_| Err(Box::new(refusal(StatusCode::REQUEST_TIMEOUT))))
    }

    async fn collect(&self, body: &mut Incoming) -> Result<Whole, Box<Reply>> {
        let mut bytes = BytesMut::new();
        let mut share: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Box::new(refusal(StatusCode::BAD_REQUEST)))?;
            let Ok(piece) = frame.into_data() else { continue };
            if bytes.len() + piece.len() > BODY_BYTES_MAX {
                return Err(too_large());
            }
            let more =
                u32::try_from(piece.len()).ok().and_then(|count| self.room_bytes.clone().try_acquire_many_owned(count).ok());
            let Some(more) = more else { return Err(Box::new(refusal(StatusCode::SERVICE_UNAVAILABLE))) };
            match &mut share {
                Some(share) => share.merge(more),
                None => share = Some(more),
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Whole { bytes, _share: share })
    }
}

fn too_large() -> Box<Reply> {
    Box::new(reply::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"))
}

/// Whether nothing of a body is left to read.
pub fn is_read(body: &mut Incoming) -> bool {
    body.is_end_stream() || matches!(body.frame().now_or_never(), Some(None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Answer, Limits, listen, serve};
    use crate::tests::client::Client;
    use http::{Request, Response};
    use http_body_util::Full;
    use tokio::sync::{Barrier, watch};

    struct Reader {
        bodies: Bodies,
        both: Barrier,
    }

    impl Answer for Reader {
        async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
            let is_held = request.uri().path() == "/held";
            let mut body = request.into_body();
            match self.bodies.read(&mut body).await {
                Ok(whole) => {
                    if is_held {
                        self.both.wait().await;
                        self.both.wait().await;
                    }
                    Response::new(Full::new(whole.bytes().to_vec().into()))
                }
                Err(refused) => *refused,
            }
        }
    }

    #[tokio::test]
    async fn all_bodies_together_are_bounded() {
        let listener = listen(0).await.unwrap();
        let client = Client::at(&format!("http://{}", listener.local_addr().unwrap()));
        let reader = Arc::new(Reader { bodies: Bodies::within(10, TIME_MAX), both: Barrier::new(2) });
        let (_stop, stopping) = watch::channel(false);
        tokio::spawn(serve(listener, reader.clone(), Limits::default(), stopping));
        let held = async { client.post("/held", &[], "12345678").await };
        let others = async {
            reader.both.wait().await;
            let refused = client.post("/", &[], "123").await;
            let taken = client.post("/", &[], "12").await;
            reader.both.wait().await;
            (refused, taken)
        };
        let (held, (refused, taken)) = tokio::join!(held, others);
        assert_eq!(held, (200, "12345678".to_owned()));
        assert_eq!(refused, (503, r#"{"message":"Service Unavailable"}"#.to_owned()));
        assert_eq!(taken, (200, "12".to_owned()));
        assert_eq!(client.post("/", &[], "1234567890").await.0, 200, "the room is free again");
    }
}
