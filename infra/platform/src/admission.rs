//! What is checked of every HTTP call before its handler sees it: the size, the caller's claims, the idempotency key, the signature.
//! The gateway has checked the token's signature; the claims are checked here again, because some gateways let through what they
//! should not.

use crate::access::{self, Role, STAFF_CLAIM, StaffRole, Token};
use crate::context::{Context, Issuer};
use crate::contract::Contract;
use crate::definition::{Access, Idempotency, Route};
use crate::http::{ApiKey, BODY_BYTES_MAX, Call, HttpEvent, Member, Staff};
use crate::problem::{self, Problem};
use crate::resource::Secret;
use crate::secrets::SECRET_UNUSABLE;
use crate::telemetry;
use crate::webhook::{Key, Signed, UnusableSecret};
use data_encoding::BASE64;
use futures_util::future::join;
use jiff::Timestamp;
use shared::id::{OrganizationId, UserId};
use std::collections::BTreeMap;

/// The longest subject, in bytes.
const SUBJECT_BYTES_MAX: usize = 255;
/// What gateways and issuers write where there is no subject, or one that is no string.
const NO_SUBJECTS: [&str; 8] = ["null", "<nil>", "nil", "none", "undefined", "true", "false", "nan"];

/// The call that `event` is, or why it is not admitted.
pub(crate) async fn admit(context: &Context, (route, contract): (&Route, &Contract), event: HttpEvent) -> Result<Call, Problem> {
    let header = |name: &str| event.headers.get(name).map(String::as_str).unwrap_or_default();
    let body = body(event.body.as_deref().unwrap_or_default(), event.is_base64_encoded)?;
    let mut parameters = event.path_parameters.unwrap_or_default();
    let path: Vec<_> = route.path_names().map(|name| parameters.remove(name).unwrap_or_default()).collect();
    let mut path = path.into_iter();
    let claims = || {
        let claims = event.request_context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref());
        claims.map(|jwt| &jwt.claims).ok_or_else(|| unauthenticated("there are no claims"))
    };
    let mut admitted = Admitted::default();
    match route.access {
        Access::User => admitted.user = Some(person(context, claims()?)?),
        Access::Staff(role) => {
            let claims = claims()?;
            let user = person(context, claims)?;
            check_staff(context, role, claims)?;
            admitted.staff = Some(Staff { user: user.clone() });
            admitted.user = Some(user);
        }
        Access::Member(roles) => {
            let user = person(context, claims()?)?;
            admitted.member = Some(member(context, &user, &path.next().unwrap_or_default(), roles).await?);
            admitted.user = Some(user);
        }
        Access::ApiKey(scope) => admitted.api_key = Some(access::admit_key(context, header("authorization"), scope).await?),
        Access::Signed(secret) => {
            let keys = keys(context, secret).await?;
            let signed = Signed {
                id: header("webhook-id"),
                timestamp: header("webhook-timestamp"),
                signatures: header("webhook-signature"),
                body: &body,
            };
            signed.verify(&keys, context.now())?;
        }
        Access::Public => {}
    }
    if contract.body.is_some() {
        check_body_headers(&event.headers)?;
    }
    let idempotency_key = match route.idempotency {
        Idempotency::Key => checked_key(header("idempotency-key"))?.to_owned(),
        Idempotency::Natural => String::new(),
    };
    let caller = admitted.caller();
    let Admitted { user, staff, member, api_key } = admitted;
    let call = Call {
        caller,
        user,
        staff,
        member,
        api_key,
        idempotency_key,
        message_id: header("webhook-id").to_owned(),
        requested_at: Timestamp::from_millisecond(event.request_context.time_epoch).map_err(Problem::internal)?,
        path,
        query: event.query_string_parameters.unwrap_or_default(),
        body,
    };
    call.check_query(contract)?;
    Ok(call)
}

/// Whom the route's access let in.
#[derive(Default)]
struct Admitted {
    user: Option<UserId>,
    staff: Option<Staff>,
    member: Option<Member>,
    api_key: Option<ApiKey>,
}

impl Admitted {
    /// Whose lists they read.
    fn caller(&self) -> String {
        match self {
            Self { member: Some(Member { user, organization, .. }), .. } => format!("{user}#{organization}"),
            Self { api_key: Some(key), .. } => key.organization.to_string(),
            Self { user: Some(user), .. } => user.to_string(),
            Self { .. } => String::new(),
        }
    }
}

/// The person of the claims, whose gate will be checked.
fn person(context: &Context, claims: &BTreeMap<String, String>) -> Result<UserId, Problem> {
    let user = user_of(claims, &context.env.issuer, context.now())?;
    context.is_of(user.clone(), Token::of_claims(claims));
    Ok(user)
}

fn check_staff(context: &Context, role: &StaffRole, claims: &BTreeMap<String, String>) -> Result<(), Problem> {
    let name: String = context.setting(&STAFF_CLAIM).map_err(Problem::internal)?;
    if claims.get(&name).is_some_and(|claim| role.is_in(claim)) { Ok(()) } else { Err(forbidden(&[role.name])) }
}

/// The member of the path's organization whom `user` is. To somebody who is none it does not exist.
async fn member(context: &Context, user: &UserId, organization: &str, roles: &[Role]) -> Result<Member, Problem> {
    let absent = || Problem::new(&problem::NOT_FOUND, "");
    let organization: OrganizationId = organization.parse().map_err(|_| absent())?;
    // The gate first: who is suspended learns nothing of organizations.
    let (admitted, role) = join(context.admitted(), access::role_of(context, &organization, user)).await;
    admitted?;
    let role = role?.ok_or_else(absent)?;
    if !roles.contains(&role) {
        return Err(forbidden(&roles.iter().map(|role| role.as_str()).collect::<Vec<_>>()));
    }
    Ok(Member { user: user.clone(), organization, role })
}

/// `roles` are those that the route admits.
fn forbidden(roles: &[&str]) -> Problem {
    Problem::new(&problem::FORBIDDEN_ROLE, "").with_member("roles", roles)
}

/// The keys of `secret`. A line that is none raises an alarm.
async fn keys(context: &Context, secret: &'static Secret) -> Result<Vec<Key>, Problem> {
    let lines = context.secret(secret).await.map_err(Problem::internal)?;
    let (keys, faults) = Key::of_lines(&lines);
    if !faults.is_empty() {
        let unusable = UnusableSecret { name: context.env.sdk.names.secret(secret), faults };
        telemetry::raise(context, &SECRET_UNUSABLE, &unusable.to_string());
        if keys.is_empty() {
            return Err(Problem::internal(unusable));
        }
    }
    Ok(keys)
}

fn body(text: &str, is_base64: bool) -> Result<Vec<u8>, Problem> {
    let bytes_max = if is_base64 { BODY_BYTES_MAX.div_ceil(3) * 4 } else { BODY_BYTES_MAX };
    if text.len() > bytes_max {
        return Err(Problem::new(&problem::BODY_TOO_LARGE, ""));
    }
    if !is_base64 {
        return Ok(text.as_bytes().to_vec());
    }
    let bytes = BASE64.decode(text.as_bytes()).map_err(|_| Problem::field("", "not base64"))?;
    if bytes.len() > BODY_BYTES_MAX { Err(Problem::new(&problem::BODY_TOO_LARGE, "")) } else { Ok(bytes) }
}

/// Refuses a body that says of itself that it is no plain JSON. One without `Content-Type` is read as JSON, which is all that any route
/// takes (RFC 9110, 8.3, lets the receiver decide then).
fn check_body_headers(headers: &BTreeMap<String, String>) -> Result<(), Problem> {
    if let Some(kind) = headers.get("content-type").filter(|kind| !is_json(kind)) {
        let refused = Problem::new(&problem::UNSUPPORTED_MEDIA_TYPE, "");
        return Err(refused.with_error("Content-Type", format!("must be application/json and not {}", quoted(kind))));
    }
    match headers.get("content-encoding") {
        Some(encoding) if !encoding.trim().eq_ignore_ascii_case("identity") => {
            let refused = Problem::new(&problem::UNSUPPORTED_CONTENT_ENCODING, "");
            Err(refused.with_error("Content-Encoding", format!("must be absent or identity and not {}", quoted(encoding))))
        }
        _ => Ok(()),
    }
}

/// `application/json` or `application/….+json`, in UTF-8. Any other parameter says nothing (RFC 8259, 11).
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let of_json = match kind.strip_prefix("application/") {
        Some("json") => true,
        Some(subtype) => subtype.strip_suffix("+json").is_some_and(is_token),
        None => false,
    };
    let of_utf_8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some((name, _)) => is_token(name.trim()),
        None => parameter.is_empty(),
    };
    of_json && parts.all(of_utf_8)
}

/// A header's value as it may come back.
fn quoted(value: &str) -> String {
    format!("{:?}", value.chars().take(64).collect::<String>())
}

/// 1 to 255 visible ASCII characters.
fn checked_key(key: &str) -> Result<&str, Problem> {
    match key.len() {
        1..=255 if key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(key),
        0 => Err(Problem::new(&problem::IDEMPOTENCY_KEY_REQUIRED, "").with_error("Idempotency-Key", "is missing or empty")),
        _ => {
            let invalid = Problem::new(&problem::IDEMPOTENCY_KEY_INVALID, "");
            Err(invalid.with_error("Idempotency-Key", "must be 1 to 255 visible ASCII characters"))
        }
    }
}

/// The reply is the same for every fault, so a forger learns nothing by trying. The log says why.
fn unauthenticated(why: &'static str) -> Problem {
    Problem { cause: Some(why.into()), ..Problem::new(&problem::UNAUTHENTICATED, "") }
}

/// The person whom the claims name.
fn user_of(claims: &BTreeMap<String, String>, issuer: &Issuer, now: Timestamp) -> Result<UserId, Problem> {
    let claim = |name: &str| claims.get(name).map(String::as_str).unwrap_or_default();
    if claim("iss") != issuer.url {
        return Err(unauthenticated("the token is of another issuer"));
    }
    if !is_for(claims, &issuer.audience) {
        return Err(unauthenticated("the token is for another audience"));
    }
    let second = |name: &str| claim(name).parse::<i64>().ok();
    match second("exp") {
        Some(expires) if expires > now.as_second() => {}
        _ => return Err(unauthenticated("the token has expired, or never does")),
    }
    if second("nbf").is_some_and(|not_before| not_before > now.as_second() + 60) {
        return Err(unauthenticated("the token is not valid yet"));
    }
    Ok(UserId::of_subject(&issuer.url, subject(claim("sub"))?))
}

/// A subject that names one person: 1 to 255 bytes (OpenID Connect Core, 2), as the issuer wrote them.
///
/// API Gateway passes claims that are no strings as text: `null`, `true`, `[a b]`, `map[a:b]`. All people whose token has such a subject
/// would be one person with one wallet. So would those whose numbers were rounded to `1.1e+20`.
fn subject(text: &str) -> Result<&str, Problem> {
    let is_rounded = || text.parse::<f64>().is_ok() && text.contains(['e', 'E']) && text.contains(['+', '-']);
    match text {
        "" => Err(unauthenticated("the token has no subject")),
        _ if text.len() > SUBJECT_BYTES_MAX => Err(unauthenticated("the token's subject is too long")),
        _ if text.chars().any(char::is_control) => Err(unauthenticated("the token's subject has control characters")),
        _ if text.trim() != text => Err(unauthenticated("the token's subject begins or ends with a blank")),
        _ if NO_SUBJECTS.iter().any(|word| text.eq_ignore_ascii_case(word)) => {
            Err(unauthenticated("the token's subject is no string"))
        }
        _ if text.starts_with(['[', '{', '"']) || text.starts_with("map[") || is_rounded() => {
            Err(unauthenticated("the token's subject is no string"))
        }
        _ => Ok(text),
    }
}

/// As API Gateway decides it: by `client_id` where there is no `aud`, as in the access tokens of some issuers, and only there.
fn is_for(claims: &BTreeMap<String, String>, audience: &str) -> bool {
    let Some(audiences) = claims.get("aud") else {
        return claims.get("client_id").is_some_and(|client| client == audience);
    };
    // A list of audiences reaches a function as "[one two]".
    let audiences = audiences.trim_start_matches('[').trim_end_matches(']');
    audiences.split_ascii_whitespace().any(|one| one == audience)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), String> {
        let claims = [("iss", "https://issuer"), ("aud", "koban"), ("exp", "1000"), ("sub", "alice")];
        let mut claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        change(&mut claims);
        let issuer = Issuer { url: "https://issuer".into(), audience: "koban".into() };
        let user = user_of(&claims, &issuer, Timestamp::from_second(999).unwrap());
        user.map(|_| ()).map_err(|problem| problem::chain(problem.cause.unwrap().as_ref()))
    }

    fn set(name: &'static str, value: &'static str) -> impl FnOnce(&mut BTreeMap<String, String>) {
        move |claims| drop(claims.insert(name.into(), value.into()))
    }

    #[test]
    fn a_right_token_names_its_person() {
        assert_eq!(check(|_| ()), Ok(()));
        assert_eq!(check(set("aud", "[other koban]")), Ok(()));
    }

    #[test]
    fn a_token_without_an_audience_is_for_its_client() {
        let client = |audience: Option<&'static str>, client: &'static str| {
            check(move |claims| {
                claims.remove("aud");
                claims.extend(audience.map(|audience| ("aud".to_owned(), audience.to_owned())));
                claims.insert("client_id".into(), client.into());
            })
        };
        assert_eq!(client(None, "koban"), Ok(()));
        for (audience, other) in
            [(None, "other"), (None, ""), (None, "[koban other]"), (Some("other"), "koban"), (Some(""), "koban")]
        {
            assert!(client(audience, other).is_err(), "{audience:?} {other}");
        }
        assert!(check(|claims| drop(claims.remove("aud"))).is_err());
    }

    #[test]
    fn what_a_lenient_gateway_lets_through_is_refused() {
        for wrong in [
            set("iss", "https://other"),
            set("aud", "kobanx"),
            set("exp", "999"),
            set("exp", "soon"),
            set("nbf", "2000"),
            set("sub", ""),
        ] {
            assert!(check(wrong).is_err());
        }
        assert!(check(|claims| drop(claims.remove("exp"))).is_err());
    }

    #[test]
    fn a_claim_may_be_at_its_limit() {
        // At second 999: a clock may be a minute behind.
        assert_eq!(check(set("nbf", "1059")), Ok(()));
        assert!(check(set("nbf", "1060")).is_err());
        let subject = |bytes: usize| move |claims: &mut BTreeMap<_, _>| drop(claims.insert("sub".into(), "x".repeat(bytes)));
        assert_eq!(check(subject(255)), Ok(()));
        assert!(check(subject(256)).is_err());
    }

    #[test]
    fn a_subject_is_a_string_of_its_own() {
        let check = |subject: &str| check(|claims| drop(claims.insert("sub".into(), subject.into())));
        let right =
            ["alice", "auth0|507f1f77bcf86cd799439011", "110169484474386276334", "-7", "12e4", "507191086421e0", "太郎", "a b"];
        let right = right.into_iter().chain(["nullable", "true-north", "map", "user[1]", "did:key:z6Mk{x}", "https://x/y#z"]);
        for right in right {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for wrong in [
            "null",
            "NULL",
            "true",
            "True",
            "false",
            "undefined",
            "<nil>",
            "None",
            "NaN",
            "[]",
            "[a b]",
            "[alice]",
            "{}",
            "{\"a\":1}",
            "map[a:b]",
            "\"alice\"",
            "1e+20",
            "1.1016948447438628E+20",
            "-1e-7",
            " ",
            " alice",
            "alice\n",
            "\u{3000}",
            "a\0b",
            "a\u{7f}",
            "a\u{85}b",
            "\t",
        ] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_body_is_at_most_256_kib_also_as_base64() {
        let read = |text: &str, is_base64| body(text, is_base64).map_err(|problem| problem.code.code);
        for (bytes, expected) in [
            (BODY_BYTES_MAX, Ok(BODY_BYTES_MAX)),
            // Of as many characters in base64 as the largest body.
            (BODY_BYTES_MAX + 1, Err("body_too_large")),
            (BODY_BYTES_MAX + 3, Err("body_too_large")),
        ] {
            let text = " ".repeat(bytes);
            assert_eq!(read(&text, false).map(|body| body.len()), expected, "{bytes}");
            assert_eq!(read(&BASE64.encode(text.as_bytes()), true).map(|body| body.len()), expected, "{bytes} as base64");
        }
        assert_eq!(read("no base64!", true), Err("malformed_body"));
    }

    #[test]
    fn a_body_is_json_or_does_not_say_what_it_is() {
        let check = |name: &str, value: &str| {
            let headers = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            check_body_headers(&headers).map_err(|problem| problem.code.code)
        };
        assert!(check_body_headers(&BTreeMap::new()).is_ok());
        for right in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json ; profile=x; charset=utf-8;",
            "application/vnd.koban+json",
            "application/cloudevents+json; charset=utf-8",
        ] {
            assert_eq!(check("content-type", right), Ok(()), "{right}");
        }
        for wrong in [
            "",
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/octet-stream",
            "application/jsonp",
            "application/json-seq",
            "application/+json",
            "application/",
            "application/json, application/json",
            "application/json,text/plain",
            "application/json; charset=utf-16",
            "application/json; charset=iso-8859-1",
            "application/json; charset",
            "application/json; application/xml",
            "application/a b+json",
            "image/svg+json",
            "*/*",
            "json",
        ] {
            assert_eq!(check("content-type", wrong), Err("unsupported_media_type"), "{wrong}");
        }
        for right in ["identity", "Identity", " identity "] {
            assert_eq!(check("content-encoding", right), Ok(()), "{right}");
        }
        for wrong in ["gzip", "br", "deflate", "zstd", "x-gzip", "", "identity, gzip", "gzip, identity", "aws-chunked", "utf-8"] {
            assert_eq!(check("content-encoding", wrong), Err("unsupported_content_encoding"), "{wrong}");
        }
    }

    #[test]
    fn keys_are_visible_ascii() {
        let check = |key: &str| checked_key(key).map(|_| ()).map_err(|problem| problem.code.code);
        assert_eq!((check("a-b_c"), check(&"x".repeat(255))), (Ok(()), Ok(())));
        assert_eq!(check(""), Err("idempotency_key_required"));
        for wrong in ["a b", "ключ", &"x".repeat(256)] {
            assert_eq!(check(wrong), Err("idempotency_key_invalid"), "{wrong}");
        }
    }
}
