//! The cold path benchmark: how many instructions a function takes from exec to the reply of its first request. It includes TLS and
//! everything else that a cold start does. Counts do not depend on the machine's load, so a change that makes cold starts dearer fails here
//! at once. With `--yardstick` it counts a function of the SDK's defaults in the same run as well, whose build takes minutes.
//! docs/decisions/0004 has the figures.
//!
//! `cargo bench -p tests --bench cold_path` (`-- --json` for one JSON object); needs valgrind and the system's roots (ca-certificates).

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run says where it failed")]

#[path = "cold_path/binaries.rs"]
mod binaries;
#[path = "cold_path/callgrind.rs"]
mod callgrind;
#[path = "cold_path/certificates.rs"]
mod certificates;
#[path = "cold_path/dynamodb.rs"]
mod dynamodb;
#[path = "cold_path/report.rs"]
mod report;
#[path = "cold_path/runtime_api.rs"]
mod runtime_api;

use binaries::{Built, FUNCTION, YARDSTICK};
use callgrind::Subject;
use certificates::Certificates;
use cloud::issuer::{AUDIENCE, ISSUER};
use cloud::{Cloud, Config};
use dynamodb::{DynamoDb, Seen};
use report::{Count, Report, Yardstick};
use runtime_api::Until;
use serde_json::{Value, json};
use shared::id::UserId;
use std::path::Path;
use tests::http::Client;

/// Whose wallet is read. It has one line.
const SUBJECT: &str = "cold-path";
fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let report = runtime.block_on(run()).unwrap_or_else(|reason| {
        eprintln!("The cold path cannot be measured: {reason}");
        std::process::exit(1);
    });
    if std::env::args().any(|argument| argument == "--json") {
        println!("{}", report.json());
    } else {
        println!("{}\n{}", report.table(), report.verdict());
    }
    std::process::exit(i32::from(!report.reached()));
}

async fn run() -> Result<Report, String> {
    let valgrind = std::process::Command::new("valgrind").arg("--version").output();
    valgrind.map_err(|error| format!("valgrind cannot be run ({error}): apt-get install valgrind"))?;
    let directory = tempfile::tempdir().unwrap();
    let certificates = certificates::make(directory.path())?;
    let built = binaries::build(directory.path(), std::env::args().any(|argument| argument == "--yardstick"))?;

    let cloud = cloud::start(Config::new(directory.path().join("cloud"), koban::registry::SERVICES)).await.unwrap();
    let mut client = Client::connect(cloud.url()).await;
    let token = ("authorization", format!("Bearer {}", cloud.token(SUBJECT)));
    let (status, reply) = client.post("/v1/medals/daily", &[token], "{}".into()).await;
    assert_eq!(status, 200, "{reply}");
    let dynamodb = DynamoDb::start(cloud.aws_url(), certificates.server.clone()).await;

    let bench = Bench { directory: directory.path(), cloud: &cloud, dynamodb: &dynamodb, certificates: &certificates };
    bench.distrust(&built).await?;
    // The wallet, then the gate of its owner, on the connection of the init.
    let lean = bench.measure(&bench.lean(&built.lean), &["GET /"], &["Query", "GetItem"]).await?;
    let yardstick = match &built.yardstick {
        Some(built) => {
            let count = bench.measure(&bench.defaults(&built.binary), &[], &["Query"]).await?;
            Some(Yardstick { count, bytes: built.bytes, zip_bytes: built.zip_bytes, trusted: certificates.bundled })
        }
        None => None,
    };
    cloud.stop().await;
    Ok(Report { lean, yardstick, manifest: built.manifest })
}

/// Where binaries are run.
struct Bench<'a> {
    directory: &'a Path,
    cloud: &'a Cloud,
    dynamodb: &'a DynamoDb,
    certificates: &'a Certificates,
}

impl Bench<'_> {
    fn lean(&self, binary: &Path) -> Subject {
        let mut environment = self.environment();
        environment.push((platform::https::BENCHMARK_ROOT, self.certificates.root.display().to_string()));
        Subject { name: FUNCTION.name, binary: binary.to_owned(), environment }
    }

    fn defaults(&self, binary: &Path) -> Subject {
        let mut environment = self.environment();
        environment.push(("SSL_CERT_FILE", self.certificates.bundle.display().to_string()));
        environment.push(("WALLET", wallet_domain::entity(&UserId::of_subject(ISSUER, SUBJECT))));
        Subject { name: YARDSTICK, binary: binary.to_owned(), environment }
    }

    /// As Lambda and `terraform/functions.tf` set it.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let names = self.cloud.names();
        vec![
            ("KOBAN_PREFIX", names.prefix.clone()),
            ("KOBAN_ACCOUNT", names.account.clone()),
            ("KOBAN_ISSUER", ISSUER.into()),
            ("KOBAN_AUDIENCE", AUDIENCE.into()),
            ("KOBAN_SHOWS_COST", "true".into()),
            ("AWS_REGION", names.region.clone()),
            ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE".into()),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into()),
            ("AWS_SESSION_TOKEN", "x".repeat(800)),
            ("AWS_LAMBDA_FUNCTION_NAME", "cold-path".into()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", FUNCTION.memory_mb.to_string()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
            ("AWS_ENDPOINT_URL", self.dynamodb.url.clone()),
        ]
    }

    /// The packaged function must not speak to a DynamoDB of this root, even if its environment names it.
    async fn distrust(&self, built: &Built) -> Result<(), String> {
        let reply = self.lean(&built.packaged).answer(&event()).await?.unwrap_or_default();
        match (reply["statusCode"].as_u64(), self.dynamodb.take_seen().requests.as_slice()) {
            (Some(500..), []) => Ok(()),
            (_, seen) => Err(format!("the packaged function trusts the benchmark's root: {reply}, {seen:?}")),
        }
    }

    /// `of_init`: what is asked of DynamoDB before there is work, each on a connection of its own. `of_work`: what is asked then, in order
    /// of names.
    async fn measure(&self, subject: &Subject, of_init: &[&str], of_work: &[&str]) -> Result<Count, String> {
        let requests = |all: &[&str]| all.iter().map(|request| (*request).to_owned()).collect::<Vec<_>>();
        let (before, all) = (requests(of_init), requests(&[of_init, of_work].concat()));
        let (connections, in_all) = (of_init.len(), of_init.len().max(1));
        let (init, _) = self.count(subject, Until::Ready, &Seen { connections, requests: before }).await?;
        let (total, reply) = self.count(subject, Until::Answered, &Seen { connections: in_all, requests: all }).await?;
        let reply = reply.unwrap_or_default();
        let body: Value = serde_json::from_str(reply["body"].as_str().unwrap_or_default()).unwrap_or_default();
        if reply["statusCode"] != 200 || body["lines"] != 1 {
            return Err(format!("{} has not read the wallet: {reply}", subject.name));
        }
        Ok(Count { init, total })
    }

    async fn count(&self, subject: &Subject, until: Until, expected: &Seen) -> Result<(u64, Option<Value>), String> {
        let counted = subject.count(self.directory, &event(), until).await?;
        let seen = self.dynamodb.take_seen();
        if seen == *expected {
            return Ok(counted);
        }
        Err(format!("{} until {until:?}: DynamoDB has seen {seen:?} instead of {expected:?}", subject.name))
    }
}

/// `GET /v1/wallet`, as API Gateway's event.
fn event() -> Value {
    let now = jiff::Timestamp::now();
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT,
        "iat": now.as_second().to_string(), "exp": (now.as_second() + 3_600).to_string(),
    });
    json!({
        "version": "2.0", "routeKey": "GET /v1/wallet", "rawPath": "/v1/wallet", "rawQueryString": "",
        "headers": {
            "accept": "*/*", "authorization": format!("Bearer {}", "x".repeat(600)), "content-length": "0",
            "host": "api.example", "user-agent": "curl/8.5.0", "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443", "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012", "apiId": "r3pmxmplak",
            "authorizer": {"jwt": {"claims": claims, "scopes": null}},
            "domainName": "api.example", "domainPrefix": "api",
            "http": {
                "method": "GET", "path": "/v1/wallet", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": "GET /v1/wallet", "stage": "$default",
            "time": "10/Mar/2026:05:16:23 +0000", "timeEpoch": now.as_millisecond(),
        },
        "isBase64Encoded": false,
    })
}
