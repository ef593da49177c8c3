//! What a listener does with clients that are slow, wrong, too many or never read, over raw sockets and with short limits.

use super::*;
use http::StatusCode;
use http_body_util::BodyExt;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

const SHORT: Duration = Duration::from_millis(150);
/// What nothing here may take; shorter than every limit in `Limits::default()` that a test must not wait for.
const LONG: Duration = Duration::from_secs(5);
const BIG_BYTES: usize = 1_024 * 1_024;

/// Answers by the path, and counts.
#[derive(Default)]
struct Subject {
    asked: AtomicUsize,
}

impl Answer for Subject {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        self.asked.fetch_add(1, SeqCst);
        let body = match request.uri().path() {
            "/big" => Bytes::from(vec![b'x'; BIG_BYTES]),
            "/panic" => panic!("as the test asks"),
            "/never" => std::future::pending().await,
            "/echo" => match request.into_body().collect().await {
                Ok(body) => body.to_bytes(),
                Err(_) => return refusal(StatusCode::BAD_REQUEST),
            },
            path => Bytes::from(path.to_owned()),
        };
        Response::new(Full::new(body))
    }
}

struct Bench {
    subject: Arc<Subject>,
    address: std::net::SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

async fn bench(limits: Limits) -> Bench {
    let subject = Arc::new(Subject::default());
    let listener = listen(0).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let serving = tokio::spawn(serve(listener, subject.clone(), limits, stopping));
    Bench { subject, address, stop, serving }
}

impl Bench {
    async fn send(&self, bytes: impl AsRef<[u8]>) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_ref()).await.unwrap();
        stream
    }

    /// How long stopping takes.
    async fn stop(self) -> Duration {
        let began = Instant::now();
        self.stop.send(true).unwrap();
        timeout(LONG, self.serving).await.expect("it stops").unwrap();
        began.elapsed()
    }
}

/// Everything until the connection ends.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    timeout(LONG, stream.read_to_end(&mut bytes)).await.expect("the connection ends").unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Everything until `end` has come; the connection goes on.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    let read = async {
        while !bytes.ends_with(end.as_bytes()) {
            bytes.push(stream.read_u8().await.unwrap());
        }
    };
    timeout(LONG, read).await.expect("an answer comes");
    String::from_utf8(bytes).unwrap()
}

#[track_caller]
fn check_refusal(text: &str, status: u16, what: &str) {
    let reason = StatusCode::from_u16(status).unwrap().canonical_reason().unwrap();
    assert!(text.starts_with("HTTP/1.") && text[8..].starts_with(&format!(" {status} {reason}\r\n")), "{what}: {text}");
    assert!(text.ends_with(&format!("\r\n\r\n{{\"message\":\"{reason}\"}}")), "{what}: {text}");
    assert!(text.contains("connection: close\r\n") && text.contains("content-type: application/json\r\n"), "{what}: {text}");
    assert_eq!(text.matches("HTTP/1.").count(), 1, "{what}: {text}");
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

#[tokio::test]
async fn pipelined_requests_that_nobody_reads_wait_outside() {
    const REQUESTS: usize = 5_000;
    let bench = bench(Limits::default()).await;
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    let all = get("/big").repeat(REQUESTS);
    // All of it may fit into the sockets' buffers, or not.
    let _ = timeout(Duration::from_millis(500), stream.write_all(all.as_bytes())).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = bench.subject.asked.load(SeqCst);
    // What both sockets' buffers take, and one more.
    assert!((1..=32).contains(&asked), "{asked} of {REQUESTS} were answered to nobody");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let bench = bench(Limits::default()).await;
    let all: String = (0..200).map(|number| get(&format!("/{number}"))).collect();
    let mut stream = bench.send(all).await;
    for number in 0..200 {
        let reply = until(&mut stream, &format!("\r\n\r\n/{number}")).await;
        assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    }
}

#[tokio::test]
async fn bytes_after_a_body_keep_no_reply_back() {
    let bench = bench(Limits::default()).await;
    let post = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody";
    for after in ["", "\r\n", "\n", "\r\n\r\n", "G", "GET /next HTTP/1.1\r\nho"] {
        let mut stream = bench.send(format!("{post}{after}")).await;
        assert!(until(&mut stream, "\r\n\r\nbody").await.starts_with("HTTP/1.1 200 "), "{after:?}");
    }
    let chunked = "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
    let mut stream = bench.send(format!("{chunked}\r\n{}", get("/next"))).await;
    until(&mut stream, "\r\n\r\nbody").await;
    until(&mut stream, "\r\n\r\n/next").await;
    // What is no request after one that was answered is refused after its reply.
    let mut stream = bench.send(format!("{post}more body")).await;
    stream.write_all(b"\r\n\r\n").await.unwrap();
    until(&mut stream, "\r\n\r\nbody").await;
    check_refusal(&rest(&mut stream).await, 400, "more than the body");
}

#[tokio::test]
async fn malformed_heads_are_refused_with_an_answer() {
    let bench = bench(Limits::default()).await;
    let headers = |headers: &str| format!("POST /echo HTTP/1.1\r\nhost: a\r\n{headers}\r\n\r\n");
    let many = "x: y\r\n".repeat(100);
    let cases = [
        (400, "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}".to_owned()),
        (400, "nonsense\r\n\r\n".to_owned()),
        (400, "GET\r\n\r\n".to_owned()),
        (400, "GET /\r\n\r\n".to_owned()),
        (400, "GET / HTTP/9.9\r\nhost: a\r\n\r\n".to_owned()),
        (400, "G(T / HTTP/1.1\r\nhost: a\r\n\r\n".to_owned()),
        (400, "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.1\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n".to_owned()),
        (400, "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n".to_owned()),
        (400, headers("host: b")),
        (400, headers("no colon")),
        (400, headers("spa ce: x")),
        (400, headers("x: \0")),
        (400, headers("content-length: x")),
        (400, headers("content-length: -1")),
        (400, headers("content-length: 99999999999999999999")),
        (400, headers("content-length: 1\r\ncontent-length: 2")),
        (400, headers("transfer-encoding: gzip")),
        (400, headers("transfer-encoding: chunked, gzip")),
        (501, headers("transfer-encoding: gzip, chunked")),
        (501, headers("transfer-encoding: gzip\r\ntransfer-encoding: chunked")),
        (505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        (431, headers(&format!("x: {}", "y".repeat(HEAD_BYTES_MAX)))),
        (431, format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(HEAD_BYTES_MAX))),
        (431, headers(many.trim_end())),
    ];
    for (status, request) in cases {
        let what = request.chars().take(80).collect::<String>();
        check_refusal(&rest(&mut bench.send(&request).await).await, status, &what);
        // On a connection that has served, too.
        let mut stream = bench.send(get("/before")).await;
        until(&mut stream, "\r\n\r\n/before").await;
        stream.write_all(request.as_bytes()).await.unwrap();
        check_refusal(&rest(&mut stream).await, status, &what);
    }
    let chunk = format!("{}zz\r\n", headers("transfer-encoding: chunked"));
    check_refusal(&rest(&mut bench.send(chunk).await).await, 400, "a chunk without a length");
}

#[tokio::test]
async fn a_head_has_a_time_limit_and_an_idle_connection_too() {
    let bench = bench(Limits { head_time: SHORT, ..Limits::default() }).await;
    for half in ["G", "GET / HTTP/1.1\r\nhost", "\r\nGET / HTTP/1.1\r\nhost: a\r\n"] {
        check_refusal(&rest(&mut bench.send(half).await).await, 408, half);
    }
    // One byte now and then does not help.
    let mut stream = bench.send("GET / HTTP/1.1\r\nx: ").await;
    let drip = async {
        while stream.write_all(b"y").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, drip).await.expect("the connection ends");
    for idle in ["", "\r\n"] {
        assert_eq!(rest(&mut bench.send(idle).await).await, "", "nothing was asked");
    }
    let mut stream = bench.send(get("/one")).await;
    until(&mut stream, "\r\n\r\n/one").await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_peer_that_sends_no_more_still_gets_its_answer() {
    let bench = bench(Limits::default()).await;
    for (request, status) in [
        (get("/one"), 200),
        (get("/one").repeat(3), 200),
        ("GET / HTTP/1.1\r\nho".to_owned(), 400),
        ("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf".to_owned(), 400),
    ] {
        let mut stream = bench.send(&request).await;
        stream.shutdown().await.unwrap();
        let replies = rest(&mut stream).await;
        let count = request.matches("GET").count().max(1);
        assert_eq!(replies.matches(&format!("HTTP/1.1 {status} ")).count(), count, "{request}: {replies}");
    }
}

#[tokio::test]
async fn an_answer_has_a_time_limit() {
    let bench = bench(Limits { answer_time: SHORT, ..Limits::default() }).await;
    check_refusal_503(&rest(&mut bench.send(get("/never")).await).await);
    // So has a body whose reader has none of its own.
    let half = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf";
    check_refusal_503(&rest(&mut bench.send(half).await).await);
}

#[tokio::test]
async fn a_panic_is_answered() {
    let bench = bench(Limits::default()).await;
    check_refusal(&rest(&mut bench.send(get("/panic")).await).await, 500, "panic");
    until(&mut bench.send(get("/one")).await, "\r\n\r\n/one").await;
}

#[track_caller]
fn check_refusal_503(text: &str) {
    check_refusal(text, 503, "503");
    assert!(text.contains("retry-after: 1\r\n"), "{text}");
}

#[tokio::test]
async fn one_connection_too_many_is_answered_at_once() {
    let bench = bench(Limits { connections: 2, ..Limits::default() }).await;
    let mut first = bench.send(get("/one")).await;
    until(&mut first, "\r\n\r\n/one").await;
    let _second = bench.send("").await;
    for _ in 0..3 {
        let mut third = bench.send("").await;
        check_refusal_503(&rest(&mut third).await);
        // Also one that has asked something.
        check_refusal_503(&rest(&mut bench.send(get("/two")).await).await);
    }
    drop(first);
    check_served(&bench).await;
}

/// One connection is free soon.
async fn check_served(bench: &Bench) {
    for _ in 0..100 {
        let mut stream = bench.send("GET /free HTTP/1.0\r\n\r\n").await;
        if rest(&mut stream).await.ends_with("\r\n\r\n/free") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no connection became free");
}

#[tokio::test]
async fn connections_far_too_many_are_all_ended() {
    let bench = bench(Limits { connections: 1, linger_time: SHORT, ..Limits::default() }).await;
    let _first = bench.send("").await;
    let mut further = Vec::new();
    for _ in 0..2 * TURNED_AWAY_MAX {
        further.push(TcpStream::connect(bench.address).await.unwrap());
    }
    for mut stream in further {
        let mut bytes = Vec::new();
        // Read to its end, or reset.
        let _ = timeout(LONG, stream.read_to_end(&mut bytes)).await.expect("the connection ends");
    }
}

#[tokio::test]
async fn a_peer_that_never_reads_is_cut() {
    let bench = bench(Limits { connections: 1, write_time: SHORT, ..Limits::default() }).await;
    let _stream = bench.send(get("/big").repeat(64)).await;
    check_served(&bench).await;
}

#[tokio::test]
async fn a_refusal_reaches_a_peer_that_goes_on_sending() {
    let bench = bench(Limits::default()).await;
    let head = "POST /unread HTTP/1.1\r\nhost: a\r\ncontent-length: 4000000\r\n\r\n";
    let mut stream = bench.send(head).await;
    stream.write_all(&vec![b'x'; 4_000_000]).await.unwrap();
    assert!(rest(&mut stream).await.ends_with("\r\n\r\n/unread"));
    // Also one whose head is too long by far.
    let mut stream = bench.send(format!("GET /{}", "x".repeat(1_000_000))).await;
    check_refusal(&rest(&mut stream).await, 431, "a megabyte of head");
}

#[tokio::test]
async fn stopping_waits_for_no_client() {
    let bench = bench(Limits { stop_time: SHORT, ..Limits::default() }).await;
    let mut idle = bench.send("").await;
    let mut kept = bench.send(get("/one")).await;
    until(&mut kept, "\r\n\r\n/one").await;
    let mut half_head = bench.send("GET / HTTP/1.1\r\nho").await;
    let mut half_body = bench.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf").await;
    let mut never = bench.send(get("/never")).await;
    let _unread = bench.send(get("/big").repeat(64)).await;
    let mut finishing = bench.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbo").await;
    tokio::time::sleep(SHORT).await;
    let stopping = tokio::spawn(bench.stop());
    tokio::time::sleep(SHORT / 3).await;
    finishing.write_all(b"dy").await.unwrap();
    assert!(rest(&mut finishing).await.ends_with("\r\n\r\nbody"), "what is under way has a grace");
    for nothing in [&mut idle, &mut kept] {
        assert_eq!(rest(nothing).await, "");
    }
    for cut in [&mut half_head, &mut half_body, &mut never] {
        check_refusal_503(&rest(cut).await);
    }
    let took = stopping.await.unwrap();
    assert!(took < SHORT + 3 * STOP_LINGER_TIME_MAX, "{took:?}");
}
