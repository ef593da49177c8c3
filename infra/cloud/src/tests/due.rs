//! The due table on the real engine. After a day without sweeps all that is due fires in order. What was armed shortly before may fire
//! twice.

use super::client::Client;
use super::{Cloud, Config, start};
use futures_util::future::BoxFuture;
use platform::Service;
use platform::clock::Clock;
use platform::due::{self, Due};
use platform::prelude::*;
use platform::resource::Table;
use platform::store::Range;
use serde_json::{Value, json};

static REMINDERS: Table = Table { name: "reminders", doc: "", indexes: &[] };
static SERVICE: Service = Service::new("reminders", "", &[&REMINDERS], &[&ARM, &LIST, &SWEEP]);
const SERVICES: &[&Service] = &[&SERVICE];

static ARM: Function =
    Function::post("arm-reminder", "/v1/reminders").public().may(&REMINDERS, &[PutItem]).handled_by(http!(arm));
static LIST: Function = Function::get("list-fired", "/v1/reminders").public().may(&REMINDERS, &[Query]).handled_by(http!(list));
static SWEEP: Function = Function::cron("sweep-reminders", "* * * * ? *", "Asia/Tokyo")
    .may(&REMINDERS, &[GetItem, Query, PutItem])
    .handled_by(sweep!(sweep_due));

async fn arm(context: &Context, Body(body): Body<Value>) -> Result<NoContent, Problem> {
    let at: Timestamp = body["at"].as_str().unwrap_or_default().parse().map_err(Problem::internal)?;
    let armed = due::arm(context, &REMINDERS, at, body["key"].as_str().unwrap_or_default(), &body);
    write(context, vec![armed]).await.map_err(Problem::internal)?;
    Ok(NoContent)
}

async fn list(context: &Context) -> Result<Json<Vec<String>>, Problem> {
    let fired = context.table(&REMINDERS).all(&Range::all("fired")).await?;
    Ok(Json(fired.iter().map(Record::read::<String>).collect::<Result<_, _>>()?))
}

async fn sweep_due(context: &Context) -> Result<(), Failure> {
    due::sweep(context, &REMINDERS, &fire).await
}

fn fire(context: &Context, rows: Vec<Due>) -> BoxFuture<'_, Result<(), Failure>> {
    Box::pin(async move {
        for due in rows {
            let count = context.table(&REMINDERS).all(&Range::all("fired")).await?.len();
            let payload: Value = due.read()?;
            let record = Record::of(Key::new("fired", format!("{count:03}")), &payload["key"]);
            write(context, vec![Write::if_absent(&REMINDERS, record)]).await?;
        }
        Ok(())
    })
}

/// What was fired, once it is as many.
async fn fired(cloud: &Cloud, count: usize) -> Vec<String> {
    for _ in 0..500 {
        let (_, body) = Client::of(cloud).get("/v1/reminders").await;
        let fired: Vec<String> = serde_json::from_str(&body).unwrap();
        if fired.len() >= count {
            return fired;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("fewer than {count} were fired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_due_without_sweeps_is_fired_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let start_at = Some("2030-01-01T00:00:00Z".parse().unwrap());
    let cloud = start(Config { start_at, ..Config::new(directory.path(), SERVICES) }).await.unwrap();
    let arm = async |key: &str, at: Timestamp| {
        let body = json!({"key": key, "at": at}).to_string();
        assert_eq!(Client::of(&cloud).post("/v1/reminders", &[], &body).await.0, 204);
    };
    let began = cloud.clock().now();
    let after = |minutes| began + SignedDuration::from_mins(minutes);
    for minutes in [1_390, 300, 121, 122, 700, 180, 2_000, 701] {
        arm(&format!("after {minutes}"), after(minutes)).await;
    }
    cloud.set_clock(after(25 * 60)).await.unwrap();
    let in_order = ["after 121", "after 122", "after 180", "after 300", "after 700", "after 701", "after 1390"];
    assert_eq!(fired(&cloud, 7).await, in_order);
    // The second pass comes, and fires none of them again.
    cloud.set_clock(after(25 * 60 + 20)).await.unwrap();
    arm("soon", began).await;
    cloud.set_clock(after(25 * 60 + 22)).await.unwrap();
    assert_eq!(fired(&cloud, 8).await[7..], ["soon"]);
    cloud.set_clock(after(25 * 60 + 40)).await.unwrap();
    assert_eq!(fired(&cloud, 9).await[7..], ["soon", "soon"]);
    cloud.set_clock(after(34 * 60)).await.unwrap();
    assert_eq!(fired(&cloud, 10).await[9..], ["after 2000"]);
    cloud.idle().await.unwrap();
    assert_eq!(cloud.status().await.unwrap().dead, 0);
    cloud.stop().await;
}
