//! Every service of Koban. Adding one here gives it its routes, grants, queues, tables, wiring and documents; nothing else in this
//! crate names a service.

use platform::Function;
use platform::resource::Service;

pub const SERVICES: &[&Service] = &[&ops::SERVICE, &wallet::SERVICE, &racing::SERVICE];

/// Every function of every service.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    functions_of(SERVICES)
}

/// Every function of `services`.
pub fn functions_of(services: &'static [&'static Service]) -> impl Iterator<Item = &'static Function> {
    services.iter().flat_map(|service| service.functions.iter().copied())
}

/// The function of that name.
pub fn function(name: &str) -> Option<&'static Function> {
    functions().find(|function| function.name == name)
}
