//! Workers by hand, on a local cloud: messages put on queues, and what ends in the dead-letter queues.

use super::target::Target;
use cloud::Status;
use data_encoding::BASE64;
use platform::resource::Table;
use platform::service::tables_of;
use platform::store::Record;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

impl Target {
    pub async fn status(&self) -> Status {
        self.cloud().status().await.expect("the status")
    }

    /// Puts messages on a queue so that one invocation receives them together, up to its batch.
    pub async fn publish_all(&self, queue: &str, bodies: &[String]) {
        let cloud = self.cloud();
        let entry = |(index, body): (usize, &String)| json!({"Id": index.to_string(), "MessageBody": body});
        let entries: Vec<_> = bodies.iter().enumerate().map(entry).collect();
        let names = cloud.names();
        let request = json!({"QueueUrl": format!("http://aws.local/0/{}{queue}", names.prefix), "Entries": entries});
        let client = super::client::Client::new(cloud.aws_url());
        let target = ("x-amz-target", "AmazonSQS.SendMessageBatch");
        client.send("POST", "/", &[target], request.to_string().as_bytes()).await.expect(200);
    }

    pub async fn publish(&self, queue: &str, body: &Value) {
        self.cloud().publish(queue, body.to_string()).await.expect("the queue");
    }

    /// How many messages were given up on.
    pub async fn dead(&self, queue: &str) -> u64 {
        self.status().await.queues[&format!("{queue}-dlq")].visible
    }

    /// Lets time pass until `count` messages of `queue` were given up on.
    pub async fn until_dead(&self, queue: &str, count: u64) {
        // 20 receives at the most, each at the most 12 minutes after the one before.
        for _ in 0..200 {
            if self.dead(queue).await == count {
                return;
            }
            self.skip(Duration::from_mins(13)).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{count} messages should be in {queue}-dlq: {:?}", self.status().await.queues);
    }

    /// An item of a table, as DynamoDB returns it.
    pub async fn item(&self, table: &str, pk: &str, sk: &str) -> Option<Value> {
        let table = format!("{}{table}", self.cloud().names().prefix);
        let request = json!({"TableName": table, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}, "ConsistentRead": true});
        let reply = self.cloud().engine().call("GetItem", request.to_string().as_bytes()).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let reply: Value = serde_json::from_str(&reply.body).expect("JSON");
        reply.get("Item").cloned()
    }

    /// Every item of every table, table by table.
    pub async fn items(&self) -> BTreeMap<&'static str, Vec<Value>> {
        let mut items = BTreeMap::new();
        for table in tables_of(self.services()) {
            items.insert(table.name, self.items_of(table.name).await);
        }
        items
    }

    async fn items_of(&self, table: &str) -> Vec<Value> {
        let mut request = json!({"TableName": format!("{}{table}", self.cloud().names().prefix)});
        let mut items = Vec::new();
        loop {
            let reply = self.cloud().engine().call("Scan", request.to_string().as_bytes()).await;
            assert_eq!(reply.status, 200, "{}", reply.body);
            let mut page: Value = serde_json::from_str(&reply.body).expect("JSON");
            items.append(page["Items"].as_array_mut().expect("items"));
            match page.get("LastEvaluatedKey") {
                Some(next) => request["ExclusiveStartKey"] = next.clone(),
                None => return items,
            }
        }
    }

    /// The bodies of the messages that can be received from `queue` now.
    pub async fn bodies(&self, queue: &str) -> Vec<String> {
        let cloud = self.cloud();
        let url = format!("http://aws.local/0/{}{queue}", cloud.names().prefix);
        let request = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
        let client = super::client::Client::new(cloud.aws_url());
        let target = ("x-amz-target", "AmazonSQS.ReceiveMessage");
        let received = client.send("POST", "/", &[target], request.to_string().as_bytes()).await.expect(200);
        let messages = received["Messages"].as_array().expect("messages").iter();
        messages.map(|message| message["Body"].as_str().expect("a body").to_owned()).collect()
    }

    /// Puts a record into a table, past every function.
    pub async fn put_record(&self, table: &Table, record: &Record) {
        let item = json!({
            "pk": {"S": record.key.pk}, "sk": {"S": record.key.sk},
            "body": {"B": BASE64.encode(&record.body)}, "rev": {"N": record.revision.unwrap_or(1).to_string()},
        });
        self.put_item(table.name, &item).await;
    }

    /// Puts an item into a table, past every function.
    pub async fn put_item(&self, table: &str, item: &Value) {
        let table = format!("{}{table}", self.cloud().names().prefix);
        let request = json!({"TableName": table, "Item": item});
        let reply = self.cloud().engine().call("PutItem", request.to_string().as_bytes()).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
}
