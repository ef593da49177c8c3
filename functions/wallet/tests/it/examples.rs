//! What the wallet's laws speak of: somebody with a top-up, and what its routes and workers take.

use crate::SERVICES;
use platform::{Function, Service};
use serde_json::{Value, json};
use std::time::Duration;
use testing::laws::Examples;
use testing::{Target, User};

pub struct Stage {
    target: Target,
    user: User,
    topup: String,
}

impl Examples for Stage {
    const SERVICE: &'static Service = &wallet::SERVICE;
    const SERVICES: &'static [&'static Service] = SERVICES;

    async fn prepare(target: Target) -> Self {
        let user = target.user();
        let topup = user.top_up(100_000).await;
        Self { target, user, topup }
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn user(&self) -> &User {
        &self.user
    }

    fn id(&self, name: &str) -> String {
        assert_eq!(name, "topup", "{{{name}}} is new: say here what it may be");
        self.topup.clone()
    }

    fn bodies(&self, function: &'static Function) -> (Value, Value) {
        assert_eq!(function.name, "create-topup", "{} is new: give two bodies here that it takes", function.name);
        let yen = |minor: i64| json!({"asset": "JPY", "minor": minor});
        (yen(700), yen(800))
    }

    async fn done(&self, queue: &str) -> Value {
        assert_eq!(queue, "collect-topup", "{queue} is new: give a message here that its worker finds done already");
        json!({"data": {"topup": self.topup, "user": self.user.id()}})
    }

    fn strange_item(&self, _table: &str) -> Value {
        json!({"pk": {"S": "wallet#usr_x"}, "sk": {"S": "usr_x#b#x"}, "body": {"B": "AAAA"}})
    }

    /// A top-up is collected by the table's events.
    async fn works(&self) {
        self.target.user().top_up(1_000).await;
    }

    async fn uses_every_grant(&self) {
        let (target, user) = (&self.target, &self.user);
        user.take_medals().await;
        // The bank took it and did not answer: the sweep restarts it, and the bank's status decides.
        let silent = user.ask_for_top_up(1_098).await;
        user.until_top_up_is(&silent, "UNKNOWN").await;
        target.pass(Duration::from_secs(130)).await;
        user.until_top_up_is(&silent, "COLLECTED").await;
        user.get("/v1/wallet").await.expect(200);
        user.get("/v1/wallet/lines").await.expect(200);
        user.get("/v1/medals/daily").await.expect(200);
        let strange = json!({"pk": {"S": "strange#1"}, "sk": {"S": "x"}, "body": {"B": "e30="}});
        target.put_item("wallet", &strange).await;
    }
}
