//! A request that a route takes.

use super::Examples;
use crate::Response;
use platform::Function;
use platform::function::{Access, Contract, Idempotency, Route};
use serde_json::{Map, Value, json};

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

/// An example for each route.
pub fn requests<E: Examples>(stage: &E) -> Vec<Request> {
    let routes = E::SERVICE.functions.iter().filter(|function| function.route().is_some());
    routes.map(|function| Request::of(stage, function)).collect()
}

/// An example for each route that changes something, those last that change what others speak of.
pub fn mutating<E: Examples>(stage: &E) -> Vec<Request> {
    let mut requests = requests(stage);
    requests.retain(Request::is_mutating);
    requests.sort_by_key(|request| stage.comes_last(request.function));
    requests
}

/// The ids in the path of `function`, by name.
pub fn path_parameters<E: Examples>(stage: &E, function: &Function) -> Value {
    let names = function.route().into_iter().flat_map(Route::path_names);
    json!(names.map(|name| (name.to_owned(), json!(stage.id(name)))).collect::<Map<_, _>>())
}

impl Request {
    fn of<E: Examples>(stage: &E, function: &'static Function) -> Self {
        let route = function.route().expect("a route");
        let path =
            route.path_names().fold(route.path.to_owned(), |path, name| path.replace(&format!("{{{name}}}"), &stage.id(name)));
        let bodies = function.contract().body.map(|_| stage.bodies(function));
        let (body, other_body) = bodies.unzip();
        Self { function, path, body, other_body }
    }

    pub fn route(&self) -> &'static Route {
        self.function.route().expect("a route")
    }

    pub fn contract(&self) -> Contract {
        self.function.contract()
    }

    pub fn is_mutating(&self) -> bool {
        self.route().method.is_mutating()
    }

    /// Its body as text; empty where it has none.
    pub fn text(&self) -> String {
        self.body.as_ref().map(Value::to_string).unwrap_or_default()
    }

    /// Whether a repeat is known by an id that the caller chose.
    pub fn is_named(&self) -> bool {
        self.route().idempotency == Idempotency::Key || matches!(self.route().access, Access::Signed(_))
    }

    /// Sends it in the name of the stage's person, or of who signs; `key` names the intent or the message.
    pub async fn send<E: Examples>(&self, stage: &E, key: &str) -> Response {
        self.send_body(stage, key, self.body.as_ref()).await
    }

    /// The same with another body.
    pub async fn send_body<E: Examples>(&self, stage: &E, key: &str, body: Option<&Value>) -> Response {
        let text = body.map(Value::to_string).unwrap_or_default();
        self.send_to(stage, &self.path, key, text.as_bytes()).await
    }

    /// The same to another path, with what may not be JSON.
    pub async fn send_to<E: Examples>(&self, stage: &E, path: &str, key: &str, body: &[u8]) -> Response {
        let (route, target) = (self.route(), stage.target());
        let method = route.method.as_str();
        match route.access {
            Access::Public => target.send(method, path, &[], body).await,
            Access::Signed(_) => target.send_signed(method, path, key, body).await,
            Access::User | Access::Staff(_) | Access::Member(_) | Access::ApiKey(_) => {
                let bearer = stage.bearer(self.function).await;
                let mut headers = vec![("authorization", bearer.as_str())];
                headers.extend((route.idempotency == Idempotency::Key).then_some(("idempotency-key", key)));
                target.send(method, path, &headers, body).await
            }
        }
    }
}
