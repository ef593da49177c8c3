//! The queue of a worker: one of the service's that nobody consumes yet, or a new one, written where the service's queues stand. Its
//! dead-letter queue needs nothing: every queue has one.

use super::name::{constant, is_kebab};
use super::{Plan, ScaffoldError, Trigger, Wanted, edit};
use platform::function::{Function, Handler};
use platform::resource::{Queue, Service};
use std::path::Path;

/// What the service's own `lib.rs` calls the queue; plans the queue when it is new. None for a route.
pub fn queue(plan: &mut Plan, services: &[&'static Service], wanted: &Wanted) -> Result<Option<String>, ScaffoldError> {
    let (queue, doc) = match &wanted.trigger {
        Trigger::Http(_) => return Ok(None),
        Trigger::Queue(queue) => (queue.as_str(), "Say in a line what waits here.".to_owned()),
        Trigger::Schedule { .. } => (wanted.name.as_str(), format!("The clock's call to {}.", wanted.name)),
    };
    if !is_kebab(queue) || queue.ends_with("-dlq") {
        return Err(ScaffoldError::Queue(queue.to_owned()));
    }
    let constant = constant(queue);
    if !is_there(services, &wanted.service, queue)? {
        add(plan, &wanted.service, queue, &constant, &doc)?;
    }
    Ok(Some(constant))
}

/// Whether the service has that queue, free to be consumed.
fn is_there(services: &[&'static Service], service: &str, name: &str) -> Result<bool, ScaffoldError> {
    let with = |of: &&'static Service| of.queues.iter().find(|queue| queue.name == name).map(|queue| (*of, *queue));
    let Some((owner, queue)) = services.iter().find_map(with) else { return Ok(false) };
    let functions = services.iter().flat_map(|service| service.functions);
    if let Some(by) = functions.copied().find(|function| uses(function, queue)) {
        return Err(ScaffoldError::QueueTaken { queue: name.to_owned(), by: by.name });
    }
    if owner.name != service {
        return Err(ScaffoldError::QueueElsewhere { queue: name.to_owned(), service: owner.name });
    }
    Ok(true)
}

/// Whether the function works the queue off, or keeps its failures there.
fn uses(function: &Function, queue: &'static Queue) -> bool {
    let consumes = function.consumes().is_some_and(|consumed| std::ptr::eq(consumed, queue));
    consumes || matches!(&function.handler, Handler::Relay { failures, .. } if std::ptr::eq(*failures, queue))
}

fn add(plan: &mut Plan, service: &str, name: &str, constant: &str, doc: &str) -> Result<(), ScaffoldError> {
    let path = format!("functions/{service}/src/lib.rs");
    let text = plan.text(Path::new(&path))?;
    if [format!("static {constant}:"), format!("const {constant}:")].iter().any(|taken| text.contains(taken)) {
        return Err(ScaffoldError::ConstantTaken { path: path.into(), name: constant.to_owned() });
    }
    plan.edit(&path, |text| edit::append(text, "queues: &[", &format!("&{constant}")))?;
    plan.edit(&path, |text| Ok(with_static(text, name, constant, doc)))
}

/// `text` with the queue's static behind the last queue, or at the end.
fn with_static(text: &str, name: &str, constant: &str, doc: &str) -> String {
    let imported = text.lines().any(|line| line.starts_with("use platform::resource::") && line.contains("Queue"));
    let kind = if imported { "Queue" } else { "platform::resource::Queue" };
    let queue = format!(
        "\npub static {constant}: {kind} = {kind} {{ name: \"{name}\", doc: \"{doc}\", receives_max: 5, subscriptions: &[] }};\n"
    );
    let last = text
        .rmatch_indices("\npub static ")
        .map(|(at, _)| at + 1)
        .find(|at| text[*at..].lines().next().is_some_and(|line| line.contains("Queue =")));
    let end = last.and_then(|at| text[at..].find("};\n").map(|end| at + end + "};\n".len())).unwrap_or(text.len());
    format!("{}{queue}{}", &text[..end], &text[end..])
}
