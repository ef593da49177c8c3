//! Staff, members and API keys: who is admitted, and the neighbors of each who are not.

use super::{ask, bearer, change, check_of, desk, read, start, start_with};
use serde_json::{Value, json};
use shared::id::{OrganizationId, UserId};
use std::time::Duration;
use testing::{Response, Target};

fn organization(name: &str) -> OrganizationId {
    OrganizationId::derive(&[name.as_bytes()])
}

fn person(subject: &str) -> UserId {
    UserId::of_subject(cloud::issuer::ISSUER, subject)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_are_those_whose_groups_include_the_role() {
    let Some(target) = start().await else { return };
    let review = async |claims: Value| read(&target, "/v1/review", &bearer(&target, "ann", &claims)).await;
    for groups in [json!(["support"]), json!(["a", "support", "b"]), json!("support")] {
        review(json!({"cognito:groups": groups})).await.expect(200);
    }
    for claims in [
        json!({}),
        json!({"cognito:groups": []}),
        json!({"cognito:groups": ["supporter", "Support"]}),
        json!({"cognito:groups": "a support"}),
        json!({"cognito:groups": {"support": true}}),
        json!({"cognito:groups": null}),
        json!({"groups": ["support"]}),
        json!({"Cognito:groups": ["support"]}),
    ] {
        let refused = review(claims.clone()).await.refused(403, "forbidden_role");
        assert_eq!(refused["roles"], json!(["support"]), "{claims}");
    }
    assert_eq!(read(&target, "/v1/review", "").await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_names_the_claim_of_groups() {
    let of_roles = |config: &mut cloud::Config| drop(config.settings.insert("STAFF_CLAIM".into(), "roles".into()));
    let Some(target) = start_with(of_roles).await else { return };
    let review = async |claims: Value| read(&target, "/v1/review", &bearer(&target, "ann", &claims)).await;
    review(json!({"roles": ["support"]})).await.expect(200);
    review(json!({"cognito:groups": ["support"]})).await.refused(403, "forbidden_role");
}

async fn set_role(target: &Target, organization: &OrganizationId, subject: &str, role: &str) {
    change(target, json!({"organization": organization, "user": person(subject), "role": role})).await;
}

async fn plan(target: &Target, organization: &str, subject: &str) -> Response {
    read(target, &format!("/v1/organizations/{organization}/plan"), &bearer(target, subject, &json!({}))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_are_admitted_by_their_role_as_it_is_now() {
    let Some(target) = start().await else { return };
    let (ours, theirs) = (organization("ours"), organization("theirs"));
    set_role(&target, &ours, "ann", "billing").await;
    set_role(&target, &theirs, "bob", "owner").await;
    assert_eq!(plan(&target, ours.as_str(), "ann").await.expect(200)["text"], format!("{ours} billing"));
    for (role, expected) in [("owner", 200), ("admin", 403), ("member", 403), ("billing", 200)] {
        set_role(&target, &ours, "ann", role).await;
        let reply = plan(&target, ours.as_str(), "ann").await;
        assert_eq!(reply.status, expected, "{role}");
        if expected == 403 {
            assert_eq!(reply.refused(403, "forbidden_role")["roles"], json!(["owner", "billing"]));
        }
    }
    // Who left is a stranger.
    set_role(&target, &ours, "ann", "").await;
    plan(&target, ours.as_str(), "ann").await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_a_stranger_an_organization_does_not_exist() {
    let Some(target) = start().await else { return };
    let (ours, theirs, nowhere) = (organization("ours"), organization("theirs"), organization("nowhere"));
    set_role(&target, &ours, "ann", "owner").await;
    set_role(&target, &theirs, "bob", "owner").await;
    // Her gate is known by now, and so is what a request costs.
    plan(&target, ours.as_str(), "ann").await.expect(200);
    let (of_stranger, of_nobody) = (plan(&target, theirs.as_str(), "ann").await, plan(&target, nowhere.as_str(), "ann").await);
    of_stranger.refused(404, "not_found");
    assert_eq!(of_stranger.body, of_nobody.body);
    assert_eq!(of_stranger.header("server-timing"), of_nobody.header("server-timing"));
    for no_id in ["x", "org_", &person("ann").to_string(), &ours.as_str()[..20], "%00"] {
        let refused = plan(&target, no_id, "ann").await;
        assert_eq!(refused.refused(404, "not_found"), of_nobody.json(), "{no_id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_changes_nothing_and_a_member_once() {
    let Some(target) = start().await else { return };
    let (ours, theirs) = (organization("ours"), organization("theirs"));
    set_role(&target, &ours, "ann", "member").await;
    set_role(&target, &theirs, "bob", "owner").await;
    let body = json!({"minutes": 7});
    let work = async |organization: &OrganizationId, subject: &str| {
        let path = format!("/v1/organizations/{organization}/work/w1");
        ask(&target, "POST", &path, &bearer(&target, subject, &json!({})), "same", &body).await
    };
    work(&theirs, "ann").await.refused(404, "not_found");
    assert!(target.items().await["notes"].is_empty());
    assert_eq!(work(&ours, "ann").await.expect(201)["minutes"], 7);
    assert!(work(&ours, "ann").await.replayed());
    // A refused key may be used once it is admitted.
    set_role(&target, &theirs, "ann", "admin").await;
    let admitted = work(&theirs, "ann").await;
    assert!(admitted.status == 201 && !admitted.replayed(), "{admitted:?}");
    assert_eq!(target.items().await["notes"].len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_membership_that_cannot_be_read_admits_nobody() {
    let Some(target) = start().await else { return };
    let ours = organization("ours");
    let key = platform::access::Membership::key(&ours, &person("ann"));
    for body in [json!({"role": "root"}), json!({}), json!("owner")] {
        target.put_record(&platform::access::ACCESS, &platform::store::Record::of(key.clone(), &body)).await;
        plan(&target, ours.as_str(), "ann").await.refused(500, "internal");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_members_cursor_is_of_one_organization() {
    let Some(target) = start().await else { return };
    let (ours, theirs) = (organization("ours"), organization("theirs"));
    for organization in [&ours, &theirs] {
        set_role(&target, organization, "ann", "member").await;
    }
    let list = async |organization: &OrganizationId, query: &str| {
        read(&target, &format!("/v1/organizations/{organization}/work{query}"), &bearer(&target, "ann", &json!({}))).await
    };
    let cursor = list(&ours, "").await.expect(200)["text"].as_str().unwrap().to_owned();
    list(&ours, &format!("?cursor={cursor}")).await.expect(200);
    list(&theirs, &format!("?cursor={cursor}")).await.refused(400, "malformed_parameter");
}

/// Issues the key of 32 bytes `random`. Returns it as a header.
async fn issue(target: &Target, random: u8, scopes: &[&str], expires_at: Option<i64>) -> String {
    let organization = organization(if random < 100 { "ours" } else { "theirs" });
    change(target, json!({"organization": organization, "random": random, "scopes": scopes, "expires_at": expires_at})).await;
    format!("Bearer {}", desk::secret(random).expose())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_admitted_with_its_scope_and_acts_for_its_organization() {
    let Some(target) = start().await else { return };
    let both = issue(&target, 1, &["cards:read", "cards:write"], None).await;
    let reader = issue(&target, 2, &["cards:read"], None).await;
    let of_others = issue(&target, 101, &["cards:read", "cards:write"], None).await;
    let bring = async |key: &str| ask(&target, "POST", "/v1/cards", key, "same", &json!({"minutes": 1})).await;
    bring(&both).await.expect(201);
    // Another key of the organization repeats the intent; another organization has its own.
    let refused = bring(&reader).await.refused(403, "forbidden_scope");
    assert_eq!(refused["scope"], "cards:write");
    let second = issue(&target, 3, &["cards:write"], None).await;
    assert!(bring(&second).await.replayed());
    assert!(!bring(&of_others).await.replayed());
    for key in [&both, &reader, &of_others] {
        assert_eq!(read(&target, "/v1/cards", key).await.expect(200)["text"], "1");
    }
    read(&target, "/v1/cards", &second).await.refused(403, "forbidden_scope");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_is_no_key_is_refused_without_a_read() {
    let Some(target) = start().await else { return };
    let right = issue(&target, 1, &["cards:read"], None).await;
    let text = right.strip_prefix("Bearer ").unwrap();
    let last = if text.ends_with('a') { "b" } else { "a" };
    let wrong = [
        String::new(),
        "Bearer ".into(),
        text.into(),
        format!("Basic {text}"),
        format!("Bearer  {text}"),
        format!("Bearer {text} "),
        format!("Bearer {text}x"),
        format!("Bearer {}", &text[..text.len() - 1]),
        format!("Bearer {}{last}", &text[..text.len() - 1]),
        format!("Bearer {}", text.to_uppercase()),
        format!("Bearer {text},{text}"),
        // A good token of a person is no key.
        bearer(&target, "ann", &json!({})),
    ];
    for authorization in wrong {
        let refused = read(&target, "/v1/cards", &authorization).await;
        // A header's blanks at its end do not reach a server.
        if authorization.ends_with(' ') && authorization.trim() == right {
            refused.expect(200);
            continue;
        }
        refused.refused(401, "api_key_invalid");
        assert_eq!(check_of(&refused), (0.0, 0.0), "{authorization}");
    }
    // And a key is no token of a person.
    assert_eq!(read(&target, "/v1/notes", &right).await.status, 401);
    read(&target, "/v1/cards", &right.replacen("Bearer", "bearer", 1)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_revoked_and_expired_keys_are_refused_alike() {
    let Some(target) = start().await else { return };
    let now = target.now().as_second();
    let (revoked, expiring) =
        (issue(&target, 1, &["cards:read"], None).await, issue(&target, 2, &["cards:read"], Some(now + 100)).await);
    let unknown = format!("Bearer {}", desk::secret(9).expose());
    let cards = async |key: &str| read(&target, "/v1/cards", key).await;
    let of_unknown = cards(&unknown).await.refused(401, "api_key_invalid");
    cards(&revoked).await.expect(200);
    cards(&expiring).await.expect(200);
    change(&target, json!({"revoked_random": 1})).await;
    target.skip(Duration::from_secs(31)).await;
    assert_eq!(cards(&revoked).await.refused(401, "api_key_invalid"), of_unknown);
    // A copy does not outlive the key: it is good in the 99th second, and not in the 100th.
    cards(&expiring).await.expect(200);
    let until = now + 100 - target.now().as_second();
    target.skip(Duration::from_secs(u64::try_from(until).unwrap())).await;
    assert_eq!(cards(&expiring).await.refused(401, "api_key_invalid"), of_unknown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keys_copy_is_kept_for_30_seconds_at_most() {
    let Some(target) = start().await else { return };
    let key = issue(&target, 1, &["cards:read"], None).await;
    let check = async || check_of(&read(&target, "/v1/cards", &key).await);
    assert_eq!(check().await, (1.0, 1.0));
    assert_eq!(check().await, (0.0, 0.0));
    change(&target, json!({"revoked_random": 1})).await;
    target.skip(Duration::from_secs(31)).await;
    let refused = read(&target, "/v1/cards", &key).await;
    refused.refused(401, "api_key_invalid");
    assert_eq!(check_of(&refused), (1.0, 1.0));
}
