//! What `get-wallet` asks of DynamoDB, with the AWS SDK as it comes: its configuration chain, its HTTPS client, its trust in the system's
//! roots. Only the cold path benchmark builds it; the Lambda runtime is the same as ours, so the SDK makes the difference.

use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // The one thing that is not as it comes: time to connect within a slow emulation. It would be counted twice otherwise.
    let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_mins(5)).build();
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest()).timeout_config(timeouts).load().await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let (table, wallet) = (format!("{}wallet", std::env::var("KOBAN_PREFIX")?), std::env::var("WALLET")?);
    lambda_runtime::run(service_fn(|_event: LambdaEvent<Value>| newest_line(&dynamodb, &table, &wallet))).await
}

async fn newest_line(dynamodb: &aws_sdk_dynamodb::Client, table: &str, wallet: &str) -> Result<Value, Error> {
    let reply = dynamodb
        .query()
        .table_name(table)
        .consistent_read(true)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(wallet.to_owned()))
        .scan_index_forward(false)
        .limit(1)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await?;
    Ok(json!({"statusCode": 200, "body": json!({"lines": reply.count()}).to_string()}))
}
