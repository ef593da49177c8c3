//! Scenes that several tests play.

use super::{Holds, Race, Target, User, dividends, win};
use std::time::Duration;

/// A race with one slip of 500 yen, committed only after its shard was done, and the slip's owner and id.
pub async fn with_a_late_slip(target: &Target) -> (Race, User, String) {
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    let holds = Holds::the_first("TransactWriteItems", "place-slip");
    target.cloud().install_faults(Some(holds.clone()));
    let settle = async {
        target.eventually("the slip is held", async || holds.is_holding()).await;
        target.settle(&race, &dividends(&[("win", "1", 150)])).await;
        holds.let_go();
    };
    let (placed, ()) = tokio::join!(user.place(&race, "JPY", win(1, 500)), settle);
    let id = placed.expect(201)["id"].as_str().unwrap().to_owned();
    // The repetition of the proof finds it and sends its shard back, a minute later.
    target.pass(Duration::from_mins(16)).await;
    target.pass(Duration::from_mins(2)).await;
    target.rest().await;
    (race, user, id)
}
