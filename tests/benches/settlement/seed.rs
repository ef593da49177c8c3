//! Slips for the benchmark, written as the functions would have written them, but straight into the engine: placing them is measured
//! elsewhere. Each person has a medal grant, a slip of one combination, and the wallet lines of both.

use cloud::Cloud;
use data_encoding::BASE64;
use platform::store::{Key, Record};
use racing::keys;
use racing_domain::{Bet, BetType, RaceId, Selection, Slip, SlipId, check_bets, shard_of};
use serde_json::{Value, json};
use shared::id::{Operation, UserId};
use shared::journal::Line;
use shared::money::{Amount, Asset};
use wallet_domain::medals;
use wallet_domain::{self as wallet, WalletTail};

/// People per `BatchWriteItem`, which takes 25 items.
const PEOPLE_PER_WRITE: usize = 6;
const STAKE: i64 = 100;

/// Places one slip for each of `people`, three of 25 on runner 1, the others elsewhere.
pub async fn place_slips(cloud: &Cloud, people: u32, shards: u16) {
    let race: RaceId = "rac_20260523-01-01".parse().unwrap();
    let numbers: Vec<u32> = (0..people).collect();
    for chunk in numbers.chunks(PEOPLE_PER_WRITE) {
        let mut racing = Vec::new();
        let mut wallets = Vec::new();
        for number in chunk {
            let runner = if number % 25 < 3 { 1 } else { 2 + u8::try_from(number % 5).unwrap() };
            person(race, shards, *number, runner, &mut racing, &mut wallets);
        }
        let names = cloud.names();
        let tables = [(names.table(&racing::RACING), racing), (names.table(&::wallet::WALLET), wallets)];
        let request = json!({"RequestItems": tables.into_iter().collect::<std::collections::BTreeMap<_, _>>()});
        let reply = cloud.engine().call("BatchWriteItem", request.to_string().as_bytes()).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
}

fn person(race: RaceId, shards: u16, number: u32, runner: u8, racing: &mut Vec<Value>, wallets: &mut Vec<Value>) {
    let now = "2026-05-23T01:30:00Z".parse().unwrap();
    let user = UserId::of_subject("benchmark", &number.to_string());
    let tail = WalletTail::empty(wallet::entity(&user));
    let grant = medals::grant(&tail, now, &user, "medals:2026-05-23").unwrap();
    let bets = vec![Bet { bet_type: BetType::Win, selection: Selection::Single { runners: vec![runner] }, stake: STAKE }];
    let totals = check_bets(&bets, &(1..=6).collect()).unwrap();
    let resource = race.to_string();
    let operation = Operation { caller: user.as_str(), name: "place-slip", resource: &resource, idempotency_key: "benchmark" };
    let id = SlipId::derive(&race, shard_of(&user, shards), &operation);
    let stake = Amount { asset: Asset::Medal, minor: STAKE };
    let tail = WalletTail::of(&grant).unwrap();
    let stake = wallet::stake(&tail, now, &user, &id.to_string(), &race.key(), stake).unwrap();

    let slip = Record::of(keys::slip(&user, &id), &Slip::new(Asset::Medal, totals, bets, now));
    let mut slip = item(&slip);
    slip["user"] = json!({"S": user.as_str()});
    slip["placed"] = json!({"S": format!("{now:.3}")});
    racing.push(put(&slip));
    let granted = json!({"day": "2026-05-23", "asset": "MEDAL", "minor": medals::MEDALS_PER_DAY});
    wallets.push(put(&item(&Record::of(Key::new(format!("medals#{user}"), "2026-05-23"), &granted))));
    wallets.extend([grant, stake].iter().map(|line: &Line| put(&item(&Record::of_line(line)))));
}

fn item(record: &Record) -> Value {
    let hash = record.hash.clone().unwrap_or_else(|| vec![0; 32]);
    json!({
        "pk": {"S": record.key.pk},
        "sk": {"S": record.key.sk},
        "body": {"B": BASE64.encode(&record.body)},
        "hash": {"B": BASE64.encode(&hash)},
    })
}

fn put(item: &Value) -> Value {
    json!({"PutRequest": {"Item": item}})
}
