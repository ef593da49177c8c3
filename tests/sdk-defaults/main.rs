//! What `get-wallet` asks of DynamoDB, with the AWS SDK as it comes: its configuration chain, its HTTPS client, its trust in whatever
//! the system trusts. Only the cold path benchmark builds it; the Lambda runtime is the same as ours, so the SDK makes the difference.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let table = format!("{}wallet", std::env::var("KOBAN_PREFIX")?);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| newest_line(&dynamodb, &table, event.payload))).await
}

async fn newest_line(dynamodb: &aws_sdk_dynamodb::Client, table: &str, event: Value) -> Result<Value, Error> {
    let user = event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"].as_str().unwrap_or_default();
    let reply = dynamodb
        .query()
        .table_name(table)
        .consistent_read(true)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(format!("wallet#{user}")))
        .scan_index_forward(false)
        .limit(1)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await?;
    Ok(json!({"statusCode": 200, "body": json!({"lines": reply.count()}).to_string()}))
}
