//! Which queues there are, and what each is.

use super::refusal::Refusal;
use super::send::MESSAGE_BYTES_MAX;
use crate::queues::Queues;
use platform::resource::dead_letter_name;
use platform::sdk::Names;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const PAGE_MAX: i64 = 1_000;
/// As Terraform sets it on every queue.
const RETENTION_SECONDS: u32 = 14 * 24 * 3_600;
/// Attributes that SQS knows and these queues do not have.
const ABSENT: [&str; 11] = [
    "All",
    "Policy",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedriveAllowPolicy",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct List {
    #[serde(default)]
    queue_name_prefix: String,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetAttributes {
    #[serde(default)]
    attribute_names: Vec<String>,
}

/// `origin` is what the queues' URLs begin with.
pub fn url(names: &Names, origin: &str, queue: &str) -> String {
    format!("{origin}/{}/{}{queue}", names.account, names.prefix)
}

/// `ListQueues`, whose page ends with the name of its last queue as the token of the next.
pub fn list(queues: &Queues, names: &Names, origin: &str, request: &List) -> Result<Value, Refusal> {
    let page = match request.max_results {
        None => PAGE_MAX,
        Some(count) if (1..=PAGE_MAX).contains(&count) => count,
        Some(count) => return Err(Refusal::out_of_range(count, "MaxResults", "Must be between 1 and 1000, if provided.")),
    };
    let after = request.next_token.as_deref().unwrap_or_default();
    let is_meant = |name: &&str| format!("{}{name}", names.prefix).starts_with(&request.queue_name_prefix) && *name > after;
    let mut found = queues.names().filter(is_meant);
    let page: Vec<_> = found.by_ref().take(usize::try_from(page).unwrap_or(1)).collect();
    let urls: Vec<_> = page.iter().map(|name| url(names, origin, name)).collect();
    let mut listed = if urls.is_empty() { json!({}) } else { json!({"QueueUrls": urls}) };
    if let (Some(_), Some(last), true) = (found.next(), page.last(), request.max_results.is_some()) {
        listed["NextToken"] = (*last).into();
    }
    Ok(listed)
}

/// `ListDeadLetterSourceQueues`
pub fn sources(queues: &Queues, names: &Names, origin: &str, queue: &str) -> Value {
    let source = queues.settings(queue).and_then(|settings| settings.source.as_deref());
    let source = source.filter(|source| queues.settings(source).is_some_and(|settings| settings.receives_max.is_some()));
    json!({"queueUrls": source.iter().map(|source| url(names, origin, source)).collect::<Vec<_>>()})
}

/// `GetQueueAttributes`
pub async fn attributes(queues: &Queues, names: &Names, queue: &str, request: &GetAttributes) -> Result<Value, Refusal> {
    let settings = queues.settings(queue).ok_or_else(Refusal::no_queue)?;
    let depth = queues.depths().await?.remove(queue).unwrap_or_default();
    let arn = |queue: &str| format!("arn:aws:sqs:{}:{}:{}{queue}", names.region, names.account, names.prefix);
    let mut all = json!({
        "QueueArn": arn(queue),
        "ApproximateNumberOfMessages": depth.visible.to_string(),
        "ApproximateNumberOfMessagesNotVisible": depth.in_flight.to_string(),
        "ApproximateNumberOfMessagesDelayed": depth.delayed.to_string(),
        "VisibilityTimeout": settings.visibility.as_secs().to_string(),
        "MaximumMessageSize": MESSAGE_BYTES_MAX.to_string(),
        "MessageRetentionPeriod": RETENTION_SECONDS.to_string(),
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": settings.wait.as_secs().to_string(),
        "SqsManagedSseEnabled": "true",
    });
    if let Some(receives_max) = settings.receives_max {
        let target = arn(&dead_letter_name(queue));
        all["RedrivePolicy"] = json!({"deadLetterTargetArn": target, "maxReceiveCount": receives_max}).to_string().into();
    }
    let asked = &request.attribute_names;
    let is_known = |name: &str| all.get(name).is_some() || ABSENT.contains(&name) || name == "RedrivePolicy";
    if let Some(unknown) = asked.iter().find(|name| !is_known(name)) {
        return Err(Refusal::invalid_attribute(format!("Unknown Attribute {unknown}.")));
    }
    let is_asked = |name: &str| asked.iter().any(|asked| asked == name || asked == "All");
    let detail: Map<String, Value> =
        all.as_object().into_iter().flatten().filter(|(name, _)| is_asked(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
    Ok(if detail.is_empty() { json!({}) } else { json!({"Attributes": detail}) })
}
