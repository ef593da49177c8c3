//! The pages for people: an index, and the API's documentation by Swagger UI, whose files are in the binary.

use super::reply;
use crate::server::Reply;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use std::borrow::Cow;
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// Where the API describes itself: a function like any other.
const OPENAPI: &str = "/v1/openapi.json";

pub fn index(base_url: &str) -> Reply {
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Koban</title><h1>Koban, locally</h1><ul>\
         <li><a href=/docs/>The API, to read and to try</a>\
         <li><a href={OPENAPI}>Its OpenAPI document</a>\
         <li><a href=/_local/status>Queues and streams</a>\
         <li><a href=/_local/clock>The clock</a>\
         <li><a href=\"/_local/token?sub=alice\">A token for alice</a></ul><p>{base_url}"
    );
    reply::of_kind("text/html; charset=utf-8", page)
}

/// A page or file below `/docs`.
pub fn page(path: &str) -> Option<Reply> {
    let rest = path.strip_prefix("/docs")?;
    if rest.is_empty() {
        let mut moved = reply::of_kind("text/plain", "");
        *moved.status_mut() = StatusCode::MOVED_PERMANENTLY;
        moved.headers_mut().insert(LOCATION, HeaderValue::from_static("/docs/"));
        return Some(moved);
    }
    let config = Config::from(OPENAPI).try_it_out_enabled(true).persist_authorization(true);
    let file = utoipa_swagger_ui::serve(rest.strip_prefix('/')?, Arc::new(config)).ok()??;
    // A megabyte and more, which peers that do not read would each hold a copy of.
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let mut page = reply::of_kind("application/octet-stream", bytes);
    if let Ok(kind) = file.content_type.parse() {
        page.headers_mut().insert(CONTENT_TYPE, kind);
    }
    if file.gzpipped {
        page.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Some(page)
}
