//! What the laws of the desk speak of: somebody who is staff and a member, and an organization with an API key.

use super::{SERVICES, bearer, change, desk};
use platform::function::Access;
use platform::{Function, Service};
use serde_json::{Value, json};
use shared::id::OrganizationId;
use testing::laws::Examples;
use testing::{Target, User};

/// The subject of the one person.
const SUBJECT: &str = "somebody";

pub struct Stage {
    target: Target,
    user: User,
    organization: OrganizationId,
}

impl Examples for Stage {
    const SERVICE: &'static Service = &desk::DESK;
    const SERVICES: &'static [&'static Service] = SERVICES;
    const IS_DEPLOYED: bool = false;

    async fn prepare(target: Target) -> Self {
        let user = User::new(target.clone(), SUBJECT.into());
        let organization = OrganizationId::derive(&[b"organization"]);
        change(&target, json!({"organization": organization, "user": user.id(), "role": "owner"})).await;
        let scopes = [desk::READ_CARDS.name, desk::WRITE_CARDS.name];
        change(&target, json!({"organization": organization, "random": 1, "scopes": scopes, "expires_at": null})).await;
        Self { target, user, organization }
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn user(&self) -> &User {
        &self.user
    }

    fn id(&self, name: &str) -> String {
        match name {
            "organization" => self.organization.to_string(),
            _ => "work".into(),
        }
    }

    async fn bearer(&self, function: &'static Function) -> String {
        match function.route().unwrap().access {
            Access::ApiKey(_) => format!("Bearer {}", desk::secret(1).expose()),
            _ => bearer(&self.target, SUBJECT, &json!({"cognito:groups": ["other", "support"]})),
        }
    }

    fn bodies(&self, _function: &'static Function) -> (Value, Value) {
        (json!({"minutes": 1}), json!({"minutes": 2}))
    }

    async fn uses_every_grant(&self) {
        let bearer = bearer(&self.target, SUBJECT, &json!({"cognito:groups": "support"}));
        for (path, status) in [("/v1/notes", 200), ("/v1/nothing", 204), ("/v1/review", 200)] {
            assert_eq!(super::read(&self.target, path, &bearer).await.status, status, "{path}");
        }
        for path in ["plan", "work"] {
            self.user.get(&format!("/v1/organizations/{}/{path}", self.organization)).await.expect(200);
        }
        let body = json!({"minutes": 1});
        self.user.post_new("/v1/notes", &body).await.expect(201);
        self.user.post_new(&format!("/v1/organizations/{}/work/a", self.organization), &body).await.expect(201);
        let key = format!("Bearer {}", desk::secret(1).expose());
        super::read(&self.target, "/v1/cards", &key).await.expect(200);
        super::ask(&self.target, "POST", "/v1/cards", &key, "k", &body).await.expect(201);
    }
}
