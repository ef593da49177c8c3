//! `koban new`, on a copy of the sources. What it writes is `tests/example`, a crate that is compiled and linted with all others. The tests
//! it writes are those of `example` beside this file, which are run. What it refuses leaves every file as it was.

use crate::example::TESTS;
use build::scaffold::{Http, NewFunction, Plan, ScaffoldError, Schedule, Trigger, plan_function, plan_service};
use koban::registry::SERVICES;
use platform::Service;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What a new function's files and lists stand in.
const SOURCES: &[&str] = &["functions", "infra/koban/Cargo.toml", "infra/koban/src/registry.rs"];
const SETTINGS: &[&str] = &["Cargo.toml", "rustfmt.toml", "rust-toolchain.toml"];

/// The example's service while its functions are being added: those of the crate itself would be in their own way.
static EXAMPLE: Service = Service::new("example", "", &[], &[]);

/// One function for each trigger, method and kind of parameter.
const FUNCTIONS: &[(&str, &str)] = &[
    ("get-card", "GET /v1/cards/{card}"),
    ("create-card", "POST /v1/cards"),
    ("replace-card", "PUT /v1/cards/{card}/faces/{face}"),
    ("change-card", "PATCH /v1/cards/{card}"),
    ("remove-card", "DELETE /v1/cards/{card}"),
    ("clear-cards", "DELETE /v1/cards"),
    ("list-cards", "GET /v1/cards"),
    ("count-cards", "queue counted-cards"),
    ("sweep-old-cards", "every 5"),
    ("close-months", "cron 0 3 1 * ? *"),
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
}

fn sources() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in SOURCES.iter().chain(SETTINGS) {
        copy(&repository().join(path), &folder.path().join(path));
    }
    folder
}

/// Every file below `folder`, by its path.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), text);
            }
        }
    }
    found
}

fn trigger(text: &str) -> Trigger {
    if let Some(queue) = text.strip_prefix("queue ") {
        return Trigger::Queue(queue.to_owned());
    }
    if let Some(minutes) = text.strip_prefix("every ") {
        return Trigger::Schedule(Schedule::every_minutes(minutes.parse().unwrap()).unwrap());
    }
    match text.strip_prefix("cron ") {
        Some(fields) => Trigger::Schedule(Schedule::cron(fields, "Asia/Tokyo").unwrap()),
        // One for anyone beside those for the signed in.
        None => Trigger::Http(Http::parse(text, text == "GET /v1/cards").unwrap()),
    }
}

fn new_function(service: &str, (name, trigger_text): (&str, &str)) -> NewFunction {
    NewFunction { name: name.to_owned(), service: service.to_owned(), trigger: trigger(trigger_text) }
}

/// The sources with the example's service in them.
fn with_the_example() -> TempDir {
    let folder = sources();
    plan_service(folder.path(), SERVICES, "example").unwrap().write().unwrap();
    for function in FUNCTIONS {
        plan_function(folder.path(), &[SERVICES, &[&EXAMPLE]].concat(), &new_function("example", *function))
            .unwrap()
            .write()
            .unwrap();
    }
    folder
}

/// With `KOBAN_BLESS=1` the example is written as it is made now.
#[test]
fn what_it_writes_is_the_example_that_is_compiled_and_linted() {
    let folder = with_the_example();
    let mut made = files(&folder.path().join("functions/example"));
    for (name, _) in FUNCTIONS {
        let binary = made.remove(Path::new(&format!("src/bin/{name}.rs"))).unwrap();
        let main = format!("platform::run(&example::{}::FUNCTION)", name.replace('-', "_"));
        assert_eq!(binary, format!("fn main() -> std::process::ExitCode {{\n    {main}\n}}\n"));
    }
    // The tests are kept beside this file: in the example they would be run with all others, and fail.
    made.retain(|path, _| !path.starts_with("tests"));
    let manifest = made.get_mut(Path::new("Cargo.toml")).unwrap();
    *manifest = format!("{}\n", manifest.split_once("\n[[test]]").unwrap().0);
    is_kept("tests/example", &made);
}

/// Beside what `example` must change to run them: the attribute, and the cloud they start. With `KOBAN_BLESS=1` they are written again.
#[test]
fn the_tests_it_writes_are_those_that_are_run_and_must_fail() {
    let folder = with_the_example();
    let stems: Vec<_> = FUNCTIONS.iter().map(|(name, _)| name.replace('-', "_")).collect();
    assert_eq!(TESTS.iter().map(|(stem, _)| *stem).collect::<Vec<_>>(), stems);
    let mut written = files(&folder.path().join("functions/example/tests/it"));
    let main = written.remove(Path::new("main.rs")).unwrap();
    let mut modules = [stems, vec!["examples".to_owned()]].concat();
    modules.sort();
    assert_eq!(main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect::<Vec<_>>(), modules);
    assert!(main.ends_with("\n\ntesting::laws!(examples::Stage);\n"), "{main}");
    let examples = written.remove_entry(Path::new("examples.rs")).unwrap();
    let mut made: BTreeMap<PathBuf, String> = written.into_iter().map(|(path, text)| (path, to_be_called(&text))).collect();
    made.extend([examples]);
    made.insert("mod.rs".into(), std::fs::read_to_string(repository().join("tests/it/example/mod.rs")).unwrap());
    is_kept("tests/it/example", &made);
}

/// A written test as `example` has it.
fn to_be_called(test: &str) -> String {
    let once = |text: &str, from: &str, to: &str| {
        assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
        text.replace(from, to)
    };
    let attribute = "#[tokio::test(flavor = \"multi_thread\", worker_threads = 2)]\nasync fn it_is_written";
    once(&once(test, attribute, "pub async fn it_is_written"), "use crate::examples::", "use super::examples::")
}

/// Whether `folder` holds what is made now; with `KOBAN_BLESS=1` it does afterwards.
#[track_caller]
fn is_kept(folder: &str, made: &BTreeMap<PathBuf, String>) {
    let folder = repository().join(folder);
    if std::env::var("KOBAN_BLESS").is_ok() {
        for (path, text) in made {
            std::fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
            std::fs::write(folder.join(path), text).unwrap();
        }
    }
    let kept = files(&folder);
    assert_eq!(kept.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
    for (path, text) in made {
        assert_eq!(&kept[path], text, "{} is not what is written now: KOBAN_BLESS=1 writes it", path.display());
        // Modules that a macro names are not seen by `cargo fmt`.
        if path.extension().is_some_and(|extension| extension == "rs") {
            is_formatted(&repository(), &folder.join(path));
        }
    }
}

#[test]
fn the_example_is_in_every_list_once() {
    let folder = with_the_example();
    let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
    assert_eq!(read("Cargo.toml").matches("\nexample = { path = \"functions/example\" }\n").count(), 1);
    assert_eq!(read("infra/koban/Cargo.toml").matches("\nexample.workspace = true\n").count(), 1);
    assert!(read("infra/koban/src/registry.rs").contains(", &example::SERVICE];"));
    let stems: Vec<_> = FUNCTIONS.iter().map(|(name, _)| name.replace('-', "_")).collect();
    assert_eq!(list_of_functions(&read("functions/example/src/lib.rs")), stems);
}

/// The entries of `platform::functions![…]`.
fn list_of_functions(text: &str) -> Vec<String> {
    let file = syn::parse_file(text).unwrap();
    let tokens = file.items.iter().find_map(|item| match item {
        syn::Item::Macro(item) if item.mac.path.segments.last().unwrap().ident == "functions" => {
            Some(item.mac.tokens.to_string())
        }
        _ => None,
    });
    let tokens = tokens.unwrap();
    tokens.split(',').map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect()
}

#[test]
fn a_function_joins_any_service_at_the_end_of_its_list() {
    for (index, function) in FUNCTIONS.iter().enumerate() {
        let service = SERVICES[index % SERVICES.len()].name;
        let folder = sources();
        let lib = folder.path().join(format!("functions/{service}/src/lib.rs"));
        let mut listed = list_of_functions(&std::fs::read_to_string(&lib).unwrap());
        let plan = plan_function(folder.path(), SERVICES, &new_function(service, *function)).unwrap();
        let is_of_service = |file: &&build::scaffold::File| file.path.starts_with(format!("functions/{service}"));
        assert!(plan.files().iter().all(|file| is_of_service(&file)), "{plan:?}");
        plan.write().unwrap();
        listed.push(function.0.replace('-', "_"));
        assert_eq!(list_of_functions(&std::fs::read_to_string(&lib).unwrap()), listed);
        for path in plan.files().iter().map(|file| folder.path().join(&file.path)) {
            syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap();
            is_formatted(folder.path(), &path);
        }
    }
}

fn is_formatted(root: &Path, file: &Path) {
    let input = std::fs::File::open(file).unwrap();
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024", "--check", "--config-path"]).arg(root).stdin(input).current_dir(root);
    let output = rustfmt.output().unwrap();
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stdout));
}

/// Refuses what `planned` asks for in `folder` with a message that has `hint`, and writes nothing.
fn refuses(folder: &Path, planned: impl Fn() -> Result<Plan, ScaffoldError>, hint: &str) -> ScaffoldError {
    let before = files(folder);
    let error = planned().expect_err(hint);
    assert!(error.to_string().contains(hint), "{error}");
    assert_eq!(files(folder), before, "{error}");
    error
}

#[test]
fn what_is_taken_or_wrong_is_refused_and_nothing_is_written() {
    let folder = sources();
    for (service, function, hint) in [
        ("racing", ("card", "queue cards"), "a verb and a noun"),
        ("racing", ("get-wallet", "queue cards"), "get-wallet is a function of wallet already"),
        ("racign", ("get-card", "queue cards"), "`koban new --service racign` makes it"),
        ("racing", ("get-card", "GET /v1/races/{race}"), "is get-race's route"),
        ("wallet", ("get-card", "GET /v1/races/{id}/cards"), "call it {race}"),
        ("racing", ("count-cards", "queue settle-race"), "settle-race's: a queue has one consumer"),
        ("racing", ("count-cards", "queue relay-wallet-failures"), "relay-wallet's: a queue has one consumer"),
        ("wallet", ("count-cards", "queue collect-top-up"), "has a CollectTopUp already"),
        ("racing", ("settle-race", "every 5"), "settle-race is a function of racing already"),
        ("wallet", ("relay-wallet-failures", "every 5"), "relay-wallet's: a queue has one consumer"),
        ("racing", ("count-cards", "queue Cards"), "no queue's name"),
        ("racing", ("count-cards", "queue cards-dlq"), "no queue's name"),
    ] {
        refuses(folder.path(), || plan_function(folder.path(), SERVICES, &new_function(service, function)), hint);
    }
    for (service, hint) in [
        ("racing", "a service already"),
        ("tokio", "package already"),
        ("Canvas", "no service's name"),
        ("type", "no service's name"),
        ("", "no service's name"),
    ] {
        refuses(folder.path(), || plan_service(folder.path(), SERVICES, service), hint);
    }
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let function = new_function("ops", ("get-card", "GET /v1/cards/{card}"));
    for path in ["functions/ops/src/get_card.rs", "functions/ops/src/bin/get-card.rs", "functions/ops/tests/it/get_card.rs"] {
        let folder = sources();
        std::fs::write(folder.path().join(path), "mine").unwrap();
        let planned = || plan_function(folder.path(), SERVICES, &function);
        assert!(matches!(refuses(folder.path(), planned, path), ScaffoldError::Exists(_)));
    }
}

#[test]
fn a_list_that_is_not_where_it_should_be_is_named() {
    let function = new_function("wallet", ("sweep-cards", "every 5"));
    for (path, anchor) in
        [("functions/wallet/src/lib.rs", "platform::functions!["), ("functions/wallet/tests/it/main.rs", "mod ")]
    {
        let folder = sources();
        let text = std::fs::read_to_string(folder.path().join(path)).unwrap();
        let words: String = text.split_inclusive('\n').filter(|line| line.starts_with("//")).collect();
        std::fs::write(folder.path().join(path), words).unwrap();
        let planned = || plan_function(folder.path(), SERVICES, &function);
        assert!(matches!(refuses(folder.path(), planned, anchor), ScaffoldError::Anchor { .. }));
    }
}

#[test]
fn a_write_that_fails_takes_back_the_ones_before_it() {
    let folder = sources();
    // A file where the folder of the binaries should be.
    std::fs::remove_dir_all(folder.path().join("functions/ops/src/bin")).unwrap();
    std::fs::write(folder.path().join("functions/ops/src/bin"), "in the way").unwrap();
    let before = files(folder.path());
    let plan = plan_function(folder.path(), SERVICES, &new_function("ops", ("sweep-cards", "every 5"))).unwrap();
    assert!(matches!(plan.write(), Err(ScaffoldError::Io { .. })));
    assert_eq!(files(folder.path()), before);
}
