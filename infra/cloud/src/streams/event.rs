//! The event by which Lambda hands changes of a table to a function. dynoxide's records say `dynoxide` where AWS says a region; here
//! they become what AWS sends.

use crate::engine::StreamRow;
use platform::sdk::Names;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

/// What dynoxide's sequence numbers lack to AWS's 21 digits.
const SEQUENCE_NUMBER_OFFSET: u128 = 100_000_000_000_000_000_000;

#[derive(Serialize)]
struct StreamEvent<'a> {
    #[serde(rename = "Records")]
    records: Vec<Record<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(rename = "eventID")]
    event_id: &'a str,
    event_name: &'a str,
    event_version: &'static str,
    event_source: &'static str,
    aws_region: &'a str,
    dynamodb: Images<'a>,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Images<'a> {
    approximate_creation_date_time: i64,
    keys: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_image: Option<&'a RawValue>,
    sequence_number: String,
    size_bytes: usize,
    stream_view_type: &'static str,
}

/// The event of `rows` of `table`.
pub fn event(names: &Names, table: &str, rows: &[StreamRow]) -> serde_json::Result<Vec<u8>> {
    let arn = stream_arn(names, table);
    let records = rows.iter().map(|row| record(names, &arn, row)).collect::<Result<_, _>>()?;
    serde_json::to_vec(&StreamEvent { records })
}

fn record<'a>(names: &'a Names, arn: &'a str, row: &'a StreamRow) -> serde_json::Result<Record<'a>> {
    let size_bytes = row.keys_json.len() + row.new_image.as_ref().map_or(0, String::len);
    Ok(Record {
        event_id: &row.event_id,
        event_name: &row.event_name,
        event_version: "1.1",
        event_source: "aws:dynamodb",
        aws_region: &names.region,
        dynamodb: Images {
            approximate_creation_date_time: row.created_at,
            keys: serde_json::from_str(&row.keys_json)?,
            new_image: row.new_image.as_deref().map(serde_json::from_str).transpose()?,
            sequence_number: sequence_number(row),
            size_bytes,
            stream_view_type: "NEW_IMAGE",
        },
        event_source_arn: arn,
    })
}

fn sequence_number(row: &StreamRow) -> String {
    (SEQUENCE_NUMBER_OFFSET + row.sequence_number.parse::<u128>().unwrap_or(0)).to_string()
}

fn stream_arn(names: &Names, table: &str) -> String {
    format!("arn:aws:dynamodb:{}:{}:table/{table}/stream/1970-01-01T00:00:00.000", names.region, names.account)
}

/// What Lambda sends to the on-failure queue: not the record, but where it was.
pub fn given_up(names: &Names, function: &str, table: &str, row: &StreamRow, now: jiff::Timestamp) -> String {
    let arrival = jiff::Timestamp::from_second(row.created_at).unwrap_or(now).to_string();
    let function = format!("arn:aws:lambda:{}:{}:function:{}{function}", names.region, names.account, names.prefix);
    json!({
        "requestContext": {
            "requestId": row.event_id,
            "functionArn": function,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": super::ATTEMPTS_MAX,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": now.to_string(),
        "DDBStreamBatchInfo": {
            "shardId": row.shard_id,
            "startSequenceNumber": sequence_number(row),
            "endSequenceNumber": sequence_number(row),
            "approximateArrivalOfFirstRecord": arrival,
            "approximateArrivalOfLastRecord": arrival,
            "batchSize": 1,
            "streamArn": stream_arn(names, table),
        },
    })
    .to_string()
}
