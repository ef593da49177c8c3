//! The files made from the definitions are fresh, and an event's schema changes only in ways that older and newer code survive.

use koban::generate::{breaks, openapi_file, schema_files, wiring_file};

#[test]
fn the_wiring_is_fresh() {
    assert!(wiring_file().is_fresh(), "run `cargo run -- wiring` and commit terraform/wiring.json");
}

#[test]
fn the_openapi_document_is_fresh() {
    assert!(openapi_file().is_fresh(), "run `cargo run -- openapi` and commit docs/openapi.json");
}

#[test]
fn the_events_schemas_are_fresh() {
    for file in schema_files() {
        assert!(file.is_fresh(), "run `cargo run -- wiring` and commit {}", file.path.display());
    }
}

/// Compares with every version that was ever committed: a change that breaks those who know one needs a new event type, not a new
/// schema.
#[test]
fn no_event_breaks_those_who_know_it() {
    for file in schema_files() {
        let path = file.path.display().to_string();
        let Some(commits) = git(&["log", "--format=%H", "--", &path]) else {
            println!("NOT COMPARED: this is no git repository");
            return;
        };
        let new = serde_json::from_str(&file.text).unwrap();
        for commit in commits.lines() {
            let Some(old) = git(&["show", &format!("{commit}:{path}")]) else { continue };
            let broken = breaks(&serde_json::from_str(&old).unwrap(), &new);
            assert!(broken.is_empty(), "{path} breaks those who know it from {commit}: {}", broken.join("; "));
        }
    }
}

/// What git says; none when there is no git, no repository or no such thing.
fn git(arguments: &[&str]) -> Option<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let output = std::process::Command::new("git").args(arguments).current_dir(folder).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok())?
}
