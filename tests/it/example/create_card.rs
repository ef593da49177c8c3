//! `POST /v1/cards`: say here what its callers may rely on.

use super::examples::Stage;
use testing::laws::Examples;
use testing::{Target, random_text};

pub async fn it_is_written() {
    let target = Target::start_with(Stage::SERVICES).await;
    let reply = target.user().send("POST", "/v1/cards", Some(&random_text()), b"{}").await;
    assert_eq!(reply.status, 201, "write functions/example/src/create_card.rs, then say here what may be relied on");
}
