//! Request tokens, seen through the engine, and how many are kept.

use super::*;
use crate::clock::LocalClock;
use crate::engine::Engine;
use crate::local_names;
use crate::tests::SERVICES;
use platform::clock::Clock;
use std::sync::Arc;

struct Bench {
    engine: Engine,
    clock: Arc<LocalClock>,
    _directory: tempfile::TempDir,
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(LocalClock::open(directory.path(), Some("2030-01-01T00:00:00Z".parse().unwrap())).unwrap());
    let engine = Engine::open(directory.path(), SERVICES, &local_names(), &clock).unwrap();
    Bench { engine, clock, _directory: directory }
}

impl Bench {
    async fn call(&self, operation: &str, body: &Value) -> (u16, Value) {
        let reply = self.engine.call(operation, body.to_string().as_bytes()).await;
        (reply.status, serde_json::from_str(&reply.body).unwrap())
    }

    /// Adds `amount` to the counter `a` under `token`.
    async fn add(&self, token: Option<&str>, amount: u32) -> (u16, Value) {
        self.call("TransactWriteItems", &addition(token, amount)).await
    }

    async fn counted(&self) -> String {
        let key = json!({"pk": {"S": "a"}, "sk": {"S": "b"}});
        let (_, found) = self.call("GetItem", &json!({"TableName": "koban-local-notes", "Key": key})).await;
        found["Item"]["n"]["N"].as_str().unwrap_or("0").to_owned()
    }

    fn pass(&self, minutes: i64) {
        self.clock.set(self.clock.now() + SignedDuration::from_mins(minutes)).unwrap();
    }
}

fn addition(token: Option<&str>, amount: u32) -> Value {
    let update = json!({"TableName": "koban-local-notes", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}},
        "UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": amount.to_string()}}});
    let mut body = json!({"TransactItems": [{"Update": update}]});
    if let Some(token) = token {
        body["ClientRequestToken"] = token.into();
    }
    body
}

fn is(reply: &(u16, Value), kind: &str) -> bool {
    reply.0 == 400 && reply.1["__type"].as_str().unwrap().ends_with(kind)
}

#[tokio::test]
async fn the_same_token_has_one_effect_for_ten_minutes_of_the_clouds_clock() {
    let bench = bench();
    for _ in 0..3 {
        assert_eq!(bench.add(Some("once"), 1).await.0, 200);
    }
    assert_eq!(bench.counted().await, "1");
    bench.pass(9);
    assert_eq!(bench.add(Some("once"), 1).await.0, 200);
    assert_eq!(bench.counted().await, "1");
    bench.pass(1);
    assert_eq!(bench.add(Some("once"), 1).await.0, 200);
    assert_eq!(bench.counted().await, "2", "a new request by then");
    assert_eq!(bench.add(Some("once"), 1).await.0, 200);
    assert_eq!(bench.counted().await, "2", "and remembered from there");
    assert_eq!(bench.add(None, 1).await.0, 200);
    assert_eq!(bench.counted().await, "3");
}

#[tokio::test]
async fn the_same_token_with_other_parameters_is_a_mismatch() {
    let bench = bench();
    assert_eq!(bench.add(Some("once"), 1).await.0, 200);
    assert!(is(&bench.add(Some("once"), 2).await, "#IdempotentParameterMismatchException"));
    let mut twice = addition(Some("once"), 1);
    let first = twice["TransactItems"][0].clone();
    twice["TransactItems"].as_array_mut().unwrap().push(first);
    assert!(is(&bench.call("TransactWriteItems", &twice).await, "#IdempotentParameterMismatchException"));
    assert_eq!(bench.counted().await, "1");
    assert_eq!(bench.add(Some("other"), 2).await.0, 200);
    assert_eq!(bench.counted().await, "3");
    bench.pass(10);
    assert_eq!(bench.add(Some("once"), 2).await.0, 200);
}

#[tokio::test]
async fn what_was_canceled_is_run_again() {
    let bench = bench();
    let put = json!({"TableName": "koban-local-notes", "Item": {"pk": {"S": "p"}, "sk": {"S": "q"}},
        "ConditionExpression": "attribute_exists(pk)"});
    let body = json!({"TransactItems": [{"Put": put}], "ClientRequestToken": "try"});
    assert!(is(&bench.call("TransactWriteItems", &body).await, "#TransactionCanceledException"));
    let put = json!({"TableName": "koban-local-notes", "Item": {"pk": {"S": "p"}, "sk": {"S": "q"}}});
    assert_eq!(bench.call("PutItem", &put).await.0, 200);
    assert_eq!(bench.call("TransactWriteItems", &body).await.0, 200);
}

#[tokio::test]
async fn a_repeat_costs_what_reading_costs() {
    let bench = bench();
    let mut body = addition(Some("once"), 1);
    body["ReturnConsumedCapacity"] = "TOTAL".into();
    let (_, first) = bench.call("TransactWriteItems", &body).await;
    assert_eq!(first["ConsumedCapacity"][0]["WriteCapacityUnits"], 2.0);
    let (_, second) = bench.call("TransactWriteItems", &body).await;
    let expected = json!([{"TableName": "koban-local-notes", "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}]);
    assert_eq!(second["ConsumedCapacity"], expected);
    // Another mode of the report is no other request.
    body["ReturnConsumedCapacity"] = "NONE".into();
    assert_eq!(bench.call("TransactWriteItems", &body).await, (200, json!({})));
}

#[tokio::test]
async fn a_token_has_1_to_36_bytes() {
    let bench = bench();
    for token in ["", &"x".repeat(37)] {
        assert!(is(&bench.add(Some(token), 1).await, "#ValidationException"));
    }
    assert_eq!(bench.counted().await, "0");
    assert_eq!(bench.add(Some(&"x".repeat(36)), 1).await.0, 200);
}

#[tokio::test]
async fn of_many_at_once_one_has_an_effect() {
    let bench = bench();
    let added = futures_util::future::join_all((0..16).map(|_| bench.add(Some("once"), 1))).await;
    assert!(added.iter().all(|(status, _)| *status == 200));
    assert_eq!(bench.counted().await, "1");
}

fn claim(body: &Value) -> Claim {
    let request = Request::parse("TransactWriteItems", body.to_string().as_bytes()).map_err(|reply| reply.body).unwrap();
    Claim::of(&request).map_err(|reply| reply.body).unwrap().unwrap()
}

#[test]
fn the_order_of_names_and_of_a_set_is_no_parameter_and_all_else_is() {
    let of = |item: &str| {
        let put = format!(r#"{{"TableName": "t", "Item": {item}}}"#);
        let text = format!(r#"{{"ClientRequestToken": "x", "TransactItems": [{{"Put": {put}}}]}}"#);
        claim(&serde_json::from_str(&text).unwrap()).parameters
    };
    let same = of(r#"{"a": {"M": {"b": {"S": "1"}, "c": {"SS": ["x", "y"]}}}, "d": {"L": [{"S": "1"}, {"S": "2"}]}}"#);
    assert_eq!(same, of(r#"{"d": {"L": [{"S": "1"}, {"S": "2"}]}, "a": {"M": {"c": {"SS": ["y", "x"]}, "b": {"S": "1"}}}}"#));
    let others = [
        r#"{"a": {"M": {"b": {"S": "1"}, "c": {"SS": ["x", "y"]}}}, "d": {"L": [{"S": "2"}, {"S": "1"}]}}"#,
        r#"{"a": {"M": {"b": {"N": "1"}, "c": {"SS": ["x", "y"]}}}, "d": {"L": [{"S": "1"}, {"S": "2"}]}}"#,
        r#"{"a": {"M": {"b": {"S": "1"}, "c": {"SS": ["x"]}}}, "d": {"L": [{"S": "1"}, {"S": "2"}]}}"#,
        r#"{"a": {"M": {"b": {"S": "1"}, "c": {"SS": ["x", "y"]}}}}"#,
    ];
    for other in others {
        assert_ne!(same, of(other), "{other}");
    }
}

#[test]
fn the_tokens_that_are_kept_are_bounded() {
    let start: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let mut tokens = Tokens::default();
    let many = u128::try_from(TOKENS_MAX).unwrap() + 10;
    for token in 0..many {
        tokens.remember(Claim { token, parameters: 0 }, start);
    }
    assert_eq!(tokens.count(), TOKENS_MAX);
    let body = addition(Some("x"), 1);
    let request = Request::parse("TransactWriteItems", body.to_string().as_bytes()).map_err(|reply| reply.body).unwrap();
    let is_known = |tokens: &Tokens, token| tokens.repeated(Claim { token, parameters: 0 }, &request, start).is_some();
    assert!(!is_known(&tokens, 0) && is_known(&tokens, many - 1));
    tokens.remember(Claim { token: many, parameters: 0 }, start + REMEMBERED_FOR);
    assert_eq!(tokens.count(), 1, "what is over is forgotten");
}
