//! The gateway, as a client of the HTTP API sees it.

use crate::tests::client::Client;
use crate::tests::{SERVICES, cloud};
use crate::{Cloud, Config, start};
use serde_json::{Value, json};
use std::time::Duration;

struct Bench {
    _directory: tempfile::TempDir,
    cloud: Cloud,
    client: Client,
}

async fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    let client = Client::of(&cloud);
    Bench { _directory: directory, cloud, client }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_of_the_gateway_keep_its_own_shape() {
    let bench = bench().await;
    let (status, headers, body) = bench.client.send("GET", "/v1/nothing", &[], "").await;
    assert_eq!((status, body.as_str()), (404, r#"{"message":"Not Found"}"#));
    assert!(headers.contains_key("apigw-requestid"));
    let (status, body) = bench.client.get("/v1/placements").await;
    assert_eq!((status, body.as_str()), (404, r#"{"message":"Not Found"}"#), "another method is no route");
    let (status, headers, body) = bench.client.send("POST", "/v1/notes", &[], "{}").await;
    assert_eq!((status, body.as_str()), (401, r#"{"message":"Unauthorized"}"#));
    assert_eq!(headers["www-authenticate"], "Bearer");
    let (status, headers, _) = bench.client.send("POST", "/v1/notes", &[("authorization", "Bearer x")], "{}").await;
    assert_eq!(status, 401);
    assert!(headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    // A function that takes too long says so itself, before its timeout.
    let (status, body) = bench.client.get("/v1/sleep").await;
    assert!(status == 500 && body.contains("\"code\":\"internal\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_is_refused() {
    let bench = bench().await;
    let bearer = format!("Bearer {}", bench.cloud.token("alice"));
    let body = "x".repeat(super::body::BODY_BYTES_MAX + 1);
    let (status, body) = bench.client.post("/v1/notes", &[("authorization", &bearer)], &body).await;
    assert_eq!((status, body.as_str()), (413, r#"{"message":"Request Entity Too Large"}"#));
    let long = "x".repeat(super::HEADERS_BYTES_MAX);
    let (status, _) = bench.client.post("/v1/notes", &[("authorization", &bearer), ("x-long", &long)], "{}").await;
    assert_eq!(status, 431);
    // The function's own limit is lower.
    let (status, body) = bench.client.post("/v1/notes", &[("authorization", &bearer)], &"x".repeat(300_000)).await;
    assert_eq!(status, 413);
    assert!(body.contains("\"code\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_origins_may_use_the_api_and_nothing_else() {
    let bench = bench().await;
    let origin = ("origin", "https://app.example");
    let preflight = [origin, ("access-control-request-method", "POST")];
    let (status, headers, body) = bench.client.send("OPTIONS", "/v1/notes", &preflight, "").await;
    assert_eq!((status, body.as_str()), (204, ""));
    assert!(headers["access-control-allow-headers"].to_str().unwrap().contains("idempotency-key"));
    let (_, headers, _) = bench.client.send("GET", "/v1/notes/none", &[origin], "").await;
    assert_eq!(headers["access-control-allow-origin"], "*");
    for foreign in [origin, ("host", "rebound.example")] {
        for path in ["/_local/clock", "/_local/token?sub=alice", "/_local/secret?name=feed", "/_local/status"] {
            assert_eq!(bench.client.send("GET", path, &[foreign], "").await.0, 403);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_developer_sets_the_clock_and_gets_tokens_and_secrets() {
    let bench = bench().await;
    let (status, body) = bench.client.post("/_local/clock", &[], r#"{"now":"2031-02-03T04:05:06Z"}"#).await;
    assert!(status == 200 && body.contains("2031-02-03T04:05:06"));
    let get = async |path: &str| -> Value { serde_json::from_str(&bench.client.get(path).await.1).unwrap() };
    let token = get("/_local/token?sub=bob").await["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let body = json!({"name": "plus+and space", "color": "red"}).to_string();
    assert_eq!(bench.client.post("/v1/notes", &[("authorization", &bearer)], &body).await.0, 201);
    assert_eq!(bench.client.get("/v1/notes/plus+and%20space").await.0, 200);
    assert!(get("/_local/secret?name=feed").await["value"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(bench.client.get("/_local/secret?name=none").await.0, 404);
    assert_eq!(get("/_local/aws").await["url"], bench.cloud.aws_url());
    bench.cloud.idle().await.unwrap();
    assert_eq!(get("/_local/status").await["idle"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_issuer_is_discoverable_and_the_documentation_needs_no_network() {
    let bench = bench().await;
    let get = async |path: &str| -> Value { serde_json::from_str(&bench.client.get(path).await.1).unwrap() };
    let discovery = get("/.well-known/openid-configuration").await;
    assert_eq!(discovery["jwks_uri"], format!("{}/.well-known/jwks.json", bench.cloud.url()));
    assert_eq!(get("/.well-known/jwks.json").await["keys"][0]["alg"], "RS256");
    let (_, page) = bench.client.get("/docs/").await;
    let files: Vec<_> = page.split('"').filter(|part| part.contains(".css") || part.contains(".js")).collect();
    assert_eq!(files.len(), 5, "{page}");
    for file in files.iter().map(|file| file.trim_start_matches("./")) {
        let (status, text) = bench.client.get(&format!("/docs/{file}")).await;
        assert!(status == 200 && !text.is_empty(), "{file}: {status}");
    }
    assert_eq!(bench.client.get("/docs/swagger-ui.js.map").await.0, 404);
    let (_, initializer) = bench.client.get("/docs/swagger-initializer.js").await;
    assert!(initializer.contains("/v1/openapi.json"));
    assert_eq!(bench.client.get("/docs").await.0, 301);
    assert_eq!(bench.client.get("/").await.0, 200);
}

/// The reply to `request` on a connection of its own, until its end or the body's.
async fn raw(cloud: &Cloud, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(cloud.url().trim_start_matches("http://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await;
    read.expect("the connection ends").unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn impatient() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let body_time = Duration::from_millis(150);
    let cloud = start(Config { body_time, ..Config::new(directory.path(), SERVICES) }).await.unwrap();
    let client = Client::of(&cloud);
    Bench { _directory: directory, cloud, client }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_late_or_too_long_or_wrong_is_refused_and_the_connection_closed() {
    let bench = impatient().await;
    let head = format!("POST /v1/notes HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n", bench.cloud.token("alice"));
    let clock = "POST /_local/clock HTTP/1.1\r\nhost: localhost\r\n";
    for head in [&head, clock] {
        for (rest, status, message) in [
            ("content-length: 10\r\n\r\nhalf", 408, "Request Timeout"),
            ("transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", 408, "Request Timeout"),
            ("content-length: 99999999999\r\n\r\n", 413, "Request Entity Too Large"),
            ("expect: 100-continue\r\ncontent-length: 99999999999\r\n\r\n", 413, "Request Entity Too Large"),
            ("transfer-encoding: chunked\r\n\r\nzz\r\n", 400, "Bad Request"),
        ] {
            let reply = raw(&bench.cloud, &format!("{head}{rest}")).await;
            assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{rest}: {reply}");
            assert!(reply.ends_with(&format!("{{\"message\":\"{message}\"}}")), "{rest}: {reply}");
            assert!(reply.contains("connection: close\r\n"), "{rest}: {reply}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_leaves_a_body_unread_says_that_it_is_the_last() {
    let bench = bench().await;
    let post = |length: usize| format!("POST /v1/notes HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
    let reply = raw(&bench.cloud, &post(10)).await;
    assert!(reply.starts_with("HTTP/1.1 401 ") && reply.contains("connection: close\r\n"), "{reply}");
    // Without a body the connection goes on.
    let next = "GET /v1/nothing HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let replies = raw(&bench.cloud, &format!("{}{next}", post(0))).await;
    assert!(replies.starts_with("HTTP/1.1 401 ") && replies.contains("HTTP/1.1 404 "), "{replies}");
    assert_eq!(replies.matches("connection: close\r\n").count(), 1, "{replies}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_are_measured_on_every_path() {
    let bench = bench().await;
    let long = "x".repeat(super::HEADERS_BYTES_MAX);
    for path in ["/", "/docs/", "/_local/clock", "/v1/nothing", "/.well-known/jwks.json"] {
        assert_eq!(bench.client.send("GET", path, &[("x-long", &long)], "").await.0, 431, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bearer_scheme_has_no_case() {
    let bench = bench().await;
    let token = bench.cloud.token("alice");
    for (number, scheme) in ["Bearer ", "bearer ", "BEARER ", ""].into_iter().enumerate() {
        let body = json!({"name": format!("note-{number}"), "color": "red"}).to_string();
        let authorization = format!("{scheme}{token}");
        assert_eq!(bench.client.post("/v1/notes", &[("authorization", &authorization)], &body).await.0, 201, "{scheme}");
    }
    let basic = format!("Basic {token}");
    assert_eq!(bench.client.post("/v1/notes", &[("authorization", &basic)], "{}").await.0, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_takes_two_seconds_at_most() {
    use tokio::io::AsyncWriteExt;
    let bench = bench().await;
    let post = format!("POST /v1/notes HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n", bench.cloud.token("alice"));
    let half_body = format!("{post}content-length: 9\r\n\r\n{{");
    let unread = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: a\r\n\r\n".repeat(100);
    let mut streams = Vec::new();
    for url in [bench.cloud.url(), bench.cloud.aws_url()] {
        for request in ["", "G", "GET / HTTP/1.1\r\nhost", half_body.as_str(), unread.as_str()] {
            let mut stream = tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            streams.push(stream);
        }
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = std::time::Instant::now();
    bench.cloud.stop().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}
