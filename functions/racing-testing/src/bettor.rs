//! A person who bets.

use super::{Race, Response, Target, random_text};
use serde_json::{Value, json};
use std::ops::Deref;

/// A person.
pub struct User {
    person: testing::User,
}

impl Deref for User {
    type Target = testing::User;

    fn deref(&self) -> &testing::User {
        &self.person
    }
}

impl User {
    pub fn new(target: &Target, subject: String) -> Self {
        Self { person: testing::User::new((**target).clone(), subject) }
    }

    /// Places a slip of `bets` as a new intent.
    pub async fn place(&self, race: &Race, asset: &str, bets: Value) -> Response {
        self.place_keyed(race, &random_text(), asset, bets).await
    }

    pub async fn place_keyed(&self, race: &Race, key: &str, asset: &str, bets: Value) -> Response {
        self.post_keyed(&race.slips_path(), key, &json!({"asset": asset, "bets": bets})).await
    }

    /// Places a slip in yen that must be taken. Returns its id.
    pub async fn bet(&self, race: &Race, bets: Value) -> String {
        self.bet_in(race, "JPY", bets).await
    }

    /// Places a slip that must be taken. Returns its id.
    pub async fn bet_in(&self, race: &Race, asset: &str, bets: Value) -> String {
        let slip = self.place(race, asset, bets).await.expect(201);
        slip["id"].as_str().expect("an id").to_owned()
    }

    pub async fn slip(&self, id: &str) -> Value {
        self.get(&format!("/v1/slips/{id}")).await.expect(200)
    }

    /// The status, payout and refund of a slip.
    pub async fn outcome(&self, id: &str) -> (String, i64, i64) {
        let slip = self.slip(id).await;
        let amount = |name: &str| slip["outcome"][name].as_i64().unwrap_or_else(|| panic!("no {name}: {slip}"));
        (slip["status"].as_str().expect("a status").to_owned(), amount("payout"), amount("refund"))
    }
}
