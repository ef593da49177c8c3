//! The API under test: a local cloud of the test's own, or a deployed one.
//!
//! `KOBAN_TEST_URL` names a deployed one, and `KOBAN_TEST_FEED_SECRET` is the secret that signs its feeds. `KOBAN_TEST_TOKEN_URL` answers
//! `{"token": …}` when `?sub=` is appended to it.

use super::User;
use super::client::{Client, Response};
use super::contract;
use cloud::{Cloud, Config, start};
use jiff::{SignedDuration, Timestamp};
use platform::Service;
use platform::clock::Clock;
use platform::secrets::SecretValue;
use platform::webhook::sign;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::Semaphore;

/// How a test that needs a local cloud begins to say so.
pub const NOT_RUN: &str = "NOT RUN against a deployed API: ";
/// The beginning of the line that reports a request which was sent again because its function ran out of time.
pub const RESENT: &str = "SENT AGAIN for want of time: ";
/// How often a request is sent again that a deployed function had no time for, as clients do. On a machine that runs an emulator, its
/// functions and the tests, many that start at once slow each other down. A stuck function still fails its test.
const RESENT_MAX: u32 = 2;
/// Requests to a deployed API that are under way at once, of all tests of this process: each may start a function. Tests wait most of
/// their time for races to settle; so many of them may run, and still not all functions start at once.
const UNDER_WAY_MAX: usize = 12;
static UNDER_WAY: Semaphore = Semaphore::const_new(UNDER_WAY_MAX);

/// An API to test.
#[derive(Clone)]
pub struct Target(Arc<Inner>);

struct Inner {
    client: Client,
    services: &'static [&'static Service],
    feed_secret: SecretValue,
    backend: Backend,
}

enum Backend {
    Local(Box<Cloud>, TempDir),
    Deployed { token_url: String },
}

impl Target {
    /// The deployed API if there is one, else a local cloud of this test's own, which has `services`.
    pub async fn start_with(services: &'static [&'static Service]) -> Self {
        match std::env::var("KOBAN_TEST_URL") {
            Ok(url) => Self::deployed(services, &url),
            Err(_) => Self::start_here(services, tempdir(), |_| ()).await,
        }
    }

    /// A local cloud of this test's own; none, said aloud, when the suite runs against a deployed API.
    pub async fn start_local_with(services: &'static [&'static Service], configure: impl FnOnce(&mut Config)) -> Option<Self> {
        if Self::is_deployed() {
            return None;
        }
        Some(Self::start_here(services, tempdir(), configure).await)
    }

    /// A local cloud on a directory that holds something already.
    pub async fn start_in(services: &'static [&'static Service], data: TempDir) -> Self {
        Self::start_here(services, data, |_| ()).await
    }

    /// Whether the suite runs against a deployed API; says that this test cannot, then.
    pub fn is_deployed() -> bool {
        let deployed = std::env::var("KOBAN_TEST_URL").is_ok();
        if deployed {
            println!("{NOT_RUN}{}", std::thread::current().name().unwrap_or("a test"));
        }
        deployed
    }

    async fn start_here(services: &'static [&'static Service], data: TempDir, configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(data.path(), services);
        configure(&mut config);
        let services = config.services;
        lend_key(data.path());
        let cloud = start(config).await.expect("a local cloud");
        keep_key(data.path());
        let feed_secret = SecretValue::new(cloud.feed_secret("feed").unwrap_or_default());
        let client = Client::new(cloud.url());
        Self(Arc::new(Inner { client, services, feed_secret, backend: Backend::Local(Box::new(cloud), data) }))
    }

    fn deployed(services: &'static [&'static Service], url: &str) -> Self {
        let var = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set, but KOBAN_TEST_URL is"));
        let feed_secret = SecretValue::new(var("KOBAN_TEST_FEED_SECRET"));
        let backend = Backend::Deployed { token_url: var("KOBAN_TEST_TOKEN_URL") };
        Self(Arc::new(Inner { client: Client::new(url), services, feed_secret, backend }))
    }

    pub fn is_local(&self) -> bool {
        matches!(self.0.backend, Backend::Local(..))
    }

    /// The local cloud itself.
    ///
    /// # Panics
    /// Against a deployed API: such a test begins with [`Self::start_local`].
    pub fn cloud(&self) -> &Cloud {
        match &self.0.backend {
            Backend::Local(cloud, _) => cloud,
            Backend::Deployed { .. } => panic!("a deployed API has no local cloud"),
        }
    }

    /// The local cloud's directory.
    pub fn data(&self) -> &Path {
        match &self.0.backend {
            Backend::Local(_, data) => data.path(),
            Backend::Deployed { .. } => panic!("a deployed API has no directory"),
        }
    }

    /// What is served here.
    pub fn services(&self) -> &'static [&'static Service] {
        self.0.services
    }

    /// What signs the feeds.
    pub fn feed_secret(&self) -> &SecretValue {
        &self.0.feed_secret
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let _turn = if self.is_local() { None } else { Some(UNDER_WAY.acquire().await.expect("never closed")) };
        let mut response = self.0.client.send(method, path, headers, body).await;
        for _ in 0..RESENT_MAX {
            if self.is_local() || !response.is_out_of_time() {
                break;
            }
            println!("{RESENT}{}", std::thread::current().name().unwrap_or("a test"));
            response = self.0.client.send(method, path, headers, body).await;
        }
        if response.status < 300 {
            contract::check_costs(self.0.services, method, path, &response);
        }
        if response.is_problem() {
            contract::check_problem(self.0.services, method, path, &response);
        }
        // What refuses before a deployed function is another gateway than the document's.
        if response.status < 400 || response.is_problem() || self.is_local() {
            contract::check_reply(self.0.services, method, path, &response);
        }
        response
    }

    /// A message of the id `id`, signed as it should be.
    pub async fn send_signed(&self, method: &str, path: &str, id: &str, body: &[u8]) -> Response {
        let at = self.now();
        let signature = sign(self.feed_secret(), id, at, body).expect("a secret of base64");
        let timestamp = at.as_second().to_string();
        let headers = [("webhook-id", id), ("webhook-timestamp", &timestamp), ("webhook-signature", &signature)];
        self.send(method, path, &headers, body).await
    }

    /// Asks as nobody in particular.
    pub async fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[], &[]).await
    }

    /// A new person.
    pub fn user(&self) -> User {
        User::new(self.clone(), random_text())
    }

    /// A new person who has topped up by `minor` yen.
    pub async fn rich_user(&self, minor: i64) -> User {
        let user = self.user();
        user.top_up(minor).await;
        user
    }

    /// A token of `subject`.
    pub async fn token(&self, subject: &str) -> String {
        match &self.0.backend {
            Backend::Local(cloud, _) => cloud.token(subject),
            Backend::Deployed { token_url } => {
                let (origin, path) = split_url(token_url);
                let asked = Client::new(&origin).send("GET", &format!("{path}?sub={subject}"), &[], &[]).await;
                asked.expect(200)["token"].as_str().expect("a token").to_owned()
            }
        }
    }

    pub fn now(&self) -> Timestamp {
        match &self.0.backend {
            Backend::Local(cloud, _) => cloud.clock().now(),
            Backend::Deployed { .. } => Timestamp::now(),
        }
    }

    /// Lets what is under way come to rest, then lets `time` pass.
    pub async fn pass(&self, time: Duration) {
        self.rest().await;
        self.skip(time).await;
    }

    /// On a local cloud, lets `time` pass. On a deployed API it does nothing: the caller polls.
    pub async fn advance_if_local(&self, time: Duration) {
        if self.is_local() {
            self.pass(time).await;
        }
    }

    /// Lets `time` pass without waiting until the cloud is idle.
    pub async fn skip(&self, time: Duration) {
        match &self.0.backend {
            Backend::Local(cloud, _) => {
                let time = SignedDuration::try_from(time).expect("a time");
                cloud.set_clock(cloud.clock().now() + time).await.expect("a clock");
            }
            Backend::Deployed { .. } => tokio::time::sleep(time).await,
        }
    }

    /// Waits until a local cloud has nothing to do, or is stuck with something that waits for time to pass.
    pub async fn rest(&self) {
        if let Backend::Local(cloud, _) = &self.0.backend {
            let _ = tokio::time::timeout(Duration::from_secs(5), cloud.idle()).await;
        }
    }

    /// What `look` finds, once it finds something.
    pub async fn eventually<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let (within, every) = if self.is_local() { (30, 10) } else { (300, 1_000) };
        let started = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(started.elapsed() < Duration::from_secs(within), "{what}: not within {within} s");
            tokio::time::sleep(Duration::from_millis(every)).await;
        }
    }
}

fn tempdir() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// 16 random letters and digits.
pub fn random_text() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(16).collect()
}

/// The origin of a URL, and the rest.
fn split_url(url: &str) -> (String, String) {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let path = url[after_scheme..].find('/').map_or(url.len(), |at| at + after_scheme);
    (url[..path].to_owned(), if path == url.len() { "/".into() } else { url[path..].to_owned() })
}

/// The issuer's key takes longest of a start: one serves all clouds of this process.
static KEY: OnceLock<String> = OnceLock::new();

fn lend_key(data: &Path) {
    if let Some(key) = KEY.get() {
        std::fs::write(data.join("issuer.pem"), key).expect("a directory to write to");
    }
}

fn keep_key(data: &Path) {
    KEY.get_or_init(|| std::fs::read_to_string(data.join("issuer.pem")).expect("the issuer's key"));
}
