//! `koban up`: the local cloud, until Ctrl-C.

use super::CliError;
use super::local::{Announced, URL_FILE};
use super::output::{note, print};
use crate::cloud::{self, Cloud, CloudError, Config};
use crate::registry::SERVICES;
use std::path::{Path, PathBuf};

const PORT: u16 = 4_000;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Prints its URL, a token and requests to paste once it is ready. Ctrl-C stops it, and a later start goes on from there. \
It may be killed at any moment. To begin with nothing, stop it and remove the data directory.

Examples:
  koban up                           # on http://127.0.0.1:4000, data in .koban
  koban up --port 0 --data /tmp/k    # on any free port, data elsewhere")]
pub struct Arguments {
    /// The port of the API on 127.0.0.1; 0 for any free one
    #[arg(long, default_value_t = PORT, allow_negative_numbers = true)]
    port: u16,
    /// The port of the AWS endpoint (DynamoDB, SQS); the port after the API's when not given
    #[arg(long, value_name = "PORT", allow_negative_numbers = true)]
    aws_port: Option<u16>,
    /// Where everything is stored; made when it is missing, continued when it is not
    #[arg(long, value_name = "DIR", default_value = ".koban")]
    data: PathBuf,
}

impl Arguments {
    #[cfg(test)]
    pub(super) const fn port(&self) -> u16 {
        self.port
    }
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { port, aws_port, data } = arguments;
    // Any free port for the API means any free one for AWS.
    let after = if port == 0 { 0 } else { port.saturating_add(1) };
    let config = Config { port, aws_port: aws_port.unwrap_or(after), ..Config::new(&data, SERVICES) };
    // One listener from the first moment on: no Ctrl-C falls into a gap.
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    let cloud = tokio::select! {
        biased;
        _ = &mut interrupted => return Err(CliError::Interrupted),
        started = start(config) => started?,
    };
    let announced = Announced::new(&data, cloud.url());
    let _announced = match announced {
        Ok(announced) => announced,
        Err(error) => {
            cloud.stop().await;
            return Err(CliError::File { file: data.join(URL_FILE), reason: error.to_string() });
        }
    };
    let greeted = print(greeting(&cloud, &data));
    if greeted.is_err() {
        cloud.stop().await;
        return greeted;
    }
    let ended = interrupted.await;
    note(format_args!("\nStopping; everything accepted is stored in {}.", data.display()));
    cloud.stop().await;
    ended.map_err(|source| CliError::Io { what: "listening to Ctrl-C", source })
}

/// Starts a local cloud; what stands in the way is told with what to do about it.
pub async fn start(config: Config) -> Result<Cloud, CliError> {
    let data = config.data.clone();
    cloud::start(config).await.map_err(|error| match error {
        CloudError::Port { port, source } if source.kind() == std::io::ErrorKind::AddrInUse => CliError::PortTaken { port },
        CloudError::InUse => CliError::DataInUse { data },
        other => CliError::Cloud(other),
    })
}

fn greeting(cloud: &Cloud, data: &Path) -> String {
    let (url, aws_url, token) = (cloud.url(), cloud.aws_url(), cloud.token("alice"));
    let data = data.display();
    format!(
        "Koban's local cloud is ready at {url} (data in {data}; Ctrl-C stops it)

  API docs  {url}/docs/
  AWS CLI   AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=ap-northeast-1 \\
            aws --endpoint-url {aws_url} dynamodb list-tables

A token for alice, good for 12 hours of its clock (`koban token NAME` makes others):
{token}

Try:
curl -s {url}/v1/health
curl -s -H 'Authorization: Bearer {token}' {url}/v1/wallet
curl -s -H 'Authorization: Bearer {token}' -H 'Idempotency-Key: first-topup' -H 'Content-Type: application/json' \
-d '{{\"asset\":\"JPY\",\"minor\":10000}}' {url}/v1/topups"
    )
}
