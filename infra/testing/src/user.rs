//! A person who uses Koban: what an app on their phone would ask for.

use super::client::Response;
use super::target::{Target, random_text};
use cloud::issuer::ISSUER;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::id::UserId;
use std::sync::Mutex;

/// How long a token is used before a new one is fetched, in seconds.
const TOKEN_USED_FOR: i64 = 300;

/// A person.
pub struct User {
    pub target: Target,
    subject: String,
    token: Mutex<Option<(String, Timestamp)>>,
}

impl User {
    pub fn new(target: Target, subject: String) -> Self {
        Self { target, subject, token: Mutex::default() }
    }

    /// The pseudonym in a local cloud's keys and messages.
    pub fn id(&self) -> UserId {
        assert!(self.target.is_local(), "a deployed API has an issuer of its own");
        UserId::of_subject(ISSUER, &self.subject)
    }

    /// `Bearer …`
    pub async fn bearer(&self) -> String {
        let now = self.target.now();
        let known = self.token.lock().unwrap().clone();
        if let Some((token, since)) = known
            && (0..TOKEN_USED_FOR).contains(&now.duration_since(since).as_secs())
        {
            return token;
        }
        let token = format!("Bearer {}", self.target.token(&self.subject).await);
        *self.token.lock().unwrap() = Some((token.clone(), now));
        token
    }

    /// Any request; `key` names the intent.
    pub async fn send(&self, method: &str, path: &str, key: Option<&str>, body: &[u8]) -> Response {
        let bearer = self.bearer().await;
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.target.send(method, path, &headers, body).await
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send("GET", path, None, &[]).await
    }

    /// Posts without a key.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.send("POST", path, None, body.to_string().as_bytes()).await
    }

    /// Posts with the key `key`.
    pub async fn post_keyed(&self, path: &str, key: &str, body: &Value) -> Response {
        self.send_keyed("POST", path, key, body).await
    }

    /// Posts what may not be JSON.
    pub async fn post_text(&self, path: &str, key: &str, body: &str) -> Response {
        self.send("POST", path, Some(key), body.as_bytes()).await
    }

    /// Any request with the key `key`.
    pub async fn send_keyed(&self, method: &str, path: &str, key: &str, body: &Value) -> Response {
        self.send(method, path, Some(key), body.to_string().as_bytes()).await
    }

    /// Posts a new intent.
    pub async fn post_new(&self, path: &str, body: &Value) -> Response {
        self.post_keyed(path, &random_text(), body).await
    }

    /// Asks for a top-up. Returns its id.
    pub async fn ask_for_top_up(&self, minor: i64) -> String {
        let asked = self.post_new("/v1/topups", &json!({"asset": "JPY", "minor": minor})).await;
        asked.expect(202)["id"].as_str().expect("an id").to_owned()
    }

    /// Tops up and waits until it is collected. Returns its id.
    pub async fn top_up(&self, minor: i64) -> String {
        let id = self.ask_for_top_up(minor).await;
        self.until_top_up_is(&id, "COLLECTED").await;
        id
    }

    pub async fn until_top_up_is(&self, id: &str, state: &str) {
        let look = async || (self.topup_state(id).await == state).then_some(());
        self.target.eventually(&format!("{id} is {state}"), look).await;
    }

    pub async fn topup_state(&self, id: &str) -> String {
        let topup = self.get(&format!("/v1/topups/{id}")).await.expect(200);
        topup["state"].as_str().expect("a state").to_owned()
    }

    /// Takes the day's free medals.
    pub async fn take_medals(&self) {
        self.post("/v1/medals/daily", &json!({})).await.expect(200);
    }

    /// What may be spent of `asset`.
    pub async fn balance(&self, asset: &str) -> i64 {
        let wallet = self.get("/v1/wallet").await.expect(200);
        let balances = wallet["balances"].as_array().expect("balances");
        balances.iter().find(|balance| balance["asset"] == asset).map_or(0, |balance| balance["available"].as_i64().unwrap())
    }

    /// The whole history, newest first.
    pub async fn lines(&self) -> Vec<Value> {
        super::Pages::of(self, "/v1/wallet/lines").items(100).await
    }
}
