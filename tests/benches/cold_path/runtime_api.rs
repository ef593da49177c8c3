//! The Lambda Runtime API as one cold start sees it: the first request for work, one event, its reply, and the second request for work. The
//! second request gets no answer: the process waits then and can be ended.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How far a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Until it asks for work.
    Ready,
    /// Until it has answered one event and asks for the next.
    Answered,
}

/// One process's Runtime API.
pub struct RuntimeApi {
    pub address: String,
    state: Arc<State>,
    reached: watch::Receiver<bool>,
}

struct State {
    event: Bytes,
    until: Until,
    reply: Mutex<Option<Value>>,
    asked: Mutex<u32>,
    reach: watch::Sender<bool>,
}

impl RuntimeApi {
    pub async fn start(event: &Value, until: Until) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (reach, reached) = watch::channel(false);
        let (reply, asked) = (Mutex::default(), Mutex::default());
        let state = Arc::new(State { event: event.to_string().into(), until, reply, asked, reach });
        let served = state.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = served.clone();
                let service = hyper::service::service_fn(move |request| answer(state.clone(), request));
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, state, reached }
    }

    /// Comes when the process has gone as far as it should.
    pub async fn reached(&mut self) {
        self.reached.wait_for(|reached| *reached).await.unwrap();
    }

    /// What it answered, or the error that it reported.
    pub fn reply(&self) -> Option<Value> {
        self.state.reply.lock().unwrap().clone()
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::GET {
        return Ok(next(&state).await);
    }
    let body = request.into_body().collect().await.unwrap().to_bytes();
    *state.reply.lock().unwrap() = Some(serde_json::from_slice(&body).unwrap_or_default());
    Ok(Response::builder().status(202).body(Full::default()).unwrap())
}

async fn next(state: &State) -> Response<Full<Bytes>> {
    let asked = {
        let mut asked = state.asked.lock().unwrap();
        *asked += 1;
        *asked
    };
    if state.until == Until::Ready || asked > 1 {
        state.reach.send_replace(true);
        std::future::pending::<()>().await;
    }
    let deadline_ms = jiff::Timestamp::now().as_millisecond() + 600_000;
    Response::builder()
        .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        .header("lambda-runtime-deadline-ms", deadline_ms)
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:ap-northeast-1:123456789012:function:cold-path")
        .header("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
        .header("content-type", "application/json")
        .body(Full::new(state.event.clone()))
        .unwrap()
}
