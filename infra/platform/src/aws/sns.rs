//! SNS: events published by the batch. It speaks the query protocol: a form, answered by XML.

use super::{Api, CallError, Client, unreadable};
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub static SNS: Api = Api {
    id: "SNS",
    name: "sns",
    content_type: "application/x-www-form-urlencoded",
    target: None,
    headers: &[],
    refusal: xml_refusal,
};

const VERSION: &str = "2010-03-31";
/// What a form escapes: all but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An event of a batch.
#[derive(Debug)]
pub struct Entry<'a> {
    pub message: &'a str,
    /// The attribute `traceparent`, unless empty.
    pub trace: &'a str,
}

/// What became of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub successful: usize,
    pub failed: Vec<Failed>,
}

/// An event that was not accepted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Failed {
    pub code: String,
    pub message: String,
}

/// Publishes at most 10 events to the topic `arn`.
pub async fn publish_batch(client: &Client, arn: &str, entries: &[Entry<'_>]) -> Result<Batch, CallError> {
    let reply = client.call("PublishBatch", form(arn, entries).into_bytes()).await?;
    batch(&reply.0).map_err(|error| unreadable(error, reply))
}

fn form(arn: &str, entries: &[Entry<'_>]) -> String {
    let mut form = format!("Action=PublishBatch&Version={VERSION}");
    let mut put = |name: &str, value: &str| {
        form.push('&');
        form.push_str(name);
        form.push('=');
        form.extend(utf8_percent_encode(value, RESERVED));
    };
    put("TopicArn", arn);
    for (index, entry) in entries.iter().enumerate() {
        let member = format!("PublishBatchRequestEntries.member.{}", index + 1);
        put(&format!("{member}.Id"), &index.to_string());
        put(&format!("{member}.Message"), entry.message);
        if !entry.trace.is_empty() {
            let attribute = format!("{member}.MessageAttributes.entry.1");
            put(&format!("{attribute}.Name"), "traceparent");
            put(&format!("{attribute}.Value.DataType"), "String");
            put(&format!("{attribute}.Value.StringValue"), entry.trace);
        }
    }
    form
}

fn batch(body: &[u8]) -> Result<Batch, XmlDecodeError> {
    let mut document = Document::try_from(body)?;
    let mut root = document.root_element()?;
    if !root.start_el().matches("PublishBatchResponse") {
        return Err(XmlDecodeError::custom("the reply is no PublishBatchResponse"));
    }
    let mut batch = Batch::default();
    while let Some(mut result) = root.next_tag() {
        if !result.start_el().matches("PublishBatchResult") {
            continue;
        }
        while let Some(mut list) = result.next_tag() {
            let succeeded = list.start_el().matches("Successful");
            let failed = list.start_el().matches("Failed");
            while let Some(member) = list.next_tag() {
                if succeeded {
                    batch.successful += 1;
                } else if failed {
                    batch.failed.push(failure(member)?);
                }
            }
        }
    }
    Ok(batch)
}

/// The `Code` and the `Message` in an element: of an entry that failed, or of a refusal.
fn failure(mut element: ScopedDecoder<'_, '_>) -> Result<Failed, XmlDecodeError> {
    let mut failed = Failed::default();
    while let Some(mut field) = element.next_tag() {
        match field.start_el().local() {
            "Code" => failed.code = try_data(&mut field)?.into_owned(),
            "Message" => failed.message = try_data(&mut field)?.into_owned(),
            _ => {}
        }
    }
    Ok(failed)
}

fn xml_refusal(_headers: &Headers, body: &[u8]) -> ErrorMetadata {
    let read = || -> Result<Option<Failed>, XmlDecodeError> {
        let mut document = Document::try_from(body)?;
        let mut root = document.root_element()?;
        while let Some(element) = root.next_tag() {
            if element.start_el().local() == "Error" {
                return failure(element).map(Some);
            }
        }
        Ok(None)
    };
    let Failed { code, message } = read().ok().flatten().unwrap_or_default();
    let mut metadata = ErrorMetadata::builder();
    if !code.is_empty() {
        metadata = metadata.code(code);
    }
    if !message.is_empty() {
        metadata = metadata.message(message);
    }
    metadata.build()
}
