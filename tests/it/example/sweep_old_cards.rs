//! What sweep-old-cards does, seen from outside: say here what may be relied on.

use super::Target;
use serde_json::json;

pub async fn it_is_written() {
    let Some(target) = Target::start_local().await else { return };
    target.publish("sweep-old-cards", &json!({})).await;
    let worked = async || target.invocations("sweep-old-cards").pop();
    let worked = target.eventually("sweep-old-cards is started", worked).await;
    assert!(worked.calls > 0.0, "write functions/example/src/sweep_old_cards.rs, then say here what may be relied on");
}
