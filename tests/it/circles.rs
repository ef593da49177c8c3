//! No file of a crate is reached from what it reaches. A circle of files has no bottom to begin reading at, and none of its files can be
//! moved or compiled alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// The path of a module within its crate: `cloud::queues::poller` is `["queues", "poller"]`.
type Module = Vec<String>;

/// The files of a crate that are compiled without tests, by module.
fn modules(source: &Path) -> BTreeMap<Module, syn::File> {
    let mut found = BTreeMap::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.extend((name != "bin" && name != "tests").then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") && !name.ends_with("tests") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(module(path.strip_prefix(source).unwrap()), syn::parse_file(&text).unwrap());
            }
        }
    }
    found
}

fn module(path: &Path) -> Module {
    let path = path.with_extension("");
    let mut parts: Module = path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    let is_face = parts.last().is_some_and(|last| last == "mod" || (parts.len() == 1 && (last == "lib" || last == "main")));
    if is_face {
        parts.pop();
    }
    parts
}

/// Collects the modules of the same crate that a file names.
struct Names<'a> {
    own: &'a Module,
    known: &'a BTreeSet<Module>,
    named: BTreeSet<Module>,
}

impl Names<'_> {
    /// Takes a path that begins with `crate`, `self` or `super`; any other is of another crate, or of the file itself.
    fn take(&mut self, path: &[String]) {
        let (mut from, mut rest) = match path.first().map(String::as_str) {
            Some("crate") => (Module::new(), &path[1..]),
            Some("self") => (self.own.clone(), &path[1..]),
            Some("super") => (self.own.clone(), path),
            _ => return,
        };
        while let Some((_, further)) = rest.split_first().filter(|(first, _)| *first == "super") {
            from.pop();
            rest = further;
        }
        from.extend_from_slice(rest);
        // What is named in a module is named of its file.
        while !self.known.contains(&from) && from.pop().is_some() {}
        if from != *self.own {
            self.named.insert(from);
        }
    }

    fn take_tree(&mut self, tree: &syn::UseTree, path: &mut Module) {
        match tree {
            syn::UseTree::Path(of) => {
                path.push(of.ident.to_string());
                self.take_tree(&of.tree, path);
                path.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.take_tree(item, path)),
            syn::UseTree::Name(name) => self.take(&[path.clone(), vec![name.ident.to_string()]].concat()),
            syn::UseTree::Rename(rename) => self.take(&[path.clone(), vec![rename.ident.to_string()]].concat()),
            syn::UseTree::Glob(_) => self.take(path),
        }
    }
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.take_tree(&item.tree, &mut Module::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.take(&path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>());
        syn::visit::visit_path(self, path);
    }

    /// `pub(super)` names nobody.
    fn visit_vis_restricted(&mut self, _visibility: &'ast syn::VisRestricted) {}

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        // Tests within a file may name anything.
        if !item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

/// The arrows of a crate: from each file to those it names.
fn arrows(source: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let files = modules(source);
    let known: BTreeSet<Module> = files.keys().cloned().collect();
    let of_file = |(own, file): (&Module, &syn::File)| {
        let mut names = Names { own, known: &known, named: BTreeSet::new() };
        names.visit_file(file);
        (own.clone(), names.named)
    };
    files.iter().map(of_file).collect()
}

/// The files that can be reached from themselves.
fn in_circles(arrows: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let reaches_itself = |start: &Module| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(next) = open.pop() {
            for to in arrows.get(next).into_iter().flatten() {
                if to == start {
                    return true;
                }
                if seen.insert(to) {
                    open.push(to);
                }
            }
        }
        false
    };
    arrows.keys().filter(|module| reaches_itself(module)).map(|module| module.join("::")).collect()
}

/// Every crate of the repository that is not of tests.
fn crates() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = vec![root.join("shared")];
    for folder in ["shared", "infra", "functions"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        found.extend(entries.filter(|path| path.join("Cargo.toml").exists()));
    }
    assert!(found.len() > 10, "only {found:?}");
    found
}

#[test]
fn no_files_of_a_crate_form_a_circle() {
    let mut faults = Vec::new();
    for path in crates() {
        let circular = in_circles(&arrows(&path.join("src")));
        if !circular.is_empty() {
            faults.push(format!("{}: {} name each other in a circle", path.display(), circular.join(", ")));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn a_circle_is_found_in_every_way_that_files_name_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a; mod b; mod c; pub use a::one;");
    write("a.rs", "mod inner; use crate::{b::{two, three}};");
    write("a/inner.rs", "fn four() { super::super::c::five() }");
    write("b.rs", "fn two() {}");
    write("c.rs", "pub(super) fn five() {} #[cfg(test)] mod tests { use crate::a; }");
    let circles = || in_circles(&arrows(folder.path()));
    assert_eq!(circles(), Vec::<String>::new());
    write("b.rs", "fn two() { crate::c::five() }");
    write("c.rs", "use super::a::inner;");
    assert_eq!(circles(), ["a::inner", "c"]);
    write("a/inner.rs", "use super::*;");
    assert_eq!(circles(), ["a", "a::inner", "b", "c"]);
}
