//! SNS's query protocol: a form comes, XML goes. Functions publish; operators also look which topics and subscriptions there are.

mod list;
mod publish;
#[cfg(test)]
mod tests;

use super::permits::Denied;
use super::{not_here, xml};
use crate::engine::Reply;
use crate::topics::Topics;
use platform::sdk::Names;
use std::collections::HashMap;

/// A parsed form.
#[derive(Default)]
pub struct Form(HashMap<String, String>);

impl Form {
    pub fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub fn action(&self) -> &str {
        self.get("Action")
    }

    /// Which API it is a form of: `2010-03-31` is SNS's.
    pub fn version(&self) -> &str {
        self.get("Version")
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Where it publishes to.
    fn target(&self) -> &str {
        if self.has("TopicArn") { self.get("TopicArn") } else { self.get("TargetArn") }
    }

    /// The topic's name without the environment's prefix.
    pub fn topic(&self, names: &Names) -> String {
        let name = self.target().rsplit(':').next().unwrap_or_default();
        name.strip_prefix(&names.prefix).unwrap_or(name).to_owned()
    }
}

/// An error that SNS answers with.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameter", format!("Invalid parameter: {}", message.into()))
    }

    fn no_topic() -> Self {
        Self { status: 404, ..Self::new("NotFound", "Topic does not exist") }
    }

    fn failed(message: impl Into<String>) -> Self {
        Self { status: 500, ..Self::new("InternalError", message) }
    }

    fn reply(&self) -> Reply {
        error(self.status, self.code, &self.message)
    }
}

/// The topics.
#[derive(Clone, Copy)]
pub struct Sns<'a> {
    pub topics: &'a Topics,
    pub names: &'a Names,
}

impl Sns<'_> {
    /// Runs the action of `form`, without a check of grants.
    pub async fn call(self, form: &Form) -> Reply {
        let done = match form.action() {
            "Publish" => self.publish(form).await,
            "PublishBatch" => self.publish_batch(form).await,
            "ListTopics" => self.list_topics(form),
            "ListSubscriptions" => self.list_subscriptions(form),
            "ListSubscriptionsByTopic" => self.list_subscriptions_by_topic(form),
            "GetTopicAttributes" => self.topic_attributes(form),
            "GetSubscriptionAttributes" => self.subscription_attributes(form),
            action => Err(Refusal::new("InvalidAction", not_here("SNS", action))),
        };
        match done {
            Ok(result) => xml::result(xml::SNS, form.action(), &result),
            Err(refused) => refused.reply(),
        }
    }

    /// The topic that `form` names in `field`, without the environment's prefix.
    fn topic(self, form: &Form) -> Result<String, Refusal> {
        let arn = form.target();
        if arn.is_empty() {
            return Err(Refusal::invalid("TopicArn or TargetArn Reason: no value for required parameter"));
        }
        let parts: Vec<_> = arn.split(':').collect();
        if parts.len() != 6 || parts[..3] != ["arn", "aws", "sns"] {
            let detail = format!("TopicArn Reason: An ARN must have at least 6 elements, not {}", parts.len());
            return Err(Refusal::invalid(detail));
        }
        let topic = form.topic(self.names);
        let here = arn == self.arn(&topic) && self.topics.has(&topic);
        if here { Ok(topic) } else { Err(Refusal::no_topic()) }
    }

    fn arn(self, topic: &str) -> String {
        format!("arn:aws:sns:{}:{}:{}{topic}", self.names.region, self.names.account, self.names.prefix)
    }
}

pub fn denied(denied: &Denied) -> Reply {
    error(403, "AuthorizationError", denied.message())
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    xml::error(xml::SNS, status, code, message)
}
