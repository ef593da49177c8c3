//! The attributes that a message carries beside its body, as they are stored and as SQS counts and digests them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The attribute that carries a trace from one function to the next; it is stored apart.
pub const TRACE: &str = "traceparent";
/// Under which name the one system attribute of a sender is stored: no attribute of a message may begin with `AWS.`.
pub const TRACE_HEADER: &str = "AWS.TraceHeader";

/// By their names.
pub type Attributes = BTreeMap<String, Attribute>;

/// One attribute: `String`, `Number` or `Binary`, with a label of the sender's after a dot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    #[serde(default)]
    pub data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// In base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

impl Attribute {
    pub fn text(value: &str) -> Self {
        Self { data_type: "String".into(), string_value: Some(value.to_owned()), binary_value: None }
    }

    pub fn is_binary(&self) -> bool {
        self.data_type.split('.').next() == Some("Binary")
    }

    /// The value's bytes; none where the type and the value do not fit each other.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match (self.is_binary(), &self.string_value, &self.binary_value) {
            (true, None, Some(value)) => data_encoding::BASE64.decode(value.as_bytes()).ok(),
            (false, Some(value), None) => Some(value.clone().into_bytes()),
            _ => None,
        }
    }
}

/// What they count of a message's size: names, types and values.
pub fn size_bytes(attributes: &Attributes) -> usize {
    let one =
        |(name, value): (&String, &Attribute)| name.len() + value.data_type.len() + value.bytes().map_or(0, |bytes| bytes.len());
    attributes.iter().map(one).sum()
}

/// The digest that SDKs compare: MD5 over the attributes in the order of their names. Name, type and value each follow their length. A byte
/// before the value says whether it is text or binary. None when there are no attributes.
pub fn md5_of<'a>(attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>) -> Option<String> {
    let mut bytes = Vec::new();
    let mut sorted: Vec<_> = attributes.into_iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    for (name, value) in sorted {
        push(&mut bytes, name.as_bytes());
        push(&mut bytes, value.data_type.as_bytes());
        bytes.push(if value.is_binary() { 2 } else { 1 });
        push(&mut bytes, &value.bytes().unwrap_or_default());
    }
    (!bytes.is_empty()).then(|| md5_hex(&bytes))
}

fn push(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(part);
}

/// MD5 in lower-case hexadecimal.
pub fn md5_hex(bytes: &[u8]) -> String {
    format!("{:x}", md5::compute(bytes))
}

/// As they are stored: the trace apart, the rest as JSON, nothing when there is no rest.
pub fn stored(mut attributes: Attributes) -> (String, String) {
    let plain = |value: &Attribute| value.data_type == "String";
    let trace = match attributes.get(TRACE) {
        Some(value) if plain(value) => attributes.remove(TRACE).and_then(|value| value.string_value).unwrap_or_default(),
        _ => String::new(),
    };
    let rest = if attributes.is_empty() { String::new() } else { serde_json::to_string(&attributes).unwrap_or_default() };
    (trace, rest)
}

/// What was stored.
pub fn restored(trace: &str, rest: &str) -> Attributes {
    let mut attributes: Attributes =
        if rest.is_empty() { Attributes::new() } else { serde_json::from_str(rest).unwrap_or_default() };
    if !trace.is_empty() {
        attributes.insert(TRACE.into(), Attribute::text(trace));
    }
    attributes
}
