//! Payouts that no function decided, put into the table past all of them.

use super::Target;
use super::User;
use super::race::Race;
use data_encoding::BASE64;
use racing_domain::payout::{self, Basis, PayoutTail, Posted};
use racing_domain::{Due, Outcome, RaceId, shard_of};
use serde_json::json;
use shared::money::Asset;

impl Target {
    /// A person's shard of a race, and its partition.
    pub async fn shard(&self, race: &Race, user: &User) -> (u16, String) {
        let shards = u16::try_from(self.race(race).await["shards"].as_u64().unwrap()).unwrap();
        let shard = shard_of(&user.id(), shards);
        let id: RaceId = race.id.parse().unwrap();
        (shard, format!("race#{}#{shard:04}", id.key()))
    }

    /// Puts a person's first payout line of a race as it should never be.
    pub async fn put_payout(&self, race: &Race, user: &User, body: &[u8], hash: &[u8]) {
        let item = json!({
            "pk": {"S": self.shard(race, user).await.1},
            "sk": {"S": payout::sort_key(&user.id(), 1)},
            "body": {"B": BASE64.encode(body)},
            "hash": {"B": BASE64.encode(hash)},
        });
        self.put_item("racing", &item).await;
    }

    /// Puts a payout of one yen that nobody decided.
    pub async fn put_wrong_payout(&self, race: &Race, user: &User) {
        let mut due = Due::default();
        due.add(Asset::Jpy, Outcome { payout: 1, ..Outcome::default() }).unwrap();
        let posted = Posted { basis: Basis { version: 1, late: 0 }, posted: due };
        let entity = payout::entity(race.id.parse().unwrap(), &user.id());
        let line = PayoutTail::empty(entity).append(self.now(), "nobody", posted).unwrap();
        self.put_payout(race, user, &line.body, &line.hash).await;
    }
}
