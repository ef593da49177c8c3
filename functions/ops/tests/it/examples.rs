//! What the laws of ops speak of: routes for anyone.

use crate::SERVICES;
use platform::Service;
use testing::laws::Examples;
use testing::{Target, User};

pub struct Stage {
    target: Target,
    user: User,
}

impl Examples for Stage {
    const SERVICE: &'static Service = &ops::SERVICE;
    const SERVICES: &'static [&'static Service] = SERVICES;

    async fn prepare(target: Target) -> Self {
        Self { user: target.user(), target }
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn user(&self) -> &User {
        &self.user
    }

    async fn uses_every_grant(&self) {
        self.target.get("/v1/health").await.expect(200);
        self.target.get("/v1/openapi.json").await.expect(200);
    }
}
