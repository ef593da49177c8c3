//! Examples of every path through the wallet's functions.

use super::state;
use futures_util::future::BoxFuture;
use serde_json::json;
use simulator::{Answer, Ask, Path, World};

const OWNER: &str = "owner";

pub const PATHS: &[Path] = &[
    Path {
        name: "a top-up is collected",
        of: &["create-topup", "collect-topup", "relay-wallet"],
        play: |world| boxed(async move { collected(&world, 1_000).await }),
    },
    Path {
        name: "a top-up is declined",
        of: &["collect-topup"],
        play: |world| boxed(async move { collected(&world, 1_097).await }),
    },
    Path {
        name: "the bank took it and did not answer",
        of: &["collect-topup", "sweep-topups"],
        play: |world| boxed(async move { collected(&world, 1_098).await }),
    },
    Path {
        name: "the bank did not get it at first",
        of: &["collect-topup", "sweep-topups"],
        play: |world| boxed(async move { collected(&world, 1_099).await }),
    },
    Path {
        name: "a second top-up finds a history",
        of: &["collect-topup"],
        play: |world| boxed(async move { twice(&world).await }),
    },
    Path {
        name: "the day's medals",
        of: &["grant-medals", "get-medals", "relay-wallet"],
        play: |world| boxed(async move { medals(&world).await }),
    },
    Path {
        name: "a wallet and its history are read",
        of: &["get-wallet", "list-wallet-lines", "get-topup"],
        play: |world| boxed(async move { read(&world).await }),
    },
    Path {
        name: "a change that no event can be made of",
        of: &["relay-wallet"],
        play: |world| boxed(async move { unmappable(&world).await }),
    },
];

fn boxed(play: impl Future<Output = Vec<String>> + Send + 'static) -> BoxFuture<'static, Vec<String>> {
    Box::pin(play)
}

fn said(answer: Option<Answer>) -> String {
    answer.map_or_else(|| "nothing".into(), |answer| format!("{} {}{}", answer.status, answer.code(), answer.body["id"]))
}

async fn top_up(world: &World, minor: i64, key: &str) -> Option<Answer> {
    let ask = Ask::post("/v1/topups").by(OWNER).under(key).with(json!({"asset": "JPY", "minor": minor}));
    world.ask(&ask).await
}

async fn collected(world: &World, minor: i64) -> Vec<String> {
    let answer = top_up(world, minor, "one").await;
    let changed = Ask::post("/v1/topups").by(OWNER).under("one").with(json!({"asset": "JPY", "minor": minor + 100}));
    let refused = world.ask(&changed).await;
    vec![said(answer), said(refused)]
}

async fn twice(world: &World) -> Vec<String> {
    let first = top_up(world, 1_000, "one").await;
    world.rest().await;
    vec![said(first), said(top_up(world, 2_000, "two").await)]
}

async fn medals(world: &World) -> Vec<String> {
    let mut said_of = Vec::new();
    for ask in
        [Ask::get("/v1/medals/daily"), Ask::post("/v1/medals/daily"), Ask::get("/v1/medals/daily"), Ask::post("/v1/medals/daily")]
    {
        let answer = world.ask(&ask.by(OWNER)).await;
        said_of.push(format!(
            "{} {}",
            said(answer.clone()),
            answer.map(|answer| answer.body["taken"].clone()).unwrap_or_default()
        ));
    }
    said_of
}

async fn read(world: &World) -> Vec<String> {
    let id = top_up(world, 1_000, "one")
        .await
        .map(|answer| answer.body["id"].as_str().unwrap_or_default().to_owned())
        .unwrap_or_default();
    world.rest().await;
    let wallet = world.ask(&Ask::get("/v1/wallet").by(OWNER)).await;
    let lines = world.ask(&Ask::get("/v1/wallet/lines").by(OWNER)).await;
    let unknown = world.ask(&Ask::get("/v1/topups/top_00000000000000000000000000").by(OWNER)).await;
    let count = lines.map(|lines| lines.body["items"].as_array().map_or(0, Vec::len)).unwrap_or_default();
    let balances = wallet.map(|wallet| wallet.body["balances"].to_string()).unwrap_or_default();
    vec![state(world, OWNER, &id).await, balances, count.to_string(), said(unknown)]
}

async fn unmappable(world: &World) -> Vec<String> {
    let item = json!({"pk": {"S": "strange#1"}, "sk": {"S": "x"}, "body": {"B": "e30="}});
    world.put_item("wallet", &item).await;
    world.rest().await;
    Vec::new()
}
