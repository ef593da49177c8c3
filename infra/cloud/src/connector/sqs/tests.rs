//! SQS over HTTP, as an SDK speaks it. The dead-letter queues serve, since no function takes from them.

use crate::Cloud;
use crate::tests::client::Client;
use crate::tests::cloud;
use jiff::SignedDuration;
use platform::clock::Clock;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const QUEUE: &str = "http://127.0.0.1/000000000000/koban-local-note-added-dlq";

struct Bench {
    cloud: Cloud,
    _directory: tempfile::TempDir,
}

async fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    Bench { cloud: cloud(directory.path()).await, _directory: directory }
}

impl Bench {
    /// The status, the body and `x-amzn-query-error`.
    async fn call(&self, operation: &str, mut body: Value) -> (u16, Value, String) {
        if body.get("QueueUrl").is_none() && body.get("QueueName").is_none() {
            body["QueueUrl"] = QUEUE.into();
        }
        let target = format!("AmazonSQS.{operation}");
        let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
        let (status, headers, text) = Client::at(self.cloud.aws_url()).send("POST", "/", &headers, &body.to_string()).await;
        assert_eq!(headers["content-type"], "application/x-amz-json-1.0");
        assert!(headers.contains_key("x-amzn-requestid"));
        let error = headers.get("x-amzn-query-error").map(|error| error.to_str().unwrap().to_owned()).unwrap_or_default();
        (status, serde_json::from_str(&text).unwrap(), error)
    }

    async fn ok(&self, operation: &str, body: Value) -> Value {
        let (status, reply, error) = self.call(operation, body).await;
        assert_eq!((status, error.as_str()), (200, ""), "{reply}");
        reply
    }

    /// That it is refused, with the type's name and the older code.
    async fn refused(&self, operation: &str, body: Value, kind: &str, code: &str) {
        let (status, reply, error) = self.call(operation, body.clone()).await;
        let what = format!("{operation} of {body:.200} got {reply:.300}");
        assert_eq!(status, 400, "{what}");
        assert_eq!(reply["__type"].as_str().unwrap().rsplit('#').next().unwrap(), kind, "{what}");
        assert!(!reply["message"].as_str().unwrap().is_empty(), "{what}");
        assert_eq!(error, format!("{code};Sender"), "{what}");
    }

    async fn depth(&self) -> u64 {
        let depth = self.cloud.queue_depths().await.unwrap()["note-added-dlq"];
        depth.visible + depth.in_flight + depth.delayed
    }

    async fn pass(&self, seconds: i64) {
        self.cloud.set_clock(self.cloud.clock().now() + SignedDuration::from_secs(seconds)).await.unwrap();
    }
}

const INVALID: (&str, &str) = ("InvalidParameterValueException", "InvalidParameterValue");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_sdk_can_check_the_digests_of_what_it_sent_and_received() {
    let bench = bench().await;
    // The digests are those that AWS's own SDKs compute for these values.
    let attributes = json!({
        "timestamp": {"DataType": "Number", "StringValue": "1493147359900"},
        "traceparent": {"DataType": "String", "StringValue": "00-a-b-01"},
        "bytes": {"DataType": "Binary.png", "BinaryValue": "AAECAw=="},
    });
    let sent = bench.ok("SendMessage", json!({"MessageBody": "hello", "MessageAttributes": attributes})).await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    let received = bench.ok("ReceiveMessage", json!({"MessageAttributeNames": ["All"], "AttributeNames": ["All"]})).await;
    let message = &received["Messages"][0];
    assert_eq!((&message["MD5OfBody"], &message["MessageId"]), (&sent["MD5OfMessageBody"], &sent["MessageId"]));
    assert_eq!(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    assert_eq!(message["MessageAttributes"], attributes);
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "1");
    let one = json!({"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}});
    let sent = bench.ok("SendMessage", json!({"MessageBody": "x", "MessageAttributes": one})).await;
    assert_eq!(sent["MD5OfMessageAttributes"], "235c5c510d26fb653d073faed50ae77c");
    // Without being asked, a message says nothing but itself.
    let received = bench.ok("ReceiveMessage", json!({})).await;
    let message = &received["Messages"][0];
    assert!(message.get("Attributes").is_none() && message.get("MessageAttributes").is_none(), "{message}");
    let entries = json!([{"Id": "a", "MessageBody": "hello"}, {"Id": "b", "MessageBody": "x", "MessageAttributes": one}]);
    let sent = bench.ok("SendMessageBatch", json!({"Entries": entries})).await;
    assert_eq!(sent["Successful"][0]["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(sent["Successful"][1]["MD5OfMessageAttributes"], "235c5c510d26fb653d073faed50ae77c");
    let header = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}});
    let sent = bench.ok("SendMessage", json!({"MessageBody": "x", "MessageSystemAttributes": header})).await;
    assert!(sent["MD5OfMessageSystemAttributes"].is_string() && sent.get("MD5OfMessageAttributes").is_none());
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_message_may_not_be_is_refused() {
    let bench = bench().await;
    let attribute = |value: Value| json!({"MessageBody": "x", "MessageAttributes": {"a": value}});
    let wrong = [
        json!({"MessageBody": "x".repeat(256 * 1_024 + 1)}),
        json!({"MessageBody": "x", "DelaySeconds": 901}),
        json!({"MessageBody": "x", "DelaySeconds": -1}),
        json!({"MessageBody": "x", "MessageDeduplicationId": "d"}),
        json!({"MessageBody": "x", "MessageSystemAttributes": {"Other": {"DataType": "String", "StringValue": "v"}}}),
        json!({"MessageBody": "x", "MessageAttributes": {"AWS.a": {"DataType": "String", "StringValue": "v"}}}),
        json!({"MessageBody": "x", "MessageAttributes": {"a b": {"DataType": "String", "StringValue": "v"}}}),
        attribute(json!({"DataType": "Text", "StringValue": "v"})),
        attribute(json!({"DataType": "Number", "StringValue": "v"})),
        attribute(json!({"DataType": "String", "StringValue": ""})),
        attribute(json!({"DataType": "Binary", "BinaryValue": "no base64"})),
    ];
    for body in wrong {
        bench.refused("SendMessage", body, INVALID.0, INVALID.1).await;
    }
    bench.refused("SendMessage", json!({"MessageBody": ""}), "MissingRequiredParameterException", "MissingParameter").await;
    bench.refused("SendMessage", json!({}), "MissingRequiredParameterException", "MissingParameter").await;
    for character in ["\u{0}", "\u{b}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
        let body = json!({"MessageBody": format!("a{character}")});
        bench.refused("SendMessage", body, "InvalidMessageContents", "InvalidMessageContents").await;
    }
    assert_eq!(bench.depth().await, 0);
    bench.ok("SendMessage", json!({"MessageBody": "\t\n\r \u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}"})).await;
    bench.ok("SendMessage", json!({"MessageBody": "x".repeat(256 * 1_024), "DelaySeconds": 900})).await;
    bench.cloud.stop().await;
}

fn entries(count: usize, body: &str) -> Value {
    (0..count)
        .map(|id| json!({"Id": id.to_string(), "MessageBody": body, "ReceiptHandle": "r", "VisibilityTimeout": 1}))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_wrong_as_a_whole_does_nothing() {
    let bench = bench().await;
    for operation in ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"] {
        let simple = |name: &str| format!("AWS.SimpleQueueService.{name}");
        let refused = async |entries: Value, name: &str| {
            bench.refused(operation, json!({"Entries": entries}), name, &simple(name)).await;
        };
        refused(json!([]), "EmptyBatchRequest").await;
        refused(entries(11, "x"), "TooManyEntriesInBatchRequest").await;
        let mut twice = entries(3, "x");
        twice[2]["Id"] = "0".into();
        refused(twice, "BatchEntryIdsNotDistinct").await;
        for id in ["", "a b", "é", &"x".repeat(81)] {
            let mut wrong = entries(2, "x");
            wrong[1]["Id"] = id.into();
            refused(wrong, "InvalidBatchEntryId").await;
        }
    }
    let long = json!({"Entries": entries(5, &"x".repeat(250_000))});
    bench.refused("SendMessageBatch", long, "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong").await;
    assert_eq!(bench.depth().await, 0);
    bench.ok("SendMessageBatch", json!({"Entries": entries(4, &"x".repeat(250_000))})).await;
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_is_wrong_fails_alone() {
    let bench = bench().await;
    let mut entries = entries(4, "x");
    entries[0]["MessageBody"] = "\u{0}".into();
    entries[1]["DelaySeconds"] = 901.into();
    entries[2]["MessageBody"] = "".into();
    let sent = bench.ok("SendMessageBatch", json!({"Entries": entries})).await;
    assert_eq!((sent["Successful"].as_array().unwrap().len(), &sent["Successful"][0]["Id"]), (1, &json!("3")));
    let failed: Vec<_> = sent["Failed"].as_array().unwrap().iter().map(|failed| failed["Code"].as_str().unwrap()).collect();
    assert_eq!(failed, ["InvalidMessageContents", "InvalidParameterValue", "MissingParameter"]);
    assert_eq!((&sent["Failed"][0]["SenderFault"], bench.depth().await), (&json!(true), 1));
    let received = bench.ok("ReceiveMessage", json!({})).await;
    let receipt = &received["Messages"][0]["ReceiptHandle"];
    let entries = json!([{"Id": "good", "ReceiptHandle": receipt}, {"Id": "bad", "ReceiptHandle": "r"}]);
    let deleted = bench.ok("DeleteMessageBatch", json!({"Entries": entries})).await;
    assert_eq!((&deleted["Successful"][0]["Id"], &deleted["Failed"][0]["Id"]), (&json!("good"), &json!("bad")));
    assert_eq!((&deleted["Failed"][0]["Code"], bench.depth().await), (&json!("ReceiptHandleIsInvalid"), 0));
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receive_has_its_ranges() {
    let bench = bench().await;
    bench.ok("SendMessage", json!({"MessageBody": "x"})).await;
    let wrong = [
        json!({"MaxNumberOfMessages": 0}),
        json!({"MaxNumberOfMessages": 11}),
        json!({"MaxNumberOfMessages": -1}),
        json!({"VisibilityTimeout": 43_201}),
        json!({"VisibilityTimeout": -1}),
        json!({"WaitTimeSeconds": 21}),
        json!({"WaitTimeSeconds": -1}),
    ];
    for body in wrong {
        bench.refused("ReceiveMessage", body, INVALID.0, INVALID.1).await;
    }
    bench.refused("ReceiveMessage", json!({"AttributeNames": ["Size"]}), "InvalidAttributeName", "InvalidAttributeName").await;
    let (status, reply, error) = bench.call("ReceiveMessage", json!({"MaxNumberOfMessages": "many"})).await;
    assert_eq!((status, error.as_str()), (400, "MalformedInput;Sender"), "{reply}");
    let all = json!({"MaxNumberOfMessages": 10, "VisibilityTimeout": 0, "WaitTimeSeconds": 20});
    assert_eq!(bench.ok("ReceiveMessage", all).await["Messages"].as_array().unwrap().len(), 1);
    let far = json!({"VisibilityTimeout": 43_200});
    assert_eq!(bench.ok("ReceiveMessage", far).await["Messages"].as_array().unwrap().len(), 1, "it was visible again at once");
    assert_eq!(bench.ok("ReceiveMessage", json!({})).await, json!({}));
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receive_waits_for_a_message_as_long_as_it_says() {
    let bench = bench().await;
    let started = Instant::now();
    assert_eq!(bench.ok("ReceiveMessage", json!({"WaitTimeSeconds": 1})).await, json!({}));
    assert!(started.elapsed() >= Duration::from_secs(1));
    let sending = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bench.ok("SendMessage", json!({"MessageBody": "x"})).await;
    };
    let started = Instant::now();
    let (received, ()) = tokio::join!(bench.ok("ReceiveMessage", json!({"WaitTimeSeconds": 20})), sending);
    assert_eq!(received["Messages"][0]["Body"], "x");
    assert!(started.elapsed() < Duration::from_secs(15));
    // The local cloud stops without waiting for who waits.
    let client = Client::at(bench.cloud.aws_url());
    let waiting = tokio::spawn(async move {
        let body = json!({"QueueUrl": QUEUE, "WaitTimeSeconds": 20}).to_string();
        client.post("/", &[("x-amz-target", "AmazonSQS.ReceiveMessage")], &body).await
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    bench.cloud.stop().await;
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(waiting.await.unwrap().0, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_the_queues_own_and_of_a_message_in_flight() {
    let bench = bench().await;
    bench.ok("SendMessage", json!({"MessageBody": "x"})).await;
    let received = bench.ok("ReceiveMessage", json!({"VisibilityTimeout": 30})).await;
    let receipt = received["Messages"][0]["ReceiptHandle"].clone();
    let elsewhere = QUEUE.replace("note-added", "relay-notes-failures");
    for operation in ["DeleteMessage", "ChangeMessageVisibility"] {
        for wrong in ["r", "é", "00000000-0000-4000-8000-000000000000"] {
            let body = json!({"ReceiptHandle": wrong, "VisibilityTimeout": 1});
            bench.refused(operation, body, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid").await;
        }
        let body = json!({"QueueUrl": elsewhere, "ReceiptHandle": receipt, "VisibilityTimeout": 1});
        bench.refused(operation, body, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid").await;
        let none = json!({"VisibilityTimeout": 1});
        bench.refused(operation, none, "MissingRequiredParameterException", "MissingParameter").await;
    }
    for seconds in [-1, 43_201] {
        let body = json!({"ReceiptHandle": receipt, "VisibilityTimeout": seconds});
        bench.refused("ChangeMessageVisibility", body, INVALID.0, INVALID.1).await;
    }
    let change = |seconds: u32| json!({"ReceiptHandle": receipt, "VisibilityTimeout": seconds});
    bench.ok("ChangeMessageVisibility", change(60)).await;
    bench.pass(61).await;
    let (kind, code) = ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight");
    bench.refused("ChangeMessageVisibility", change(60), kind, code).await;
    bench.ok("DeleteMessage", json!({"ReceiptHandle": receipt})).await;
    bench.ok("DeleteMessage", json!({"ReceiptHandle": receipt})).await;
    assert_eq!(bench.depth().await, 0);
    bench.refused("ChangeMessageVisibility", change(60), INVALID.0, INVALID.1).await;
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_are_found_and_what_is_none_is_said() {
    let bench = bench().await;
    let listed = bench.ok("ListQueues", json!({"QueueNamePrefix": "koban-local-note-added"})).await;
    let urls: Vec<_> = listed["QueueUrls"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned()).collect();
    assert_eq!(urls.len(), 2);
    // A queue's URL is one that answers: some SDKs call it instead of the endpoint.
    let found = bench.ok("GetQueueUrl", json!({"QueueName": "koban-local-note-added"})).await;
    assert_eq!(found["QueueUrl"].as_str().unwrap(), urls[0]);
    assert_eq!(urls[1], QUEUE);
    let target = [("x-amz-target", "AmazonSQS.SendMessage")];
    let path = urls[1].trim_start_matches("http://127.0.0.1");
    let body = json!({"QueueUrl": urls[1], "MessageBody": "x"}).to_string();
    assert_eq!(Client::at(bench.cloud.aws_url()).post(path, &target, &body).await.0, 200);
    let first = bench.ok("ListQueues", json!({"MaxResults": 1})).await;
    let second = bench.ok("ListQueues", json!({"MaxResults": 1, "NextToken": first["NextToken"]})).await;
    assert_ne!(first["QueueUrls"], second["QueueUrls"]);
    let (kind, code) = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue");
    let none = "http://127.0.0.1/000000000000/koban-local-none";
    for operation in ["SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "PurgeQueue"] {
        bench.refused(operation, json!({"QueueUrl": none, "MessageBody": "x"}), kind, code).await;
    }
    bench.refused("GetQueueUrl", json!({"QueueName": "none"}), kind, code).await;
    bench
        .refused(
            "SendMessage",
            json!({"QueueUrl": "", "MessageBody": "x"}),
            "MissingRequiredParameterException",
            "MissingParameter",
        )
        .await;
    for operation in ["CreateQueue", "DeleteQueue", "SetQueueAttributes", "TagQueue", "Juggle"] {
        bench.refused(operation, json!({"QueueName": "new"}), "UnknownOperationException", "InvalidAction").await;
    }
    bench.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_says_what_it_is_when_asked() {
    let bench = bench().await;
    assert_eq!(bench.ok("GetQueueAttributes", json!({})).await, json!({}));
    let url = QUEUE.trim_end_matches("-dlq");
    let all = bench.ok("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["All"]})).await;
    let detail = &all["Attributes"];
    assert_eq!(detail["VisibilityTimeout"], "30", "six times the consumer's timeout");
    assert_eq!(detail["ReceiveMessageWaitTimeSeconds"], "20");
    let redrive: Value = serde_json::from_str(detail["RedrivePolicy"].as_str().unwrap()).unwrap();
    assert_eq!(redrive["maxReceiveCount"], 5);
    let one = bench.ok("GetQueueAttributes", json!({"AttributeNames": ["QueueArn", "Policy"]})).await;
    assert_eq!(one["Attributes"].as_object().unwrap().len(), 1);
    bench
        .refused("GetQueueAttributes", json!({"AttributeNames": ["Size"]}), "InvalidAttributeName", "InvalidAttributeName")
        .await;
    let sources = bench.ok("ListDeadLetterSourceQueues", json!({})).await;
    assert_eq!(sources["queueUrls"][0], url);
    bench.ok("SendMessage", json!({"MessageBody": "x"})).await;
    bench.ok("PurgeQueue", json!({})).await;
    assert_eq!(bench.depth().await, 0);
    let (kind, code) = ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress");
    bench.refused("PurgeQueue", json!({}), kind, code).await;
    bench.cloud.stop().await;
}
