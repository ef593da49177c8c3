//! SNS, in process: an event goes to every queue whose subscription wants its type and data, raw, and is stored there before it is
//! acknowledged. An event that nobody wants costs the look at its type.

use crate::CloudError;
use crate::queues::{NewMessage, Queues};
use platform::Service;
use platform::resource::Subscription;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// An event as it was published.
#[derive(Debug)]
pub struct Published {
    pub body: String,
    pub trace: String,
    /// The other attributes, as `queues::attributes::stored` writes them.
    pub attributes: String,
}

/// The topics of the services, by their names without the environment's prefix.
pub struct Topics {
    queues: Arc<Queues>,
    subscribers: HashMap<&'static str, Vec<Subscriber>>,
}

struct Subscriber {
    queue: &'static str,
    subscription: Subscription,
}

/// What filters look at.
#[derive(Deserialize)]
struct Filtered<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl Topics {
    pub fn new(queues: Arc<Queues>, services: &'static [&'static Service]) -> Self {
        let mut subscribers: HashMap<_, Vec<_>> = HashMap::new();
        for topic in services.iter().flat_map(|service| service.topics()) {
            subscribers.entry(topic.name).or_default();
        }
        for queue in services.iter().flat_map(|service| service.queues()) {
            for subscription in &queue.subscriptions {
                subscribers.entry(subscription.topic.name).or_default().push(Subscriber { queue: queue.name, subscription });
            }
        }
        Self { queues, subscribers }
    }

    pub fn has(&self, topic: &str) -> bool {
        self.subscribers.contains_key(topic)
    }

    /// Every topic, by name.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.subscribers.keys().copied().collect();
        names.sort_unstable();
        names
    }

    /// Every subscription with its topic and queue, by their names.
    pub fn subscriptions(&self) -> Vec<(&'static str, &'static str, Subscription)> {
        let of = |topic: &'static str| {
            let mut queues: Vec<_> = self.subscribers.get(topic).into_iter().flatten().collect();
            queues.sort_unstable_by_key(|subscriber| subscriber.queue);
            queues.into_iter().map(move |subscriber| (topic, subscriber.queue, subscriber.subscription))
        };
        self.names().into_iter().flat_map(of).collect()
    }

    /// Delivers `events`, all or none.
    ///
    /// # Errors
    /// `NoTopic` for a topic that no service has.
    pub async fn publish(&self, topic: &str, events: Vec<Published>) -> Result<(), CloudError> {
        let subscribers = self.subscribers.get(topic).ok_or_else(|| CloudError::NoTopic(topic.to_owned()))?;
        for event in &events {
            self.queues.published(&event.body);
        }
        if subscribers.is_empty() {
            return Ok(());
        }
        let messages: Vec<_> = events.iter().flat_map(|event| deliveries(subscribers, event)).collect();
        if messages.is_empty() { Ok(()) } else { self.queues.send(messages).await.map(|_| ()) }
    }
}

fn deliveries(subscribers: &[Subscriber], event: &Published) -> Vec<NewMessage> {
    // What is not JSON matches no filter on the message's body.
    let Ok(filtered) = serde_json::from_str::<Filtered<'_>>(&event.body) else { return Vec::new() };
    let wanting = subscribers.iter().filter(|subscriber| wants(&subscriber.subscription, &filtered));
    let message = |subscriber: &Subscriber| NewMessage {
        queue: subscriber.queue.to_owned(),
        body: event.body.clone(),
        trace: event.trace.clone(),
        attributes: event.attributes.clone(),
        ..NewMessage::default()
    };
    wanting.map(message).collect()
}

fn wants(subscription: &Subscription, event: &Filtered<'_>) -> bool {
    if !subscription.types.contains(&event.kind.as_ref()) {
        return false;
    }
    if subscription.data.is_empty() {
        return true;
    }
    let data: HashMap<Cow<'_, str>, Value> =
        event.data.and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or_default();
    // A filter's value is a string and matches only strings, as in a filter policy.
    let fits =
        |(field, values): &(&str, &[&str])| data.get(*field).and_then(Value::as_str).is_some_and(|value| values.contains(&value));
    subscription.data.iter().all(fits)
}
