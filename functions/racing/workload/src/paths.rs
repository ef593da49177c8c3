//! Examples of every path through racing's functions.

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::{Answer, Ask, Path, World};
use std::time::Duration;

const OWNER: &str = "owner";
const OTHER: &str = "other";
const VENUE: u8 = 3;
const SETTLES: &[&str] = &["record-results", "settle-race", "settle-shard", "certify-race", "relay-racing", "relay-wallet"];

pub const PATHS: &[Path] = &[
    Path { name: "races are announced and renamed", of: &["announce-races"], play: |world| boxed(announced(world)) },
    Path {
        name: "an announcement changes a race too late",
        of: &["announce-races"],
        play: |world| boxed(changed_too_late(world)),
    },
    Path { name: "a slip is placed", of: &["place-slip", "relay-racing", "relay-wallet"], play: |world| boxed(placed(world)) },
    Path { name: "a slip that the wallet cannot pay", of: &["place-slip"], play: |world| boxed(unpaid(world)) },
    Path { name: "a slip after the close", of: &["place-slip"], play: |world| boxed(closed(world)) },
    Path { name: "a slip on a race that nobody announced", of: &["place-slip"], play: |world| boxed(unknown(world)) },
    Path { name: "a race is settled", of: SETTLES, play: |world| boxed(settled(world)) },
    Path { name: "a result is corrected", of: SETTLES, play: |world| boxed(corrected(world)) },
    Path { name: "a void race", of: SETTLES, play: |world| boxed(void(world)) },
    Path { name: "a race of nobody", of: SETTLES, play: |world| boxed(of_nobody(world)) },
    Path { name: "the result of an unknown race", of: &["record-results"], play: |world| boxed(unknown_result(world)) },
    Path {
        name: "a race whose messages were lost",
        of: &["sweep-races", "settle-race", "certify-race"],
        play: |world| boxed(swept(world)),
    },
    Path {
        name: "a race that was never proved",
        of: &["sweep-races", "settle-race", "certify-race"],
        play: |world| boxed(never_proved(world)),
    },
    Path {
        name: "a slip that is committed after its shard was done",
        of: &["settle-shard", "certify-race"],
        play: |world| boxed(late(world)),
    },
    Path { name: "slips are read", of: &["list-slips", "get-slip"], play: |world| boxed(slips_read(world)) },
    Path { name: "races are read", of: &["list-races", "get-race", "get-settlement"], play: |world| boxed(races_read(world)) },
    Path { name: "a change that no event can be made of", of: &["relay-racing"], play: |world| boxed(unmappable(world)) },
];

fn boxed(play: impl Future<Output = Vec<String>> + Send + 'static) -> BoxFuture<'static, Vec<String>> {
    Box::pin(play)
}

fn said(answer: Option<&Answer>) -> String {
    answer.map_or_else(|| "nothing".into(), |answer| format!("{} {}", answer.status, answer.code()))
}

fn day(world: &World) -> String {
    world.now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).date().to_string()
}

/// A race, as its office and its bettors name it.
struct Race {
    date: String,
    closes_at: Timestamp,
}

impl Race {
    fn id(&self, number: u8) -> String {
        format!("rac_{}-{VENUE:02}-{number:02}", self.date.replace('-', ""))
    }

    fn path(&self) -> String {
        format!("/v1/races/{}", self.id(1))
    }
}

async fn announce(world: &World, race: &Race, message: &str, title: &str) -> Option<Answer> {
    let runners: Vec<_> = (1..=6).map(|runner| json!({"number": runner, "name": "boat"})).collect();
    let race_of = |number: u8| json!({"number": number, "closes_at": race.closes_at, "title": title, "runners": runners});
    let body = json!({"date": race.date, "venue": VENUE, "races": [race_of(1), race_of(2)]});
    world.ask(&Ask::post("/v1/feeds/races").signed(message).with(body)).await
}

async fn race(world: &World, open: SignedDuration) -> Race {
    let closes_at = Timestamp::from_second((world.now() + open).as_second()).unwrap_or_default();
    let race = Race { date: day(world), closes_at };
    if announce(world, &race, "announced", "race").await.is_none_or(|answer| answer.status != 200) {
        world.violation("a race cannot be announced");
    }
    race
}

async fn open_race(world: &World) -> Race {
    race(world, SignedDuration::from_hours(1)).await
}

async fn top_up(world: &World, person: &str) {
    let ask = Ask::post("/v1/topups").by(person).under("money").with(json!({"asset": "JPY", "minor": 10_000}));
    world.ask(&ask).await;
    world.rest().await;
}

async fn place(world: &World, race: &Race, person: &str, runner: u8, key: &str) -> Option<Answer> {
    let bet = json!({"bet_type": "win", "selection": {"kind": "single", "runners": [runner]}, "stake": 500});
    let ask = Ask::post(format!("{}/slips", race.path())).by(person).under(key).with(json!({"asset": "JPY", "bets": [bet]}));
    world.ask(&ask).await
}

async fn result(world: &World, race: &Race, message: &str, number: u8, winners: &[(&str, i64)]) -> Option<Answer> {
    let listed: Vec<_> = winners.iter().map(|(runner, per_100)| json!({"combination": runner, "per_100": per_100})).collect();
    let dividends = if listed.is_empty() { json!({}) } else { json!({"win": listed}) };
    let body = json!({"date": race.date, "venue": VENUE, "results": [{"number": number, "dividends": dividends}]});
    world.ask(&Ask::post("/v1/feeds/results").signed(message).with(body)).await
}

async fn state(world: &World, race: &Race) -> String {
    let view = world.ask(&Ask::get(race.path())).await.map(|answer| answer.body).unwrap_or_default();
    format!("{} {}", view["state"], view["result_version"])
}

async fn balance(world: &World, person: &str) -> String {
    let wallet = world.ask(&Ask::get("/v1/wallet").by(person)).await;
    wallet.map(|answer| answer.body["balances"].to_string()).unwrap_or_default()
}

async fn announced(world: World) -> Vec<String> {
    let race = open_race(&world).await;
    let renamed = announce(&world, &race, "renamed", "another name").await;
    let again = announce(&world, &race, "again", "another name").await;
    [renamed, again].iter().map(|answer| said(answer.as_ref())).collect()
}

async fn changed_too_late(world: World) -> Vec<String> {
    let race = open_race(&world).await;
    result(&world, &race, "result", 1, &[("1", 150)]).await;
    world.rest().await;
    vec![said(announce(&world, &race, "renamed", "too late").await.as_ref())]
}

async fn placed(world: World) -> Vec<String> {
    let race = open_race(&world).await;
    top_up(&world, OWNER).await;
    let first = place(&world, &race, OWNER, 1, "one").await;
    let again = place(&world, &race, OWNER, 1, "one").await;
    let other = place(&world, &race, OWNER, 2, "one").await;
    let id = |answer: &Option<Answer>| answer.as_ref().map(|answer| answer.body["id"].to_string()).unwrap_or_default();
    vec![id(&first), id(&again), said(other.as_ref()), balance(&world, OWNER).await]
}

async fn unpaid(world: World) -> Vec<String> {
    let race = open_race(&world).await;
    let refused = place(&world, &race, OWNER, 1, "one").await;
    // The refusal stays, also with money.
    top_up(&world, OWNER).await;
    let again = place(&world, &race, OWNER, 1, "one").await;
    vec![said(refused.as_ref()), said(again.as_ref()), balance(&world, OWNER).await]
}

async fn closed(world: World) -> Vec<String> {
    let race = race(&world, SignedDuration::from_mins(5)).await;
    top_up(&world, OWNER).await;
    world.rest().await;
    world.skip(SignedDuration::from_mins(10)).await;
    vec![said(place(&world, &race, OWNER, 1, "one").await.as_ref()), balance(&world, OWNER).await]
}

async fn unknown(world: World) -> Vec<String> {
    let race = Race { date: day(&world), closes_at: world.now() };
    vec![said(place(&world, &race, OWNER, 1, "one").await.as_ref())]
}

/// Two people, one of whom wins.
async fn bet_upon(world: &World) -> Race {
    let race = open_race(world).await;
    for (person, runner) in [(OWNER, 1), (OTHER, 2)] {
        top_up(world, person).await;
        place(world, &race, person, runner, "one").await;
    }
    world.rest().await;
    race
}

async fn came_to(world: &World, race: &Race) -> Vec<String> {
    world.rest().await;
    for _ in 0..10 {
        if state(world, race).await.starts_with("\"settled\"") {
            break;
        }
        world.skip(SignedDuration::from_mins(6)).await;
        world.rest().await;
    }
    vec![state(world, race).await, balance(world, OWNER).await, balance(world, OTHER).await]
}

async fn settled(world: World) -> Vec<String> {
    let race = bet_upon(&world).await;
    result(&world, &race, "result", 1, &[("1", 150)]).await;
    came_to(&world, &race).await
}

async fn corrected(world: World) -> Vec<String> {
    let race = bet_upon(&world).await;
    result(&world, &race, "result", 1, &[("1", 150)]).await;
    let first = came_to(&world, &race).await;
    result(&world, &race, "correction", 1, &[("2", 320)]).await;
    [first, came_to(&world, &race).await].concat()
}

async fn void(world: World) -> Vec<String> {
    let race = bet_upon(&world).await;
    result(&world, &race, "result", 1, &[]).await;
    came_to(&world, &race).await
}

async fn of_nobody(world: World) -> Vec<String> {
    let race = open_race(&world).await;
    result(&world, &race, "result", 1, &[("1", 150)]).await;
    came_to(&world, &race).await
}

async fn unknown_result(world: World) -> Vec<String> {
    let race = open_race(&world).await;
    vec![said(result(&world, &race, "result", 12, &[("1", 150)]).await.as_ref())]
}

async fn swept(world: World) -> Vec<String> {
    let race = bet_upon(&world).await;
    world.lose_messages("settle-race", true);
    result(&world, &race, "result", 1, &[("1", 150)]).await;
    world.rest().await;
    world.lose_messages("settle-race", false);
    came_to(&world, &race).await
}

async fn never_proved(world: World) -> Vec<String> {
    let race = bet_upon(&world).await;
    world.lose_messages("certify-race", true);
    result(&world, &race, "result", 1, &[("1", 150)]).await;
    world.rest().await;
    world.lose_messages("certify-race", false);
    came_to(&world, &race).await
}

async fn late(world: World) -> Vec<String> {
    let race = bet_upon(&world).await;
    world.hold("place-slip", "TransactWriteItems", Duration::from_mins(8));
    let placing = place_once(&world, &race);
    let settling = async {
        world.pass(Duration::from_secs(1)).await;
        result(&world, &race, "result", 1, &[("1", 150)]).await;
        world.pass(Duration::from_mins(9)).await;
    };
    let (placed, ()) = futures_util::future::join(placing, settling).await;
    [vec![placed], came_to(&world, &race).await].concat()
}

/// Asks once: the reply does not come, and the slip is committed all the same. It is of a person whom the race pays nothing, because a
/// payment would have changed the wallet in between.
async fn place_once(world: &World, race: &Race) -> String {
    let bet = json!({"bet_type": "win", "selection": {"kind": "single", "runners": [1]}, "stake": 500});
    let ask = Ask::post(format!("{}/slips", race.path())).by(OTHER).under("late").with(json!({"asset": "JPY", "bets": [bet]}));
    said(world.ask_once(&ask).await.as_ref())
}

async fn slips_read(world: World) -> Vec<String> {
    let race = bet_upon(&world).await;
    result(&world, &race, "result", 1, &[("1", 150)]).await;
    came_to(&world, &race).await;
    let mut said_of = Vec::new();
    for path in ["/v1/slips".to_owned(), format!("/v1/slips?race={}", race.id(1))] {
        let answer = world.ask(&Ask::get(path).by(OWNER)).await;
        let slips = answer.map(|answer| answer.body["items"].clone()).unwrap_or_default();
        let id = slips[0]["id"].as_str().unwrap_or_default().to_owned();
        let slip = world.ask(&Ask::get(format!("/v1/slips/{id}")).by(OWNER)).await;
        let foreign = world.ask(&Ask::get(format!("/v1/slips/{id}")).by(OTHER)).await;
        let status = slip.map(|slip| slip.body["status"].clone()).unwrap_or_default();
        said_of.push(format!("{status} {}", said(foreign.as_ref())));
    }
    said_of
}

async fn races_read(world: World) -> Vec<String> {
    let race = bet_upon(&world).await;
    let unknown_settlement = world.ask(&Ask::get("/v1/races/rac_20200101-01-01/settlement")).await;
    let unsettled = world.ask(&Ask::get(format!("{}/settlement", race.path()))).await;
    result(&world, &race, "result", 1, &[("1", 150)]).await;
    came_to(&world, &race).await;
    let settlement = world.ask(&Ask::get(format!("{}/settlement", race.path()))).await;
    let unknown = world.ask(&Ask::get("/v1/races/rac_20200101-01-01")).await;
    let listed = world.ask(&Ask::get("/v1/races")).await;
    let count = listed.map(|listed| listed.body["items"].as_array().map_or(0, Vec::len)).unwrap_or_default();
    let totals = settlement.map_or(Value::Null, |settlement| settlement.body["certificates"][0]["by_asset"].clone());
    vec![
        said(unknown_settlement.as_ref()),
        said(unsettled.as_ref()),
        totals.to_string(),
        said(unknown.as_ref()),
        count.to_string(),
    ]
}

async fn unmappable(world: World) -> Vec<String> {
    let item = json!({"pk": {"S": "strange#1"}, "sk": {"S": "x"}, "body": {"B": "e30="}});
    world.put_item("racing", &item).await;
    world.rest().await;
    Vec::new()
}
