//! `POST /v1/cards`: say here what its callers may rely on.

use super::{Target, random_text};
use serde_json::json;

pub async fn it_is_written() {
    let target = Target::start().await;
    let user = target.user();
    let reply = user.send_keyed("POST", "/v1/cards", &random_text(), &json!({})).await;
    assert_eq!(reply.status, 201, "write functions/example/src/create_card.rs, then say here what may be relied on");
}
