//! What a cloud says it holds, read through the API: everybody's slips, wallets and histories, and every race.

use super::acknowledged::{self, Acknowledged};
use super::ask::Asking;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A person's things.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// As the list of all slips has them.
    pub listed: Vec<Value>,
    /// Each acknowledged slip as the API returns it alone, by its id.
    pub slips: BTreeMap<String, Value>,
    /// Each acknowledged top-up, by its id.
    pub topups: BTreeMap<String, Value>,
    /// The wallet's history, oldest first.
    pub lines: Vec<Value>,
    pub wallet: Value,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// By the name in their tokens.
    pub people: BTreeMap<String, Person>,
    /// By their ids.
    pub races: BTreeMap<String, Value>,
}

impl Found {
    /// Everything of everybody who was acknowledged something, and every race that was.
    pub async fn read(asking: &mut Asking, acknowledged: &[Acknowledged]) -> Self {
        let mut found = Self::default();
        let names: BTreeSet<&str> = acknowledged.iter().filter_map(|acknowledged| acknowledged.by.as_deref()).collect();
        for name in names {
            let mut lines = asking.items(name, "/v1/wallet/lines").await;
            lines.reverse();
            let person = Person {
                listed: asking.items(name, "/v1/slips").await,
                lines,
                wallet: asking.get(Some(name), "/v1/wallet").await,
                ..Person::default()
            };
            found.people.insert(name.to_owned(), person);
        }
        found.read_one_by_one(asking, acknowledged).await;
        found
    }

    async fn read_one_by_one(&mut self, asking: &mut Asking, acknowledged: &[Acknowledged]) {
        for (what, path) in [("slip", "/v1/slips"), ("topup", "/v1/topups")] {
            for acknowledged in acknowledged::of(what, acknowledged) {
                let id = acknowledged.reply()["id"].as_str().unwrap().to_owned();
                let one = asking.get(acknowledged.by.as_deref(), &format!("{path}/{id}")).await;
                let person = self.people.get_mut(acknowledged.by()).unwrap();
                let of_kind = if what == "slip" { &mut person.slips } else { &mut person.topups };
                of_kind.insert(id, one);
            }
        }
        for acknowledged in acknowledged::of("feed", acknowledged) {
            for race in acknowledged.reply()["races"].as_array().unwrap() {
                let id = race["race"].as_str().unwrap();
                self.races.insert(id.to_owned(), asking.get(None, &format!("/v1/races/{id}")).await);
            }
        }
    }
}
