//! The files made from the definitions are fresh, and an event's schema changes only in ways that older and newer code survive.

use build::generate::{breaks, budgets_file, openapi_file, schema_files, wiring_file};
use koban::registry::SERVICES;

#[test]
fn the_wiring_is_fresh() {
    assert!(wiring_file(SERVICES).is_fresh(), "run `cargo run --release -- wiring` and commit terraform/wiring.json");
}

#[test]
fn each_schedule_is_one_that_eventbridge_takes() {
    cloud::check_schedules(SERVICES).unwrap();
}

#[test]
fn the_openapi_document_is_fresh() {
    assert!(openapi_file(SERVICES).is_fresh(), "run `cargo run --release -- openapi` and commit docs/openapi.json");
    assert!(budgets_file(SERVICES).is_fresh(), "run `cargo run --release -- openapi` and commit docs/budgets.md");
}

#[test]
fn the_events_schemas_are_fresh() {
    for file in schema_files(SERVICES) {
        assert!(file.is_fresh(), "run `cargo run --release -- wiring` and commit {}", file.path.display());
    }
}

/// Set, it lets the comparison be left out where there is no history to compare with: in an unpacked archive.
const WITHOUT_HISTORY: &str = "KOBAN_WITHOUT_HISTORY";

/// Compares with every version that was ever committed: a change that breaks those who know one needs a new event type, not a new
/// schema.
#[test]
fn no_event_breaks_those_who_know_it() {
    if std::env::var_os(WITHOUT_HISTORY).is_some() {
        println!("NOT COMPARED: {WITHOUT_HISTORY} is set");
        return;
    }
    assert_eq!(
        git(&["rev-parse", "--is-shallow-repository"]).trim(),
        "false",
        "run `git fetch --unshallow`: the rest is unknown"
    );
    let mut compared = 0;
    for file in schema_files(SERVICES) {
        let path = file.path.display().to_string();
        let new = serde_json::from_str(&file.text).unwrap();
        // A commit that removed the file has no version of it.
        for commit in git(&["log", "--diff-filter=ACMRT", "--format=%H", "--", &path]).lines() {
            let old = git(&["show", &format!("{commit}:{path}")]);
            let broken = breaks(&serde_json::from_str(&old).unwrap(), &new);
            assert!(broken.is_empty(), "{path} breaks those who know it from {commit}: {}", broken.join("; "));
            compared += 1;
        }
    }
    assert!(compared > 0, "git knows no version of any event's schema: commit shared/schemas, or set {WITHOUT_HISTORY}=1");
}

/// What git says of the repository.
fn git(arguments: &[&str]) -> String {
    let advice = format!(
        "the events are compared with all of the repository's history: install git and clone, or set {WITHOUT_HISTORY}=1"
    );
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let output = std::process::Command::new("git").args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{error}; {advice}"));
    assert!(output.status.success(), "{}; {advice}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_route_is_described_under_its_functions_name() {
    let document = build::generate::openapi_document(koban::registry::SERVICES);
    for function in koban::registry::functions() {
        let Some(route) = function.route() else { continue };
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert_eq!(operation["operationId"], function.name, "{}", route.path);
    }
}
