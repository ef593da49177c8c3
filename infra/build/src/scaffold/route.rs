//! A route that is asked for: its form, and that no other function answers there already. What the gateway would refuse at its start is
//! refused here, before anything is written.

use super::ScaffoldError;
use super::name::is_identifier;
use platform::Service;
use platform::function::Method;

const METHODS: &[Method] = &[Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];

/// A route.
#[derive(Debug, Clone)]
pub struct Http {
    pub method: Method,
    /// `/v1/races/{race}/settlement`
    pub path: String,
    /// Whether anyone may call it.
    pub public: bool,
}

impl Http {
    /// `GET /v1/races/{race}/settlement`
    pub fn parse(text: &str, public: bool) -> Result<Self, ScaffoldError> {
        let [method, path] = text.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(ScaffoldError::Route(text.to_owned()));
        };
        let method = METHODS.iter().find(|known| known.as_str() == method);
        let method = *method.ok_or_else(|| ScaffoldError::Method(text.to_owned()))?;
        check_path(path).map_err(|why| ScaffoldError::Path { path: path.to_owned(), why })?;
        if public && method != Method::Get {
            return Err(ScaffoldError::PublicChange(method.as_str()));
        }
        Ok(Self { method, path: path.to_owned(), public })
    }

    /// The names of the parameters in the path.
    pub fn parameters(&self) -> Vec<&str> {
        self.path.split('/').filter_map(parameter).collect()
    }

    /// Refuses a route that another function has, and another name for a parameter that has one.
    pub fn check_free(&self, services: &[&'static Service]) -> Result<(), ScaffoldError> {
        for function in services.iter().flat_map(|service| service.functions) {
            let Some(route) = function.route() else { continue };
            let mut mine = self.path.split('/');
            let mut theirs = route.path.split('/');
            let same = loop {
                match (mine.next(), theirs.next()) {
                    (None, None) => break true,
                    (Some(mine), Some(theirs)) if mine == theirs => {}
                    (Some(mine), Some(theirs)) => match (parameter(mine), parameter(theirs)) {
                        (Some(name), Some(other)) => {
                            let (name, other) = (name.to_owned(), other.to_owned());
                            return Err(ScaffoldError::ParameterNamed { name, other, by: function.name });
                        }
                        _ => break false,
                    },
                    _ => break false,
                }
            };
            if same && route.method == self.method {
                let route = format!("{} {}", self.method.as_str(), self.path);
                return Err(ScaffoldError::RouteTaken { route, by: function.name });
            }
        }
        Ok(())
    }
}

/// The name in `{name}`.
fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn check_path(path: &str) -> Result<(), String> {
    let Some(rest) = path.strip_prefix("/v1/") else { return Err("it begins with /v1/".into()) };
    let mut seen = Vec::new();
    for segment in rest.split('/') {
        match parameter(segment) {
            Some(name) if seen.contains(&name) => return Err(format!("{{{name}}} occurs twice")),
            Some(name) if is_identifier(name) => seen.push(name),
            Some(name) => {
                return Err(format!(
                    "{{{name}}} is no parameter: take a word of small letters that Rust does not reserve, like {{race}}"
                ));
            }
            None if is_word(segment) => {}
            None => {
                return Err(format!(
                    "{segment:?} is no part of a path: take small letters, digits, hyphens and dots, or {{parameter}}"
                ));
            }
        }
    }
    Ok(())
}

fn is_word(segment: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter);
    segment.chars().all(fits) && segment.starts_with(|first: char| first.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &[&Service] = &[&racing::SERVICE];

    fn outcome(text: &str) -> String {
        let parsed = Http::parse(text, false).and_then(|http| http.check_free(SERVICES));
        parsed.map_or_else(|error| error.to_string(), |()| "free".to_owned())
    }

    #[test]
    fn every_method_has_routes() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let http = Http::parse(&format!("{method} /v1/cards/{{card}}/faces/{{face}}"), false).unwrap();
            assert_eq!((http.method.as_str(), http.parameters()), (method, vec!["card", "face"]));
            http.check_free(SERVICES).unwrap();
        }
    }

    #[test]
    fn what_is_no_route_is_refused_with_what_to_write() {
        for (wrong, hint) in [
            ("", "\"GET /v1/races/{race}/settlement\""),
            ("GET", "\"GET /v1/races/{race}/settlement\""),
            ("get /v1/cards", "GET, POST"),
            ("HEAD /v1/cards", "GET, POST"),
            ("GET /cards", "/v1/"),
            ("GET /v1/", "no part of a path"),
            ("GET /v1/cards/", "no part of a path"),
            ("GET /v1/Cards", "no part of a path"),
            ("GET /v1/cards/{card", "no part of a path"),
            ("GET /v1/cards/..", "no part of a path"),
            ("GET /v1/cards/{card+}", "no parameter"),
            ("GET /v1/cards/{type}", "no parameter"),
            ("GET /v1/cards/{card}/of/{card}", "twice"),
        ] {
            assert!(outcome(wrong).contains(hint), "{wrong}: {}", outcome(wrong));
        }
        assert!(Http::parse("POST /v1/cards", true).unwrap_err().to_string().contains("--public"));
    }

    #[test]
    fn a_route_that_is_taken_names_who_has_it() {
        assert!(outcome("GET /v1/races/{race}").contains("get-race"));
        assert_eq!(outcome("DELETE /v1/races/{race}"), "free");
        assert_eq!(outcome("GET /v1/races/today"), "free");
        assert!(outcome("GET /v1/races/{id}/settlement").contains("call it {race}"));
        assert!(outcome("PUT /v1/races/{id}").contains("call it {race}"));
    }
}
