//! SNS's query protocol, as far as functions use it: `Publish` and `PublishBatch` as a form, replies as XML.

use super::permits::Denied;
use crate::CloudError;
use crate::engine::Reply;
use crate::queues::random_uuid;
use crate::topics::{Published, Topics};
use platform::sdk::Names;
use std::collections::HashMap;
use std::fmt::Write;

const BATCH_MAX: usize = 10;
/// The largest batch or message.
const BYTES_MAX: usize = 256 * 1_024;

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

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The topic's name without the environment's prefix.
    pub fn topic(&self, names: &Names) -> String {
        let name = self.get("TopicArn").rsplit(':').next().unwrap_or_default();
        name.strip_prefix(&names.prefix).unwrap_or(name).to_owned()
    }

    /// Publishes what it says.
    pub async fn publish(&self, topics: &Topics, topic: &str) -> Reply {
        let (ids, events) = self.events();
        if events.is_empty() || events.len() > BATCH_MAX {
            return error(400, "InvalidParameter", "The batch does not have 1 to 10 entries");
        }
        if events.iter().map(|event| event.body.len()).sum::<usize>() > BYTES_MAX {
            return error(400, "BatchRequestTooLong", "The batch is longer than 262144 bytes");
        }
        match topics.publish(topic, events).await {
            Ok(()) => published(self.action(), &ids),
            Err(CloudError::NoTopic(_)) => error(404, "NotFound", "Topic does not exist"),
            Err(failed) => error(500, "InternalError", &failed.to_string()),
        }
    }

    fn events(&self) -> (Vec<String>, Vec<Published>) {
        let prefixes: Vec<_> = if self.action() == "Publish" {
            vec![String::new()]
        } else {
            let prefix = |number: usize| format!("PublishBatchRequestEntries.member.{number}.");
            (1..=BATCH_MAX + 1).map(prefix).take_while(|prefix| self.0.contains_key(&format!("{prefix}Message"))).collect()
        };
        let event = |prefix: &String| {
            let event = Published { body: self.get(&format!("{prefix}Message")).to_owned(), trace: self.trace(prefix) };
            (self.get(&format!("{prefix}Id")).to_owned(), event)
        };
        prefixes.iter().map(event).unzip()
    }

    /// `traceparent`, the one attribute that functions send.
    fn trace(&self, prefix: &str) -> String {
        let attribute = format!("{prefix}MessageAttributes.entry.1.");
        if self.get(&format!("{attribute}Name")) == "traceparent" {
            self.get(&format!("{attribute}Value.StringValue")).to_owned()
        } else {
            String::new()
        }
    }
}

fn published(action: &str, ids: &[String]) -> Reply {
    let mut result = String::new();
    if action == "Publish" {
        let _ = write!(result, "<MessageId>{}</MessageId>", random_uuid());
    } else {
        result.push_str("<Failed/><Successful>");
        for id in ids {
            let _ = write!(result, "<member><MessageId>{}</MessageId><Id>{}</Id></member>", random_uuid(), escaped(id));
        }
        result.push_str("</Successful>");
    }
    let body = format!(
        r#"<{action}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><{action}Result>{result}</{action}Result><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{action}Response>"#,
        random_uuid()
    );
    Reply { status: 200, body }
}

pub fn denied(denied: &Denied) -> Reply {
    error(403, "AuthorizationError", denied.message())
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        r#"<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>"#,
        escaped(message),
        random_uuid()
    );
    Reply { status, body }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
