//! What is printed when nobody reads it, when its disk is full, and when there is a bug.

use super::process::{Cloud, Said, koban, run};
use std::fs::File;
use std::process::Stdio;

/// Every command that ends and prints, with its arguments.
fn printing(data: &str) -> Vec<Vec<String>> {
    let split = |line: &str| line.split(' ').map(|part| part.replace("DATA", data)).collect();
    let commands = [
        "verify --data DATA",
        "verify --data DATA --json",
        "redrive --data DATA",
        "redrive --data DATA --json",
        "redrive settle-race --within 1 --data DATA",
        "token alice --data DATA",
        "publish sweep-races {} --data DATA",
        "publish sweep-races {} --json --data DATA",
        "republish racing --from 2026-01-01T00:00:00Z --to 2026-01-02T00:00:00Z --dry-run --data DATA",
        "secret",
        "wiring --check",
        "openapi --check",
        "new rename-wallet --service wallet --queue rename-wallet --dry-run",
        "--help",
        "verify --help",
        "--version",
    ];
    commands.into_iter().map(split).collect()
}

fn with_stdout(arguments: &[String], stdout: impl Into<Stdio>) -> Said {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    koban(&arguments).stdout(stdout).output().unwrap().into()
}

#[test]
fn nobody_who_reads_ends_a_command_quietly() {
    let cloud = Cloud::start();
    for arguments in printing(&cloud.data()) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let said = with_stdout(&arguments, writer);
        assert_eq!((said.code, said.err.as_str()), (Some(141), ""), "{arguments:?}");
    }
}

#[test]
fn standard_error_may_be_closed_too() {
    for arguments in [&["verify", "--data", "/nowhere"][..], &["frobnicate"], &["token", "alice", "--data", "/nowhere"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = koban(arguments).stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
        assert!(matches!(status.code(), Some(1 | 2 | 141)), "{arguments:?} {status}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_a_command_with_one_line() {
    let cloud = Cloud::start();
    for arguments in printing(&cloud.data()) {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let said = with_stdout(&arguments, full);
        assert_eq!((said.code, said.err.trim_end().lines().count()), (Some(1), 1), "{arguments:?} {said:?}");
        assert!(said.err.starts_with("koban: ") && said.err.contains("No space left"), "{arguments:?} {said:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_cloud_that_cannot_greet_says_why_and_stops() {
    let cloud = Cloud::stopped();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let said: Said = koban(&["up", "--port", "0", "--data", &cloud.data()]).stdout(full).output().unwrap().into();
    said.refuses(&["standard output cannot be written", "No space left"]);
    assert!(!cloud.file("url").exists(), "it says that it still answers");
}

#[test]
fn a_panic_is_one_line_that_says_that_it_is_a_bug() {
    for (backtrace, traced) in [(None, false), (Some("0"), false), (Some("1"), true)] {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "prints::panics", "--nocapture"]).env_remove("RUST_BACKTRACE");
        command.env(PANICS, "yes").envs(backtrace.map(|value| ("RUST_BACKTRACE", value)));
        let said: Said = command.output().unwrap().into();
        assert_eq!(said.code, Some(101), "{said:?}");
        let lines: Vec<_> = said.err.lines().filter(|line| line.contains("what cannot be")).collect();
        assert!(
            lines[0].starts_with("koban: this is a bug in koban, at ") && lines[0].contains("on two lines. Please report"),
            "{said:?}"
        );
        assert_eq!(said.err.contains("stack backtrace"), traced, "{said:?}");
    }
}

const PANICS: &str = "KOBAN_COMMAND_LINE_PANICS";

#[test]
#[ignore = "what another test starts"]
fn panics() {
    if std::env::var_os(PANICS).is_some() {
        koban::cli::report_panics_as_bugs();
        panic!("what cannot be\non two lines");
    }
}

#[test]
fn an_empty_cloud_is_not_called_clean() {
    let cloud = Cloud::stopped();
    let said = cloud.verify();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("Empty: nothing is stored") && !said.out.contains("Clean"), "{said:?}");
    let said = run(&["verify", "--json", "--data", &cloud.data()]);
    assert!(said.out.contains("\"empty\":true") && said.out.contains("\"clean\":false"), "{said:?}");
}
