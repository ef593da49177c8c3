//! The types of a route's parameters: what another function calls by the same name is the same thing, with the same type and the same
//! words. A parameter that is new everywhere begins as a text.

use super::Http;
use platform::resource::Service;
use std::path::Path;

/// A parameter in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub kind: String,
    /// Where the type is to be imported from; none for a text.
    pub module: Option<String>,
    pub doc: String,
}

/// The parameters of `http`, as the functions of `services` at `root` know them.
pub fn of_parameters(root: &Path, services: &[&'static Service], http: &Http) -> Vec<Parameter> {
    let of = |name: &str| {
        let known = sources(root, services, name).find_map(|text| known(&text, name));
        let new = || Parameter { name: name.to_owned(), kind: "String".into(), module: None, doc: "Say what it is.".into() };
        known.unwrap_or_else(new)
    };
    http.parameters().into_iter().map(of).collect()
}

/// The sources of the functions that have a parameter `name`.
fn sources(root: &Path, services: &[&'static Service], name: &str) -> impl Iterator<Item = String> {
    let functions = services.iter().flat_map(|service| service.functions.iter().map(|function| (service.name, *function)));
    let has = move |function: &platform::Function| {
        function.route().is_some_and(|route| route.parameters.iter().any(|parameter| parameter.name == name))
    };
    let with = functions.filter(move |(_, function)| has(function));
    with.filter_map(move |(service, function)| {
        let stem = function.name.replace('-', "_");
        std::fs::read_to_string(root.join(format!("functions/{service}/src/{stem}.rs"))).ok()
    })
}

/// What `text` says of the path parameter `name`.
fn known(text: &str, name: &str) -> Option<Parameter> {
    let (kind, doc) = text.split("Parameter::path::<").skip(1).find_map(|rest| {
        let (kind, rest) = rest.split_once('>')?;
        let doc = rest.strip_prefix(&format!("(\"{name}\", \""))?.split("\")").next()?;
        Some((kind.to_owned(), doc.to_owned()))
    })?;
    let module = text.split("\nuse ").skip(1).find_map(|rest| {
        let import = rest.split(';').next()?;
        let (module, names) = import.split_once("::{").or_else(|| import.rsplit_once("::"))?;
        names.split([',', '{', '}']).any(|imported| imported.trim() == kind).then(|| module.to_owned())
    })?;
    // A module of the other function's own crate is not this one's.
    (!module.starts_with("crate")).then(|| Parameter { name: name.to_owned(), kind, module: Some(module), doc })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_parameter_is_said_again() {
        let text = "//! x\n\nuse platform::{Call, Context};\nuse racing_domain::{Race, RaceId};\n\
                    parameters: &[Parameter::path::<RaceId>(\"race\", \"The race's id.\")],";
        let (kind, module) = ("RaceId".to_owned(), Some("racing_domain".to_owned()));
        let race = Parameter { name: "race".into(), kind, module, doc: "The race's id.".into() };
        assert_eq!(known(text, "race"), Some(race));
        assert_eq!(known(text, "slip"), None);
        assert_eq!(known(&text.replace("RaceId};", "Id};"), "race"), None);
        assert_eq!(known(&text.replace("{Race, RaceId}", "RaceId"), "race").unwrap().module.unwrap(), "racing_domain");
    }
}
