//! `GET /v1/races/{race}/cards`: say here what its callers may rely on.

use super::Target;

pub async fn it_is_written() {
    let target = Target::start().await;
    let user = target.user();
    let reply = user.get("/v1/races/race/cards").await;
    assert_eq!(reply.status, 200, "write functions/example/src/list_race_cards.rs, then say here what may be relied on");
}
