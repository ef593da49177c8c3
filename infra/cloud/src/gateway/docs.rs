//! The pages for people: an index, and the API's documentation by Swagger UI, whose files are in the binary.

use super::reply;
use crate::server::Reply;
use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use std::io::{Cursor, Read};
use std::sync::OnceLock;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;
use zip::result::ZipResult;

/// Where the API describes itself: a function like any other.
const OPENAPI: &str = "/v1/openapi.json";

/// What `/docs/` loads of Swagger UI, each with its media type.
const FILES: [(&str, &str); 7] = [
    ("index.html", "text/html; charset=utf-8"),
    ("index.css", "text/css; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("swagger-ui-standalone-preset.js", "text/javascript; charset=utf-8"),
    ("favicon-16x16.png", "image/png"),
    ("favicon-32x32.png", "image/png"),
];
/// The script by which the page starts: ours, in place of one that shows somebody else's API.
const INITIALIZER: &str = "swagger-initializer.js";

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
    let name = path.strip_prefix("/docs")?;
    if name.is_empty() {
        let mut moved = reply::of_kind("text/plain", "");
        *moved.status_mut() = StatusCode::MOVED_PERMANENTLY;
        moved.headers_mut().insert(LOCATION, HeaderValue::from_static("/docs/"));
        return Some(moved);
    }
    let name = match name.strip_prefix('/')? {
        "" => "index.html",
        name => name,
    };
    if name == INITIALIZER {
        return Some(reply::of_kind("text/javascript; charset=utf-8", initializer()));
    }
    let at = FILES.iter().position(|(file, _)| *file == name)?;
    Some(reply::of_kind(FILES[at].1, files()?.get(at)?.clone()))
}

fn initializer() -> String {
    format!(
        "window.onload = () => {{
  window.ui = SwaggerUIBundle({{
    url: '{OPENAPI}',
    dom_id: '#swagger-ui',
    deepLinking: true,
    tryItOutEnabled: true,
    persistAuthorization: true,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    layout: 'StandaloneLayout',
  }});
}};
"
    )
}

/// The files of [`FILES`], in their order. They are unpacked once: each is up to 1.5 MB, of which no reply holds a copy.
fn files() -> Option<&'static [Bytes]> {
    static UNPACKED: OnceLock<Option<Vec<Bytes>>> = OnceLock::new();
    UNPACKED.get_or_init(|| unpack().ok()).as_deref()
}

fn unpack() -> ZipResult<Vec<Bytes>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let paths: Vec<String> = archive.file_names().filter_map(|path| Some(path.ok()?.into_owned())).collect();
    let mut files = Vec::with_capacity(FILES.len());
    for (name, _) in FILES {
        let path = paths.iter().find(|path| path.ends_with(&format!("/dist/{name}")));
        let mut bytes = Vec::new();
        archive.by_name(path.map_or(name, String::as_str))?.read_to_end(&mut bytes)?;
        files.push(bytes.into());
    }
    Ok(files)
}
