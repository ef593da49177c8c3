//! Arguments that make no sense: each is refused, with what would.

use super::process::{Cloud, run};

#[test]
fn numbers_beyond_their_range_are_refused_with_it() {
    for within in ["0", "-1", "86401", "99999999999999999999", "1.5", "ten", "", "0x10", "NaN"] {
        run(&["redrive", "settle-race", "--within", within]).misused(&["--within"]);
    }
    for port in ["-1", "65536", "99999999999", "", "http"] {
        for option in ["--port", "--aws-port"] {
            run(&["up", option, port]).misused(&[option]);
        }
    }
}

#[test]
fn times_that_are_none_are_refused() {
    for time in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", "-1", "99999-01-01T00:00:00Z"] {
        run(&["republish", "racing", "--from", time, "--to", "2026-01-02T00:00:00Z"]).misused(&["--from"]);
        run(&["republish", "racing", "--from", "2026-01-02T00:00:00Z", "--to", time]).misused(&["--to"]);
    }
    for (from, to) in [("2026-01-02", "2026-01-01"), ("2026-01-01", "2026-01-01")] {
        let (from, to) = (format!("{from}T00:00:00Z"), format!("{to}T00:00:00Z"));
        run(&["republish", "racing", "--from", &from, "--to", &to]).refuses(&["--from must be before --to"]);
    }
}

#[test]
fn names_that_are_none_are_refused_on_a_line_that_can_be_read() {
    let long = "x".repeat(100_000);
    for name in ["", " ", "\t", "a\nb", &long[..256]] {
        run(&["token", name]).misused(&["USER"]);
    }
    for name in ["", "nonsense", "settle-race-dlq", "a\nb", &long] {
        run(&["publish", name, "{}"]).refuses(&["there is no queue", "settle-race"]);
        run(&["redrive", name]).refuses(&["there is no queue", "settle-race"]);
        let times = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z"];
        run(&[&["republish", name][..], &times].concat()).refuses(&["there is no table", "racing"]);
        assert!(run(&["publish", name, "{}"]).err.len() < 500);
    }
    for name in ["", " ", "Alpha", "a/b", "a\nb", "../alpha", &long] {
        let said = run(&["verify", "--environment", name]);
        said.refuses(&["is no environment", "such as alpha"]);
        assert!(said.err.len() < 500, "{said:?}");
    }
    for body in ["", "{", "nonsense", "{} {}"] {
        run(&["publish", "settle-race", body]).refuses(&["is not JSON"]);
    }
}

#[test]
fn a_directory_that_is_not_there_is_no_cloud() {
    run(&["verify", "--data", "/nowhere/at/all"]).refuses(&["/nowhere/at/all", "koban up"]);
    run(&["token", "alice", "--data", "/nowhere/at/all"]).refuses(&["no cloud runs on /nowhere/at/all"]);
    run(&["feed", "/nowhere/at/all"]).refuses(&["/nowhere/at/all"]);
}

#[test]
fn a_user_of_any_name_gets_a_token() {
    let cloud = Cloud::start();
    for name in ["ghost", "花子", "a b&c=d#e", &"x".repeat(255)] {
        let said = run(&["token", name, "--data", &cloud.data()]);
        assert_eq!((said.code, said.out.split('.').count()), (Some(0), 3), "{said:?}");
    }
}
