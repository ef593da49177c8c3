//! What goes over the wire to SQS, SNS and SSM, and what is made of what comes back. The expected bytes and the signature of
//! `the_verifier_agrees_with_the_sdk` are those that aws-sdk-sqs 1.119.0, aws-sdk-sns 1.121.0 and aws-sdk-ssm 1.133.0 sent for the same
//! calls.

use super::*;
use crate::problem::chain;
use crate::sdk::Names;
use crate::secrets::connect_secrets;
use crate::sender::{SendError, connect_queues, connect_topics};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::Region;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const QUEUE: &str = "https://sqs.ap-northeast-1.amazonaws.com/1/koban-test-q";
const TOPIC: &str = "arn:aws:sns:ap-northeast-1:1:koban-test-t";
const PARAMETER: &str = "/koban-test/feed";
const SENT: (u16, &str) = (200, r#"{"Successful":[{"Id":"0","MessageId":"a","MD5OfMessageBody":""}],"Failed":null}"#);
const PUBLISHED: &str = r#"<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Failed/><Successful><member><MessageId>a</MessageId><Id>0</Id></member></Successful></PublishBatchResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishBatchResponse>"#;

/// A request as it would have gone out.
#[derive(Debug, Clone)]
struct Seen {
    uri: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// A reply; none is a connection that breaks.
type Planned = Option<(u16, &'static str)>;

/// Answers with what is planned, and after that never.
#[derive(Debug, Clone, Default)]
struct Wire {
    planned: Arc<Mutex<VecDeque<Planned>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        assert_eq!(request.method(), "POST");
        let headers = request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
        self.seen.lock().unwrap().push(Seen { uri: request.uri().to_owned(), headers, body });
        match self.planned.lock().unwrap().pop_front() {
            Some(Some((status, body))) => {
                HttpConnectorFuture::ready(Ok(HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))))
            }
            Some(None) => HttpConnectorFuture::ready(Err(ConnectorError::io("the connection was lost".into()))),
            None => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

impl Wire {
    fn of(planned: impl IntoIterator<Item = (u16, &'static str)>) -> Self {
        Self { planned: Arc::new(Mutex::new(planned.into_iter().map(Some).collect())), seen: Arc::default() }
    }

    fn http(&self) -> SharedHttpClient {
        let wire = self.clone();
        http_client_fn(move |_, _| SharedHttpConnector::new(wire.clone()))
    }

    fn sdk(&self) -> Sdk {
        let keys = Credentials::new("AKIDEXAMPLE", SECRET_KEY, Some("session".into()), None, "test");
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(30));
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("ap-northeast-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .time_source(StaticTimeSource::new(UNIX_EPOCH + Duration::from_secs(1_792_000_000)))
            .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1)))
            .timeout_config(timeouts.build())
            .http_client(self.http());
        Sdk::of(config.build(), names())
    }

    async fn send(&self, bodies: &[&str], trace: &str) -> Result<(), SendError> {
        let bodies: Vec<_> = bodies.iter().map(|&body| body.to_owned()).collect();
        connect_queues(&self.sdk()).send(QUEUE, &bodies, Duration::from_millis(4_500), trace).await
    }

    async fn publish(&self, events: &[&str], trace: &str) -> Result<(), SendError> {
        let events: Vec<_> = events.iter().map(|&event| event.to_owned()).collect();
        connect_topics(&self.sdk()).publish(TOPIC, &events, trace).await
    }

    async fn read(&self) -> Result<Vec<String>, SendError> {
        let read = connect_secrets(&self.sdk()).read(PARAMETER, Timestamp::UNIX_EPOCH).await?;
        Ok(read.iter().map(|value| value.expose().to_owned()).collect())
    }

    /// The one request that went out.
    fn only(&self) -> Seen {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.len(), 1);
        seen[0].clone()
    }

    fn attempts(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn names() -> Names {
    Names { prefix: "koban-test-".into(), region: "ap-northeast-1".into(), account: "1".into(), queue_origin: None }
}

fn reason(failed: Result<(), SendError>) -> String {
    chain(&failed.unwrap_err())
}

/// Signature Version 4 as AWS documents it, for requests to `/` without a query.
fn signature(seen: &Seen) -> (String, String) {
    let authorization = &seen.headers["authorization"];
    let part = |name: &str| authorization.split([' ', ',']).find_map(|part| part.strip_prefix(name)).unwrap();
    let (signed, scope) = (part("SignedHeaders="), part("Credential=").split_once('/').unwrap().1);
    let host = seen.uri.split('/').nth(2).unwrap();
    let value = |name: &str| if name == "host" { host } else { seen.headers[name].as_str() };
    let headers: String = signed.split(';').flat_map(|name| [name, ":", value(name), "\n"]).collect();
    let hash = |text: &str| HEXLOWER.encode(&Sha256::digest(text));
    let canonical = format!("POST\n/\n\n{headers}\n{signed}\n{}", hash(&seen.body));
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", seen.headers["x-amz-date"], hash(&canonical));
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key = scope.split('/').fold(format!("AWS4{SECRET_KEY}").into_bytes(), |key, part| mac(&key, part));
    (part("Signature=").to_owned(), HEXLOWER.encode(&mac(&key, &text)))
}

fn assert_signed(seen: &Seen, service: &str) {
    let (sent, right) = signature(seen);
    assert_eq!(sent, right);
    let authorization = &seen.headers["authorization"];
    assert!(authorization.contains(&format!("/ap-northeast-1/{service}/aws4_request")), "{authorization}");
    assert!(authorization.contains("x-amz-security-token"), "{authorization}");
    assert_eq!(seen.headers["x-amz-security-token"], "session");
    assert_eq!(seen.uri, format!("https://{service}.ap-northeast-1.amazonaws.com/"));
}

#[test]
fn the_verifier_agrees_with_the_sdk() {
    let headers = [
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261014/ap-northeast-1/sqs/aws4_request, SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token;x-amz-target;x-amz-user-agent;x-amzn-query-mode, Signature=085bd0f691c14e7f6f04149c4a842b6337a8b84e449ebfc89a68a8ee253a0fb1",
        ),
        ("content-length", "112"),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-date", "20261014T174640Z"),
        ("x-amz-security-token", "session"),
        ("x-amz-target", "AmazonSQS.ChangeMessageVisibility"),
        ("x-amz-user-agent", "aws-sdk-rust/1.7.0 ua/2.1 api/sqs/1.119.0 os/linux lang/rust/1.95.0 m/E"),
        ("x-amzn-query-mode", "true"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let body = format!(r#"{{"QueueUrl":"{QUEUE}","ReceiptHandle":"r","VisibilityTimeout":7}}"#);
    let (sent, right) = signature(&Seen { uri: "https://sqs.ap-northeast-1.amazonaws.com/".into(), headers, body });
    assert_eq!(sent, right);
}

#[tokio::test]
async fn messages_are_sent_as_the_sdk_sends_them() {
    let wire = Wire::of([(200, r#"{"Successful":[{"Id":"0"},{"Id":"1"}]}"#)]);
    wire.send(&["{\"a\":\"å \\n\"}", "b/<>\u{7f}\u{1}"], "00-trace").await.unwrap();
    let seen = wire.only();
    let attributes = r#""MessageAttributes":{"traceparent":{"StringValue":"00-trace","DataType":"String"}}"#;
    let first = format!(r#"{{"Id":"0","MessageBody":"{{\"a\":\"å \\n\"}}","DelaySeconds":5,{attributes}}}"#);
    let second = format!("{{\"Id\":\"1\",\"MessageBody\":\"b/<>\u{7f}\\u0001\",\"DelaySeconds\":5,{attributes}}}");
    assert_eq!(seen.body, format!(r#"{{"QueueUrl":"{QUEUE}","Entries":[{first},{second}]}}"#));
    assert_eq!(seen.headers["content-type"], "application/x-amz-json-1.0");
    assert_eq!(seen.headers["x-amz-target"], "AmazonSQS.SendMessageBatch");
    assert_eq!(seen.headers["x-amzn-query-mode"], "true");
    assert_eq!(seen.headers["content-length"], seen.body.len().to_string());
    assert_eq!(seen.headers["amz-sdk-request"], "attempt=1; max=3");
    assert_signed(&seen, "sqs");
}

#[tokio::test]
async fn a_message_without_a_trace_has_no_attributes() {
    let wire = Wire::of([SENT]);
    wire.send(&["b"], "").await.unwrap();
    assert_eq!(
        wire.only().body,
        format!(r#"{{"QueueUrl":"{QUEUE}","Entries":[{{"Id":"0","MessageBody":"b","DelaySeconds":5}}]}}"#)
    );
}

#[tokio::test]
async fn a_message_is_put_off_as_the_sdk_does_and_the_reply_may_be_empty() {
    let wire = Wire::of([(200, "")]);
    connect_queues(&wire.sdk()).retry_after(QUEUE, "r", Duration::from_secs(7)).await.unwrap();
    let seen = wire.only();
    assert_eq!(seen.body, format!(r#"{{"QueueUrl":"{QUEUE}","ReceiptHandle":"r","VisibilityTimeout":7}}"#));
    assert_eq!(seen.headers["x-amz-target"], "AmazonSQS.ChangeMessageVisibility");
    assert_signed(&seen, "sqs");
}

#[tokio::test]
async fn events_are_published_as_the_sdk_publishes_them() {
    let wire = Wire::of([(200, PUBLISHED)]);
    wire.publish(&["{\"a\":\"å b+c&d=~*_.-\"}"], "00-trace").await.unwrap();
    let seen = wire.only();
    let member = "PublishBatchRequestEntries.member.1";
    let attribute = format!("{member}.MessageAttributes.entry.1");
    assert_eq!(
        seen.body,
        format!(
            "Action=PublishBatch&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aap-northeast-1%3A1%3Akoban-test-t&{member}.Id=0\
             &{member}.Message=%7B%22a%22%3A%22%C3%A5%20b%2Bc%26d%3D~%2A_.-%22%7D&{attribute}.Name=traceparent\
             &{attribute}.Value.DataType=String&{attribute}.Value.StringValue=00-trace"
        )
    );
    assert_eq!(seen.headers["content-type"], "application/x-www-form-urlencoded");
    assert!(!seen.headers.contains_key("x-amz-target"));
    assert_signed(&seen, "sns");
}

#[tokio::test]
async fn a_secret_is_read_as_the_sdk_reads_it() {
    let wire =
        Wire::of([(200, r#"{"Parameter":{"Name":"n","Type":"SecureString","Value":"one\ntwo\n","Version":1,"ARN":"a"}}"#)]);
    assert_eq!(wire.read().await.unwrap(), ["one", "two"]);
    let seen = wire.only();
    assert_eq!(seen.body, r#"{"Name":"/koban-test/feed","WithDecryption":true}"#);
    assert_eq!(seen.headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(seen.headers["x-amz-target"], "AmazonSSM.GetParameter");
    assert_signed(&seen, "ssm");
}

#[tokio::test]
async fn one_entry_that_is_not_accepted_fails_the_batch() {
    let wire =
        Wire::of([(200, r#"{"Successful":[{"Id":"0"}],"Failed":[{"Id":"1","SenderFault":true,"Code":"Bad","Message":"no"}]}"#)]);
    assert_eq!(reason(wire.send(&["a", "b"], "").await), format!("{QUEUE} was not accepted: Bad: no"));
    let failed = "<PublishBatchResponse><PublishBatchResult><Failed><member><Id>0</Id><Code>Bad</Code><Message>no &amp; no</Message><SenderFault>true</SenderFault></member></Failed><Successful><member><Id>1</Id></member></Successful></PublishBatchResult></PublishBatchResponse>";
    let publish = Wire::of([(200, failed)]);
    assert_eq!(reason(publish.publish(&["a", "b"], "").await), format!("{TOPIC} was not accepted: Bad: no & no"));
    // It is no matter of the connection: another try is the caller's.
    assert_eq!((wire.attempts(), publish.attempts()), (1, 1));
}

#[tokio::test]
async fn a_reply_that_leaves_an_entry_out_fails_the_batch() {
    assert!(reason(Wire::of([SENT]).send(&["a", "b"], "").await).contains("of 2 the reply names 1"));
    assert!(reason(Wire::of([(200, PUBLISHED)]).publish(&["a", "b"], "").await).contains("of 2 the reply names 1"));
    assert!(Wire::of([(200, "{}")]).send(&["a"], "").await.is_err());
}

#[tokio::test]
async fn what_is_throttled_is_tried_again() {
    let throttled = (400, r#"{"__type":"com.amazon.coral.availability#ThrottlingException","message":"Rate exceeded"}"#);
    let wire = Wire::of([throttled, throttled, SENT]);
    wire.send(&["a"], "").await.unwrap();
    assert_eq!(wire.attempts(), 3);
    assert_eq!(wire.seen.lock().unwrap()[2].headers["amz-sdk-request"], "attempt=3; max=3");
    let wire = Wire::of([throttled, (200, r#"{"Parameter":{"Value":"v"}}"#)]);
    assert_eq!((wire.read().await.unwrap(), wire.attempts()), (vec!["v".to_owned()], 2));
    let throttled = (
        400,
        "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
    );
    let wire = Wire::of([throttled, (200, PUBLISHED)]);
    wire.publish(&["a"], "").await.unwrap();
    assert_eq!(wire.attempts(), 2);
}

#[tokio::test]
async fn failures_of_aws_are_tried_three_times() {
    let wire = Wire::of([(500, "{}"), (503, "<html>busy</html>"), (500, r#"{"__type":"InternalError","message":"sorry"}"#)]);
    assert!(reason(wire.send(&["a"], "").await).ends_with("InternalError: sorry"));
    assert_eq!(wire.attempts(), 3);
    let wire = Wire::of([(503, ""), (500, "<a"), (502, "no XML")]);
    assert!(reason(wire.publish(&["a"], "").await).ends_with("HTTP status 502: no reason was given"));
    assert_eq!(wire.attempts(), 3);
}

#[tokio::test]
async fn a_lost_connection_and_silence_are_tried_three_times() {
    let wire = Wire { planned: Arc::new(Mutex::new([None, None, None].into())), ..Wire::default() };
    assert!(reason(wire.send(&["a"], "").await).contains("the connection was lost"));
    assert_eq!(wire.attempts(), 3);
    let wire = Wire::default();
    assert!(reason(wire.publish(&["a"], "").await).contains("timeout"));
    assert_eq!(wire.attempts(), 3);
}

#[tokio::test]
async fn a_refusal_is_final_and_says_its_code() {
    let denied = r#"{"__type":"com.amazon.coral.service#AccessDeniedException:http://x","Message":"you may not"}"#;
    let wire = Wire::of([(400, denied)]);
    assert!(reason(wire.send(&["a"], "").await).ends_with("AccessDeniedException: you may not"));
    let denied = "<ErrorResponse><Error><Code>AuthorizationError</Code><Message>you may not</Message></Error></ErrorResponse>";
    let publish = Wire::of([(403, denied)]);
    assert!(reason(publish.publish(&["a"], "").await).ends_with("AuthorizationError: you may not"));
    assert_eq!((wire.attempts(), publish.attempts()), (1, 1));
    let absent = Wire::of([(400, r#"{"__type":"ParameterNotFound"}"#)]);
    let client = Client::new(&absent.sdk(), &ssm::SSM);
    let error = ssm::get_parameter(&client, PARAMETER).await.err().unwrap();
    assert!(ssm::is_not_found(&error) && error.code() == Some("ParameterNotFound"));
}

#[test]
fn codes_are_found_wherever_a_service_puts_them() {
    let mut headers = Headers::new();
    let code = |headers: &Headers, body: &str| json_refusal(headers, body.as_bytes()).code().map(str::to_owned);
    assert_eq!(code(&headers, r#"{"code":"A","__type":"B"}"#).as_deref(), Some("A"));
    assert_eq!(code(&headers, "[]"), None);
    headers.insert("x-amzn-errortype", "ns#Of.Header:http://x/y#z");
    assert_eq!(code(&headers, r#"{"__type":"B"}"#).as_deref(), Some("Of.Header"));
    headers.insert("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert_eq!(code(&headers, r#"{"__type":"B"}"#).as_deref(), Some("AWS.SimpleQueueService.NonExistentQueue"));
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_not_tried_again() {
    for body in ["<html>", "{", "[]", r#"{"Successful":1}"#] {
        let wire = Wire::of([(200, body)]);
        assert!(wire.send(&["a"], "").await.is_err(), "{body}");
        assert_eq!(wire.attempts(), 1, "{body}");
    }
    for body in ["", "{}", "<a/>", "<PublishBatchResponse>", &PUBLISHED[..110]] {
        let wire = Wire::of([(200, body)]);
        assert!(wire.publish(&["a"], "").await.is_err(), "{body}");
        assert_eq!(wire.attempts(), 1, "{body}");
    }
    for body in ["", "{}", r#"{"Parameter":null}"#, r#"{"Parameter":{"Name":"n"}}"#] {
        let wire = Wire::of([(200, body)]);
        assert!(wire.read().await.is_err(), "{body}");
        assert_eq!(wire.attempts(), 1, "{body}");
    }
}

#[test]
fn a_secret_is_in_no_debug_output() {
    assert_eq!(format!("{:?}", SdkReply(b"secret".to_vec())), "SdkReply(6 bytes)");
}

#[tokio::test]
async fn in_process_nothing_is_signed_and_an_endpoint_is_kept() {
    let wire = Wire::of([SENT]);
    let sdk = Sdk::in_process(names(), wire.http());
    connect_queues(&sdk).send(QUEUE, &["a".to_owned()], Duration::ZERO, "").await.unwrap();
    let seen = wire.only();
    assert_eq!(seen.uri, "http://aws.local/");
    assert!(!seen.headers.contains_key("authorization") && !seen.headers.contains_key("x-amz-security-token"));
}
