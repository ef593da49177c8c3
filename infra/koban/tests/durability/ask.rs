//! Asking a cloud from outside: as anybody by name, page by page, and what only a local one can be asked.

use super::child::Cloud;
use client::ClientError;
use client::http::{BaseUrl, Call, Reply, bearer};
use client::local::Local;
use jiff::{SignedDuration, Timestamp};
use platform::secrets::SecretValue;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const IDLE_WITHIN: Duration = Duration::from_mins(1);

/// A connection to one cloud, with everybody's tokens.
pub struct Asking {
    local: Local,
    tokens: BTreeMap<String, String>,
}

impl Asking {
    pub fn of(cloud: &Cloud) -> Self {
        let base: BaseUrl = cloud.url().parse().unwrap();
        Self { local: Local::new(base), tokens: BTreeMap::new() }
    }

    pub async fn is_answered(&mut self) -> bool {
        self.local.connection.send(&Call::get("/v1/health").unwrap()).await.is_ok_and(|reply| reply.status == 200)
    }

    /// The reply to `call`, asked as `by`.
    pub async fn send(&mut self, by: Option<&str>, call: Call) -> Reply {
        let call = match by {
            Some(by) => call.by(bearer(self.token(by).await).unwrap()),
            None => call,
        };
        self.local.connection.send(&call).await.unwrap()
    }

    pub async fn get(&mut self, by: Option<&str>, path: &str) -> Value {
        let reply = self.send(by, Call::get(path).unwrap()).await;
        reply.accepted(path).unwrap().json().unwrap()
    }

    /// Every item of a list.
    pub async fn items(&mut self, by: &str, path: &str) -> Vec<Value> {
        let (mut items, mut next) = (Vec::new(), Some(format!("{path}?limit=100")));
        while let Some(path_of_page) = next {
            let page = self.get(Some(by), &path_of_page).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            next = page["next_cursor"].as_str().map(|cursor| format!("{path}?limit=100&cursor={cursor}"));
        }
        items
    }

    async fn token(&mut self, by: &str) -> &str {
        if !self.tokens.contains_key(by) {
            let token = self.local.token(by).await.unwrap();
            self.tokens.insert(by.to_owned(), token);
        }
        &self.tokens[by]
    }

    pub async fn feed_secret(&mut self) -> SecretValue {
        self.local.feed_secret().await.unwrap()
    }

    pub async fn now(&mut self) -> Timestamp {
        self.local.now().await.unwrap()
    }

    pub async fn advance_clock(&mut self, by: SignedDuration) {
        let now = self.now().await;
        self.local.set_clock(now + by).await.unwrap();
    }

    /// The queues and streams as they stand; none when it does not answer, as when it is just dying.
    pub async fn status(&mut self) -> Option<Value> {
        let asked: Result<Value, ClientError> = self.local.connection.send(&Call::get("/_local/status").ok()?).await.ok()?.json();
        asked.ok()
    }

    /// Waits until every queue is empty, dead letters too, and every stream is relayed.
    pub async fn until_nothing_is_queued(&mut self) {
        let started = Instant::now();
        loop {
            let status = self.status().await.unwrap();
            let queues = status["queues"].as_object().unwrap();
            let left =
                queues.values().flat_map(|depth| depth.as_object().unwrap().values()).filter_map(Value::as_u64).sum::<u64>();
            if left == 0 && status["stream_lag"] == 0 && status["idle"] == true {
                return;
            }
            assert!(started.elapsed() < IDLE_WITHIN, "something is left undone: {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
