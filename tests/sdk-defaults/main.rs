//! What `get-wallet` asks of DynamoDB, with the AWS SDK as it comes: its configuration chain, its HTTPS client, its trust in whatever
//! the system trusts. Only the cold path benchmark builds it; the Lambda runtime is the same as ours, so the SDK makes the difference.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
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
