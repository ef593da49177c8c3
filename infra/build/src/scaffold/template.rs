//! The texts of a new function, from the files in `templates`: nothing is granted and nothing is done yet. They compile, and clippy and
//! rustfmt accept them: the crate `tests/example` is made of them and checked with everything else.

use super::name::{Name, camel, constant};
use super::{Http, NewFunction, Schedule, Trigger, parameter};
use platform::Service;
use platform::function::Method;
use std::path::Path;

pub const BINARY: &str = include_str!("templates/binary.template");
pub const PRELUDE: &str = include_str!("templates/prelude.template");
pub const MESSAGES: &str = include_str!("templates/messages.template");
pub const QUEUE: &str = include_str!("templates/queue.template");

/// A new function's file and its test.
pub struct Written {
    pub function: String,
    pub test: String,
}

/// `template` with each `{NAME}` replaced by its value.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

pub fn of_function(root: &Path, services: &[&'static Service], new: &NewFunction, name: &Name) -> Written {
    let (stem, verb, noun, kind) = (name.stem(), name.verb(), name.noun(), name.noun_type());
    let about =
        [("NAME", name.as_str()), ("SERVICE", &new.service), ("STEM", &stem), ("VERB", &verb), ("NOUN", &noun), ("KIND", &kind)];
    match &new.trigger {
        Trigger::Http(http) => of_route(root, services, &new.service, http, &about),
        Trigger::Queue(queue) => {
            let (constant, message) = (constant(queue), camel(queue));
            let values = [&about[..], &[("QUEUE", queue), ("CONSTANT", &constant), ("MESSAGE", &message)]].concat();
            of_messages(include_str!("templates/worker.template"), &values)
        }
        Trigger::Schedule(schedule) => {
            let constructor = match schedule {
                Schedule::EveryMinutes(minutes) => format!("every_minutes(\"{}\", {minutes})", new.name),
                Schedule::Cron { fields, zone } => format!("cron(\"{}\", \"{fields}\", \"{zone}\")", new.name),
            };
            let values = [&about[..], &[("QUEUE", new.name.as_str()), ("CONSTRUCTOR", &constructor)]].concat();
            of_messages(include_str!("templates/sweep.template"), &values)
        }
    }
}

fn of_messages(function: &str, values: &[(&str, &str)]) -> Written {
    Written { function: fill(function, values), test: fill(include_str!("templates/test_message.template"), values) }
}

/// What the texts of a route depend on its method for.
struct OfMethod {
    template: &'static str,
    constructor: &'static str,
    /// Who asks, as the handler takes it.
    caller: &'static str,
    reply: &'static str,
    status: &'static str,
    /// Why a repeat changes nothing more.
    once: &'static str,
    body: &'static str,
}

const BY_INTENT: &str = "Then `context.once` puts one object under an id of the intent: a repeat gets its answer.";
const BY_PATH: &str = "The path names what it changes, so that a repeat changes nothing more.";

impl OfMethod {
    const fn new(method: Method) -> Self {
        let change = include_str!("templates/change.template");
        let (once, body) = (BY_INTENT, "b\"{}\"");
        let post = Self {
            template: change,
            constructor: "post",
            caller: "_intent: Intent",
            reply: "Created",
            status: "201",
            once,
            body,
        };
        match method {
            Method::Get => Self {
                template: include_str!("templates/get.template"),
                caller: "_user: UserId",
                status: "200",
                body: "&[]",
                ..post
            },
            Method::Post => post,
            Method::Patch => Self { constructor: "patch", reply: "Json", status: "200", ..post },
            Method::Put => {
                Self { constructor: "put", caller: "_user: UserId", reply: "Json", status: "200", once: BY_PATH, ..post }
            }
            Method::Delete => Self {
                template: include_str!("templates/delete.template"),
                caller: "_user: UserId",
                status: "204",
                once: BY_PATH,
                body: "&[]",
                ..post
            },
        }
    }
}

fn of_route(root: &Path, services: &[&'static Service], service: &str, http: &Http, about: &[(&str, &str)]) -> Written {
    let of = OfMethod::new(http.method);
    let parameters = parameter::of_route(root, services, service, http);
    let caller = if http.public { None } else { Some(of.caller.to_owned()) };
    let takes = parameters.iter().map(|parameter| format!("Path(_{}): Path<{}>", parameter.name, parameter.kind));
    let arguments = caller.into_iter().chain(takes).collect::<Vec<_>>().join(", ");
    let imports: String =
        parameters.iter().filter_map(|parameter| Some(format!("use {};\n", parameter.import.as_ref()?))).collect();
    let is_keyed = of.caller.ends_with("Intent");
    let example = http.path.replace(['{', '}'], "");
    let of_route = [
        ("METHOD", http.method.as_str()),
        ("PATH", &http.path),
        ("CONSTRUCTOR", of.constructor),
        ("ACCESS", if http.public { ".public()\n    " } else { "" }),
        ("IMPORTS", &imports),
        ("ARGUMENTS", &arguments),
        ("REPLY", of.reply),
        ("ONCE", of.once),
        ("TESTING", if is_keyed { "{Target, random_text}" } else { "Target" }),
        ("EXAMPLE", &example),
        ("KEY", if is_keyed { "Some(&random_text())" } else { "None" }),
        ("BODY", of.body),
        ("STATUS", of.status),
    ];
    let values = [about, &of_route[..]].concat();
    Written { function: fill(of.template, &values), test: fill(include_str!("templates/test_http.template"), &values) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_replaces_every_use_of_its_name() {
        assert_eq!(fill("{A} and {{A}}, not {a} or {B}", &[("A", "x")]), "x and {x}, not {a} or {B}");
    }
}
