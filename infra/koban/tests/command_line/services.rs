//! A choice of services: they run alone, and a cloud of all services goes on with their data.

use super::process::{Cloud, run};
use client::http::{BaseUrl, Call};
use client::local::Local;

/// The statuses of `paths`, asked without a token.
fn statuses<const N: usize>(cloud: &Cloud, paths: [&str; N]) -> [u16; N] {
    let base: BaseUrl = std::fs::read_to_string(cloud.file("url")).unwrap().trim().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut local = Local::new(base);
        let mut statuses = [0; N];
        for (status, path) in statuses.iter_mut().zip(paths) {
            *status = local.connection.send(&Call::get(path).unwrap()).await.unwrap().status.as_u16();
        }
        statuses
    })
}

const PATHS: [&str; 3] = ["/v1/wallet", "/v1/races?date=2026-05-23", "/v1/health"];

#[test]
fn the_chosen_services_run_with_what_they_need_and_no_other_does() {
    for (services, expected) in [("wallet", [401, 404, 404]), ("racing", [401, 200, 404]), ("ops", [404, 404, 200])] {
        let cloud = Cloud::start_with(&["--services", services]);
        assert_eq!(statuses(&cloud, PATHS), expected, "{services}");
    }
}

#[test]
fn a_cloud_of_all_services_goes_on_where_one_of_some_stopped() {
    let mut cloud = Cloud::start_with(&["--services", "wallet"]);
    cloud.stop();
    cloud.start_again(&[]);
    assert_eq!(statuses(&cloud, PATHS), [401, 200, 200]);
}

#[test]
fn only_the_dead_letters_of_the_chosen_services_are_counted() {
    let cloud = Cloud::start_with(&["--services", "wallet"]);
    let said = run(&["redrive", "--services", "wallet", "--data", &cloud.data()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("collect-topup") && !said.out.contains("settle-race"), "{said:?}");
    // Without the choice a queue that is missing is not passed over.
    run(&["redrive", "--data", &cloud.data()]).refuses(&["settle-race"]);
}

#[test]
fn a_service_that_is_none_is_refused_with_those_that_are() {
    for command in ["up", "package", "redrive"] {
        for names in ["walet", "wallet,", "", "Racing", "wallet racing"] {
            run(&[command, "--services", names]).misused(&["--services", "ops, wallet, racing"]);
        }
    }
}
