//! Why a command failed, each with what to do next.

use build::package::PackageError;
use build::scaffold::ScaffoldError;
use client::ClientError;
use cloud::{CloudError, Listener};
use demo::DemoError;
use operations::OperationError;
use operations::environment::EnvironmentError;
use operations::republish::RepublishError;
use platform::deployment::DeploymentError;
use platform::problem::chain;
use proofs::VerifyError;
use racing_demo::boatrace::BoatraceError;
use std::path::PathBuf;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum CliError {
    #[error(transparent)]
    Client(ClientError),
    #[error("{0}")]
    Input(String),
    #[error("{0}")]
    Unexpected(String),
    #[error(
        "port {port} for {listener} is taken: stop what listens there, or choose another with {} (0 for any free one)",
        option(*listener)
    )]
    PortTaken { listener: Listener, port: u16 },
    #[error("port {port} for {listener} is reserved for privileged users: choose one of 1024 or above with {}", option(*listener))]
    PortPrivileged { listener: Listener, port: u16 },
    #[error("the API and the AWS endpoint cannot both listen on port {port}: choose another with --aws-port")]
    OnePort { port: u16 },
    #[error("another local cloud runs on {}: stop it, or choose another directory with --data", data.display())]
    DataInUse { data: PathBuf },
    #[error("the local cloud: {}", chain(.0))]
    Cloud(#[from] CloudError),
    #[error("{}", chain(.0))]
    Boatrace(#[from] BoatraceError),
    #[error(transparent)]
    Demo(DemoError),
    #[error("{}", chain(.0))]
    Package(#[from] PackageError),
    #[error("{}", chain(.0))]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    #[error("{0}")]
    Scaffold(#[from] ScaffoldError),
    #[error("{}", chain(.0))]
    Environment(#[from] EnvironmentError),
    #[error("{}", chain(.0))]
    Operation(#[from] OperationError),
    #[error("{}", chain(.0))]
    Simulation(#[from] simulator::SimulationError),
    #[error("{}", chain(.0))]
    Republish(#[from] RepublishError),
    #[error("{what}: {source}")]
    Io { what: &'static str, source: std::io::Error },
    #[error("standard output cannot be written: {0}")]
    Output(std::io::Error),
    /// The reader of standard output has gone: there is nobody to say it to.
    #[error("nobody reads standard output")]
    NobodyReads,
    #[error("{} cannot be used: {reason}", file.display())]
    File { file: PathBuf, reason: String },
    /// By Ctrl-C; nothing needs to be said.
    #[error("interrupted")]
    Interrupted,
    /// The command did its work, and what it found is not clean. It has said so.
    #[error("not clean")]
    NotClean,
}

const fn option(listener: Listener) -> &'static str {
    match listener {
        Listener::Api => "--port",
        Listener::Aws => "--aws-port",
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Interrupted => Self::Interrupted,
            other => Self::Client(other),
        }
    }
}

impl From<DemoError> for CliError {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::NotClean => Self::NotClean,
            DemoError::Client(error) => error.into(),
            other => Self::Demo(other),
        }
    }
}
