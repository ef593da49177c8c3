//! The event by which API Gateway hands a request to a function, payload format 2.0. Typed, because every request makes one.

use super::route::Matched;
use crate::issuer::Claims;
use data_encoding::BASE64;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use jiff::Timestamp;
use platform::sdk::Names;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What an event is made of.
pub struct Event<'a> {
    pub parts: &'a Parts,
    pub matched: &'a Matched<'a>,
    pub body: &'a [u8],
    pub claims: Option<&'a Claims>,
    pub names: &'a Names,
    pub request_id: &'a str,
    pub now: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpEvent<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<&'a str>,
    headers: BTreeMap<&'a str, Cow<'a, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<Cow<'a, str>, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: BTreeMap<&'a str, String>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Authorizer<'a>>,
    domain_name: &'a str,
    domain_prefix: &'static str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
struct Authorizer<'a> {
    jwt: Jwt<'a>,
}

#[derive(Serialize)]
struct Jwt<'a> {
    claims: &'a RawValue,
    scopes: Option<()>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: &'static str,
    user_agent: &'a str,
}

impl Event<'_> {
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let Parts { method, uri, headers, .. } = self.parts;
        let route_key = format!("{method} {}", self.matched.route.path);
        let (body, is_base64_encoded) = body(headers, self.body);
        let decoded = |(name, value)| (name, percent_decoded(value));
        let event = HttpEvent {
            version: "2.0",
            route_key: &route_key,
            raw_path: uri.path(),
            raw_query_string: uri.query().unwrap_or_default(),
            cookies: headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(cookies).collect(),
            headers: joined(headers),
            query_string_parameters: query(uri.query().unwrap_or_default()),
            path_parameters: self.matched.parameters.iter().copied().map(decoded).collect(),
            request_context: self.context(&route_key),
            body,
            is_base64_encoded,
        };
        serde_json::to_vec(&event)
    }

    fn context<'a>(&'a self, route_key: &'a str) -> RequestContext<'a> {
        let text = |name| self.parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        RequestContext {
            account_id: &self.names.account,
            api_id: "local",
            authorizer: self.claims.map(|claims| Authorizer { jwt: Jwt { claims: &claims.strings, scopes: None } }),
            domain_name: text(HOST),
            domain_prefix: "local",
            http: Http {
                method: self.parts.method.as_str(),
                path: self.parts.uri.path(),
                protocol: "HTTP/1.1",
                source_ip: "127.0.0.1",
                user_agent: text(USER_AGENT),
            },
            request_id: self.request_id,
            route_key,
            stage: "$default",
            time: self.now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            time_epoch: self.now.as_millisecond(),
        }
    }
}

/// Names are lower case already; several values of one name are joined. Cookies have a place of their own.
fn joined(headers: &HeaderMap) -> BTreeMap<&str, Cow<'_, str>> {
    let mut joined: BTreeMap<&str, Cow<'_, str>> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        match joined.get_mut(name.as_str()) {
            Some(values) => *values = format!("{values},{value}").into(),
            None => drop(joined.insert(name.as_str(), value)),
        }
    }
    joined
}

fn cookies(header: &str) -> impl Iterator<Item = &str> {
    header.split(';').map(str::trim)
}

fn query(text: &str) -> BTreeMap<Cow<'_, str>, String> {
    let mut query: BTreeMap<_, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        query
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    query
}

/// Text stays text; anything else is base64.
fn body<'a>(headers: &HeaderMap, bytes: &'a [u8]) -> (Option<Cow<'a, str>>, bool) {
    if bytes.is_empty() {
        return (None, false);
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_text = kind.is_empty()
        || kind.starts_with("text/")
        || kind.ends_with("+json")
        || matches!(kind, "application/json" | "application/xml" | "application/javascript");
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text => (Some(text.into()), false),
        _ => (Some(BASE64.encode(bytes).into()), true),
    }
}

/// A path segment as it was meant. Unlike in a query, `+` is a plus.
fn percent_decoded(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
