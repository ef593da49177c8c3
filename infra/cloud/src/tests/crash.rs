//! A process that is killed while it works, and the one that comes after it. The child is this very test binary.

use super::*;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const DIRECTORY: &str = "KOBAN_CRASH_DIRECTORY";
const ROUNDS: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of the test below"]
async fn child() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let cloud = cloud(std::path::Path::new(&directory)).await;
    for number in 0..10_000 {
        let name = format!("{}-{number}", std::process::id());
        assert_eq!(add_note(&cloud, &name, "red").await, 201);
        println!("acknowledged {name}");
    }
}

/// The notes that a child acknowledged before it was killed.
fn killed_after(directory: &std::path::Path, count: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "tests::crash::child"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    // The test runner may have written something before it on the same line.
    let acknowledged = |line: String| line.split_once("acknowledged ").map(|(_, name)| name.to_owned());
    let mut lines = lines.filter_map(acknowledged);
    let mut names: Vec<_> = lines.by_ref().take(count).collect();
    child.kill().unwrap();
    names.extend(lines);
    child.wait().unwrap();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_by_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for round in 0..ROUNDS {
        let path = directory.path().to_owned();
        let count = 5 + 17 * round as usize;
        names.extend(tokio::task::spawn_blocking(move || killed_after(&path, count)).await.unwrap());
    }
    let cloud = cloud(directory.path()).await;
    cloud.idle().await.unwrap();
    for name in &names {
        assert!(note(&cloud, name).await.is_some(), "{name} was acknowledged");
        assert!(note(&cloud, &format!("seen-{name}")).await.is_some(), "{name}'s event was delivered");
    }
    assert_eq!(cloud.status().await.unwrap().dead, 0);
    cloud.stop().await;
}
