//! What drives the proofs and the demo knows no service; the registry alone lists what each service brings. So a further service brings
//! its own without an edit of the drivers or of another service.

use build::generate::root;
use demo::DemoPart;
use koban::registry::{DEMO, PROOFS, SERVICES};
use proofs::proof::Shown;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The crates that drive.
const DRIVERS: [&str; 3] = ["infra/proofs", "infra/demo", "infra/simulator"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The names of a service's crates, as manifests and sources write them, and of its tables, as sources write them.
fn names_of_services() -> BTreeSet<String> {
    let tables = SERVICES.iter().flat_map(|service| service.tables).map(|table| format!("\"{}\"", table.name));
    let crates = SERVICES.iter().flat_map(|service| {
        let name = service.name;
        [format!("{name}::"), format!("{name}_"), format!("{name}."), format!("{name}-"), format!("\"{name}\"")]
    });
    tables.chain(crates).collect()
}

/// Where `text` names a service: not in the middle of another word.
fn named(text: &str) -> Vec<String> {
    // `std::ops` is no service.
    let is_part =
        |before: &str| before.ends_with("std::") || before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    let is_named =
        |name: &String| text.match_indices(name.as_str()).any(|(at, _)| name.starts_with('"') || !is_part(&text[..at]));
    names_of_services().into_iter().filter(is_named).collect()
}

#[test]
fn what_drives_proofs_demos_and_simulations_names_no_service() {
    let files: Vec<_> = DRIVERS.into_iter().flat_map(|driver| files(&root().join(driver))).collect();
    assert!(files.len() > 10, "{files:?}");
    let faults = files.iter().flat_map(|file| {
        let text = std::fs::read_to_string(file).unwrap();
        named(&text).into_iter().map(|name| format!("{} names {name}", file.display())).collect::<Vec<_>>()
    });
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn a_named_service_is_found_and_other_words_are_not() {
    for text in
        ["use racing::RACING;", "wallet-domain.workspace = true", "each(\"bank\")", "\nwallet.workspace", "racing_domain::Race"]
    {
        assert!(!named(text).is_empty(), "{text}");
    }
    for text in ["tracing::info", "bank_clearing", "operations::scan", "the wallets", "shops.workspace"] {
        assert!(named(text).is_empty(), "{text}: {:?}", named(text));
    }
}

/// A table that no proof reads could be wrong without anybody seeing it.
#[test]
fn every_table_is_read_by_the_proof_of_its_service_and_by_no_other() {
    let mut defined = BTreeSet::new();
    for service in SERVICES {
        defined.extend(service.tables.iter().map(|table| (service.name, table.name)));
    }
    let mut read = Vec::new();
    for proof in PROOFS {
        read.extend(proof.tables.iter().map(|table| (proof.service, *table)));
    }
    assert_eq!(read.len(), read.iter().collect::<BTreeSet<_>>().len(), "one is read twice");
    assert_eq!(read.into_iter().collect::<BTreeSet<_>>(), defined);
}

/// Counts, sums and promises are fields of one JSON object, and what is reported by one name is of one proof.
#[test]
fn what_proofs_report_has_names_of_its_own() {
    let shown = |shown: &'static Shown| match shown {
        Shown::Count(count) => vec![count.key],
        Shown::Sums(sums) => sums.iter().map(|sum| sum.0).collect(),
    };
    let own = ["clean", "empty", "items", "unreadable", "journals", "lines", "totals", "promises", "off", "off_unnamed", "read"];
    let names: Vec<_> = own.into_iter().chain(PROOFS.iter().flat_map(|proof| proof.shows).flat_map(shown)).collect();
    assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len(), "{names:?}");
    let own = ["everything_read", "sum_zero", "journals_fold"];
    let promises: Vec<_> = own.into_iter().chain(PROOFS.iter().flat_map(|proof| proof.promises).map(|it| it.key)).collect();
    assert_eq!(promises.len(), promises.iter().collect::<BTreeSet<_>>().len(), "{promises:?}");
    let accounts: Vec<_> = PROOFS.iter().flat_map(|proof| proof.witnesses).map(|witness| witness.account).collect();
    assert_eq!(accounts.len(), accounts.iter().collect::<BTreeSet<_>>().len(), "{accounts:?}");
}

#[test]
fn a_part_of_the_demo_is_of_a_service_and_measures_tables_that_there_are() {
    let tables: BTreeSet<_> = SERVICES.iter().flat_map(|service| service.tables).map(|table| table.name).collect();
    let functions: BTreeSet<_> = koban::registry::functions().map(|function| function.name).collect();
    let name = |part: &&dyn DemoPart| part.name();
    assert_eq!(DEMO.iter().map(name).collect::<BTreeSet<_>>().len(), DEMO.len());
    for part in DEMO {
        assert!(SERVICES.iter().any(|service| service.name == part.name()), "{}", part.name());
        assert!(part.pair().iter().all(|table| tables.contains(table)), "{}", part.name());
        assert!(part.counted().iter().all(|name| functions.contains(name)), "{}", part.name());
    }
}
