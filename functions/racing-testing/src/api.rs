//! The API under test, with all services.

use super::User;
use cloud::Config;
use platform::Service;
use std::ops::Deref;
use tempfile::TempDir;
use testing::Target as Api;
use testing::random_text;

/// Racing, what it needs, and what every API has.
pub const SERVICES: &[&Service] = &[&ops::SERVICE, &wallet::SERVICE, &racing::SERVICE];

/// An API to test.
#[derive(Clone)]
pub struct Target(Api);

impl Deref for Target {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.0
    }
}

impl Target {
    /// The same, with races.
    pub const fn of(api: Api) -> Self {
        Self(api)
    }

    /// The deployed API if there is one, else a local cloud of this test's own.
    pub async fn start() -> Self {
        Self(Api::start_with(SERVICES).await)
    }

    /// A local cloud of this test's own; none, said aloud, when the suite runs against a deployed API.
    pub async fn start_local() -> Option<Self> {
        Self::start_local_with(|_| ()).await
    }

    /// The same with another configuration.
    pub async fn start_local_with(configure: impl FnOnce(&mut Config)) -> Option<Self> {
        Api::start_local_with(SERVICES, configure).await.map(Self)
    }

    /// A local cloud on a directory that holds something already.
    pub async fn start_in(data: TempDir) -> Self {
        Self(Api::start_in(SERVICES, data).await)
    }

    /// Whether the suite runs against a deployed API; says that this test cannot, then.
    pub fn is_deployed() -> bool {
        Api::is_deployed()
    }

    /// A new person.
    pub fn user(&self) -> User {
        User::new(self, random_text())
    }

    /// A new person who has topped up by `minor` yen.
    pub async fn rich_user(&self, minor: i64) -> User {
        let user = self.user();
        user.top_up(minor).await;
        user
    }
}
