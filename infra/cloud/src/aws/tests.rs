//! The endpoint over HTTP: every protocol gets its own errors, and functions are invoked by their names.

use crate::Cloud;
use crate::connector::permits::Permission;
use crate::tests::client::Client;
use crate::tests::cloud;
use data_encoding::BASE64;
use http::HeaderMap;
use jiff::SignedDuration;
use platform::clock::Clock;
use serde_json::{Value, json};
use std::time::Duration;

struct Bench {
    cloud: Cloud,
    _directory: tempfile::TempDir,
}

async fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    Bench { cloud: cloud(directory.path()).await, _directory: directory }
}

fn signed(service: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential=local/20300101/ap-northeast-1/{service}/aws4_request, SignedHeaders=host, Signature=0")
}

impl Bench {
    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, HeaderMap, String) {
        let sent = Client::at(self.cloud.aws_url()).send(method, path, headers, body).await;
        assert!(sent.1.contains_key("x-amzn-requestid"), "{}", sent.2);
        sent
    }

    async fn lambda(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, HeaderMap, String) {
        let signature = signed("lambda");
        let headers: Vec<_> = headers.iter().copied().chain([("authorization", signature.as_str())]).collect();
        self.send(method, path, &headers, body).await
    }

    async fn invoke(&self, name: &str, headers: &[(&str, &str)], event: &str) -> (u16, HeaderMap, String) {
        self.lambda("POST", &format!("/2015-03-31/functions/{name}/invocations"), headers, event).await
    }

    async fn has_note(&self, name: &str) -> bool {
        Client::of(&self.cloud).get(&format!("/v1/notes/{name}")).await.0 == 200
    }

    async fn note_comes(&self, name: &str) -> bool {
        for _ in 0..400 {
            if self.has_note(name).await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        false
    }
}

fn event_of(names: &[&str]) -> String {
    let record = |name: &&str| {
        let body = json!({"type": "note.added", "data": {"name": name, "color": "red"}}).to_string();
        json!({"messageId": name, "receiptHandle": "r", "body": body, "attributes": {"ApproximateReceiveCount": "1",
            "SentTimestamp": "0", "ApproximateFirstReceiveTimestamp": "0", "SenderId": "s"}, "messageAttributes": {},
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:ap-northeast-1:000000000000:koban-local-note-added",
            "awsRegion": "ap-northeast-1"})
    };
    json!({"Records": names.iter().map(record).collect::<Vec<_>>()}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_here_is_said_in_the_protocol_of_who_asks() {
    let bench = bench().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let not_here = "is not part of the local cloud";
    for (target, operation) in [
        ("DynamoDB_20120810.CreateBackup", "CreateBackup of DynamoDB"),
        ("AmazonSQS.CreateQueue", "CreateQueue of SQS"),
        ("AmazonSSM.PutParameter", "PutParameter of SSM"),
        ("Logs_20140328.DescribeLogGroups", "DescribeLogGroups of Logs_20140328"),
        ("DynamoDBStreams_20120810.ListStreams", "ListStreams of DynamoDBStreams_20120810"),
    ] {
        let (status, headers, body) = bench.send("POST", "/", &[("x-amz-target", target)], "{}").await;
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &error["__type"]), (400, &json!("com.amazon.coral.service#UnknownOperationException")), "{body}");
        assert!(error["message"].as_str().unwrap().starts_with(&format!("{operation} {not_here}")), "{body}");
        assert!(headers["content-type"].to_str().unwrap().starts_with("application/x-amz-json-1."));
    }
    for (service, fields, operation) in [
        ("sns", "Action=CreateTopic&Version=2010-03-31", "CreateTopic of SNS"),
        ("sts", "Action=AssumeRole&Version=2011-06-15", "AssumeRole of STS"),
        ("sqs", "Action=SendMessage&Version=2012-11-05", "SendMessage of SQS"),
        ("iam", "Action=ListUsers&Version=2010-05-08", "ListUsers of iam"),
        ("ec2", "Action=DescribeInstances&Version=2016-11-15", "DescribeInstances of ec2"),
    ] {
        let signature = signed(service);
        let (status, headers, body) = bench.send("POST", "/", &[form, ("authorization", &signature)], fields).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (400, "text/xml"), "{body}");
        assert!(body.contains("<Code>InvalidAction</Code>") && body.contains(&format!("{operation} {not_here}")), "{body}");
        assert_eq!(body.starts_with("<Response><Errors><Error>"), service == "ec2", "{body}");
    }
    for (service, method, path) in
        [("s3", "GET", "/"), ("scheduler", "GET", "/schedules"), ("apigateway", "GET", "/v2/apis"), ("", "GET", "/")]
    {
        let signature = signed(service);
        let headers: &[(&str, &str)] = if service.is_empty() { &[] } else { &[("authorization", &signature)] };
        let (status, headers, body) = bench.send(method, path, headers, "").await;
        assert!(status == 400 && body.contains(&format!("{method} {path} of {service}")) && body.contains(not_here), "{body}");
        if service == "s3" {
            assert!(body.starts_with("<Error><Code>NotImplemented</Code>"), "{body}");
        } else {
            assert_eq!(headers["x-amzn-errortype"], "UnknownOperationException");
        }
    }
    for (method, path, operation) in [
        ("POST", "/2015-03-31/functions", "CreateFunction"),
        ("PUT", "/2015-03-31/functions/x/code", "UpdateFunctionCode"),
        ("GET", "/2015-03-31/event-source-mappings", "ListEventSourceMappings"),
        ("GET", "/2099-01-01/new", "GET /2099-01-01/new"),
    ] {
        let (status, headers, body) = bench.lambda(method, path, &[], "").await;
        assert_eq!((status, headers["x-amzn-errortype"].to_str().unwrap()), (400, "UnknownOperationException"));
        assert!(body.contains(&format!("{operation} of Lambda {not_here}")), "{body}");
    }
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_rpc_over_cbor_gets_its_error_in_cbor() {
    let bench = bench().await;
    let path = "/service/GraniteServiceVersion20100801/operation/ListMetrics";
    let (status, headers, body) = bench.send("POST", path, &[("smithy-protocol", "rpc-v2-cbor")], "").await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (400, "application/cbor"));
    assert_eq!(headers["smithy-protocol"], "rpc-v2-cbor");
    assert!(body.contains("f__type") && body.contains("UnknownOperationException") && body.contains("ListMetrics of Granite"));
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_is_refused_in_every_protocol() {
    let bench = bench().await;
    let host = ("host", "rebound.example");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let (signature, target) = (signed("lambda"), ("x-amz-target", "AmazonSQS.ListQueues"));
    let json = bench.send("POST", "/", &[host, target], "{}").await;
    assert!(json.0 == 403 && json.2.contains("__type"));
    let xml = bench.send("POST", "/", &[host, form], "Action=ListTopics&Version=2010-03-31").await;
    assert!(xml.0 == 403 && xml.2.starts_with("<ErrorResponse"), "{}", xml.2);
    let invoke = "/2015-03-31/functions/add-note/invocations";
    let rest = bench.send("POST", invoke, &[host, ("authorization", &signature)], "{}").await;
    assert_eq!((rest.0, rest.1["x-amzn-errortype"].to_str().unwrap()), (403, "AccessDeniedException"));
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_learns_who_it_is() {
    let bench = bench().await;
    let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let fields = "Action=GetCallerIdentity&Version=2011-06-15";
    let (status, _, body) = bench.send("POST", "/", &[form], fields).await;
    assert_eq!(status, 200);
    assert!(body.starts_with("<GetCallerIdentityResponse") && body.contains("<Account>000000000000</Account>"), "{body}");
    let (status, _, signed_before) = bench.send("GET", &format!("/?{fields}"), &[], "").await;
    assert!(status == 200 && signed_before.contains("<Account>"));
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_readable_only_decrypted() {
    let bench = bench().await;
    let get = async |body: Value| {
        let (status, headers, text) =
            bench.send("POST", "/", &[("x-amz-target", "AmazonSSM.GetParameter")], &body.to_string()).await;
        assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    let secret = bench.cloud.feed_secret("feed").unwrap();
    let (status, plain) = get(json!({"Name": "/koban-local/feed", "WithDecryption": true})).await;
    assert_eq!((status, plain["Parameter"]["Value"].as_str().unwrap()), (200, secret));
    let (_, encrypted) = get(json!({"Name": "/koban-local/feed"})).await;
    assert_eq!(encrypted["Parameter"]["Type"], "SecureString");
    assert!(!encrypted.to_string().contains(secret));
    assert_eq!(get(json!({"Name": "/koban-local/none"})).await.1["__type"], "ParameterNotFound");
    assert_eq!(get(json!({})).await.1["__type"], "ValidationException");
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_are_listed_and_found_by_every_name_they_have() {
    let bench = bench().await;
    let mut names = Vec::new();
    let mut marker = String::new();
    loop {
        let (status, _, body) = bench.lambda("GET", &format!("/2015-03-31/functions/?MaxItems=3{marker}"), &[], "").await;
        assert_eq!(status, 200);
        let page: Value = serde_json::from_str(&body).unwrap();
        let functions = page["Functions"].as_array().unwrap();
        assert!(functions.len() <= 3);
        names.extend(functions.iter().map(|function| function["FunctionName"].as_str().unwrap().to_owned()));
        match page["NextMarker"].as_str() {
            Some(next) => marker = format!("&Marker={next}"),
            None => break,
        }
    }
    assert_eq!(names.len(), crate::tests::service::SERVICE.functions.len());
    assert!(names.is_sorted() && names.contains(&"koban-local-add-note".to_owned()));
    let arn = "arn:aws:lambda:ap-northeast-1:000000000000:function:koban-local-add-note";
    let encoded = arn.replace(':', "%3A");
    for name in
        ["koban-local-add-note", "add-note", arn, &encoded, "000000000000:function:koban-local-add-note", "add-note:$LATEST"]
    {
        let (status, _, body) = bench.lambda("GET", &format!("/2015-03-31/functions/{name}"), &[], "").await;
        assert!(status == 200 && body.contains(arn), "{name}: {body}");
    }
    for name in ["none", "koban-local-none", &arn.replace("0000", "1111"), "add-note:7"] {
        for (method, path) in [("GET", ""), ("GET", "/configuration"), ("POST", "/invocations")] {
            let (status, headers, body) = bench.lambda(method, &format!("/2015-03-31/functions/{name}{path}"), &[], "").await;
            assert_eq!((status, headers["x-amzn-errortype"].to_str().unwrap()), (404, "ResourceNotFoundException"), "{body}");
        }
    }
    let (status, ..) = bench.lambda("GET", "/2015-03-31/functions/?MaxItems=0", &[], "").await;
    assert_eq!(status, 400);
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_and_an_endpoint_are_invoked_by_their_names() {
    let bench = bench().await;
    let (status, headers, body) = bench.invoke("koban-local-count-note", &[], &event_of(&["one", "two"])).await;
    assert_eq!((status, body.as_str()), (200, r#"{"batchItemFailures":[]}"#));
    assert_eq!(headers["x-amz-executed-version"], "$LATEST");
    assert!(!headers.contains_key("x-amz-function-error") && !headers.contains_key("x-amz-log-result"));
    assert!(bench.has_note("seen-one").await && bench.has_note("seen-two").await);
    let used = Permission { function: "count-note", action: "PutItem".into(), resource: "notes" };
    assert!(bench.cloud.used_actions().contains(&used), "with its own grants");
    let event = json!({"headers": {}, "pathParameters": {"note": "seen-one"}, "requestContext": {"timeEpoch": 0}}).to_string();
    let (_, headers, body) = bench.invoke("read-note", &[("x-amz-log-type", "Tail")], &event).await;
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["statusCode"], 200, "{body}");
    let log = BASE64.decode(headers["x-amz-log-result"].as_bytes()).unwrap();
    let (log, id) = (String::from_utf8(log).unwrap(), headers["x-amzn-requestid"].to_str().unwrap());
    assert!(log.starts_with(&format!("START RequestId: {id}")) && log.contains(r#""function":"read-note""#), "{log}");
    assert!(log.contains(&format!("REPORT RequestId: {id}")));
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_fails_says_so_beside_its_payload() {
    let bench = bench().await;
    for event in ["{}", "", "[1]", "null"] {
        let (status, headers, body) = bench.invoke("count-note", &[], event).await;
        assert_eq!((status, headers["x-amz-function-error"].to_str().unwrap()), (200, "Unhandled"), "{event}");
        let error: Value = serde_json::from_str(&body).unwrap();
        assert!(error["errorMessage"].is_string() && error["errorType"].is_string());
    }
    let event = json!({"headers": {}, "requestContext": {"timeEpoch": 0}}).to_string();
    let (status, headers, body) = bench.invoke("sleep-long", &[], &event).await;
    // The function's own reply, or Lambda's where even that came too late.
    assert!(status == 200 && (body.contains("500") || headers.contains_key("x-amz-function-error")), "{body}");
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invocation_that_cannot_be_is_refused_and_runs_nothing() {
    let bench = bench().await;
    let kind = "x-amz-invocation-type";
    let large = format!(r#"{{"x": "{}"}}"#, "x".repeat(1_024 * 1_024));
    let larger = format!(r#"{{"x": "{}"}}"#, "x".repeat(6 * 1_024 * 1_024));
    for (headers, event, status, code) in [
        (vec![], "{", 400, "InvalidRequestContentException"),
        (vec![(kind, "Event")], "no", 400, "InvalidRequestContentException"),
        (vec![(kind, "Later")], "{}", 400, "InvalidParameterValueException"),
        (vec![], larger.as_str(), 413, "RequestTooLargeException"),
        (vec![(kind, "Event")], large.as_str(), 413, "RequestTooLargeException"),
    ] {
        let (got, headers, body) = bench.invoke("count-note", &headers, event).await;
        assert_eq!((got, headers["x-amzn-errortype"].to_str().unwrap()), (status, code), "{body}");
    }
    let (status, _, body) = bench.invoke("count-note", &[(kind, "DryRun")], &event_of(&["dry"])).await;
    assert_eq!((status, body.as_str()), (204, ""));
    assert!(!bench.has_note("seen-dry").await);
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_nobody_waits_for_is_handled_and_tried_again() {
    let bench = bench().await;
    let event = [("x-amz-invocation-type", "Event")];
    let (status, _, body) = bench.invoke("count-note", &event, &event_of(&["later"])).await;
    assert_eq!((status, body.as_str()), (202, ""));
    assert!(bench.note_comes("seen-later").await);
    // What fails is tried after one minute and after two more; until then it is under way, and only so many may be.
    let (_, headers, _) = loop {
        let sent = bench.invoke("count-note", &event, "{}").await;
        if sent.0 != 202 {
            break sent;
        }
    };
    assert_eq!(headers["x-amzn-errortype"], "TooManyRequestsException");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let minutes = async |count: i64| {
        bench.cloud.set_clock(bench.cloud.clock().now() + SignedDuration::from_mins(count)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        bench.invoke("count-note", &event, &event_of(&["last"])).await.0
    };
    assert_eq!(minutes(1).await, 429);
    assert_eq!(minutes(1).await, 429);
    assert_eq!(minutes(1).await, 202);
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transactions_token_is_kept_over_http() {
    let bench = bench().await;
    let transact = async |color: &str| {
        let item = json!({"pk": {"S": "t"}, "sk": {"S": "note"}, "color": {"S": color}});
        let put = json!({"TableName": "koban-local-notes", "Item": item, "ConditionExpression": "attribute_not_exists(pk)"});
        let body = json!({"ClientRequestToken": "once", "TransactItems": [{"Put": put}]}).to_string();
        bench.send("POST", "/", &[("x-amz-target", "DynamoDB_20120810.TransactWriteItems")], &body).await
    };
    assert_eq!(transact("red").await.0, 200);
    assert_eq!(transact("red").await.0, 200, "its condition would fail now");
    let (status, _, body) = transact("blue").await;
    assert!(status == 400 && body.contains("IdempotentParameterMismatchException"), "{body}");
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_says_where_it_is() {
    let bench = bench().await;
    let target = [("x-amz-target", "DynamoDB_20120810.DescribeTable")];
    let (status, _, body) = bench.send("POST", "/", &target, r#"{"TableName": "koban-local-notes"}"#).await;
    assert_eq!(status, 200);
    let table: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(table["Table"]["TableArn"], "arn:aws:dynamodb:ap-northeast-1:000000000000:table/koban-local-notes");
    assert!(!body.contains("dynoxide"), "{body}");
    bench.cloud.stop().await;
}
