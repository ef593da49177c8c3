//! Every acknowledged request once more, as it was, with its own key: the answer must be the same to the byte and say that it is an
//! earlier one's.

use super::acknowledged::Acknowledged;
use super::ask::Asking;
use super::child::Cloud;
use koban::cli::http::{Call, Reply};
use platform::webhook::sign;
use serde_json::Value;

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
        let call = Call::post(&before.path, before.body.clone()).unwrap();
        let call = match (before.what.as_str(), before.key.as_deref()) {
            ("feed", Some(id)) => {
                let now = asking.now().await;
                let signature = sign(&secret, id, now, before.body.as_bytes()).unwrap();
                call.with("webhook-id", id)
                    .with("webhook-timestamp", &now.as_second().to_string())
                    .with("webhook-signature", &signature)
            }
            ("topup" | "slip", Some(key)) => call.with("idempotency-key", key),
            ("medals", None) if medals == Medals::SameDay => call,
            _ => continue,
        };
        let reply = asking.send(before.by.as_deref(), call).await;
        is_the_same(before, &reply);
    }
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
