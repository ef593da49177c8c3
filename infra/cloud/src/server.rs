//! Serves HTTP/1.1 on a loopback port until it is stopped. Connections are bounded in memory, time and number, and every request gets a
//! reply, even a refused one. The limits are hyper's where it has them, and this module's otherwise.

mod connection;
mod exchange;
mod refusal;
mod socket;

pub use refusal::refusal;

use bytes::Bytes;
use connection::{converse, turn_away};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How many connections of one listener are served at once. A further one is answered 503 and closed. The demo opens 24.
const CONNECTIONS_MAX: usize = 1_024;
/// How many connections of one listener may be read to their end after they were answered 503. A further one is reset.
const TURNED_AWAY_MAX: usize = 64;
/// Bytes that are read ahead of a connection: a whole head must fit. More than the 10,240 that the gateway admits and refuses in its own
/// words.
const HEAD_BYTES_MAX: usize = 16 * 1_024;
/// From the reply before, or from the connection's beginning, to the end of a head: the limit of slow heads and of idle connections.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// From a head to its reply. More than the 30 seconds that the gateway gives a body, and the 30 that it gives a function.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(65);
/// From the first byte of a reply that the peer does not take to the last: the limit of peers that never read.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a refused peer may go on sending before the connection is reset, which would destroy the answer on its way.
const LINGER_TIME_MAX: Duration = Duration::from_secs(1);
/// How long requests that are under way may take when the server stops: most take a few milliseconds.
const STOP_TIME_MAX: Duration = Duration::from_millis(1_200);
/// How long the refusals of the others may take after that.
const STOP_LINGER_TIME_MAX: Duration = Duration::from_millis(200);
/// Between two attempts to accept, when the process has no file descriptor left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
/// Open files besides the connections of both listeners: databases, logs.
const OTHER_FILES: u64 = 512;

/// What a listener bounds its connections by.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections served at once.
    pub connections: usize,
    /// From the reply before to the end of a head.
    pub head_time: Duration,
    /// From a head to its reply.
    pub answer_time: Duration,
    /// From a reply's first byte that the peer does not take to its last.
    pub write_time: Duration,
    /// From a refusal to the connection's end.
    pub linger_time: Duration,
    /// From the stop to the end of what is under way.
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            head_time: HEAD_TIME_MAX,
            answer_time: ANSWER_TIME_MAX,
            write_time: WRITE_TIME_MAX,
            linger_time: LINGER_TIME_MAX,
            stop_time: STOP_TIME_MAX,
        }
    }
}

pub type Reply = Response<Full<Bytes>>;

/// Answers requests.
pub trait Answer: Send + Sync + 'static {
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> impl Future<Output = Reply> + Send;
}

/// Listens on `port` of the loopback address, 0 for any.
pub async fn listen(port: u16) -> std::io::Result<TcpListener> {
    admit_files();
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Raises the soft limit of open files as far as both listeners need and the hard limit admits: shells set 1,024 or 256.
fn admit_files() {
    let wanted = 2 * (CONNECTIONS_MAX + TURNED_AWAY_MAX) as u64 + OTHER_FILES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < wanted) {
        let current = Some(maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        // Where it is refused, connections wait to be accepted until others end.
        let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum });
    }
}

/// Serves until `stopping`, and returns when every connection has ended: soon after `limits.stop_time`, also where clients do nothing.
pub async fn serve<A: Answer>(listener: TcpListener, answer: Arc<A>, limits: Limits, stopping: watch::Receiver<bool>) {
    let (mut served, mut turned_away) = (JoinSet::new(), JoinSet::new());
    let mut stopped = stopping.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopping| *stopping) => break,
            Some(_) = served.join_next() => continue,
            Some(_) = turned_away.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        if served.len() < limits.connections {
            served.spawn(converse(stream, answer.clone(), limits, stopping.clone()));
        } else if turned_away.len() < TURNED_AWAY_MAX {
            turned_away.spawn(turn_away(stream, limits));
        }
    }
    drop(listener);
    turned_away.shutdown().await;
    let all = async { while served.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.stop_time + 2 * STOP_LINGER_TIME_MAX, all).await.is_err() {
        served.shutdown().await;
    }
}

#[cfg(test)]
mod tests;
