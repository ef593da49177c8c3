//! `koban feed`: the Boatrace Open API's files, posted to the signed feeds, one venue a request.

use super::CliError;
use super::output::print;
use crate::registry;
use client::ClientError;
use client::http::BaseUrl;
use client::local::{self, Local};
use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use operations::environment;
use platform::secrets::SecretValue;
use racing_demo::{boatrace, feed};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The secret, where it is not to be had from the cloud or the environment.
const SECRET_VARIABLE: &str = "KOBAN_FEED_SECRET";
/// The secret's name.
const SECRET: &str = "feed";

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Programs announce races, results decide them. Sending the same again changes nothing. Each request is signed: a local \
cloud gives its secret, an environment has it in SSM, and KOBAN_FEED_SECRET replaces both.

The Boatrace Open API has a file of each kind for every day. Fetch one of each:
  mkdir -p days/programs days/results
  api=https://boatraceopenapi.github.io
  curl -so days/programs/20251226.json $api/programs/v2/2025/20251226.json
  curl -so days/results/20251226.json $api/results/v2/2025/20251226.json
Races of a past day are closed. To bet on them, first set the local cloud's clock to that day:
  curl -d '{\"now\":\"2025-12-26T00:00:00+09:00\"}' \\
    http://127.0.0.1:4000/_local/clock

Examples:
  koban feed days                             # all of it, to port 4000
  koban feed days/programs/20251226.json      # the races alone, to bet on
  koban feed days --url http://127.0.0.1:4100
  koban feed days/programs/20251226.json --environment alpha")]
pub struct Arguments {
    /// A file of programs or results, or a directory that has programs/ and results/
    path: PathBuf,
    /// Where Koban answers; http://127.0.0.1:4000, or the environment's API, when not given
    #[arg(long, value_name = "URL")]
    url: Option<BaseUrl>,
    /// The deployed environment, such as alpha
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// End with one JSON object on standard output instead of a table
    #[arg(long)]
    json: bool,
}

/// A row of the table.
#[derive(Serialize)]
struct Sent {
    day: String,
    venue: String,
    feed: String,
    races: usize,
    outcomes: BTreeMap<String, u32>,
}

/// What the feed replies: what became of each race.
#[derive(Deserialize)]
struct FeedReply {
    races: Vec<RaceOutcome>,
}

#[derive(Deserialize)]
struct RaceOutcome {
    outcome: String,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let days = boatrace::read(&arguments.path)?;
    let mut messages = feed::announcements(days.programs.iter().map(|(id, announcement)| (*id, announcement)));
    messages.extend(feed::results(days.results.iter().map(|(id, result)| (*id, result))));
    let mut sender = Sender::of(&arguments).await?;
    let progress = ProgressBar::new(messages.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} venues {msg}") {
        progress.set_style(style);
    }
    let mut all_sent = Vec::with_capacity(messages.len());
    for message in &messages {
        progress.set_message(format!("{} venue {}", message.date, message.venue));
        let outcomes = sender.send(message).await?;
        let (day, venue, races) = (message.date.to_string(), message.venue.to_string(), message.races);
        let feed = message.path.rsplit('/').next().unwrap_or_default().to_owned();
        all_sent.push(Sent { day, venue, feed, races, outcomes });
        progress.inc(1);
    }
    progress.finish_and_clear();
    if arguments.json { print(json!({"sent": all_sent})) } else { print(table(&all_sent)) }
}

fn table(all_sent: &[Sent]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["day", "venue", "feed", "races", "outcome"]);
    for Sent { day, venue, feed, races, outcomes } in all_sent {
        let outcomes: Vec<_> = outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        table.add_row([day, venue, feed, &races.to_string(), &outcomes.join(", ")]);
    }
    table
}

/// Signs and sends messages, one after the other.
struct Sender {
    local: Local,
    secret: SecretValue,
    /// Whether the other side has a clock of its own.
    is_local: bool,
}

impl Sender {
    async fn of(arguments: &Arguments) -> Result<Self, CliError> {
        let url = arguments.url.clone();
        let Some(name) = &arguments.environment else {
            return Self::by_url(url.map_or_else(|| local::DEFAULT_URL.parse().map_err(CliError::Input), Ok)?).await;
        };
        let deployment = environment::find(name).await?;
        let url = url.map_or_else(|| deployment.api_url.parse().map_err(CliError::Input), Ok)?;
        let secret = match (std::env::var(SECRET_VARIABLE), registry::secret(SECRET)) {
            (Ok(secret), _) => SecretValue::new(secret),
            (Err(_), Some(secret)) => deployment.secret(secret).await?,
            (Err(_), None) => return Err(CliError::Input(format!("no service has a secret {SECRET}"))),
        };
        Ok(Self { local: Local::new(url), secret, is_local: false })
    }

    async fn by_url(url: BaseUrl) -> Result<Self, CliError> {
        let mut local = Local::new(url);
        if let Ok(secret) = std::env::var(SECRET_VARIABLE) {
            let is_local = local.now().await.is_ok();
            return Ok(Self { local, secret: SecretValue::new(secret), is_local });
        }
        let secret = local.feed_secret().await.map_err(|error| match error {
            ClientError::NotLocal => CliError::Input(format!(
                "that is no local cloud: name its environment, or set {SECRET_VARIABLE} to its feed's secret"
            )),
            other => other.into(),
        })?;
        Ok(Self { local, secret, is_local: true })
    }

    async fn send(&mut self, message: &feed::Message) -> Result<BTreeMap<String, u32>, CliError> {
        let now = if self.is_local { self.local.now().await? } else { Timestamp::now() };
        let (_, reply) = feed::post(&mut self.local.connection, message, &self.secret, now).await?;
        // A replayed outcome happened at the first message. Nothing happens now, and the result may have been corrected since.
        let again = reply.headers.contains_key("idempotency-replayed");
        let mut outcomes = BTreeMap::new();
        for race in reply.json::<FeedReply>()?.races {
            let outcome = if again { format!("{} before, nothing now", race.outcome) } else { race.outcome };
            *outcomes.entry(outcome).or_default() += 1;
        }
        Ok(outcomes)
    }
}
