//! `koban up`: the local cloud, until Ctrl-C.

use super::CliError;
use super::output::{note, print};
use super::services::Services;
use client::local::{Announced, URL_FILE};
use cloud::{Cloud, CloudError, Config};
use platform::context::Settings;
use platform::service::functions_of;
use platform::{Service, deployment};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const PORT: u16 = 4_000;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Prints its URL, a token and requests to paste once it is ready. Ctrl-C stops it, and a later start goes on from there. \
It may be killed at any moment. To begin with nothing, stop it and remove the data directory.
With --services it runs these services alone, with those that they need, as an environment of that choice does.

Examples:
  koban up                           # on http://127.0.0.1:4000, data in .koban
  koban up --port 0 --data /tmp/k    # on any free port, data elsewhere
  koban up --services wallet,ops     # without racing")]
pub struct Arguments {
    /// The port of the API on 127.0.0.1; 0 for any free one
    #[arg(long, default_value_t = PORT, allow_negative_numbers = true)]
    port: u16,
    /// The port of the AWS endpoint (DynamoDB, SQS); the port after the API's when not given, any free one after 65535
    #[arg(long, value_name = "PORT", allow_negative_numbers = true)]
    aws_port: Option<u16>,
    /// Where everything is stored; made when it is missing, continued when it is not
    #[arg(long, value_name = "DIR", default_value = ".koban")]
    data: PathBuf,
    #[command(flatten)]
    services: Services,
}

impl Arguments {
    #[cfg(test)]
    pub(super) const fn port(&self) -> u16 {
        self.port
    }
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { port, aws_port, data, services } = arguments;
    let are_all = services.typed().is_none();
    // As long as the process: a cloud is what it runs until it ends.
    let services: &'static [&'static Service] = services.chosen()?.leak();
    let settings = if are_all { Settings::default() } else { some_services(services) };
    let config = Config { port, aws_port: aws_port.unwrap_or(port_after(port)), settings, ..Config::new(&data, services) };
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
    let greeted = print(greeting(&cloud, &data, services));
    if greeted.is_err() {
        cloud.stop().await;
        return greeted;
    }
    let ended = interrupted.await;
    note(format_args!("\nStopping; everything accepted is stored in {}.", data.display()));
    cloud.stop().await;
    ended.map_err(|source| CliError::Io { what: "listening to Ctrl-C", source })
}

/// What functions are to find of a choice of services.
fn some_services(services: &[&'static Service]) -> Settings {
    let names: Vec<_> = services.iter().map(|service| service.name).collect();
    Settings::from_iter([(deployment::SERVICES.name.to_owned(), names.join(","))])
}

/// Starts a local cloud. Where a port or the directory cannot be had, the error says what to do.
pub async fn start(config: Config) -> Result<Cloud, CliError> {
    let data = config.data.clone();
    cloud::start(config).await.map_err(|error| match error {
        CloudError::InUse => CliError::DataInUse { data },
        error => refused(error),
    })
}

/// Any free port for the API means any free one for AWS, and none is after the last.
fn port_after(port: u16) -> u16 {
    if port == 0 { 0 } else { port.checked_add(1).unwrap_or(0) }
}

fn refused(error: CloudError) -> CliError {
    match error {
        CloudError::Port { listener, port, source } => match source.kind() {
            ErrorKind::AddrInUse => CliError::PortTaken { listener, port },
            ErrorKind::PermissionDenied => CliError::PortPrivileged { listener, port },
            _ => CliError::Cloud(CloudError::Port { listener, port, source }),
        },
        CloudError::OnePort { port } => CliError::OnePort { port },
        other => CliError::Cloud(other),
    }
}

fn greeting(cloud: &Cloud, data: &Path, services: &[&'static Service]) -> String {
    let (url, aws_url, token) = (cloud.url(), cloud.aws_url(), cloud.token("alice"));
    let data = data.display();
    let bearer = format!("-H 'Authorization: Bearer {token}'");
    let requests = [
        ("check-health", format!("curl -s {url}/v1/health")),
        ("get-wallet", format!("curl -s {bearer} {url}/v1/wallet")),
        (
            "create-topup",
            format!(
                "curl -s {bearer} -H 'Idempotency-Key: first-topup' -H 'Content-Type: application/json' \
                 -d '{{\"asset\":\"JPY\",\"minor\":10000}}' {url}/v1/topups"
            ),
        ),
    ];
    // Of the services that run, by their functions.
    let runs = |name: &str| functions_of(services).any(|function| function.name == name);
    let docs = if runs("get-openapi") { format!("  API docs  {url}/docs/\n") } else { String::new() };
    let tries: Vec<_> = requests.into_iter().filter(|(name, _)| runs(name)).map(|(_, request)| request).collect();
    format!(
        "Koban's local cloud is ready at {url} (data in {data}; Ctrl-C stops it)

{docs}  AWS CLI   AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=ap-northeast-1 \\
            aws --endpoint-url {aws_url} dynamodb list-tables

A token for alice, good for 12 hours of its clock (`koban token NAME` makes others):
{token}

Try:
{}",
        tries.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud::Listener;
    use std::net::{Ipv4Addr, TcpListener};

    async fn refusal(port: u16, aws_port: u16) -> String {
        let directory = tempfile::tempdir().unwrap();
        let config = Config { port, aws_port, ..Config::new(directory.path(), &[]) };
        match start(config).await {
            Ok(_) => panic!("{port} and {aws_port} can be listened on"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_aws_endpoint_is_on_the_port_after_the_apis_where_there_is_one() {
        for (port, after) in [(0, 0), (1, 2), (4_000, 4_001), (65_534, 65_535), (65_535, 0)] {
            assert_eq!(port_after(port), after);
        }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_named_with_its_listener_and_its_option() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let stop = "stop what listens there, or choose another";
        let expected = format!("port {port} for the API is taken: {stop} with --port (0 for any free one)");
        assert_eq!(refusal(port, 0).await, expected);
        let expected = format!("port {port} for the AWS endpoint is taken: {stop} with --aws-port (0 for any free one)");
        assert_eq!(refusal(0, port).await, expected);
    }

    #[tokio::test]
    async fn one_port_for_both_is_refused_as_that() {
        let expected = "the API and the AWS endpoint cannot both listen on port 5000: choose another with --aws-port";
        assert_eq!(refusal(5_000, 5_000).await, expected);
    }

    #[test]
    fn a_privileged_port_says_what_to_choose() {
        // Made up: whether it is refused depends on the user and the machine.
        let denied = |listener| CloudError::Port { listener, port: 80, source: ErrorKind::PermissionDenied.into() };
        let line = |listener| refused(denied(listener)).to_string();
        let expected = "port 80 for the API is reserved for privileged users: choose one of 1024 or above with --port";
        assert_eq!(line(Listener::Api), expected);
        assert!(line(Listener::Aws).ends_with("choose one of 1024 or above with --aws-port"));
    }
}
