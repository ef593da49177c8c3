//! A service that does not exist yet: a crate like its neighbours, and its three entries in the workspace. Asked for expressly, so that
//! a misspelt name makes none.

use super::name::{Name, is_identifier};
use super::{Plan, ScaffoldError, Wanted, edit, template};
use platform::resource::Service;
use std::path::Path;

/// Refuses a service that is not there, or plans it when it shall be new.
pub fn check_or_add(plan: &mut Plan, services: &[&'static Service], wanted: &Wanted, name: &Name) -> Result<(), ScaffoldError> {
    let is_there = services.iter().any(|service| service.name == wanted.service);
    match (is_there, wanted.new_service) {
        (true, false) => Ok(()),
        (true, true) => Err(ScaffoldError::ServiceTaken { name: wanted.service.clone() }),
        (false, true) => add(plan, services, &wanted.service, name),
        (false, false) => {
            let known = services.iter().map(|service| service.name).collect::<Vec<_>>().join(", ");
            Err(ScaffoldError::NoService { name: wanted.service.clone(), known })
        }
    }
}

fn add(plan: &mut Plan, services: &[&'static Service], name: &str, function: &Name) -> Result<(), ScaffoldError> {
    if !is_identifier(name) || name.contains('_') {
        return Err(ScaffoldError::ServiceName(name.to_owned()));
    }
    let workspace = plan.text(Path::new("Cargo.toml"))?;
    let is_package = workspace.lines().any(|line| line.split([' ', '.', '=']).next() == Some(name));
    let is_package = is_package || plan.has(&format!("tests/{name}"));
    if is_package || ["tests", "std", "core", "alloc", "test"].contains(&name) {
        return Err(ScaffoldError::PackageTaken { name: name.to_owned() });
    }
    // What a service needs to be built is what the first one needs.
    let first = services.first().map_or_else(|| name, |service| service.name);
    let manifest = plan.text(Path::new(&format!("functions/{first}/Cargo.toml")))?;
    let manifest = manifest.replacen(&format!("name = \"{first}\""), &format!("name = \"{name}\""), 1);
    plan.create(format!("functions/{name}/Cargo.toml"), manifest)?;
    plan.create(format!("functions/{name}/src/lib.rs"), template::service(name, &function.stem()))?;

    let entries = |tail: &str| services.iter().map(|service| format!("{}{tail}", service.name)).collect::<Vec<_>>();
    let dependency = format!("{name} = {{ path = \"functions/{name}\" }}");
    plan.edit("Cargo.toml", |text| edit::insert_behind(text, &entries(" = { path = \"functions/"), &dependency))?;
    let dependency = format!("{name}.workspace = true");
    plan.edit("infra/koban/Cargo.toml", |text| edit::insert_behind(text, &entries(".workspace = true"), &dependency))?;
    let registry = "pub const SERVICES: &[&Service] = &[";
    plan.edit("infra/koban/src/registry.rs", |text| edit::append(text, registry, &format!("&{name}::SERVICE")))
}
