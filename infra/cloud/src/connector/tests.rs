//! What a function may call, and how a refusal reads.

use super::permits::Permits;
use super::*;
use crate::Cloud;
use crate::local_names;
use crate::tests::cloud;
use crate::tests::service::{ADD, COUNT, FORGET, KEEP, PLACE, RELAY, TICK};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

fn item(table: &str) -> Value {
    json!({"TableName": table, "Item": {"pk": {"S": "a"}, "sk": {"S": "b"}}})
}

fn dynamodb(function: &'static platform::Function, operation: &str, body: &Value) -> Result<(), String> {
    let names = local_names();
    let request = Request::parse(operation, body.to_string().as_bytes()).map_err(|reply| reply.body)?;
    Permits::of(function, &names).check_dynamodb(&names, operation, &request).map_err(|denied| denied.message().to_owned())
}

#[test]
fn what_is_granted_passes() {
    let key = json!({"pk": {"S": "a"}, "sk": {"S": "b"}});
    assert_eq!(dynamodb(&ADD, "PutItem", &item("koban-local-notes")), Ok(()));
    assert_eq!(dynamodb(&ADD, "GetItem", &json!({"TableName": "koban-local-notes", "Key": key})), Ok(()));
    let query = json!({"TableName": "koban-local-others", "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}}});
    assert_eq!(dynamodb(&PLACE, "Query", &query), Ok(()));
    let puts = json!({"TransactItems": [{"Put": item("koban-local-notes")}, {"Put": item("koban-local-others")}]});
    assert_eq!(dynamodb(&PLACE, "TransactWriteItems", &puts), Ok(()));
    // A plain grant of PutItem covers transactions too, as on AWS.
    let put = json!({"TransactItems": [{"Put": item("koban-local-notes")}]});
    assert_eq!(dynamodb(&ADD, "TransactWriteItems", &put), Ok(()));
}

#[test]
fn a_refusal_is_worded_as_by_aws() {
    let refused = dynamodb(&ADD, "PutItem", &item("koban-local-others")).unwrap_err();
    assert_eq!(
        refused,
        "User: arn:aws:sts::000000000000:assumed-role/koban-local-add-note/koban-local-add-note is not authorized to perform: \
         dynamodb:PutItem on resource: arn:aws:dynamodb:ap-northeast-1:000000000000:table/koban-local-others because no \
         identity-based policy allows the dynamodb:PutItem action"
    );
}

#[test]
fn what_is_not_granted_is_refused() {
    let refused = |function, operation: &str, body: &Value| {
        dynamodb(function, operation, body).unwrap_err().contains("is not authorized to perform")
    };
    // Only inside a transaction.
    assert!(refused(&PLACE, "PutItem", &item("koban-local-notes")));
    let one_foreign = json!({"TransactItems": [{"Put": item("koban-local-notes")}, {"Put": item("koban-local-others")}]});
    assert!(refused(&ADD, "TransactWriteItems", &one_foreign));
    let key = json!({"pk": {"S": "a"}, "sk": {"S": "b"}});
    let delete = json!({"TransactItems": [{"Delete": {"TableName": "koban-local-notes", "Key": key}}]});
    assert!(refused(&ADD, "TransactWriteItems", &delete));
    assert!(refused(&ADD, "Scan", &json!({"TableName": "koban-local-notes"})));
    assert!(refused(&ADD, "DeleteTable", &json!({"TableName": "koban-local-notes"})));
    // An index is granted apart from its table.
    let query = json!({"TableName": "koban-local-others", "IndexName": "by-color", "KeyConditionExpression": "color = :c",
        "ExpressionAttributeValues": {":c": {"S": "red"}}});
    assert!(refused(&PLACE, "Query", &query));
}

#[test]
fn personal_items_alone_may_be_deleted() {
    let key = |pk: &str| json!({"pk": {"S": pk}, "sk": {"S": "note"}});
    let delete = |function, table: &str, pk: &str| {
        let alone = dynamodb(function, "DeleteItem", &json!({"TableName": table, "Key": key(pk)}));
        let together = json!({"TransactItems": [{"Delete": {"TableName": table, "Key": key(pk)}}]});
        assert_eq!(alone, dynamodb(function, "TransactWriteItems", &together), "{pk}");
        alone.map_err(|denied| denied.contains("dynamodb:DeleteItem"))
    };
    assert_eq!(delete(&FORGET, "koban-local-notes", "memo#first"), Ok(()));
    for other in ["first", "memo", "Memo#first", "memos#first", "seen-memo#first"] {
        assert_eq!(delete(&FORGET, "koban-local-notes", other), Err(true), "{other}");
    }
    assert_eq!(delete(&FORGET, "koban-local-others", "memo#first"), Err(true));
    assert_eq!(delete(&ADD, "koban-local-notes", "memo#first"), Err(true));
    let batch = json!({"RequestItems": {"koban-local-notes": [{"DeleteRequest": {"Key": key("memo#first")}}]}});
    assert!(dynamodb(&FORGET, "BatchWriteItem", &batch).is_err());
}

#[test]
fn queues_topics_and_secrets_are_granted_one_by_one() {
    let names = local_names();
    let may = |function| Permits::of(function, &names);
    assert!(may(&RELAY).check_sqs(&names, "SendMessageBatch", "relay-notes-failures").is_ok());
    assert!(may(&RELAY).check_sqs(&names, "SendMessageBatch", "note-added").is_err());
    assert!(may(&RELAY).check_sns(&names, "PublishBatch", "note-events").is_ok());
    assert!(may(&COUNT).check_sns(&names, "PublishBatch", "note-events").is_err());
    // Only where the definition retries as its failures say, and only on its own queue.
    assert!(may(&KEEP).check_sqs(&names, "ChangeMessageVisibility", "relay-notes-failures").is_ok());
    assert!(may(&KEEP).check_sqs(&names, "ChangeMessageVisibility", "note-added").is_err());
    assert!(may(&COUNT).check_sqs(&names, "ChangeMessageVisibility", "note-added").is_err());
    assert!(may(&TICK).check_ssm(&names, "GetParameter", "/koban-local/feed").is_ok());
    assert!(may(&ADD).check_ssm(&names, "GetParameter", "/koban-local/feed").is_err());
}

#[test]
fn injected_faults_are_in_the_form_that_the_sdk_reads() {
    let conflict: Value = serde_json::from_str(&transaction_conflict(2).body).unwrap();
    assert_eq!(conflict["CancellationReasons"][1]["Code"], "TransactionConflict");
    assert_eq!(conflict["CancellationReasons"][0]["Code"], "None");
    assert_eq!((throttled().status, internal_error().status), (400, 500));
}

/// What the SDK of `function` gets: the status, the error's older code, the body.
async fn asks(cloud: &Cloud, function: &'static platform::Function, target: &str, body: &str) -> (u16, String, String) {
    let backends = cloud.shared.backends.clone();
    let permits = Arc::new(Permits::of(function, &backends.names));
    let mut request = HttpRequest::new(SdkBody::from(body));
    if !target.is_empty() {
        request.headers_mut().insert("x-amz-target", target.to_owned());
    }
    let response = Connector::new(backends, permits).answer(request).await.unwrap();
    let code = response.headers().get("x-amzn-query-error").unwrap_or_default().to_owned();
    let text = String::from_utf8_lossy(response.body().bytes().unwrap()).into_owned();
    (response.status().as_u16(), code, text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_opens_nothing_that_is_not_granted() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    let puts = json!([{"Put": item("koban-local-notes")}, {"Put": item("koban-local-others")}]);
    let body = json!({"ClientRequestToken": "shared", "TransactItems": puts}).to_string();
    let target = "DynamoDB_20120810.TransactWriteItems";
    assert_eq!(asks(&cloud, &PLACE, target, &body).await.0, 200);
    assert_eq!(asks(&cloud, &PLACE, target, &body).await.0, 200);
    let (status, _, denied) = asks(&cloud, &ADD, target, &body).await;
    assert!(status == 400 && denied.contains("AccessDeniedException"), "{denied}");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_operators_may_do_here_functions_may_not() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    let denied = async |function, target: &str, body: &str| {
        let (status, _, text) = asks(&cloud, function, target, body).await;
        let is_denied = text.contains("AccessDeniedException") || text.contains("<Code>AuthorizationError</Code>");
        assert!((400..=403).contains(&status) && is_denied, "{target} {body}: {text}");
    };
    let all = [&ADD, &PLACE, &RELAY, &COUNT, &KEEP, &TICK];
    for queue in ["note-added", "relay-notes-failures", "tick", "note-added-dlq"] {
        let url = format!("http://aws.local/000000000000/koban-local-{queue}");
        let body = json!({"QueueUrl": url, "ReceiptHandle": "r", "Entries": []}).to_string();
        for operation in
            ["ReceiveMessage", "DeleteMessage", "DeleteMessageBatch", "PurgeQueue", "GetQueueAttributes", "ListQueues"]
        {
            for function in all {
                denied(function, &format!("AmazonSQS.{operation}"), &body).await;
            }
        }
    }
    let topic = "arn%3Aaws%3Asns%3Aap-northeast-1%3A000000000000%3Akoban-local-note-events";
    for action in ["ListTopics", "ListSubscriptions", "GetTopicAttributes", "Subscribe"] {
        for function in all {
            denied(function, "", &format!("Action={action}&TopicArn={topic}&TargetArn={topic}")).await;
        }
    }
    // Neither by naming a granted topic beside another, nor by the other field.
    denied(&COUNT, "", &format!("Action=Publish&TargetArn={topic}&Message=x")).await;
    let secrets = r#"{"Name": "/koban-local/feed", "Names": ["/koban-local/feed"], "WithDecryption": true}"#;
    for function in all {
        denied(function, "AmazonSSM.GetParameters", secrets).await;
    }
    let (status, _, read) = asks(&cloud, &TICK, "AmazonSSM.GetParameter", secrets).await;
    assert!(status == 200 && read.contains(cloud.feed_secret("feed").unwrap()));
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_functions_sdk_gets_sqss_older_code_too() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(directory.path()).await;
    let url = "http://aws.local/000000000000/koban-local-relay-notes-failures";
    let body = json!({"QueueUrl": url, "Entries": []}).to_string();
    let (status, code, _) = asks(&cloud, &RELAY, "AmazonSQS.SendMessageBatch", &body).await;
    assert_eq!((status, code.as_str()), (400, "AWS.SimpleQueueService.EmptyBatchRequest;Sender"));
    cloud.stop().await;
}
