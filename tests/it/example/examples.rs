//! What the laws of example speak of: ids, bodies and messages that its routes and workers take.

use platform::Service;
use testing::laws::Examples;
use testing::{Target, User};

pub struct Stage {
    target: Target,
    user: User,
}

impl Examples for Stage {
    const SERVICE: &'static Service = &example::SERVICE;
    const SERVICES: &'static [&'static Service] = &[&example::SERVICE];

    async fn prepare(target: Target) -> Self {
        Self { user: target.user(), target }
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn user(&self) -> &User {
        &self.user
    }

    async fn uses_every_grant(&self) {}
}
