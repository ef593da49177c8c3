//! What sweep-old-cards does, seen from outside: say here what may be relied on.

use super::examples::Stage;
use testing::Target;
use testing::laws::Examples;

pub async fn it_is_written() {
    let Some(target) = Target::start_local_with(Stage::SERVICES, |_| ()).await else { return };
    target.publish_all("sweep-old-cards", &["{}".into()]).await;
    let worked = async || target.invocations("sweep-old-cards").pop();
    let worked = target.eventually("sweep-old-cards is started", worked).await;
    let todo = "write functions/example/src/sweep_old_cards.rs, then say here what may be relied on";
    assert_eq!(worked.outcome, "1 of 1 handled", "{todo}");
}
