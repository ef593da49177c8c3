//! Files of the data directory that are empty, cut short, garbage, directories or gone: the file is named, with what to do.

use super::process::{Cloud, Said, copy, run};
use std::path::Path;

/// What may happen to a file.
const DAMAGES: [&str; 4] = ["empty", "cut short", "garbage", "a directory"];

fn damage(file: &Path, how: &str) {
    let bytes = std::fs::read(file).unwrap();
    match how {
        "empty" => std::fs::write(file, "").unwrap(),
        "cut short" => std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap(),
        "garbage" => std::fs::write(file, [0xff, 0x00, 0xfe, 0x0a].repeat(2_048)).unwrap(),
        _ => {
            std::fs::remove_file(file).unwrap();
            std::fs::create_dir(file).unwrap();
        }
    }
}

/// What `check` says of a copy of the directory after each damage of the file. The file stays as it is.
fn after_each_damage(name: &str, check: impl Fn(&Cloud) -> Said) {
    let cloud = Cloud::stopped();
    let whole = cloud.directory.path().join("whole");
    copy(&cloud.file(""), &whole);
    for how in DAMAGES {
        std::fs::remove_dir_all(cloud.file("")).unwrap();
        copy(&whole, &cloud.file(""));
        damage(&cloud.file(name), how);
        let before = std::fs::read(cloud.file(name)).ok();
        println!("{name} is {how}");
        let said = check(&cloud);
        said.refuses(&[name]);
        assert_eq!(std::fs::read(cloud.file(name)).ok(), before, "{name}, {how}: it was changed");
    }
}

#[test]
fn a_start_names_the_file_that_it_cannot_use() {
    for name in ["clock.json", "issuer.pem", "secrets/feed", "manifest.json", "cloud.sqlite", "dynamodb.sqlite"] {
        after_each_damage(name, Cloud::up);
    }
}

#[test]
fn verify_names_the_file_that_it_cannot_use() {
    for name in ["clock.json", "manifest.json", "cloud.sqlite", "dynamodb.sqlite"] {
        after_each_damage(name, Cloud::verify);
    }
}

#[test]
fn what_was_there_and_is_gone_is_missed() {
    for name in ["clock.json", "cloud.sqlite", "dynamodb.sqlite"] {
        let cloud = Cloud::stopped();
        std::fs::remove_file(cloud.file(name)).unwrap();
        for said in [cloud.up(), cloud.verify()] {
            said.refuses(&[name, "is gone", "put it back"]);
        }
        assert!(!cloud.file(name).exists(), "{name} was begun again");
    }
}

#[test]
fn what_may_go_is_made_again() {
    for name in ["issuer.pem", "secrets/feed", "lock", "logs/functions.jsonl"] {
        let cloud = Cloud::stopped();
        std::fs::remove_file(cloud.file(name)).unwrap();
        let said = cloud.up();
        assert_eq!(said.code, Some(0), "{name} {said:?}");
    }
}

#[test]
fn a_file_in_the_place_of_a_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    run(&["up", "--port", "0", "--data", file]).refuses(&[file]);
    run(&["up", "--port", "0", "--data", &format!("{file}/below")]).refuses(&[file]);
    run(&["verify", "--data", file]).refuses(&[file]);
    run(&["token", "alice", "--data", file]).refuses(&[file]);
    for name in ["secrets", "logs"] {
        let cloud = Cloud::stopped();
        std::fs::remove_dir_all(cloud.file(name)).unwrap();
        std::fs::write(cloud.file(name), "").unwrap();
        cloud.up().refuses(&[name]);
    }
    let cloud = Cloud::stopped();
    std::fs::remove_file(cloud.file("lock")).unwrap();
    std::fs::create_dir(cloud.file("lock")).unwrap();
    cloud.up().refuses(&["lock"]);
}

#[test]
fn a_url_that_is_none_is_named() {
    let cloud = Cloud::stopped();
    run(&["token", "alice", "--data", &cloud.data()]).refuses(&["no cloud runs", "koban up --data"]);
    for bytes in [&b""[..], b"nonsense", b"ftp://x", &[0xff, 0]] {
        std::fs::write(cloud.file("url"), bytes).unwrap();
        for command in ["token", "redrive"] {
            run(&[command, "settle-race", "--data", &cloud.data()]).refuses(&["url", "koban up --data"]);
        }
    }
    std::fs::remove_file(cloud.file("url")).unwrap();
    std::fs::create_dir(cloud.file("url")).unwrap();
    run(&["token", "alice", "--data", &cloud.data()]).refuses(&["url"]);
    cloud.up().refuses(&["url"]);
}
