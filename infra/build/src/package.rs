//! The functions as AWS Lambda takes them: one zip each, the same bytes for the same source, with a manifest that Terraform reads. So an
//! unchanged function is an empty plan, on any builder's machine.

mod elf;
mod manifest;
mod zip;

pub use manifest::{Manifest, PackagedFunction};
pub use zip::of_bootstrap;

use memchr::memmem;
use platform::Function;
use platform::Service;
use platform::https::BENCHMARK_ROOT;
use sha2::{Digest, Sha256};
use shared::planted::CANARY;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use thiserror::Error;

/// The newest glibc that `provided.al2023` has.
pub const GLIBC_MAX: (u32, u32) = (2, 34);
/// The largest zip that is let through, in bytes.
pub const ZIP_BYTES_MAX: u64 = 3_500_000;
/// Cargo's profile of what is packaged, in the workspace's manifest.
const PROFILE: &str = "lambda";
/// How much of a builder's path a message shows. Names in a binary are adjacent, without an end.
const PATH_BYTES_TOLD_MAX: usize = 80;

/// An architecture of AWS Lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Architecture {
    /// x86-64, as Lambda calls it.
    #[value(name = "x86_64")]
    X86,
    /// Graviton; built with cargo-zigbuild or cargo-lambda where this machine is not one.
    #[value(name = "arm64")]
    Arm,
}

impl Architecture {
    /// Of the machine that runs this.
    pub const fn here() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm } else { Self::X86 }
    }

    /// As Rust writes it.
    const fn rust_name(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "aarch64",
        }
    }

    /// As AWS writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }
}

/// Why there is no package.
#[derive(Debug, Error)]
pub enum PackageError {
    #[error("{what}")]
    Io {
        what: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the functions do not build; cargo says above why")]
    Build,
    #[error("{function} is not an ELF binary: {reason}")]
    Elf { function: &'static str, reason: String },
    #[error(
        "{function} needs {needed}, and provided.al2023 has GLIBC_2.34: build on a machine with an older glibc, or with cargo-zigbuild"
    )]
    Glibc { function: &'static str, needed: String },
    #[error("{function} is not built for {wanted}: `koban package --arch {wanted}` without --binaries says how it is")]
    Architecture { function: &'static str, wanted: &'static str },
    #[error("{function} has {path} in it, a path of the machine that built it, so that elsewhere it would have other bytes")]
    Path { function: &'static str, path: String },
    #[error("{function} trusts the benchmark's root: build it without the feature `benchmark`")]
    BenchmarkRoot { function: &'static str },
    #[error("{function} has planted bugs: build it without the feature `planted`")]
    PlantedBugs { function: &'static str },
    #[error("zips of more than {ZIP_BYTES_MAX} bytes: {functions}; see what they link")]
    TooLarge { functions: String },
    #[error("the zip of {function} cannot be written: {reason}")]
    Zip { function: &'static str, reason: String },
}

impl PackageError {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }
}

/// Where packages are written: `target/lambda`.
pub fn directory(root: &Path) -> PathBuf {
    root.join("target/lambda")
}

/// The directory of `bin/<function>`, which cargo or another builder has made.
#[derive(Debug, Clone)]
pub struct Binaries(pub PathBuf);

/// Builds every function's binary, in release and with this machine's paths left out.
pub fn build(root: &Path, services: &[&'static Service]) -> Result<Binaries, PackageError> {
    let (mut cargo, binaries) = cargo_build(root, services);
    let status = cargo.status().map_err(PackageError::io("cargo cannot be run"))?;
    if status.success() { Ok(binaries) } else { Err(PackageError::Build) }
}

/// How every function's binary is built, for who runs it themselves, and where the binaries are then.
pub fn cargo_build(root: &Path, services: &[&'static Service]) -> (Command, Binaries) {
    let (mut cargo, binaries) = cargo(root, services);
    for service in services {
        cargo.args(["-p", service.name]);
    }
    cargo.arg("--bins");
    (cargo, binaries)
}

/// How anything is built that is to be like a packaged function of `services`; what it is must be added.
pub fn cargo(root: &Path, services: &[&'static Service]) -> (Command, Binaries) {
    cargo_into(root, &root.join("target/functions"), services)
}

/// The same with another target directory.
pub fn cargo_into(root: &Path, target: &Path, services: &[&'static Service]) -> (Command, Binaries) {
    let mut cargo = crate::cargo::command();
    cargo.current_dir(root).args(["build", "--profile", PROFILE, "--locked"]).arg("--target-dir").arg(target);
    cargo.args(units(services).flat_map(|setting| ["--config".to_owned(), setting]));
    cargo.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags(root));
    (cargo, Binaries(target.join(PROFILE)))
}

/// How every function's binary is built with a cross linker for another architecture or system, for a shell, and where the binaries are
/// then.
pub fn cross_build(root: &Path, services: &[&'static Service], architecture: Architecture) -> (String, PathBuf) {
    let target = format!("{}-unknown-linux-gnu", architecture.rust_name());
    let packages: Vec<_> = services.iter().map(|service| format!("-p {}", service.name)).collect();
    let units: Vec<_> = units(services).map(|setting| format!("--config '{setting}'")).collect();
    let (major, minor) = GLIBC_MAX;
    let build = format!(
        "rustup target add {target}\n  pip install ziglang && cargo install --locked cargo-zigbuild\n  RUSTFLAGS='{}' cargo zigbuild --profile {PROFILE} --locked {} --bins {} --target {target}.{major}.{minor}",
        forgetful(root).join(" "),
        units.join(" "),
        packages.join(" ")
    );
    (build, root.join("target").join(target).join(PROFILE))
}

/// Cargo's settings of the services' crates: each module is a unit of its own. So a change of one handler changes its own zip alone
/// (docs/decisions/0010). They are not in the workspace's manifest, where each service would need its lines. What is set for a
/// package alone forgets that symbols are stripped.
fn units(services: &[&'static Service]) -> impl Iterator<Item = String> {
    let of =
        |setting: &'static str| move |service: &&'static Service| format!("profile.{PROFILE}.package.{}.{setting}", service.name);
    services.iter().map(of("codegen-units=256")).chain(services.iter().map(of("strip=\"symbols\"")))
}

/// The compiler flags that make a build forget where it was done, and a binary forget what it does not use (docs/decisions/0010).
fn flags(root: &Path) -> String {
    let mut flags = forgetful(root);
    // GNU ld drops the tables of exceptions of functions that are dropped. LLD, which rustc would take, keeps them, so that every
    // binary of a service would change with each of its handlers.
    flags.push("-Clink-arg=-fuse-ld=bfd".into());
    flags.join("\u{1f}")
}

fn forgetful(root: &Path) -> Vec<String> {
    own_paths(root).iter().map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display())).collect()
}

/// The directories of this machine that sources are in, with what a binary calls them.
fn own_paths(root: &Path) -> Vec<(PathBuf, &'static str)> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    [(root, "/koban")].into_iter().chain(home.map(|home| (home, "/cargo"))).collect()
}

/// Refuses zips that are too large, all of them at once.
pub fn check_sizes(manifest: &Manifest) -> Result<(), PackageError> {
    let too_large = manifest.functions.iter().filter(|(_, function)| function.bytes > ZIP_BYTES_MAX);
    let too_large: Vec<_> = too_large.map(|(name, function)| format!("{name} ({})", function.bytes)).collect();
    if too_large.is_empty() { Ok(()) } else { Err(PackageError::TooLarge { functions: too_large.join(", ") }) }
}

/// Zips every function's binary into `directory`, checks each, and writes the manifest.
pub fn pack(
    directory: &Path,
    binaries: &Binaries,
    functions: &[&'static Function],
    architecture: Architecture,
) -> Result<Manifest, PackageError> {
    std::fs::create_dir_all(directory).map_err(PackageError::io(directory.display().to_string()))?;
    // Compressing takes longer than linking did: each core packs its share.
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let (own, before) = (own_paths(&crate::generate::root()), Manifest::before(directory));
    let pack = |share: &[&'static Function]| {
        let pack = |function: &&'static Function| {
            let bytes = checked(binaries, function, architecture, &own)?;
            Ok((function.name.into(), pack_one(directory, function, &bytes, before.get(function.name))?))
        };
        share.iter().map(pack).collect::<Result<Vec<_>, PackageError>>()
    };
    let packed = std::thread::scope(|scope| {
        let shares = functions.chunks(functions.len().div_ceil(cores).max(1));
        let workers: Vec<_> = shares.map(|share| scope.spawn(|| pack(share))).collect();
        let joined = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect::<Result<Vec<_>, _>>()
    })?;
    let functions = packed.into_iter().flatten().collect();
    let manifest = Manifest::new(architecture.name(), functions);
    manifest.write(directory)?;
    Ok(manifest)
}

/// The function's binary, which Lambda can run and which is the same wherever it was built.
fn checked(
    binaries: &Binaries,
    function: &'static Function,
    architecture: Architecture,
    own: &[(PathBuf, &str)],
) -> Result<Vec<u8>, PackageError> {
    let path = binaries.0.join(function.name);
    let binary = std::fs::read(&path).map_err(PackageError::io(path.display().to_string()))?;
    elf::check(function.name, &binary, architecture)?;
    if has_letters(&binary, BENCHMARK_ROOT) {
        return Err(PackageError::BenchmarkRoot { function: function.name });
    }
    if has_letters(&binary, CANARY) {
        return Err(PackageError::PlantedBugs { function: function.name });
    }
    match path_of_builder(&binary, own) {
        Some(path) => Err(PackageError::Path { function: function.name, path }),
        None => Ok(binary),
    }
}

/// Whether a binary has these letters, which only the feature of which they are the mark puts into it.
fn has_letters(binary: &[u8], letters: &str) -> bool {
    memmem::find(binary, letters.as_bytes()).is_some()
}

/// The first path in a binary that is in one of the directories `own`, unless every machine calls that so.
fn path_of_builder(binary: &[u8], own: &[(PathBuf, &str)]) -> Option<String> {
    own.iter().filter(|(path, name)| path != Path::new(name)).find_map(|(path, _)| {
        let at = memmem::find(binary, format!("{}/", path.display()).as_bytes())?;
        let letters = binary[at..].iter().take(PATH_BYTES_TOLD_MAX).take_while(|byte| byte.is_ascii_graphic());
        Some(letters.map(|byte| char::from(*byte)).collect())
    })
}

/// Zips a binary, unless its zip exists already.
fn pack_one(
    directory: &Path,
    function: &'static Function,
    binary: &[u8],
    before: Option<&PackagedFunction>,
) -> Result<PackagedFunction, PackageError> {
    let name = format!("{}.zip", function.name);
    let path = directory.join(&name);
    let binary_sha256 = sha256(binary);
    let same = before.filter(|before| before.zip == name && before.binary_sha256 == binary_sha256);
    if let Some(before) = same.filter(|before| std::fs::read(&path).is_ok_and(|zip| sha256(&zip) == before.sha256)) {
        return Ok(before.clone());
    }
    let zip = zip::of_bootstrap(binary).map_err(|reason| PackageError::Zip { function: function.name, reason })?;
    std::fs::write(&path, &zip).map_err(PackageError::io(path.display().to_string()))?;
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok(PackagedFunction { zip: name, sha256: sha256(&zip), bytes: length(&zip), binary_bytes: length(binary), binary_sha256 })
}

fn sha256(bytes: &[u8]) -> String {
    data_encoding::BASE64.encode(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &[&Service] = &[&wallet::SERVICE, &racing::SERVICE];

    #[test]
    fn a_binary_that_trusts_the_benchmarks_root_is_refused() {
        assert!(has_letters(b"\x7fELF...KOBAN_PREFIXKOBAN_BENCHMARK_ROOTAWS_REGION", BENCHMARK_ROOT));
        assert!(!has_letters(b"\x7fELF...KOBAN_PREFIXAWS_REGION", BENCHMARK_ROOT));
    }

    #[test]
    fn a_binary_with_planted_bugs_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let function = SERVICES[0].functions[0];
        let of_letters = |letters: &str| {
            let names = format!("\0GLIBC_2.34\0{letters}\0");
            std::fs::write(directory.path().join(function.name), elf::tests::binary(names.as_bytes())).unwrap();
            checked(&Binaries(directory.path().to_owned()), function, Architecture::here(), &[])
        };
        let refused = of_letters("KOBAN_PREFIXKOBAN_PLANTED_BUGSAWS_REGION").unwrap_err();
        assert!(matches!(refused, PackageError::PlantedBugs { .. }), "{refused}");
        assert!(refused.to_string().contains(function.name), "{refused}");
        of_letters("KOBAN_PREFIXAWS_REGION").unwrap();
    }

    #[test]
    fn the_same_binary_is_not_zipped_again_and_a_spoilt_zip_is() {
        let directory = tempfile::tempdir().unwrap();
        let function = SERVICES[0].functions[0];
        let pack = |binary: &[u8], before| pack_one(directory.path(), function, binary, before).unwrap();
        let first = pack(b"binary", None);
        let path = directory.path().join(&first.zip);
        let written = || path.metadata().unwrap().modified().unwrap();
        let at = written();
        assert_eq!((pack(b"binary", Some(&first)), written()), (first.clone(), at));
        assert_ne!(pack(b"another", Some(&first)).sha256, first.sha256);
        std::fs::write(&path, "spoilt").unwrap();
        assert_eq!(pack(b"binary", Some(&first)), first);
        assert_eq!(sha256(&std::fs::read(&path).unwrap()), first.sha256);
    }

    #[test]
    fn a_binary_that_knows_where_it_was_built_is_refused() {
        let own = [(PathBuf::from("/home/ann/koban"), "/koban"), (PathBuf::from("/cargo"), "/cargo")];
        let found = |binary: &[u8]| path_of_builder(binary, &own);
        assert_eq!(found(b"\0/home/ann/koban/shared/src/money.rs\0").unwrap(), "/home/ann/koban/shared/src/money.rs");
        assert_eq!(found(b"\0/koban/shared/src/money.rs/cargo/registry/src/one.rs/home/ann/koban2/x\0"), None);
    }

    /// What [`checked`] refuses a binary for cannot be left out of the recipe by which another machine makes it.
    #[test]
    fn the_recipe_for_another_architecture_builds_every_service_and_forgets_every_path() {
        let root = crate::generate::root();
        let (recipe, binaries) = cross_build(&root, SERVICES, Architecture::Arm);
        for (path, name) in own_paths(&root) {
            assert!(recipe.contains(&format!("--remap-path-prefix={}={name}", path.display())), "{recipe}");
        }
        for service in SERVICES {
            assert!(recipe.contains(&format!(" -p {}", service.name)), "{recipe}");
            assert!(
                recipe.contains(&format!("--config 'profile.lambda.package.{}.codegen-units=256'", service.name)),
                "{recipe}"
            );
        }
        assert!(recipe.starts_with("rustup target add aarch64-unknown-linux-gnu\n"), "{recipe}");
        assert!(recipe.ends_with("--target aarch64-unknown-linux-gnu.2.34"), "{recipe}");
        assert!(binaries.ends_with("target/aarch64-unknown-linux-gnu/lambda"), "{binaries:?}");
    }

    /// Decision 0010: otherwise one changed handler changes the zips of others.
    #[test]
    fn each_module_of_a_service_is_a_unit_of_its_own() {
        let (cargo, _) = cargo_build(Path::new("."), SERVICES);
        let arguments: Vec<_> = cargo.get_args().map(|argument| argument.to_string_lossy()).collect();
        for service in SERVICES {
            for setting in ["codegen-units=256", "strip=\"symbols\""] {
                let setting = format!("profile.lambda.package.{}.{setting}", service.name);
                assert!(arguments.windows(2).any(|pair| pair[0] == "--config" && pair[1] == setting), "{arguments:?}");
            }
        }
    }

    #[test]
    fn a_choice_of_services_is_packaged_alone() {
        let directory = tempfile::tempdir().unwrap();
        let binaries = Binaries(directory.path().join("binaries"));
        std::fs::create_dir_all(&binaries.0).unwrap();
        let chosen = platform::deployment::Deployment::of(&["wallet"], SERVICES).unwrap().services;
        let functions: Vec<_> = platform::service::functions_of(&chosen).collect();
        for function in &functions {
            std::fs::write(binaries.0.join(function.name), elf::tests::binary(b"\0GLIBC_2.34\0")).unwrap();
        }
        let manifest = pack(directory.path(), &binaries, &functions, Architecture::here()).unwrap();
        let names: std::collections::BTreeSet<_> =
            wallet::SERVICE.functions.iter().map(|function| function.name.to_owned()).collect();
        assert_eq!(manifest.functions.keys().cloned().collect::<std::collections::BTreeSet<_>>(), names);
        let (cargo, _) = cargo_build(Path::new("."), &chosen);
        assert!(cargo.get_args().all(|argument| !argument.to_string_lossy().contains("racing")));
    }

    #[test]
    fn functions_are_built_without_features() {
        let (cargo, _) = cargo_build(Path::new("."), SERVICES);
        assert!(cargo.get_args().all(|argument| !argument.to_string_lossy().contains("features")));
    }
}
