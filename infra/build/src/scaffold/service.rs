//! A service that does not exist yet: a crate without functions, its tests' crate, and its three entries in the workspace. It is asked for
//! by its own command, so that a misspelt name makes none.

use super::name::is_identifier;
use super::template::fill;
use super::{Plan, ScaffoldError, edit};
use platform::Service;
use std::path::Path;

/// Plans the service `name` for the sources at `root`, of which `services` are the definitions.
///
/// # Errors
/// When the name is malformed or taken, a file is there already, or a list is not where it should be.
pub fn plan_service(root: &Path, services: &[&'static Service], name: &str) -> Result<Plan, ScaffoldError> {
    let mut plan = Plan::new(root);
    check(&plan, services, name)?;
    for (path, template) in [
        ("Cargo.toml", include_str!("templates/manifest.template")),
        ("src/lib.rs", include_str!("templates/service.template")),
        ("tests/it/main.rs", include_str!("templates/test_main.template")),
        ("tests/it/examples.rs", include_str!("templates/test_examples.template")),
    ] {
        plan.create(format!("functions/{name}/{path}"), fill(template, &[("SERVICE", name)]))?;
    }
    let entries = |tail: &str| services.iter().map(|service| format!("{}{tail}", service.name)).collect::<Vec<_>>();
    let dependency = format!("{name} = {{ path = \"functions/{name}\" }}");
    plan.edit("Cargo.toml", |text| edit::insert_behind(text, &entries(" = { path = \"functions/"), &dependency))?;
    let dependency = format!("{name}.workspace = true");
    plan.edit("infra/koban/Cargo.toml", |text| edit::insert_behind(text, &entries(".workspace = true"), &dependency))?;
    let registry = "pub const SERVICES: &[&Service] = &[";
    plan.edit("infra/koban/src/registry.rs", |text| edit::append(text, registry, &format!("&{name}::SERVICE")))?;
    plan.format()?;
    Ok(plan)
}

fn check(plan: &Plan, services: &[&'static Service], name: &str) -> Result<(), ScaffoldError> {
    if services.iter().any(|service| service.name == name) {
        return Err(ScaffoldError::ServiceTaken { name: name.to_owned() });
    }
    if !is_identifier(name) || name.contains('_') {
        return Err(ScaffoldError::ServiceName(name.to_owned()));
    }
    let workspace = plan.text(Path::new("Cargo.toml"))?;
    let is_package = workspace.lines().any(|line| line.split([' ', '.', '=']).next() == Some(name));
    if is_package || plan.has(&format!("tests/{name}")) || ["tests", "std", "core", "alloc", "test"].contains(&name) {
        return Err(ScaffoldError::PackageTaken { name: name.to_owned() });
    }
    Ok(())
}
