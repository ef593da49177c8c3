//! Guards what only a developer may use: the clock, tokens, secrets, the AWS endpoint. The server listens on the loopback address alone,
//! but a web page in the developer's browser can reach that too. A page can use a name that resolves to loopback, so the host must be a
//! loopback name. Or it can send a form, so the origin, when there is one, must be a loopback origin.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Whether a request comes from this machine's own tools or pages.
pub fn is_local(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host_fits = text(HOST).is_some_and(is_loopback);
    let origin_fits = text(ORIGIN).is_none_or(|origin| origin.split_once("://").is_some_and(|(_, host)| is_loopback(host)));
    host_fits && origin_fits
}

/// `localhost:4000`, `127.0.0.1`, `[::1]:80`
fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        is_local(&headers)
    }

    #[test]
    fn names_of_this_machine_pass() {
        for host in ["localhost", "localhost:4000", "127.0.0.1:4000", "[::1]:4000"] {
            assert!(check(host, None) && check(host, Some("http://localhost:3000")));
        }
    }

    #[test]
    fn a_rebound_name_and_a_foreign_page_are_refused() {
        for host in ["evil.example", "evil.example:4000", "127.0.0.1.evil.example", "localhost.evil.example"] {
            assert!(!check(host, None));
        }
        assert!(!check("127.0.0.1:4000", Some("https://evil.example")));
        assert!(!check("127.0.0.1:4000", Some("null")));
        assert!(!is_local(&HeaderMap::new()));
    }
}
