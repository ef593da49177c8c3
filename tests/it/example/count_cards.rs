//! What count-cards does, seen from outside: say here what may be relied on.

use super::Target;
use serde_json::json;

pub async fn it_is_written() {
    let Some(target) = Target::start_local().await else { return };
    target.publish("counted-cards", &json!({})).await;
    let worked = async || target.invocations("count-cards").pop();
    let worked = target.eventually("count-cards is started", worked).await;
    assert_eq!(
        worked.outcome, "1 of 1 handled",
        "write functions/example/src/count_cards.rs, then say here what may be relied on"
    );
}
