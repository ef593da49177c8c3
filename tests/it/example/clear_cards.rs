//! `DELETE /v1/cards`: say here what its callers may rely on.

use super::{Target, random_text};
use serde_json::json;

pub async fn it_is_written() {
    let target = Target::start().await;
    let user = target.user();
    let reply = user.send_keyed("DELETE", "/v1/cards", &random_text(), &json!({})).await;
    assert_eq!(reply.status, 200, "write functions/example/src/clear_cards.rs, then say here what may be relied on");
}
