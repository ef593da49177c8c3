//! The next function, or the next service: what `koban new` writes. Everything is checked and planned before the first byte is written, so
//! a refusal leaves the tree as it was. What is written compiles, and fails its own test until the function is written.
//!
//! A function touches files of its service alone. The texts are plain files in `templates`.

mod edit;
mod error;
mod name;
mod parameter;
mod plan;
mod route;
mod schedule;
mod service;
mod template;

pub use error::ScaffoldError;
pub use plan::{File, Plan};
pub use route::Http;
pub use schedule::Schedule;
pub use service::plan_service;

use name::{Name, constant, is_kebab};
use platform::Service;
use std::path::Path;
use template::{fill, of_function};

/// A function to be made.
#[derive(Debug, Clone)]
pub struct NewFunction {
    /// Verb and noun: `get-settlement`.
    pub name: String,
    /// The service that it belongs to.
    pub service: String,
    pub trigger: Trigger,
}

/// What starts it.
#[derive(Debug, Clone)]
pub enum Trigger {
    Http(Http),
    /// The messages of this queue, which is made as well.
    Queue(String),
    /// The scheduler, through a queue of the function's own name.
    Schedule(Schedule),
}

/// Plans the function `new` for the sources at `root`, of which `services` are the definitions.
///
/// When a name, a route or a queue is taken or malformed. When a file exists already, or a list is not where it should be.
pub fn plan_function(root: &Path, services: &[&'static Service], new: &NewFunction) -> Result<Plan, ScaffoldError> {
    let name = Name::parse(&new.name)?;
    let service = new.service.as_str();
    name.check_free(services)?;
    if !services.iter().any(|known| known.name == service) {
        let known = services.iter().map(|service| service.name).collect::<Vec<_>>().join(", ");
        return Err(ScaffoldError::NoService { name: service.to_owned(), known });
    }
    let mut plan = Plan::new(root);
    match &new.trigger {
        Trigger::Http(http) => http.check_free(services)?,
        Trigger::Queue(queue) => add_queue(&mut plan, services, service, queue)?,
        Trigger::Schedule(_) => check_queue(services, &new.name)?,
    }
    add_module(&mut plan, service, "prelude", "mod prelude;", template::PRELUDE)?;

    let stem = name.stem();
    let written = of_function(root, services, new, &name);
    let source = |path: &str| format!("functions/{service}/{path}");
    plan.create(source(&format!("src/{stem}.rs")), written.function)?;
    let binary = fill(template::BINARY, &[("SERVICE", service), ("STEM", &stem)]);
    plan.create(source(&format!("src/bin/{}.rs", name.as_str())), binary)?;
    plan.edit(source("src/lib.rs"), |text| edit::append(text, "platform::functions![", &stem))?;
    plan.create(source(&format!("tests/it/{stem}.rs")), written.test)?;
    plan.edit(source("tests/it/main.rs"), |text| edit::add_module(text, &format!("mod {stem};")))?;
    plan.format()?;
    Ok(plan)
}

/// The service's module `name`, when it has none yet.
fn add_module(plan: &mut Plan, service: &str, name: &str, declared: &str, text: &str) -> Result<(), ScaffoldError> {
    let path = format!("functions/{service}/src/{name}.rs");
    if !plan.has(&path) {
        plan.create(path, fill(text, &[("SERVICE", service)]))?;
        plan.edit(format!("functions/{service}/src/lib.rs"), |text| edit::add_module(text, declared))?;
    }
    Ok(())
}

/// Plans a typed queue in the service's `messages.rs`. Its dead-letter queue needs nothing: every queue has one.
fn add_queue(plan: &mut Plan, services: &[&'static Service], service: &str, queue: &str) -> Result<(), ScaffoldError> {
    check_queue(services, queue)?;
    add_module(plan, service, "messages", "pub mod messages;", template::MESSAGES)?;
    let path = format!("functions/{service}/src/messages.rs");
    let (constant, message) = (constant(queue), name::camel(queue));
    let text = plan.text(Path::new(&path))?;
    for taken in [&constant, &message] {
        if text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == taken) {
            return Err(ScaffoldError::QueueNamed { path: path.into(), name: taken.clone() });
        }
    }
    let values = [("CONSTANT", constant.as_str()), ("MESSAGE", &message), ("QUEUE", queue)];
    plan.edit(path, |text| Ok(format!("{}\n{}", text.trim_end(), fill(template::QUEUE, &values))))
}

/// Refuses a queue's name that is malformed or in use.
fn check_queue(services: &[&'static Service], queue: &str) -> Result<(), ScaffoldError> {
    if !is_kebab(queue) || queue.ends_with("-dlq") {
        return Err(ScaffoldError::Queue(queue.to_owned()));
    }
    let uses = |function: &&'static platform::Function| {
        let definition = &function.definition;
        definition.consumes().into_iter().chain(definition.failures()).any(|used| used.name == queue)
    };
    match services.iter().flat_map(|service| service.functions.iter().copied()).find(uses) {
        Some(by) => Err(ScaffoldError::QueueTaken { queue: queue.to_owned(), by: by.name }),
        None => Ok(()),
    }
}
