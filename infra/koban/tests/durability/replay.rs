//! Sends every acknowledged request again, unchanged, with its own key. The answer must be the same to the byte, and be marked as replayed.
//! And one of each kind with another body under the same key, which must be refused and change nothing.

use super::acknowledged::Acknowledged;
use super::ask::Asking;
use super::child::Cloud;
use super::found::Found;
use client::http::{Call, Reply};
use platform::secrets::SecretValue;
use platform::webhook::sign;
use racing_demo::feed::{RACES_PATH, RESULTS_PATH};
use serde_json::{Value, json};

/// The day is the key of a grant of medals: on another day the same request is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medals {
    SameDay,
    AnotherDay,
}

/// Sends everything again. The last of the answers is read before this returns.
pub async fn all(cloud: &Cloud, acknowledged: &[Acknowledged], medals: Medals) {
    let mut asking = Asking::of(cloud);
    let secret = asking.feed_secret().await;
    for before in acknowledged {
        let call = match (before.what.as_str(), before.key.as_deref()) {
            ("medals", None) if medals == Medals::SameDay => Call::post(&before.path, before.body.clone()).unwrap(),
            (_, Some(key)) => named(&mut asking, &secret, before, key, &before.body).await,
            _ => continue,
        };
        let reply = asking.send(before.by.as_deref(), call).await;
        is_the_same(before, &reply);
    }
}

/// Sends one request of each kind that is named by a key or an id again, with another body.
pub async fn refuses_another_body(cloud: &Cloud, acknowledged: &[Acknowledged]) {
    let mut asking = Asking::of(cloud);
    let secret = asking.feed_secret().await;
    asking.until_nothing_is_queued().await;
    let found = Found::read(&mut asking, acknowledged).await;
    for (path_end, code, change) in OTHER_BODIES {
        let mut named_ones = acknowledged.iter().filter_map(|one| Some((one, one.key.as_deref()?)));
        let (before, key) = named_ones.find(|(one, _)| one.path.ends_with(path_end)).unwrap();
        let mut body: Value = serde_json::from_str(&before.body).unwrap();
        change(&mut body);
        let call = named(&mut asking, &secret, before, key, &body.to_string()).await;
        let reply = asking.send(before.by.as_deref(), call).await;
        let problem: Value = reply.json().unwrap();
        assert_eq!((reply.status.as_u16(), &problem["code"]), (422, &json!(code)), "{body} instead of {before:?}");
    }
    asking.until_nothing_is_queued().await;
    assert!(Found::read(&mut asking, acknowledged).await == found, "a request that was refused has changed something");
}

/// Makes a body another one.
type Change = fn(&mut Value);

/// Another intent under the same key, by the end of the path. It has the right form, and would have an effect if it were accepted.
const OTHER_BODIES: [(&str, &str, Change); 4] = [
    ("/v1/topups", "idempotency_key_reused", |body| body["minor"] = json!(body["minor"].as_i64().unwrap() + 1_000)),
    ("/slips", "idempotency_key_reused", |body| {
        body["bets"][0]["stake"] = json!(body["bets"][0]["stake"].as_i64().unwrap() + 100);
    }),
    (RACES_PATH, "feed_id_reused", |body| body["races"][0]["title"] = json!("renamed")),
    // A void race: everything would be refunded.
    (RESULTS_PATH, "feed_id_reused", |body| {
        body["results"][0] = json!({"number": body["results"][0]["number"], "dividends": {}});
    }),
];

/// What `before` asked, with `body`, under its own key or message's id.
async fn named(asking: &mut Asking, secret: &SecretValue, before: &Acknowledged, key: &str, body: &str) -> Call {
    let call = Call::post(&before.path, body.to_owned()).unwrap();
    if before.what != "feed" {
        return call.with("idempotency-key", key);
    }
    let now = asking.now().await;
    let signature = sign(secret, key, now, body.as_bytes()).unwrap();
    call.with("webhook-id", key).with("webhook-timestamp", &now.as_second().to_string()).with("webhook-signature", &signature)
}

fn is_the_same(before: &Acknowledged, reply: &Reply) {
    let body = String::from_utf8_lossy(&reply.body);
    assert!(reply.status.is_success(), "{} {body} to {before:?}", reply.status);
    let replayed = reply.headers.get("idempotency-replayed").and_then(|value| value.to_str().ok());
    assert_eq!(replayed, Some("true"), "{body} to {before:?}");
    if before.what == "topup" {
        // A top-up answers as it is by now.
        assert_eq!(without_state(&body), without_state(&before.reply));
    } else {
        assert_eq!(body, before.reply, "{before:?}");
    }
}

fn without_state(topup: &str) -> Value {
    let mut topup: Value = serde_json::from_str(topup).unwrap();
    let members = topup.as_object_mut().unwrap();
    assert!(members.remove("state").is_some() && members.remove("updated_at").is_some());
    topup
}
