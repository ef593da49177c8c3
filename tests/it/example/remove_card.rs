//! `DELETE /v1/cards/{card}`: say here what its callers may rely on.

use super::examples::Stage;
use testing::Target;
use testing::laws::Examples;

pub async fn it_is_written() {
    let target = Target::start_with(Stage::SERVICES).await;
    let reply = target.user().send("DELETE", "/v1/cards/card", None, &[]).await;
    assert_eq!(reply.status, 204, "write functions/example/src/remove_card.rs, then say here what may be relied on");
}
