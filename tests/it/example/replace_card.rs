//! `PUT /v1/cards/{card}/faces/{face}`: say here what its callers may rely on.

use super::{Target, random_text};
use serde_json::json;

pub async fn it_is_written() {
    let target = Target::start().await;
    let user = target.user();
    let reply = user.send_keyed("PUT", "/v1/cards/card/faces/face", &random_text(), &json!({})).await;
    assert_eq!(reply.status, 200, "write functions/example/src/replace_card.rs, then say here what may be relied on");
}
