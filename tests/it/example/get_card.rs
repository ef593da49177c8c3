//! `GET /v1/cards/{card}`: say here what its callers may rely on.

use super::Target;

pub async fn it_is_written() {
    let target = Target::start().await;
    let user = target.user();
    let reply = user.get("/v1/cards/card").await;
    assert_eq!(reply.status, 200, "write functions/example/src/get_card.rs, then say here what may be relied on");
}
