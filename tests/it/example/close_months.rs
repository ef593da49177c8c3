//! What close-months does, seen from outside: say here what may be relied on.

use super::examples::Stage;
use testing::Target;
use testing::laws::Examples;

pub async fn it_is_written() {
    let Some(target) = Target::start_local_with(Stage::SERVICES, |_| ()).await else { return };
    target.publish_all("close-months", &["{}".into()]).await;
    let worked = async || target.invocations("close-months").pop();
    let worked = target.eventually("close-months is started", worked).await;
    let todo = "write functions/example/src/close_months.rs, then say here what may be relied on";
    assert_eq!(worked.outcome, "1 of 1 handled", "{todo}");
}
