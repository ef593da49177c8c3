//! What racing's laws speak of: somebody with money and a slip, a race that is open, and what its routes and workers take.

use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use platform::{Function, Service};
use racing_testing::{LosesMessagesTo, Race, SERVICES, Target, User, bet, dividends, win, with_a_late_slip};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testing::laws::Examples;
use tokio::sync::OnceCell;

const HOUR: Duration = Duration::from_hours(1);

pub struct Stage {
    target: Target,
    user: User,
    race: Race,
    slip: String,
    /// Of the same venue and day as `race`.
    next_race: Race,
    new_races: Vec<Race>,
    /// Settled when a message first needs it.
    settled: OnceCell<Race>,
}

/// A race that is settled and proved twice, so that nothing more happens to it.
async fn settled(target: &Target) -> Race {
    let race = target.open_race().await;
    target.settle(&race, &dividends(&[("win", "1", 150)])).await;
    target.pass(Duration::from_mins(16)).await;
    target.rest().await;
    race
}

impl Examples for Stage {
    const SERVICE: &'static Service = &racing::SERVICE;
    const SERVICES: &'static [&'static Service] = SERVICES;
    const REMEMBERED: &'static [&'static str] = &["insufficient_funds", "betting_closed"];

    async fn prepare(target: testing::Target) -> Self {
        let target = Target::of(target);
        let user = target.rich_user(100_000).await;
        let [race, next_race] = <[Race; 2]>::try_from(target.announce_all(2, HOUR).await).expect("two races");
        let slip = user.bet(&race, win(1, 500)).await;
        let new_races = target.new_races(2, HOUR);
        Self { target, user, race, slip, next_race, new_races, settled: OnceCell::new() }
    }

    fn target(&self) -> &testing::Target {
        &self.target
    }

    fn user(&self) -> &testing::User {
        &self.user
    }

    fn id(&self, name: &str) -> String {
        match name {
            "race" => self.race.id.clone(),
            "slip" => self.slip.clone(),
            unknown => panic!("{{{unknown}}} is new: say here what it may be"),
        }
    }

    fn bodies(&self, function: &'static Function) -> (Value, Value) {
        match function.name {
            "place-slip" => {
                let box_of_three = json!({"kind": "box", "runners": [1, 2, 3]});
                let slip = |runner| {
                    let trifecta = json!({"bet_type": "trifecta", "selection": box_of_three, "stake": 100});
                    json!({"asset": "JPY", "bets": [bet("win", &[runner], 300), trifecta]})
                };
                (slip(1), slip(2))
            }
            "announce-races" => {
                let [first, second] = [0, 1].map(|index: usize| self.new_races[index].announced());
                let mut announced = self.new_races[0].announcement(&first);
                announced["races"].as_array_mut().expect("races").push(second);
                let mut renamed = announced.clone();
                renamed["races"][1]["title"] = json!("renamed");
                (announced, renamed)
            }
            "record-results" => {
                let ended = |per_100| {
                    let mut ended = self.race.ended(&dividends(&[("win", "1", per_100)]));
                    let next = self.next_race.ended(&dividends(&[("exacta", "1-2", per_100)]));
                    ended["results"].as_array_mut().expect("results").push(next["results"][0].clone());
                    ended
                };
                (ended(150), ended(250))
            }
            unknown => panic!("{unknown} is new: give two bodies here that it takes"),
        }
    }

    /// Results end the race that slips are placed on.
    fn comes_last(&self, function: &'static Function) -> bool {
        function.name == "record-results"
    }

    async fn done(&self, queue: &str) -> Value {
        let settled = self.settled.get_or_init(|| settled(&self.target)).await;
        match queue {
            "settle-race" => json!({"data": {"race": settled.id, "result_version": 1}}),
            "settle-shard" => json!({"race": settled.id, "result_version": 1, "shard": 0}),
            "certify-race" => json!({"race": settled.id, "result_version": 1, "pass": 1}),
            unknown => panic!("{unknown} is new: give a message here that its worker finds done already"),
        }
    }

    fn strange_item(&self, _table: &str) -> Value {
        json!({"pk": {"S": "race#x#y"}, "sk": {"S": "usr_x#b#x"}, "body": {"B": "AAAA"}})
    }

    /// A race is settled by the table's events.
    async fn works(&self) {
        let race = self.target.open_race().await;
        self.target.settle(&race, &dividends(&[("win", "1", 150)])).await;
    }

    async fn uses_every_grant(&self) {
        let target = &self.target;
        // Races, slips, settlement, and a proof that sends a shard back.
        let (_, user, slip) = with_a_late_slip(target).await;
        lists(target, &user, &slip).await;
        a_race_that_was_never_proved(target).await;
        failures_and_sweeps(target).await;
    }
}

async fn lists(target: &Target, user: &User, slip: &str) {
    let race = target.open_race().await;
    user.bet(&race, win(1, 100)).await;
    user.get("/v1/slips").await.expect(200);
    user.get(&format!("/v1/slips?race={}", race.id)).await.expect(200);
    user.get(&format!("/v1/slips/{slip}")).await.expect(200);
    target.get("/v1/races").await.expect(200);
    target.settle(&race, &dividends(&[("win", "1", 150)])).await;
    target.get(&format!("{}/settlement", race.path())).await.expect(200);
}

/// Settled by hand again when all its shards are done: it is sent to be proved.
async fn a_race_that_was_never_proved(target: &Target) {
    let race = target.open_race().await;
    target.cloud().install_faults(Some(Arc::new(LosesMessagesTo("certify-race"))));
    target.feed_results(&race.ended(&dividends(&[]))).await.expect(200);
    target.pass(Duration::from_secs(26)).await;
    let done =
        async || (target.race(&race).await["settlement"]["shards_done"] == target.race(&race).await["shards"]).then_some(());
    target.eventually("the shards are done", done).await;
    target.cloud().install_faults(None);
    target.publish("settle-race", &json!({"data": {"race": race.id, "result_version": 1}})).await;
    target.until_settled(&race).await;
}

/// Changes that cannot be mapped, a job that fails and comes again, a stuck race.
async fn failures_and_sweeps(target: &Target) {
    let strange = json!({"pk": {"S": "strange#1"}, "sk": {"S": "x"}, "body": {"B": "e30="}});
    target.put_item("racing", &strange).await;
    target.publish("settle-shard", &json!({"race": "rac_20200101-01-01", "result_version": 1, "shard": 0})).await;
    target.put_item("racing", &stuck_row(target.now())).await;
    target.skip(Duration::from_secs(70)).await;
}

/// The row of a race that has been waiting for its settlement for six minutes.
fn stuck_row(now: Timestamp) -> Value {
    let (day, changed_at) = (shared::calendar::day_of(now), now - SignedDuration::from_mins(6));
    let row = json!({
        "race": format!("rac_{}-99-12", day.strftime("%Y%m%d")), "title": "stuck", "closes_at": changed_at, "state": "resulted",
        "result_version": 1, "changed_at": changed_at,
    });
    let body = BASE64.encode(row.to_string().as_bytes());
    json!({"pk": {"S": format!("day#{day}")}, "sk": {"S": "99-12"}, "body": {"B": body}, "rev": {"N": "1"}})
}
