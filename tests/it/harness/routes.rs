//! A request that each route takes, so that what is true of all routes can be tested of all: the list comes from the registry, and a
//! route with a body, or with an id of a new kind, that has no example here fails every such test.

use super::Response;
use super::Target;
use super::User;
use super::race::{Race, bet, dividends, win};
use koban::registry;
use platform::Function;
use platform::function::{Access, Idempotency, Method, Route};
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

/// What the examples speak of: somebody with money, a slip and a top-up, and a race that is open.
pub struct Stage {
    pub target: Target,
    pub user: User,
    pub race: Race,
    pub slip: String,
    pub topup: String,
    /// Of the same venue and day as `race`.
    next_race: Race,
    new_races: Vec<Race>,
}

/// A request that its route takes.
#[derive(Debug, Clone)]
pub struct Request {
    pub function: &'static Function,
    pub path: String,
    /// None where the route takes none.
    pub body: Option<Value>,
    /// Another body that the route takes as well.
    pub other_body: Option<Value>,
}

impl Stage {
    pub async fn of(target: Target) -> Self {
        let user = target.user();
        let topup = user.top_up(100_000).await;
        let [race, next_race] = <[Race; 2]>::try_from(target.announce_all(2, HOUR).await).expect("two races");
        let slip = user.bet(&race, win(1, 500)).await;
        let new_races = target.new_races(2, HOUR);
        Self { target, user, race, slip, topup, next_race, new_races }
    }

    /// An example for each route.
    pub fn requests(&self) -> Vec<Request> {
        let routes = registry::functions().filter(|function| function.route().is_some());
        routes.map(|function| self.request(function)).collect()
    }

    /// An example for each route that changes something. The last one ends the race.
    pub fn mutating(&self) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(Request::is_mutating);
        requests.sort_by_key(|request| request.function.name == "record-results");
        requests
    }

    fn request(&self, function: &'static Function) -> Request {
        let route = function.route().expect("a route");
        let ids = [("{race}", &self.race.id), ("{slip}", &self.slip), ("{topup}", &self.topup)];
        let path = ids.iter().fold(route.path.to_owned(), |path, (name, id)| path.replace(name, id));
        assert!(!path.contains('{'), "{path} is new: say here what it may be");
        let race = &self.race;
        let bodies = match function.name {
            "create-topup" => {
                let yen = |minor: i64| json!({"asset": "JPY", "minor": minor});
                Some((yen(700), yen(800)))
            }
            "place-slip" => {
                let box_of_three = json!({"kind": "box", "runners": [1, 2, 3]});
                let slip = |runner| {
                    let trifecta = json!({"bet_type": "trifecta", "selection": box_of_three, "stake": 100});
                    json!({"asset": "JPY", "bets": [bet("win", &[runner], 300), trifecta]})
                };
                Some((slip(1), slip(2)))
            }
            "announce-races" => {
                let [first, second] = [0, 1].map(|index: usize| self.new_races[index].announced());
                let mut announced = self.new_races[0].announcement(&first);
                announced["races"].as_array_mut().expect("races").push(second);
                let mut renamed = announced.clone();
                renamed["races"][1]["title"] = json!("renamed");
                Some((announced, renamed))
            }
            "record-results" => {
                let ended = |per_100| {
                    let mut ended = race.ended(&dividends(&[("win", "1", per_100)]));
                    let next = self.next_race.ended(&dividends(&[("exacta", "1-2", per_100)]));
                    ended["results"].as_array_mut().expect("results").push(next["results"][0].clone());
                    ended
                };
                Some((ended(150), ended(250)))
            }
            _ if route.body.is_none() => None,
            unknown => panic!("{unknown} is new: give an example of a request that it takes"),
        };
        let (body, other_body) = bodies.unzip();
        Request { function, path, body, other_body }
    }
}

impl Request {
    pub fn route(&self) -> &'static Route {
        self.function.route().expect("a route")
    }

    pub fn is_mutating(&self) -> bool {
        self.route().method == Method::Post
    }

    /// Whether a repeat is known by an id that the caller chose.
    pub fn is_named(&self) -> bool {
        self.route().idempotency == Idempotency::Key || matches!(self.route().access, Access::Signed(_))
    }

    /// Sends it in the name of the stage's person, or of the race office; `key` names the intent or the message.
    pub async fn send(&self, stage: &Stage, key: &str) -> Response {
        self.send_body(stage, key, self.body.as_ref()).await
    }

    /// The same with another body.
    pub async fn send_body(&self, stage: &Stage, key: &str, body: Option<&Value>) -> Response {
        let text = body.map(Value::to_string).unwrap_or_default();
        self.send_to(stage, &self.path, key, text.as_bytes()).await
    }

    /// The same to another path, with what may not be JSON.
    pub async fn send_to(&self, stage: &Stage, path: &str, key: &str, body: &[u8]) -> Response {
        let (route, target) = (self.route(), &stage.target);
        match route.access {
            Access::Public => target.send(route.method.as_str(), path, &[], body).await,
            Access::Signed(_) => target.feed_bytes(key, path, body, target.feed_secret(), target.now()).await,
            Access::User => {
                let key = (route.idempotency == Idempotency::Key).then_some(key);
                stage.user.send(route.method.as_str(), path, key, body).await
            }
        }
    }
}
