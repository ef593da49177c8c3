//! `koban simulate`: a seed that anybody can replay, in a process of their own.

use super::process::run;

#[test]
fn a_seed_has_one_history_in_two_processes_and_its_trace_is_readable() {
    let trace = || run(&["simulate", "--seed", "3", "--people", "2", "--operations", "20", "--trace"]);
    let (one, other) = (trace(), trace());
    assert_eq!((one.code, &one.out), (Some(0), &other.out), "{}", one.err);
    for word in ["POST /v1/topups", "collect-topup  dynamodb.PutItem", "seed 3: "] {
        assert!(one.out.contains(word), "{word}: {}", one.out);
    }
}

#[test]
fn seeds_are_reported_for_machines() {
    let said = run(&["simulate", "--seeds", "2", "--people", "2", "--operations", "10", "--json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    for field in ["seeds", "operations", "faults", "violations", "seeds_per_s", "slowest_seed_ms"] {
        assert!(report[field].is_number(), "{field}: {report}");
    }
    assert_eq!((&report["seeds"], &report["violations"]), (&2.into(), &0.into()));
}

#[test]
fn wrong_arguments_say_what_there_is() {
    run(&["simulate", "--seed", "1", "--without", "slow,unknown"]).misused(&["no such fault", "lost_before"]);
    run(&["simulate", "--trace"]).misused(&["--seed"]);
    run(&["simulate", "--seeds", "5", "--matrix"]).misused(&["--matrix"]);
}
