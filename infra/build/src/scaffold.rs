//! The next function: what `koban new` writes. Everything is checked and planned before the first byte is written, so a refusal leaves the
//! tree as it was; what is written compiles, and fails its own test until it is filled in.

mod edit;
mod error;
mod name;
mod plan;
mod resources;
mod route;
mod schedule;
mod service;
mod template;
mod types;

pub use error::ScaffoldError;
pub use plan::{File, Plan};
pub use route::Http;
pub use schedule::every_minutes;

use name::Name;
use platform::resource::Service;
use std::path::Path;

/// A function to be made.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Verb and noun: `get-settlement`.
    pub name: String,
    /// The service that it shall belong to.
    pub service: String,
    /// Whether the service is to be made, too.
    pub new_service: bool,
    pub trigger: Trigger,
}

/// What shall start it.
#[derive(Debug, Clone)]
pub enum Trigger {
    Http(Http),
    /// The messages of this queue.
    Queue(String),
    /// The clock, through a queue of the function's own name.
    Schedule {
        every_minutes: u32,
    },
}

/// Plans `wanted` for the sources at `root`, of which `services` are the definitions.
///
/// # Errors
/// When a name, a route or a queue is not free or not well formed, a file is there already, or a list is not where it should be.
pub fn plan(root: &Path, services: &[&'static Service], wanted: &Wanted) -> Result<Plan, ScaffoldError> {
    let name = Name::parse(&wanted.name)?;
    let service = wanted.service.as_str();
    name.check_free(services)?;
    if let Trigger::Http(http) = &wanted.trigger {
        http.check_free(services)?;
    }
    let mut plan = Plan::new(root);
    service::check_or_add(&mut plan, services, wanted, &name)?;
    let queue = resources::queue(&mut plan, services, wanted)?;

    let stem = name.stem();
    let function = match (&wanted.trigger, &queue) {
        (Trigger::Http(http), _) => template::http(&name, http, &types::of_parameters(root, services, http)),
        (Trigger::Queue(_), queue) => template::queue(&name, queue.as_deref().unwrap_or_default()),
        (Trigger::Schedule { every_minutes }, queue) => {
            template::schedule(&name, queue.as_deref().unwrap_or_default(), *every_minutes)
        }
    };
    plan.create(format!("functions/{service}/src/{stem}.rs"), function)?;
    plan.create(format!("functions/{service}/src/bin/{}.rs", name.as_str()), template::binary(service, &stem))?;
    let lib = format!("functions/{service}/src/lib.rs");
    if !wanted.new_service {
        plan.edit(&lib, |text| edit::append(text, "platform::functions![", &stem))?;
    }
    plan.create(format!("tests/it/functions/{stem}.rs"), template::test(service, &name, &wanted.trigger))?;
    plan.edit("tests/it/functions/mod.rs", |text| edit::insert_sorted(text, "mod ", &format!("mod {stem};")))?;
    plan.format()?;
    Ok(plan)
}
