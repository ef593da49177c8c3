//! What operators do from their command line. The `koban` that reaches AWS does it to the deployment that Terraform made: feed, publish,
//! redrive, republish and verify. Each is checked by its effect.

use super::Deployed;
use super::emulator::{ACCESS_KEY, Emulator, REGION, SECRET_KEY, without_aws};
use super::error::CheckError;
use super::program;
use super::workplace::Workplace;
use client::http::{BaseUrl, Call, Connection};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use platform::resource::dead_letter_name;
use platform::sdk::Names;
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};

/// As `terraform/environments/ephemeral.tfvars` says.
const ENVIRONMENT: &str = "ephemeral";
/// A queue whose consumer does no harm when it runs once more, and that consumer.
const QUEUE: &str = "sweep-races";
/// Where the emulator's time for a message to reach its function ends.
const HANDLED_WITHIN: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// An operator.
pub struct Operator<'a> {
    pub workplace: &'a Workplace,
    pub emulator: &'a Emulator,
    pub deployed: &'a Deployed,
}

impl Operator<'_> {
    /// Does everything once. Returns a summary.
    pub async fn work(&self) -> Result<String, CheckError> {
        program::succeed("building koban", self.build(), &self.workplace.log("build")).await?;
        let begun = Timestamp::now() - SignedDuration::from_mins(1);
        self.feed().await?;
        self.publish().await?;
        self.redrive().await?;
        let events = self.republish(begun).await?;
        let proof = self.koban(&["verify"]).await?;
        expect(proof["clean"] == true && proof["races"].as_u64() > Some(0), "verify is clean and saw a race", &proof)?;
        let (races, slips, readings) = (&proof["races"], &proof["slips"], &proof["read"]["readings"]);
        Ok(format!(
            "fed, published, redriven, {events} events republished; clean: {races} races, {slips} slips, {readings} readings"
        ))
    }

    /// Builds it as this program was built: cargo puts it beside this one.
    fn build(&self) -> Command {
        let mut cargo = build::cargo::command();
        cargo.current_dir(&self.workplace.root).args(["build", "--locked", "--features", "aws", "-p", "koban"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        cargo
    }

    /// What `koban` answers, as JSON.
    async fn koban(&self, arguments: &[&str]) -> Result<Value, CheckError> {
        let mut command = Command::new(std::env::current_exe().map_err(CheckError::io("this program"))?.with_file_name("koban"));
        without_aws(&mut command);
        command
            .args(arguments)
            .args(["--environment", ENVIRONMENT, "--json"])
            .envs([("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY), ("AWS_REGION", REGION)])
            .env("AWS_ENDPOINT_URL", &self.emulator.url)
            // A person's own profiles are not this machine's emulator.
            .envs([("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")]);
        let said = program::ask("koban", command, &self.workplace.log("operations")).await?;
        serde_json::from_str(&said)
            .map_err(|error| CheckError::Found(format!("koban {} did not print JSON ({error}): {said}", arguments.join(" "))))
    }

    /// Announces a race of its own, to the URL and signed with the secret from SSM, and finds it in the API.
    async fn feed(&self) -> Result<(), CheckError> {
        let closes_at = Timestamp::now() + SignedDuration::from_hours(1);
        let japan = closes_at.to_zoned(TimeZone::fixed(Offset::constant(9)));
        let boats: Vec<_> = (1..=6).map(|number| json!({"racer_boat_number": number, "racer_name": "somebody"})).collect();
        let program = json!({
            "race_date": japan.date().to_string(),
            "race_stadium_number": 24,
            "race_number": 12,
            "race_closed_at": japan.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            "race_title": "deploy-check",
            "boats": boats,
        });
        let file = self.workplace.temporary().join("programs.json");
        std::fs::write(&file, json!({"programs": [program]}).to_string()).map_err(CheckError::io(file.display()))?;
        let sent = self.koban(&["feed", &file.display().to_string()]).await?;
        expect(sent["sent"][0]["races"] == 1, "feed sent a race", &sent)?;
        let base: BaseUrl = self.deployed.outputs.api_url.parse().map_err(CheckError::Found)?;
        let race = format!("/v1/races/rac_{}-24-12", japan.strftime("%Y%m%d"));
        Connection::new(base).send(&Call::get(&race)?).await?.accepted("finding the race that was fed")?;
        Ok(())
    }

    async fn publish(&self) -> Result<(), CheckError> {
        let before = self.handled().await?;
        let published = self.koban(&["publish", QUEUE, "{}"]).await?;
        expect(published["message_id"].as_str().is_some_and(|id| !id.is_empty()), "publish prints the message's id", &published)?;
        self.until_handled(before + 1).await
    }

    /// Puts a dead letter where its consumer would have left it, and has it handled after all.
    async fn redrive(&self) -> Result<(), CheckError> {
        let before = self.handled().await?;
        let queue = format!("{}{}", Names::prefix_of(ENVIRONMENT), dead_letter_name(QUEUE));
        self.emulator.send_message(&queue, "{}").await?;
        let dead = |listed: &Value| {
            let queues = listed["queues"].as_array().into_iter().flatten();
            queues.filter(|queue| queue["queue"] == QUEUE).filter_map(|queue| queue["dead"].as_u64()).sum::<u64>()
        };
        let listed = self.koban(&["redrive"]).await?;
        expect(dead(&listed) == 1, "redrive lists the dead letter", &listed)?;
        let moved = self.koban(&["redrive", QUEUE]).await?;
        expect(moved["moved"] == 1 && moved["finished"] == true, "redrive moves the dead letter", &moved)?;
        let listed = self.koban(&["redrive"]).await?;
        expect(dead(&listed) == 0, "redrive leaves no dead letter", &listed)?;
        self.until_handled(before + 1).await
    }

    /// Publishes again what was written since `begun`: at least the race that was fed.
    async fn republish(&self, begun: Timestamp) -> Result<u64, CheckError> {
        let to = Timestamp::now() + SignedDuration::from_mins(1);
        let range = ["republish", "racing", "--from", &begun.to_string(), "--to", &to.to_string()];
        let counted = self.koban(&[&range[..], &["--dry-run"]].concat()).await?;
        expect(counted["published"] == 0, "a dry run publishes nothing", &counted)?;
        let published = self.koban(&range).await?;
        let races = published["events"]["koban.racing.race.changed.v1"].as_u64();
        expect(races > Some(0) && published["unmappable"] == 0, "republish publishes the race that was fed", &published)?;
        Ok(published["published"].as_u64().unwrap_or_default())
    }

    /// How often the queue's consumer has run.
    async fn handled(&self) -> Result<usize, CheckError> {
        let Some(group) = self.deployed.outputs.log_groups.get(QUEUE) else {
            return Err(CheckError::Found(format!("{QUEUE} has no log group")));
        };
        let lines = self.emulator.log_of(group, Timestamp::UNIX_EPOCH).await?;
        Ok(lines.iter().filter(|line| line.contains("1 of 1 handled")).count())
    }

    async fn until_handled(&self, count: usize) -> Result<(), CheckError> {
        let started = Instant::now();
        while self.handled().await? < count {
            if started.elapsed() > HANDLED_WITHIN {
                return Err(CheckError::Found(format!(
                    "a message of {QUEUE} was not handled within {} s",
                    HANDLED_WITHIN.as_secs()
                )));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

fn expect(holds: bool, what: &str, found: &Value) -> Result<(), CheckError> {
    if holds { Ok(()) } else { Err(CheckError::Found(format!("expected that {what}; found {found}"))) }
}
