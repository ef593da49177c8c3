//! The documents' links lead somewhere: to a file that is there and, with an anchor, to a heading of it. What renames a page or a section
//! finds out here.

use build::generate::root;
use std::path::{Path, PathBuf};

/// Every document, relative to the root.
fn documents() -> Vec<PathBuf> {
    let mut documents: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "terraform/README.md"].map(PathBuf::from).into();
    for folder in ["docs", "docs/decisions"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        documents
            .extend(entries.map(|name| Path::new(folder).join(name)).filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    documents
}

/// What `](…)` encloses, outside code; links to the web are somebody else's.
fn links(text: &str) -> Vec<String> {
    let prose = text.split("```").step_by(2);
    let targets = prose.flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.starts_with("http")).map(str::to_owned).collect()
}

/// The anchor of a heading, as it is made where the documents are read.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>();
    kept.replace(' ', "-")
}

fn fault(document: &Path, link: &str) -> Option<String> {
    let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { document.to_owned() } else { document.parent().unwrap_or(Path::new("")).join(file) };
    let path = root().join(&target);
    let fault = |what: &str| Some(format!("{}: {link}: {what}", document.display()));
    if !path.exists() {
        return fault("no such file");
    }
    if fragment.is_empty() {
        return None;
    }
    let text = std::fs::read_to_string(path).unwrap();
    let mut headings = text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#').trim()));
    if headings.any(|heading| heading == fragment) { None } else { fault("no such heading") }
}

#[test]
fn links_lead_somewhere() {
    let mut faults = Vec::new();
    let mut count = 0;
    for document in documents() {
        let found = links(&std::fs::read_to_string(root().join(&document)).unwrap());
        count += found.len();
        faults.extend(found.iter().filter_map(|link| fault(&document, link)));
    }
    assert!(count > 20, "only {count} links found");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn what_leads_nowhere_is_found() {
    let readme = Path::new("README.md");
    assert_eq!(fault(readme, "ARCHITECTURE.md"), None);
    assert_eq!(fault(readme, "#where-to-look"), None);
    assert!(fault(readme, "docs/none.md").is_some() && fault(readme, "ARCHITECTURE.md#none").is_some());
    assert_eq!(links("see [a](b.md#c) and [d](https://e)\n```\n[f](g)\n```"), ["b.md#c"]);
}
