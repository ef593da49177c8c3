//! A route is private by default, and no handler's argument opens it: what disagrees does not compile. Here the builder runs when the test
//! does, so that it can be seen to refuse.

use super::desk::{READ_CARDS, SUPPORT};
use platform::access::{ACCESS, Role};
use platform::function::{Access, Action, HttpHandler};
use platform::prelude::*;
use platform::resource::Secret;
use std::panic::{AssertUnwindSafe, catch_unwind};

static FEED: Secret = Secret { name: "feed", doc: "" };

async fn takes_nothing(_: &Context) -> Result<NoContent, Problem> {
    Ok(NoContent)
}
async fn takes_user(_: &Context, _: UserId) -> Result<NoContent, Problem> {
    Ok(NoContent)
}
async fn takes_intent(_: &Context, _: Intent) -> Result<NoContent, Problem> {
    Ok(NoContent)
}
async fn takes_staff(_: &Context, _: Staff) -> Result<NoContent, Problem> {
    Ok(NoContent)
}
async fn takes_member(_: &Context, _: Member) -> Result<NoContent, Problem> {
    Ok(NoContent)
}
async fn takes_key(_: &Context, _: ApiKey) -> Result<NoContent, Problem> {
    Ok(NoContent)
}
async fn takes_key_intent(_: &Context, _: KeyIntent) -> Result<NoContent, Problem> {
    Ok(NoContent)
}
async fn takes_signed(_: &Context, _: SignedMessage) -> Result<NoContent, Problem> {
    Ok(NoContent)
}

const PATH: &str = "/v1/organizations/{organization}/things";

/// A route of each kind of access, all with an `Idempotency-Key` where that is possible.
fn made(kind: &str, handler: HttpHandler) -> Function {
    let route = Function::post("do-thing", PATH);
    match kind {
        "user" => route.handled_by(handler),
        "public" => route.public().handled_by(handler),
        "staff" => route.staff(&SUPPORT).handled_by(handler),
        "member" => route.members(Role::ALL).handled_by(handler),
        "key" => route.api_key(&READ_CARDS).handled_by(handler),
        "signed" => route.signed(&FEED).handled_by(handler),
        "natural" => route.naturally_idempotent().handled_by(handler),
        _ => route.api_key(&READ_CARDS).naturally_idempotent().handled_by(handler),
    }
}

#[test]
fn a_handler_that_takes_whom_its_route_does_not_admit_does_not_compile() {
    let handlers: [(&str, HttpHandler, &[&str]); 8] = [
        ("nothing", http!(takes_nothing), &["user", "public", "staff", "key", "natural", "natural key"]),
        ("user", http!(takes_user), &["user", "staff", "natural"]),
        ("intent", http!(takes_intent), &["user", "staff"]),
        ("staff", http!(takes_staff), &["staff"]),
        ("member", http!(takes_member), &["member"]),
        ("key", http!(takes_key), &["key", "natural key"]),
        ("key's intent", http!(takes_key_intent), &["key"]),
        ("signed", http!(takes_signed), &["signed"]),
    ];
    for (name, handler, admitted) in handlers {
        for kind in ["user", "public", "staff", "member", "key", "signed", "natural", "natural key"] {
            let made = catch_unwind(AssertUnwindSafe(|| made(kind, handler)));
            assert_eq!(made.is_ok(), admitted.contains(&kind), "a handler that takes {name} on a route of kind {kind}");
        }
    }
}

#[test]
fn a_route_is_for_people_where_nothing_else_is_said() {
    let function = Function::get("get-thing", "/v1/things").handled_by(http!(takes_nothing));
    assert!(matches!(function.route().unwrap().access, Access::User));
}

#[test]
fn members_are_of_the_organization_that_the_path_names_first() {
    let made = |path| catch_unwind(|| Function::get("x", path).members(Role::ALL).handled_by(http!(takes_member))).is_ok();
    for right in ["/v1/organizations/{organization}", "/v1/o/{organization}/x/{thing}"] {
        assert!(made(right), "{right}");
    }
    for wrong in
        ["/v1/things", "/v1/things/{thing}", "/v1/x/{thing}/o/{organization}", "/v1/{organizations}", "/v1/{organization", "/"]
    {
        assert!(!made(wrong), "{wrong}");
    }
    assert!(catch_unwind(|| Function::get("x", PATH).members(&[])).is_err());
}

#[test]
fn the_grant_follows_from_the_access_and_from_nothing_else() {
    let reads = |function: &Function| {
        let of_access = |grant: &platform::function::Grant| std::ptr::eq(grant.table, &raw const ACCESS);
        let grants: Vec<_> = function.grants.iter().filter(of_access).map(|grant| grant.actions).collect();
        assert!(grants.iter().all(|actions| *actions == [Action::GetItem]));
        grants.len()
    };
    for (kind, handler, grants) in [
        ("user", http!(takes_user), 1),
        ("staff", http!(takes_staff), 1),
        ("member", http!(takes_member), 1),
        ("key", http!(takes_key), 1),
        ("public", http!(takes_nothing), 0),
        ("signed", http!(takes_signed), 0),
    ] {
        assert_eq!(reads(&made(kind, handler)), grants, "{kind}");
    }
}
