//! SNS over HTTP, as an SDK speaks it.

use crate::Cloud;
use crate::tests::client::Client;
use crate::tests::cloud;

/// The status, the code, and the fields that get them.
type Case<'a> = (u16, &'a str, &'a [(&'a str, &'a str)]);

const TOPIC: &str = "arn:aws:sns:ap-northeast-1:000000000000:koban-local-note-events";

async fn call(cloud: &Cloud, fields: &[(&str, &str)]) -> (u16, String) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Version", "2010-03-31").extend_pairs(fields);
    let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let (status, headers, body) = Client::at(cloud.aws_url()).send("POST", "/", &headers, &form.finish()).await;
    assert_eq!(headers["content-type"], "text/xml", "{body}");
    assert!(body.contains("<RequestId>"), "{body}");
    (status, body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_and_subscriptions_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    let (status, topics) = call(&cloud, &[("Action", "ListTopics")]).await;
    assert_eq!(status, 200);
    assert!(topics.contains(&format!("<Topics><member><TopicArn>{TOPIC}</TopicArn></member></Topics>")), "{topics}");
    let (_, subscriptions) = call(&cloud, &[("Action", "ListSubscriptions")]).await;
    assert!(subscriptions.contains("<Endpoint>arn:aws:sqs:ap-northeast-1:000000000000:koban-local-note-added</Endpoint>"));
    let (_, of_topic) = call(&cloud, &[("Action", "ListSubscriptionsByTopic"), ("TopicArn", TOPIC)]).await;
    let arn = of_topic.split("<SubscriptionArn>").nth(1).unwrap().split('<').next().unwrap();
    assert!(subscriptions.contains(arn));
    let (_, attributes) = call(&cloud, &[("Action", "GetSubscriptionAttributes"), ("SubscriptionArn", arn)]).await;
    assert!(attributes.contains("&quot;note.added&quot;") && attributes.contains("RawMessageDelivery"), "{attributes}");
    let (_, attributes) = call(&cloud, &[("Action", "GetTopicAttributes"), ("TopicArn", TOPIC)]).await;
    assert!(attributes.contains("<key>SubscriptionsConfirmed</key><value>1</value>"), "{attributes}");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_refused_in_xml_with_snss_code() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    let other = format!("{TOPIC}-none");
    let long = "x".repeat(256 * 1_024 + 1);
    let first = ("PublishBatchRequestEntries.member.1.Id", "a");
    let text = ("PublishBatchRequestEntries.member.1.Message", "x");
    let batch = ("Action", "PublishBatch");
    let publish = ("Action", "Publish");
    let topic = ("TopicArn", TOPIC);
    let cases: &[Case<'_>] = &[
        (400, "InvalidAction", &[("Action", "CreateTopic"), ("Name", "new")]),
        (400, "InvalidAction", &[("Action", "Subscribe"), topic]),
        (404, "NotFound", &[publish, ("TopicArn", &other), ("Message", "x")]),
        (404, "NotFound", &[("Action", "GetTopicAttributes"), ("TopicArn", &other)]),
        (404, "NotFound", &[publish, ("TopicArn", &TOPIC.replace("000000000000", "111111111111")), ("Message", "x")]),
        (404, "NotFound", &[("Action", "GetSubscriptionAttributes"), ("SubscriptionArn", TOPIC)]),
        (400, "InvalidParameter", &[publish, ("TopicArn", "note-events"), ("Message", "x")]),
        (400, "InvalidParameter", &[publish, ("Message", "x")]),
        (400, "InvalidParameter", &[publish, topic, ("Message", "")]),
        (400, "InvalidParameter", &[publish, topic, ("Message", &long)]),
        (400, "InvalidParameter", &[publish, topic, ("Message", "x"), ("MessageStructure", "json")]),
        (400, "InvalidParameter", &[("Action", "ListTopics"), ("NextToken", "x")]),
        (400, "EmptyBatchRequest", &[batch, topic]),
        (400, "InvalidBatchEntryId", &[batch, topic, ("PublishBatchRequestEntries.member.1.Id", "a b"), text]),
        (
            400,
            "BatchEntryIdsNotDistinct",
            &[
                batch,
                topic,
                first,
                text,
                ("PublishBatchRequestEntries.member.2.Id", "a"),
                ("PublishBatchRequestEntries.member.2.Message", "x"),
            ],
        ),
        (400, "BatchRequestTooLong", &[batch, topic, first, ("PublishBatchRequestEntries.member.1.Message", &long)]),
    ];
    for (status, code, fields) in cases {
        let (got, body) = call(&cloud, fields).await;
        assert!(got == *status && body.contains(&format!("<Code>{code}</Code>")), "{got} {body} for {code}");
        assert!(body.starts_with("<ErrorResponse"), "{body}");
    }
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_comes_with_its_attributes_and_a_bad_entry_fails_alone() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    let event = |name: &str| format!(r#"{{"type": "note.added", "data": {{"name": "{name}", "color": "red"}}}}"#);
    let (status, _) = call(&cloud, &[("Action", "Publish"), ("TopicArn", TOPIC), ("Message", &event("one"))]).await;
    assert_eq!(status, 200);
    let fields = [
        ("Action", "PublishBatch"),
        ("TopicArn", TOPIC),
        ("PublishBatchRequestEntries.member.1.Id", "good"),
        ("PublishBatchRequestEntries.member.1.Message", &event("two")),
        ("PublishBatchRequestEntries.member.2.Id", "bad"),
        ("PublishBatchRequestEntries.member.2.Message", ""),
    ];
    let (status, body) = call(&cloud, &fields).await;
    assert_eq!(status, 200);
    assert!(body.contains("<Id>good</Id>") && body.contains("<Id>bad</Id><Code>InvalidParameter</Code>"), "{body}");
    cloud.idle().await.unwrap();
    for name in ["one", "two"] {
        assert_eq!(Client::of(&cloud).get(&format!("/v1/notes/seen-{name}")).await.0, 200);
    }
    cloud.stop().await;
}
