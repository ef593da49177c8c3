//! Which topics there are, and which queues subscribe to them.

use super::{Form, Refusal, Sns};
use crate::connector::xml::escaped;
use platform::resource::Subscription;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How many topics or subscriptions a page holds.
const PAGE: usize = 100;

impl Sns<'_> {
    pub(super) fn list_topics(self, form: &Form) -> Result<String, Refusal> {
        let member = |topic| format!("<member><TopicArn>{}</TopicArn></member>", self.arn(topic));
        page(form, "Topics", self.topics.names().into_iter().map(member))
    }

    pub(super) fn list_subscriptions(self, form: &Form) -> Result<String, Refusal> {
        page(form, "Subscriptions", self.members(|_| true))
    }

    pub(super) fn list_subscriptions_by_topic(self, form: &Form) -> Result<String, Refusal> {
        let topic = self.topic(form)?;
        page(form, "Subscriptions", self.members(|of| of == topic))
    }

    fn members(self, is_meant: impl Fn(&str) -> bool) -> impl Iterator<Item = String> {
        let meant = self.topics.subscriptions().into_iter().filter(move |(topic, ..)| is_meant(topic));
        meant.map(move |(topic, queue, _)| {
            format!(
                "<member><TopicArn>{}</TopicArn><Protocol>sqs</Protocol><SubscriptionArn>{}</SubscriptionArn><Owner>{}</Owner>\
                 <Endpoint>{}</Endpoint></member>",
                self.arn(topic),
                self.subscription_arn(topic, queue),
                self.names.account,
                self.queue_arn(queue)
            )
        })
    }

    pub(super) fn topic_attributes(self, form: &Form) -> Result<String, Refusal> {
        let topic = self.topic(form)?;
        let count = self.topics.subscriptions().iter().filter(|(of, ..)| *of == topic).count();
        let attributes = [
            ("TopicArn", self.arn(&topic)),
            ("Owner", self.names.account.clone()),
            ("DisplayName", String::new()),
            ("SubscriptionsConfirmed", count.to_string()),
            ("SubscriptionsPending", "0".into()),
            ("SubscriptionsDeleted", "0".into()),
        ];
        Ok(entries(&attributes))
    }

    pub(super) fn subscription_attributes(self, form: &Form) -> Result<String, Refusal> {
        let arn = form.get("SubscriptionArn");
        let all = self.topics.subscriptions();
        let found = all.iter().find(|(topic, queue, _)| self.subscription_arn(topic, queue) == arn);
        let no_subscription = || Refusal { status: 404, ..Refusal::new("NotFound", "Subscription does not exist") };
        let (topic, queue, subscription) = found.ok_or_else(no_subscription)?;
        let attributes = [
            ("SubscriptionArn", arn.to_owned()),
            ("TopicArn", self.arn(topic)),
            ("Owner", self.names.account.clone()),
            ("Protocol", "sqs".into()),
            ("Endpoint", self.queue_arn(queue)),
            ("RawMessageDelivery", "true".into()),
            ("FilterPolicyScope", "MessageBody".into()),
            ("FilterPolicy", filter_policy(subscription)),
            ("PendingConfirmation", "false".into()),
        ];
        Ok(entries(&attributes))
    }

    fn queue_arn(self, queue: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{}{queue}", self.names.region, self.names.account, self.names.prefix)
    }

    /// In the form of AWS's, and the same in every run.
    fn subscription_arn(self, topic: &str, queue: &str) -> String {
        let digits = format!("{:x}", md5::compute(format!("{topic} {queue}")));
        let (parts, arn) = ((&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]), self.arn(topic));
        format!("{arn}:{}-{}-{}-{}-{}", parts.0, parts.1, parts.2, parts.3, parts.4)
    }
}

/// The filter of `subscription` on a message's body.
fn filter_policy(subscription: &Subscription) -> String {
    let mut policy = json!({"type": subscription.types});
    if !subscription.data.is_empty() {
        policy["data"] =
            subscription.data.iter().copied().collect::<BTreeMap<_, _>>().into_iter().map(|(n, v)| (n, json!(v))).collect();
    }
    policy.to_string()
}

fn entries(attributes: &[(&str, String)]) -> String {
    let mut all = String::from("<Attributes>");
    for (name, value) in attributes {
        let _ = write!(all, "<entry><key>{name}</key><value>{}</value></entry>", escaped(value));
    }
    all + "</Attributes>"
}

/// A page of `members`; its token says how many came before the next.
fn page(form: &Form, name: &str, members: impl Iterator<Item = String>) -> Result<String, Refusal> {
    let start = match form.get("NextToken") {
        "" => 0,
        token => token.parse::<usize>().map_err(|_| Refusal::invalid("NextToken"))?,
    };
    let mut rest = members.skip(start);
    let page: String = rest.by_ref().take(PAGE).collect();
    let next = if rest.next().is_some() { format!("<NextToken>{}</NextToken>", start + PAGE) } else { String::new() };
    Ok(format!("<{name}>{page}</{name}>{next}"))
}
