//! The world as a service's users see it: an API that may not answer, time that passes, and the reference model that they keep.

use super::books::Books;
use super::fault::Fault;
use super::simulation::Simulation;
use super::size::Size;
use cloud::bare::Answered;
use fastrand::Rng;
use futures_util::future::join_all;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use platform::webhook::sign;
use serde_json::{Value, json};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

/// How often a careful caller asks until there is an outcome. Waits grow to half a minute: an hour and more in all.
const ATTEMPTS_MAX: u32 = 200;
/// How long a caller waits for a reply.
const PATIENCE: Duration = Duration::from_secs(35);
/// How long it takes until what has become due begins.
const BEGINS_WITHIN: Duration = Duration::from_millis(5);
/// Of a hundred answers, how many are asked for once more, and how many again with something else under the same key.
const REPEATED_PERCENT: u8 = 15;
const CHANGED_PERCENT: u8 = 5;

/// A simulated world.
#[derive(Clone)]
pub struct World(pub(super) Arc<Simulation>);

/// What a caller asks for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    method: &'static str,
    path: String,
    /// Who asks: the subject of the token.
    subject: Option<String>,
    key: Option<String>,
    body: Option<Value>,
    /// Another body that must be refused under the same key.
    other_body: Option<Value>,
    /// The id of a signed message.
    signed: Option<String>,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), ..Self::default() }
    }

    pub fn post(path: impl Into<String>) -> Self {
        Self { method: "POST", path: path.into(), ..Self::default() }
    }

    #[must_use]
    pub fn by(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }

    /// Under an idempotency key.
    #[must_use]
    pub fn under(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    #[must_use]
    pub fn with(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// What is sometimes sent under the same key, and must be refused.
    #[must_use]
    pub fn not_with(mut self, body: Value) -> Self {
        self.other_body = Some(body);
        self
    }

    /// As a signed message of this id.
    #[must_use]
    pub fn signed(mut self, id: impl Into<String>) -> Self {
        self.signed = Some(id.into());
        self
    }
}

/// What the API answered in the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub replayed: bool,
}

impl Answer {
    /// The code of a problem; empty when it is none.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    fn of(answered: &Answered) -> Self {
        Self {
            status: answered.status,
            body: serde_json::from_slice(&answered.body).unwrap_or_default(),
            replayed: answered.headers.contains_key("idempotency-replayed"),
        }
    }

    /// Whether it says nothing about the request: the same may be asked again.
    fn is_passing(&self) -> bool {
        self.status >= 500 || self.status == 429 || (self.status == 409 && self.body["retryable"] == true)
    }

    /// What must be the same in every answer to one request: an object's state moves on.
    fn outcome(&self) -> (u16, Value) {
        (self.status, ["id", "code"].iter().map(|name| self.body[*name].clone()).collect())
    }
}

impl World {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.0.kept.clock.now()
    }

    /// The people of this size, by the subjects of their tokens. All services have the same.
    pub fn people(&self, size: Size) -> Vec<String> {
        (1..=size.people).map(|number| format!("person-{number}")).collect()
    }

    /// Whether users go on: they have not yet done as much as the seed's size says.
    pub fn goes_on(&self, size: Size) -> bool {
        self.0.operations.load(Relaxed) < u64::from(size.operations)
    }

    /// Waits for a while of the world's time.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Waits for some of these milliseconds.
    pub async fn pass_some(&self, milliseconds: std::ops::Range<u64>) {
        let some = self.draw(|rng| rng.u64(milliseconds));
        self.pass(Duration::from_millis(some)).await;
    }

    /// Draws of the seed's chance.
    pub fn draw<T>(&self, of: impl FnOnce(&mut Rng) -> T) -> T {
        self.0.draw(of)
    }

    /// The reference model.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books()
    }

    /// Notes that a promise was broken.
    pub fn violation(&self, what: impl Into<String>) {
        self.0.violation(what.into());
    }

    /// Asks until there is an outcome, as a careful client does: the same request under the same key. None when there is none, which
    /// breaks a promise. Sometimes it asks once more, and the outcome must be the same.
    pub async fn ask(&self, ask: &Ask) -> Option<Answer> {
        let answer = self.ask_until_answered(ask).await?;
        self.0.operations.fetch_add(1, Relaxed);
        if self.0.is_by_chance() && self.0.has_faults() && (ask.key.is_some() || ask.signed.is_some()) {
            self.ask_again(ask, &answer).await;
        }
        Some(answer)
    }

    /// Asks the same several times at once. Every answer must be of one outcome.
    pub async fn ask_at_once(&self, ask: &Ask, times: usize) -> Option<Answer> {
        let answers = join_all((0..times).map(|_| self.ask_until_answered(ask))).await;
        let mut answers = answers.into_iter().flatten();
        let first = answers.next()?;
        self.0.operations.fetch_add(times as u64, Relaxed);
        for other in answers {
            self.must_agree(ask, &first, &other);
        }
        Some(first)
    }

    async fn ask_again(&self, ask: &Ask, answer: &Answer) {
        if self.draw(|rng| rng.u8(..100)) < REPEATED_PERCENT
            && let Some(again) = self.ask_until_answered(ask).await
        {
            self.0.operations.fetch_add(1, Relaxed);
            self.must_agree(ask, answer, &again);
        }
        let changed = ask.other_body.as_ref().filter(|_| self.draw(|rng| rng.u8(..100)) < CHANGED_PERCENT);
        let Some(body) = changed else { return };
        let other = Ask { body: Some(body.clone()), other_body: None, ..ask.clone() };
        if let Some(refused) = self.ask_until_answered(&other).await {
            self.0.operations.fetch_add(1, Relaxed);
            if refused.status != 422 {
                self.violation(format!("another request under the key of {} was answered {refused:?}", ask.path));
            }
        }
    }

    fn must_agree(&self, ask: &Ask, first: &Answer, again: &Answer) {
        if first.outcome() != again.outcome() {
            self.violation(format!("one request to {} has two outcomes: {first:?} and {again:?}", ask.path));
        }
    }

    async fn ask_until_answered(&self, ask: &Ask) -> Option<Answer> {
        for attempt in 0..ATTEMPTS_MAX {
            match self.ask_once(ask).await {
                Some(answer) if !answer.is_passing() => return Some(answer),
                _ => {}
            }
            let most = (200_u64 << attempt.min(7)).min(30_000);
            self.pass_some(most / 2..most).await;
        }
        self.violation(format!("{} {} has no outcome after {ATTEMPTS_MAX} attempts", ask.method, ask.path));
        None
    }

    /// Asks once; none when no reply came.
    pub async fn ask_once(&self, ask: &Ask) -> Option<Answer> {
        let process = self.0.process()?;
        let body = ask.body.as_ref().map(Value::to_string).unwrap_or_default();
        let request = self.request(ask, &body)?;
        let exchange = async {
            let answered = process.cloud.request(request, ask.subject.as_deref()).await;
            let answered = answered.ok().flatten()?;
            let answer = Answer::of(&answered);
            self.0.meets(answered.function, answer.code());
            Some(answer)
        };
        let answer = tokio::select! {
            biased;
            () = process.ended() => None,
            answer = exchange => answer,
            () = tokio::time::sleep(PATIENCE) => None,
        };
        let answer = answer.filter(|_| !self.0.strikes(Fault::ReplyLost));
        let status = answer.as_ref().map(|answer| answer.status);
        self.0.note_of((&ask.path, status), || {
            let who = ask.subject.as_deref().or(ask.signed.as_deref()).unwrap_or("anybody");
            let reply = answer.as_ref().map_or("no reply".into(), |answer| format!("{} {}", answer.status, answer.code()));
            format!("        {who}  {} {}  {body}  -> {reply}", ask.method, ask.path)
        });
        answer
    }

    fn request<'a>(&self, ask: &Ask, body: &'a str) -> Option<Request<&'a [u8]>> {
        let mut request = Request::builder().method(ask.method).uri(&ask.path);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        if let Some(key) = &ask.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(id) = &ask.signed {
            let now = self.now();
            let signature = sign(&self.0.secret, id, now, body.as_bytes())?;
            request = request.header("webhook-id", id).header("webhook-timestamp", now.as_second().to_string());
            request = request.header("webhook-signature", signature);
        }
        request.body(body.as_bytes()).ok()
    }

    /// Puts a message on a queue, as an operator does.
    pub async fn publish(&self, queue: &str, message: &str) {
        if let Some(process) = self.0.process()
            && let Err(error) = process.cloud.publish(queue, message.to_owned()).await
        {
            self.violation(format!("{queue} takes no message: {error}"));
        }
    }

    /// From now on messages to `queue` are lost, or not any more: what AWS never does, and what sweeps must make good.
    pub fn lose_messages(&self, queue: &str, loses: bool) {
        self.0.lose(queue, loses);
    }

    /// The next such call has its effect only `after` a while, also when nobody waits for it any more.
    pub fn hold(&self, function: &'static str, operation: &'static str, after: Duration) {
        self.0.hold(function, operation, after);
    }

    /// Puts an item that no function would put.
    pub async fn put_item(&self, table: &str, item: &Value) {
        let name = format!("{}{table}", cloud::local_names().prefix);
        let body = json!({"TableName": name, "Item": item}).to_string();
        let reply = self.0.kept.engine.call("PutItem", body.as_bytes()).await;
        if reply.status != 200 {
            self.violation(format!("an item cannot be put: {reply:?}"));
        }
    }

    /// Lets `time` pass at once, when nothing is under way: a schedule that would have come several times comes once.
    pub async fn skip(&self, time: SignedDuration) {
        if let Some(process) = self.0.process() {
            let to = self.now().checked_add(time).unwrap_or_else(|_| self.now());
            if let Err(error) = process.cloud.set_clock(to).await {
                self.violation(format!("the clock cannot be set: {error}"));
            }
        }
        // What is due now begins.
        self.pass(BEGINS_WITHIN).await;
    }

    /// Waits until nothing is under way; false when that takes more than `most` of the world's time.
    pub async fn until_idle(&self, most: Duration) -> bool {
        const LOOK_FIRST: Duration = Duration::from_millis(10);
        const LOOK_LAST: Duration = Duration::from_secs(2);
        let until = tokio::time::Instant::now() + most;
        let mut wait = LOOK_FIRST;
        while tokio::time::Instant::now() < until {
            let Some(process) = self.0.process() else { return false };
            if !self.0.is_under_way() && process.cloud.is_idle().await.unwrap_or(false) {
                return true;
            }
            self.pass(wait).await;
            wait = LOOK_LAST.min(wait * 2);
        }
        false
    }

    /// Waits until nothing is under way and no message is to come: waits are skipped. False when it does not come to rest.
    pub async fn rest(&self) -> bool {
        const WAITS_MAX: u32 = 500;
        const IDLE_WITHIN: Duration = Duration::from_mins(30);
        for _ in 0..WAITS_MAX {
            if !self.until_idle(IDLE_WITHIN).await {
                return false;
            }
            let Some(process) = self.0.process() else { return false };
            match process.cloud.next_due().await {
                Ok(Some(due)) => self.skip(due.duration_since(self.now())).await,
                _ => return true,
            }
        }
        false
    }
}
