//! The files that are made from the definitions: Terraform's wiring, the OpenAPI document, the page of budgets and the events' schemas.
//! Each is committed, so that a change of the contract is seen in review, and checked fresh by a test, so that none can drift.

mod budgets;
mod openapi;
mod schemas;
mod wiring;

use platform::resource::EventType;
use platform::{Service, deployment};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A file made from the definitions: where it is in the repository, and what it must hold.
#[derive(Debug)]
pub struct Generated {
    pub path: PathBuf,
    pub text: String,
}

/// The wiring that Terraform reads.
pub fn wiring_file(services: &[&'static Service]) -> Generated {
    Generated { path: "terraform/wiring.json".into(), text: pretty(&wiring::document(services)) }
}

/// The API's description.
pub fn openapi_file(services: &[&'static Service]) -> Generated {
    Generated { path: "docs/openapi.json".into(), text: pretty(&openapi::document(services)) }
}

/// The page of budgets.
pub fn budgets_file(services: &[&'static Service]) -> Generated {
    Generated { path: "docs/budgets.md".into(), text: budgets::document(services) }
}

/// The API's description, if `services` were all there are.
pub use openapi::document as openapi_document;

/// The JSON Schema of each event type.
pub fn schema_files(services: &[&'static Service]) -> Vec<Generated> {
    let events = services.iter().flat_map(|service| service.topics()).flat_map(|topic| topic.events);
    let file = |event: &EventType| Generated {
        path: format!("shared/schemas/{}.json", event.name).into(),
        text: pretty(&(event.schema)()),
    };
    events.map(file).collect()
}

/// Whether an event's schema still serves the readers and writers of the one that is committed.
pub use schemas::breaks;

/// Writes `terraform/wiring.json` and the events' schemas, or checks that they are fresh.
pub fn wiring(services: &[&'static Service], check: bool) -> Result<(), String> {
    deployment::check(services).map_err(|error| error.to_string())?;
    let mut files = schema_files(services);
    files.push(wiring_file(services));
    files.iter().try_for_each(|file| file.write_or_check(check, "wiring"))
}

/// Writes `docs/openapi.json` and `docs/budgets.md`, or checks that they are fresh.
pub fn openapi(services: &[&'static Service], check: bool) -> Result<(), String> {
    [openapi_file(services), budgets_file(services)].iter().try_for_each(|file| file.write_or_check(check, "openapi"))
}

/// What to do about each of them that is not what the definitions say.
pub fn stale(services: &[&'static Service]) -> Vec<String> {
    let of_wiring = schema_files(services).into_iter().chain([wiring_file(services)]).map(|file| (file, "wiring"));
    let all = of_wiring.chain([(openapi_file(services), "openapi"), (budgets_file(services), "openapi")]);
    all.filter(|(file, _)| !file.is_fresh()).map(|(file, command)| file.advice(command)).collect()
}

impl Generated {
    /// Whether the repository holds this file as it must be.
    pub fn is_fresh(&self) -> bool {
        std::fs::read_to_string(root().join(&self.path)).is_ok_and(|text| text == self.text)
    }

    /// What to do when it is stale.
    fn advice(&self, command: &str) -> String {
        format!("{} is stale; run `cargo run --release -- {command}` and commit it", self.path.display())
    }

    fn write_or_check(&self, check: bool, command: &str) -> Result<(), String> {
        let path = root().join(&self.path);
        let shown = self.path.display();
        if self.is_fresh() {
            println!("{shown} is fresh");
            return Ok(());
        }
        if check {
            return Err(self.advice(command));
        }
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, &self.text));
        written.map_err(|error| format!("{shown} cannot be written: {error}"))?;
        println!("{shown} written");
        Ok(())
    }
}

/// The repository: these commands are for those who build Koban.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(clippy::panic, reason = "our documents are maps with text keys, which always have a JSON form")]
fn pretty(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document).unwrap_or_else(|error| panic!("not JSON: {error}"));
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_says_something_else_is_stale() {
        let schema = || schema_files(&[&wallet::SERVICE]).swap_remove(0);
        let fresh = schema();
        assert!(fresh.is_fresh());
        let changed = Generated { text: fresh.text.replacen("\"type\": ", "\"type\":  ", 1), ..schema() };
        assert!(!changed.is_fresh());
        let refused = changed.write_or_check(true, "wiring").unwrap_err();
        let path = fresh.path.display();
        assert_eq!(refused, format!("{path} is stale; run `cargo run --release -- wiring` and commit it"));
        assert!(fresh.is_fresh(), "a check writes nothing");
    }
}
