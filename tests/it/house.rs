//! The house rules, kept by a test: what a reader may rely on in every file.

use platform::deployment::{ROUTES_MAX, check};
use platform::function::{Function, Trigger};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use syn::visit::Visit;

const FILE_LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file of the repository, relative to its root, with its text.
pub fn rust_files() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = ["shared", "infra", "functions", "tests"].map(PathBuf::from).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(root().join(&path)).unwrap();
                files.push((path, text));
            }
        }
    }
    assert!(files.len() > 50, "only {} files found: is this the repository?", files.len());
    files
}

fn refuse(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let too_long = rust_files().into_iter().filter_map(|(path, text)| {
        let lines = text.lines().count();
        (lines > FILE_LINES_MAX).then(|| format!("{}: {lines} lines, at most {FILE_LINES_MAX}: split it by idea", path.display()))
    });
    refuse(&too_long.collect::<Vec<_>>());
}

#[test]
fn every_file_says_why_it_is_there() {
    let silent = rust_files().into_iter().filter(|(path, text)| {
        let is_binary = path.components().any(|part| part.as_os_str() == "bin");
        !is_binary && !text.starts_with("//!")
    });
    refuse(&silent.map(|(path, _)| format!("{}: begin it with a //! paragraph", path.display())).collect::<Vec<_>>());
}

/// Every function with its service's name.
fn functions() -> Vec<(&'static str, &'static Function)> {
    let services = koban::registry::SERVICES.iter();
    services.flat_map(|service| service.functions.iter().map(|function| (service.name, *function))).collect()
}

fn stem(function: &Function) -> String {
    function.name.replace('-', "_")
}

#[test]
fn every_function_has_its_file_its_binary_and_its_test_under_its_own_name() {
    let mut faults = Vec::new();
    for (service, function) in functions() {
        let stem = stem(function);
        let file = format!("functions/{service}/src/{stem}.rs");
        let test = format!("functions/{service}/tests/it/{stem}.rs");
        for path in [&file, &test] {
            if !root().join(path).exists() {
                faults.push(format!("{}: there is no {path}", function.name));
            }
        }
        let binary = format!("functions/{service}/src/bin/{}.rs", function.name);
        let expected = format!("fn main() -> std::process::ExitCode {{\n    platform::run(&{service}::{stem}::FUNCTION)\n}}\n");
        if std::fs::read_to_string(root().join(&binary)).unwrap_or_default() != expected {
            faults.push(format!("{}: {binary} must be\n{expected}", function.name));
        }
    }
    refuse(&faults);
}

/// What everybody copies from is the code that runs.
#[test]
fn the_page_about_adding_a_function_shows_the_function_as_it_is() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let page = read("docs/adding-a-function.md");
    let blocks: Vec<_> = page.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [function, tests] = blocks[..] else { panic!("the function and the names of its tests: {blocks:?}") };
    assert!(read("functions/wallet/src/get_medals.rs").contains(function), "{function}");
    let written = read("functions/wallet/tests/it/get_medals.rs");
    assert_eq!(tests.lines().count(), written.matches("async fn ").count());
    assert!(tests.lines().all(|name| written.contains(name)), "{tests}");
}

#[test]
fn every_binary_is_of_a_function() {
    let names: BTreeSet<&str> = functions().into_iter().map(|(_, function)| function.name).collect();
    let binaries =
        rust_files().into_iter().filter(|(path, _)| path.starts_with("functions") && path.parent().unwrap().ends_with("bin"));
    let strays = binaries.filter(|(path, _)| !names.contains(path.file_stem().unwrap().to_str().unwrap()));
    refuse(&strays.map(|(path, _)| format!("{}: no function bears this name", path.display())).collect::<Vec<_>>());
}

/// A file that no line names is not compiled, and a service without its laws is held to none.
#[test]
fn every_test_of_a_service_is_run_and_so_are_its_laws() {
    let mut faults = Vec::new();
    for service in koban::registry::SERVICES {
        let folder = format!("functions/{}/tests/it", service.name);
        let main = std::fs::read_to_string(root().join(&folder).join("main.rs")).unwrap();
        if !main.contains("testing::laws!(") {
            faults.push(format!("{folder}/main.rs: add `testing::laws!(…);`"));
        }
        let files = rust_files().into_iter().filter(|(path, _)| path.parent().is_some_and(|of| of == Path::new(&folder)));
        let names = files.map(|(path, _)| path.file_stem().unwrap().to_str().unwrap().to_owned());
        let missing = names.filter(|name| name != "main" && !main.contains(&format!("mod {name};")));
        faults.extend(missing.map(|name| format!("{folder}/main.rs: add `mod {name};`")));
    }
    refuse(&faults);
}

#[test]
fn names_and_routes_are_unique() {
    let mut seen = BTreeSet::new();
    for (_, function) in functions() {
        assert!(seen.insert(function.name.to_owned()), "{} twice", function.name);
        if let Some(route) = function.route() {
            let route = format!("{} {}", route.method.as_str(), route.path);
            assert!(seen.insert(route.clone()), "{route} twice");
        }
    }
}

/// One integration for each route. Beyond it services are deployed as several environments: docs/decisions/0019-services.md.
#[test]
fn all_routes_fit_one_api() {
    let routes = functions().into_iter().filter(|(_, function)| function.route().is_some()).count();
    assert!(
        routes <= ROUTES_MAX,
        "{routes} routes, and an HTTP API takes {ROUTES_MAX} integrations: choose services by environment"
    );
}

#[test]
fn every_need_of_a_service_is_of_one_that_there_is() {
    assert_eq!(check(koban::registry::SERVICES), Ok(()));
}

/// By their names what belongs to a service is found.
#[test]
fn every_table_and_every_topic_is_of_one_service() {
    let mut seen = BTreeSet::new();
    for service in koban::registry::SERVICES {
        let topics = service.topics().into_iter().map(|topic| topic.name);
        for name in service.tables.iter().map(|table| table.name).chain(topics) {
            assert!(seen.insert(name), "{name} is of two services, or is both a table and a topic");
        }
    }
}

#[test]
fn limits_are_within_what_aws_and_the_design_allow() {
    for (_, function) in functions() {
        let timeout = function.timeout.as_secs();
        let longest = if function.route().is_some() { 29 } else { 900 };
        assert!((1..=longest).contains(&timeout), "{}: a timeout of {timeout} s", function.name);
        assert!((128..=10_240).contains(&function.memory_mb), "{}", function.name);
        if let Some(queue) = function.consumes() {
            assert!(queue.receives_max >= 5, "{}: maxReceiveCount below 5", queue.name);
            assert!(function.visibility() >= function.timeout * 6, "{}", function.name);
        }
        if let Trigger::Queue { batch, concurrency, .. } = &function.definition.trigger {
            assert!((1..=10).contains(batch) && *concurrency >= 2, "{}", function.name);
        }
    }
}

#[test]
fn every_queue_is_of_one_function() {
    let mut seen = BTreeSet::new();
    for service in koban::registry::SERVICES {
        for queue in service.queues() {
            assert!(seen.insert(queue.name), "{} is consumed by two functions", queue.name);
        }
    }
}

#[test]
fn the_domains_depend_on_nothing_of_ours_but_each_other_and_on_no_io() {
    let below =
        std::fs::read_dir(root().join("shared")).unwrap().map(|entry| format!("shared/{}", entry.unwrap().file_name().display()));
    let domains = below.chain(["shared".to_owned()]).filter(|folder| root().join(folder).join("Cargo.toml").exists());
    let domains: Vec<_> = domains.collect();
    assert!(domains.len() > 2, "{domains:?}");
    for domain in domains {
        let manifest = std::fs::read_to_string(root().join(&domain).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap();
        for forbidden in ["platform", "koban", "aws", "tokio", "rusqlite", "fastrand"] {
            assert!(!dependencies.lines().any(|line| line.starts_with(forbidden)), "{domain} depends on {forbidden}");
        }
    }
}

/// A bug that is in the list alone would never be found.
#[test]
fn every_planted_bug_is_somewhere_in_the_code() {
    let (list, this) = (Path::new("shared/src/planted.rs"), Path::new("tests/it/house.rs"));
    let code: String = rust_files().into_iter().filter(|(path, _)| path != list && path != this).map(|(_, text)| text).collect();
    let missing = shared::planted::ALL.iter().filter(|bug| !code.contains(&format!("planted::is_on(Bug::{bug:?})")));
    refuse(&missing.map(|bug| format!("{}: no code asks for it", bug.name())).collect::<Vec<_>>());
}

/// Neither the command line nor what is packaged.
#[test]
fn no_default_build_has_planted_bugs() {
    let services = koban::registry::SERVICES.iter().map(|service| service.name);
    let linked = dependencies(services.chain(["koban"]));
    let shared: Vec<_> = linked.iter().filter(|line| line.starts_with("shared v")).collect();
    assert!(matches!(shared[..], [without_features] if without_features.ends_with(')')), "{shared:?}");
}

/// What cargo builds for a selection of packages: a line for each crate, with its features.
fn tree(edges: &str, selection: &[&str]) -> BTreeSet<String> {
    let mut cargo = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["tree", "--locked", "--offline", "--edges", edges]);
    cargo.args(["--prefix", "none", "--format", "{p} {f}"]).args(selection);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.trim_end_matches(" (*)").trim().to_owned()).collect()
}

/// What packages link when they are built without others, so that no other's features are theirs.
fn dependencies<'a>(packages: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    tree("normal", &packages.into_iter().flat_map(|package| ["-p", package]).collect::<Vec<_>>())
}

/// Decision 0015: minutes of a first build, for a few operations that `platform::aws` calls without them.
const GENERATED_CLIENTS: &[&str] = &["aws-sdk-sqs v", "aws-sdk-sns v", "aws-sdk-ssm v"];

/// As the functions are packaged.
#[test]
fn no_function_looks_for_credentials_or_links_another_crypto() {
    let linked = dependencies(koban::registry::SERVICES.iter().map(|service| service.name));
    let links = |name: &str| linked.iter().any(|line| line.starts_with(name));
    assert!(links("aws-sdk-dynamodb v"), "{linked:?}");
    for forbidden in ["aws-config v", "aws-sdk-sts v", "aws-lc-rs v", "rusqlite v"].iter().chain(GENERATED_CLIENTS) {
        assert!(!links(forbidden), "a function links {forbidden}");
    }
}

/// Otherwise a choice of services would have other zips than all of them.
#[test]
fn a_service_links_the_same_crates_whichever_are_packaged_with_it() {
    let together = dependencies(koban::registry::SERVICES.iter().map(|service| service.name));
    for service in koban::registry::SERVICES {
        let alone = dependencies([service.name]);
        let other: Vec<_> = alone.difference(&together).collect();
        assert!(other.is_empty(), "{} alone has these with other features: {other:?}", service.name);
    }
}

/// Minutes of a first `koban demo` otherwise, for what only a deployment needs.
#[test]
fn a_local_cloud_builds_nothing_that_only_reaches_aws() {
    let linked = dependencies(["koban"]);
    let only_for_aws = ["aws-config v", "aws-sdk-sts v", "aws-sdk-sso v", "aws-sdk-ssooidc v", "deploy-check v"];
    for forbidden in only_for_aws.iter().chain(GENERATED_CLIENTS) {
        assert!(!linked.iter().any(|line| line.starts_with(forbidden)), "koban links {forbidden}");
    }
}

/// The third-party crates of a selection of packages, each with the sets of features in which it is compiled.
fn compiled(arguments: &[&str]) -> BTreeSet<String> {
    let lines = tree("normal,build,dev", arguments);
    let ours = |line: &String| line.contains(" (/") || line.is_empty();
    lines.into_iter().filter(|line| !ours(line)).collect()
}

/// A crate with other features is compiled again, and so is all that depends on it: minutes of a first test of one service.
#[test]
fn every_selection_shares_what_is_compiled() {
    let workspace = compiled(&["--workspace"]);
    let services = koban::registry::SERVICES.iter().map(|service| vec!["-p", service.name]);
    let others = [vec!["-p", "koban"], vec!["-p", "deploy-check"], vec!["-p", "koban", "--features", "aws"]];
    // What AWS alone is reached by is in no other selection.
    let aws: BTreeSet<String> =
        compiled(&["-p", "koban", "--features", "aws"]).difference(&compiled(&["-p", "koban"])).cloned().collect();
    // With the version: another one is another crate.
    let name = |line: &String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let known: BTreeSet<String> = workspace.iter().map(name).collect();
    for selection in services.chain(others) {
        let differing: Vec<_> = compiled(&selection)
            .difference(&workspace)
            .filter(|line| known.contains(&name(line)) || !aws.contains(*line))
            .cloned()
            .collect();
        assert_eq!(differing, Vec::<String>::new(), "{selection:?} compiles these again: see infra/features/Cargo.toml");
    }
}

/// Finds each `match` that names kinds of triggers and has an arm for all others.
struct Triggers {
    path: PathBuf,
    faults: Vec<String>,
    /// Whether the pattern that is visited names a trigger.
    is_trigger: bool,
}

impl Triggers {
    fn faults(path: PathBuf, text: &str) -> Vec<String> {
        let mut triggers = Self { path, faults: Vec::new(), is_trigger: false };
        triggers.visit_file(&syn::parse_file(text).unwrap());
        triggers.faults
    }

    fn names_one(&mut self, pattern: &syn::Pat) -> bool {
        self.is_trigger = false;
        self.visit_pat(pattern);
        self.is_trigger
    }
}

impl<'ast> Visit<'ast> for Triggers {
    fn visit_expr_match(&mut self, found: &'ast syn::ExprMatch) {
        let takes_all = |arm: &&syn::Arm| matches!(arm.pat, syn::Pat::Wild(_) | syn::Pat::Ident(_));
        if found.arms.iter().any(|arm| takes_all(&arm)) && found.arms.iter().any(|arm| self.names_one(&arm.pat)) {
            let path = self.path.display();
            self.faults.push(format!("{path}: name every kind of trigger in each match of them: a new kind must not compile"));
        }
        syn::visit::visit_expr_match(self, found);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.is_trigger |= path.segments.iter().any(|segment| segment.ident == "Trigger");
        syn::visit::visit_path(self, path);
    }
}

/// So that a fifth kind, sockets, has its place: the compiler names each spot that must say what it does with it.
#[test]
fn no_match_of_triggers_has_an_arm_for_all_others() {
    refuse(&rust_files().into_iter().flat_map(|(path, text)| Triggers::faults(path, &text)).collect::<Vec<_>>());
}

#[test]
fn an_arm_for_all_other_triggers_is_found() {
    for (arms, is_fault) in [
        ("Trigger::Http(_) => 1, _ => 2", true),
        ("(Trigger::Http(_), 1) => 1, other => 2", true),
        ("&platform::function::Trigger::Stream { .. } if x => 1, _ => 2", true),
        ("Trigger::Http(_) => match y { _ => 1 }, Trigger::Queue { .. } => 2", false),
        ("Handler::Http(_) => 1, _ => 2", false),
        ("(Handler::Message(_), _) => 1, (Handler::Http(_), Trigger::Http(_)) => 2", false),
    ] {
        let text = format!("fn f() {{ match x {{ {arms} }} }}");
        assert_eq!(!Triggers::faults("x.rs".into(), &text).is_empty(), is_fault, "{arms}");
    }
}

#[test]
fn nothing_but_the_clock_asks_for_the_time() {
    let readers = rust_files().into_iter().filter(|(path, text)| {
        // A demo is no function: it measures, from outside, by the real clock.
        let is_demo = path.iter().nth(2).is_some_and(|part| part == "demo");
        let of_functions = (path.starts_with("functions") && !is_demo) || path.starts_with("shared");
        of_functions
            && (text.contains("Timestamp::now()") || text.contains("SystemTime::now()") || text.contains("Instant::now()"))
    });
    refuse(&readers.map(|(path, _)| format!("{}: take the time from the context", path.display())).collect::<Vec<_>>());
}
