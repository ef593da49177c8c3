//! What only a local cloud can be asked, under `/_local/`: its clock, tokens, secrets, queues, its AWS endpoint.

use super::ClientError;
use super::http::{BaseUrl, Call, Connection, Reply};
use jiff::Timestamp;
use platform::secrets::SecretValue;
use serde::Deserialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Where `koban up` listens when nothing else is said.
pub const DEFAULT_URL: &str = "http://127.0.0.1:4000";
/// The file of a data directory that says where its cloud listens.
pub const URL_FILE: &str = "url";

/// A local cloud, reached over HTTP.
pub struct Local {
    pub connection: Connection,
}

#[derive(Deserialize)]
struct Clock {
    now: Timestamp,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

#[derive(Deserialize)]
struct Secret {
    value: SecretText,
}

#[derive(Deserialize)]
#[serde(from = "String")]
struct SecretText(SecretValue);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        // Two values while one replaces the other: either signs.
        Self(SecretValue::new(text.lines().next().unwrap_or_default()))
    }
}

/// The state of work that needs no request: whether any is left.
#[derive(Debug, Deserialize)]
pub struct Status {
    pub idle: bool,
    /// Messages that were given up on.
    pub dead: u64,
}

#[derive(Deserialize)]
struct AwsEndpoint {
    url: String,
}

impl Local {
    pub const fn new(base: BaseUrl) -> Self {
        Self::over(Connection::new(base))
    }

    pub const fn over(connection: Connection) -> Self {
        Self { connection }
    }

    async fn ask(&mut self, what: &str, call: Call) -> Result<Reply, ClientError> {
        ask(&mut self.connection, what, call).await
    }

    pub async fn now(&mut self) -> Result<Timestamp, ClientError> {
        Ok(self.ask("asking the clock", Call::get("/_local/clock")?).await?.json::<Clock>()?.now)
    }

    pub async fn set_clock(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let call = Call::post("/_local/clock", json!({"now": now}).to_string())?;
        self.ask("setting the clock", call).await.map(drop)
    }

    pub async fn token(&mut self, subject: &str) -> Result<String, ClientError> {
        token(&mut self.connection, subject).await
    }

    /// The secret that signs the feeds.
    pub async fn feed_secret(&mut self) -> Result<SecretValue, ClientError> {
        let reply = self.ask("asking for the feed's secret", Call::get("/_local/secret?name=feed")?).await?;
        Ok(reply.json::<Secret>()?.value.0)
    }

    pub async fn status(&mut self) -> Result<Status, ClientError> {
        self.ask("asking for the status", Call::get("/_local/status")?).await?.json()
    }

    /// Where its AWS endpoint is.
    pub async fn aws_url(&mut self) -> Result<String, ClientError> {
        let reply = self.ask("asking where the AWS endpoint is", Call::get("/_local/aws")?).await?;
        Ok(reply.json::<AwsEndpoint>()?.url)
    }
}

/// A token of `subject` that is good for 12 hours of the cloud's clock.
pub async fn token(connection: &mut Connection, subject: &str) -> Result<String, ClientError> {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("sub", subject).finish();
    let reply = ask(connection, "asking for a token", Call::get(&format!("/_local/token?{query}"))?).await?;
    Ok(reply.json::<Token>()?.token)
}

async fn ask(connection: &mut Connection, what: &str, call: Call) -> Result<Reply, ClientError> {
    let reply = connection.send(&call).await?;
    if reply.status == http::StatusCode::NOT_FOUND {
        return Err(ClientError::NotLocal);
    }
    reply.accepted(what)
}

/// Which running cloud a command means: the one at `--url`, or the one of `--data`, or the usual one.
#[derive(Debug, Clone, clap::Args)]
pub struct Where {
    /// The running local cloud
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    url: Option<BaseUrl>,
    /// The running local cloud of this data directory, wherever it listens
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Where {
    pub fn base(&self) -> Result<BaseUrl, ClientError> {
        let parse = |text: &str| text.trim().parse().map_err(ClientError::Input);
        match (&self.url, &self.data) {
            (Some(url), _) => Ok(url.clone()),
            (None, None) => parse(DEFAULT_URL),
            (None, Some(data)) => announced(data),
        }
    }
}

/// Where the cloud of a data directory listens.
fn announced(data: &Path) -> Result<BaseUrl, ClientError> {
    let file = data.join(URL_FILE);
    let unusable =
        |file, reason| ClientError::File { file, reason: format!("{reason}; `koban up --data {}` writes it", data.display()) };
    match std::fs::read(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(ClientError::NoneRuns { data: data.to_owned() }),
        Err(error) => Err(unusable(file, error.to_string())),
        Ok(bytes) => match std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok()) {
            Some(base) => Ok(base),
            None => Err(unusable(file, "it has no URL".into())),
        },
    }
}

/// Says in the data directory where its cloud listens, until dropped.
pub struct Announced {
    file: PathBuf,
}

impl Announced {
    pub fn new(data: &Path, url: &str) -> std::io::Result<Self> {
        let file = data.join(URL_FILE);
        std::fs::write(&file, url)?;
        Ok(Self { file })
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        // Left behind it only makes the next command say that nothing answers there.
        let _ = std::fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_has_its_url_while_its_cloud_runs() {
        let data = tempfile::tempdir().unwrap();
        let place = Where { url: None, data: Some(data.path().to_owned()) };
        let announced = Announced::new(data.path(), "http://127.0.0.1:4567").unwrap();
        assert_eq!(place.base().unwrap().to_string(), "http://127.0.0.1:4567");
        drop(announced);
        assert!(place.base().unwrap_err().to_string().contains("koban up --data"));
    }
}
