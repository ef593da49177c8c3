//! The signed feeds: a race office's side of the API.

use super::Response;
use super::race::Race;
use super::{Target, random_text};
use jiff::Timestamp;
use platform::secrets::SecretValue;
use platform::webhook::sign;
use serde_json::{Value, json};

pub const RACES: &str = "/v1/feeds/races";
pub const RESULTS: &str = "/v1/feeds/results";

impl Target {
    pub async fn feed_races(&self, body: &Value) -> Response {
        self.feed_as(&random_text(), RACES, body).await
    }

    pub async fn feed_results(&self, body: &Value) -> Response {
        self.feed_as(&random_text(), RESULTS, body).await
    }

    /// A message of the id `id`, signed as it should be.
    pub async fn feed_as(&self, id: &str, path: &str, body: &Value) -> Response {
        self.feed_signed(id, path, body, self.feed_secret(), self.now()).await
    }

    /// The same of a text that no JSON writer would write.
    pub async fn feed_text(&self, id: &str, path: &str, body: &str) -> Response {
        self.feed_bytes(id, path, body.as_bytes(), self.feed_secret(), self.now()).await
    }

    /// A message signed with any secret, at any time.
    pub async fn feed_signed(&self, id: &str, path: &str, body: &Value, secret: &SecretValue, at: Timestamp) -> Response {
        self.feed_bytes(id, path, body.to_string().as_bytes(), secret, at).await
    }

    /// The same of what may not be JSON.
    pub async fn feed_bytes(&self, id: &str, path: &str, body: &[u8], secret: &SecretValue, at: Timestamp) -> Response {
        let signature = sign(secret, id, at, body).expect("a secret of base64");
        let timestamp = at.as_second().to_string();
        let headers = [("webhook-id", id), ("webhook-timestamp", &timestamp), ("webhook-signature", &signature)];
        self.send("POST", path, &headers, body).await
    }

    /// The race as a results message leaves it that the gateway got at `requested_at`, by a clock that is not the function's.
    pub async fn resulted_by_other_clocks(&self, race: &Race, result: &Value, requested_at: Timestamp) -> Value {
        let (id, body, at) = (random_text(), race.ended(result).to_string(), self.now());
        let signature = sign(self.feed_secret(), &id, at, body.as_bytes()).expect("a secret of base64");
        let timestamp = at.as_second().to_string();
        let event = json!({
            "headers": {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature},
            "body": body,
            "requestContext": {"timeEpoch": requested_at.as_millisecond()},
        });
        let reply = self.cloud().invoke("record-results", event.to_string().into_bytes()).await.expect("a reply");
        let reply: Value = serde_json::from_slice(&reply).expect("JSON");
        assert_eq!(reply["statusCode"], 200, "{reply}");
        self.race(race).await
    }

    /// Everything that a feed at `path` must refuse with any `body`: unsigned, signed by another, signed at another time.
    pub async fn refuses_the_unsigned(&self, path: &str, body: &Value) {
        use jiff::SignedDuration;
        let now = self.now().as_second().to_string();
        let headers = [("webhook-id", "m1"), ("webhook-timestamp", now.as_str())];
        for (index, (missing, _)) in headers.iter().chain([&("webhook-signature", "")]).enumerate() {
            let unsigned = self.send("POST", path, &headers[..index], body.to_string().as_bytes()).await;
            unsigned.refused_at(401, "signature_invalid", missing);
            unsigned.cost_nothing();
        }
        let stranger = SecretValue::new(cloud::new_secret());
        let forged = self.feed_signed("m1", path, body, &stranger, self.now()).await;
        forged.refused_at(401, "signature_invalid", "webhook-signature");
        forged.cost_nothing();
        for minutes in [-6, 6] {
            let at = self.now() + SignedDuration::from_mins(minutes);
            let late = self.feed_signed("m1", path, body, self.feed_secret(), at).await;
            late.refused_at(401, "timestamp_out_of_range", "webhook-timestamp");
            late.cost_nothing();
        }
    }
}
