//! The types of a route's parameters: what another route calls by the same name has the same type. A parameter that is new, or whose type
//! is of a crate that the service does not use, is a `String`.

use super::Http;
use platform::Service;
use std::path::Path;

/// A parameter in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub kind: String,
    /// What to import for it: `racing_domain::RaceId`. None where nothing is needed.
    pub import: Option<String>,
}

/// The parameters of `http`, as the routes of `services` at `root` know them, for a function of `service`.
pub fn of_route(root: &Path, services: &[&'static Service], service: &str, http: &Http) -> Vec<Parameter> {
    let read = |path: String| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let manifest = read(format!("functions/{service}/Cargo.toml"));
    let of = |name: &str| {
        let known = routes(services, name).find_map(|(of, stem, index)| {
            let kind = kind(&read(format!("functions/{of}/src/{stem}.rs")), index)?;
            let import =
                ["lib", &stem, "prelude"].iter().find_map(|file| import(&read(format!("functions/{of}/src/{file}.rs")), &kind));
            import.filter(|import| is_used(&manifest, import)).map(|import| (kind, Some(import)))
        });
        let (kind, import) = known.unwrap_or_else(|| ("String".into(), None));
        Parameter { name: name.to_owned(), kind, import }
    };
    http.parameters().into_iter().map(of).collect()
}

/// The routes that have a parameter `name`: service, stem and the parameter's place.
fn routes(services: &[&'static Service], name: &str) -> impl Iterator<Item = (&'static str, String, usize)> {
    let functions = services.iter().flat_map(|service| service.functions.iter().map(|function| (service.name, *function)));
    functions.filter_map(move |(service, function)| {
        let index = function.route()?.path_names().position(|known| known == name)?;
        Some((service, function.name.replace('-', "_"), index))
    })
}

/// The type of the `index`th parameter that a handler in `text` takes.
fn kind(text: &str, index: usize) -> Option<String> {
    let (kind, _) = text.split("): Path<").nth(index + 1)?.split_once('>')?;
    Some(kind.to_owned())
}

/// What `text` imports as `kind` from another crate.
fn import(text: &str, kind: &str) -> Option<String> {
    text.split("use ").skip(1).find_map(|rest| {
        let import = rest.split(';').next()?;
        let (module, names) = import.split_once("::{").or_else(|| import.rsplit_once("::"))?;
        let is_imported = names.split([',', '{', '}']).any(|name| name.trim() == kind);
        (is_imported && !module.starts_with("crate")).then(|| format!("{module}::{kind}"))
    })
}

/// Whether a manifest depends on the crate of `import`.
fn is_used(manifest: &str, import: &str) -> bool {
    let of_import = import.split("::").next().unwrap_or_default();
    manifest.lines().any(|line| line.split([' ', '.', '=']).next().is_some_and(|name| name.replace('-', "_") == of_import))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &[&Service] = &[&wallet::SERVICE, &racing::SERVICE];

    #[test]
    fn a_parameter_has_the_type_it_has_elsewhere_where_its_crate_is_used() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let kinds = |service: &str, path: &str| {
            let http = Http::parse(&format!("GET {path}"), false).unwrap();
            let parameters = of_route(&root, SERVICES, service, &http).into_iter();
            parameters.map(|Parameter { kind, import, .. }| (kind, import.unwrap_or_default())).collect::<Vec<_>>()
        };
        let known = |kind: &str, import: &str| (kind.to_owned(), import.to_owned());
        let race = || known("RaceId", "racing_domain::RaceId");
        assert_eq!(kinds("racing", "/v1/races/{race}/cards/{card}"), [race(), known("String", "")]);
        assert_eq!(kinds("racing", "/v1/cards/{card}/races/{race}"), [known("String", ""), race()]);
        assert_eq!(kinds("wallet", "/v1/races/{race}/cards"), [known("String", "")]);
        // Imported by the wallet's prelude.
        assert_eq!(kinds("wallet", "/v1/topups/{topup}/receipt"), [known("TopUpId", "wallet_domain::topup::TopUpId")]);
    }

    #[test]
    fn what_is_imported_is_found_in_any_form() {
        for text in [
            "use racing_domain::RaceId;",
            "use a::B;\nuse racing_domain::{Race, RaceId};",
            "pub use racing_domain::{\n    RaceId, X,\n};",
        ] {
            assert_eq!(import(text, "RaceId").unwrap(), "racing_domain::RaceId", "{text}");
        }
        assert_eq!(import("use crate::RaceId;", "RaceId"), None);
        assert_eq!(import("use racing_domain::Race;", "RaceId"), None);
    }
}
