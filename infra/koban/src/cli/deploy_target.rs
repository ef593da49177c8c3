//! Where a command works: in an environment on AWS, by its name, or on a running local cloud. Both answer the same calls.

use super::CliError;
use client::local::{Local, Where};
use operations::Deployment;
use operations::environment;

#[derive(Debug, Clone, clap::Args)]
pub struct DeployTarget {
    /// The deployed environment, such as alpha, in the account and region of your AWS credentials; a local cloud without it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["url", "data"])]
    environment: Option<String>,
    #[command(flatten)]
    local: Where,
}

impl DeployTarget {
    /// What is there.
    pub async fn find(&self) -> Result<Deployment, CliError> {
        if let Some(name) = &self.environment {
            return Ok(environment::find(name).await?);
        }
        let aws_url = Local::new(self.local.base()?).aws_url().await?;
        Ok(environment::local(&aws_url).await?)
    }
}
