//! The texts of a new function: what its neighbours look like, with nothing granted and nothing done yet. They compile, clippy and rustfmt
//! accept them; a crate of the tests is made of them, so that this is checked with everything else.

use super::name::Name;
use super::types::Parameter;
use super::{Http, Trigger};
use platform::function::Method;
use std::fmt::Write;

/// The binary that every function has.
pub fn binary(service: &str, stem: &str) -> String {
    format!("fn main() -> std::process::ExitCode {{\n    platform::run(&{service}::{stem}::FUNCTION)\n}}\n")
}

/// The `lib.rs` of a new service with its first function.
pub fn service(name: &str, stem: &str) -> String {
    format!(
        r#"//! The {name} service: say here what it is for, and what it owns.

platform::functions![{stem}];

pub static SERVICE: platform::resource::Service = platform::resource::Service {{
    name: "{name}",
    doc: "Say in a line what people do with it.",
    tables: &[],
    queues: &[],
    topics: &[],
    secrets: &[],
    alarms: &[],
    functions: FUNCTIONS,
}};
"#
    )
}

/// A function that answers requests.
pub fn http(name: &Name, http: &Http, parameters: &[Parameter]) -> String {
    let changes = http.method != Method::Get;
    let has_body = changes && http.method != Method::Delete;
    let (noun, kind) = (name.noun(), name.noun_type());
    let trigger = format!(
        r#"Trigger::Http(Route {{
        method: Method::{method},
        path: "{path}",
        access: Access::{access},
        idempotency: Idempotency::{idempotency},
        parameters: &[{parameters}],
        body: {body},
        replies: &[Success::of::<{kind}View>({status}, "The {noun}.")],
        problems: &[{problems}],
        throttle: Throttle {{ rate: 100, burst: 200 }},
    }})"#,
        method = variant(http.method),
        path = http.path,
        access = if http.public { "Public" } else { "User" },
        idempotency = if changes { "Key" } else { "Natural" },
        parameters = parameters.iter().map(definition).collect::<Vec<_>>().join(", "),
        body = if has_body { format!("Some(schema::<{}>())", body_type(http.method, &kind)) } else { "None".into() },
        status = success(http.method),
        problems = if parameters.is_empty() { "" } else { "&problem::NOT_FOUND" },
    );
    [
        format!("//! `{} {}`: say here what it is for, and what always holds.\n\n", http.method.as_str(), http.path),
        http_imports(parameters, has_body),
        "\n".into(),
        function(name, &trigger, 10, "Handler::Http(|context, call| Box::pin(handle(context, call)))"),
        if has_body { body_struct(http.method, &noun, &kind) } else { String::new() },
        view_struct(&noun, &kind, parameters),
        http_handler(name, http.method, parameters, has_body),
    ]
    .concat()
}

/// A function that works off a queue.
pub fn queue(name: &Name, queue: &str) -> String {
    let kind = name.noun_type();
    let trigger = format!("Trigger::Queue {{ queue: &{queue}, batch: 10, concurrency: 5, retry: Retry::AfterVisibility }}");
    [
        "//! The worker that says here what it does, and what holds when a message comes twice.\n\n".to_owned(),
        format!(
            "use crate::{queue};\nuse platform::Context;\nuse platform::function::{{Function, Handler, Retry, Trigger}};\n\
             use platform::message::{{Failure, Message}};\nuse serde::Deserialize;\nuse std::time::Duration;\n\n"
        ),
        function(name, &trigger, 30, MESSAGE_HANDLER),
        format!(
            r#"
/// A message: the id of what to work on and its version, never an amount.
#[derive(Debug, Deserialize)]
struct {kind}Wanted {{}}

#[expect(clippy::unused_async, reason = "handlers are async")]
async fn handle(_context: &Context, message: Message) -> Result<(), Failure> {{
    let {kind}Wanted {{}} = message.json()?;
    // Until this is written a message fails: it comes again, and waits in the dead-letter queue in the end.
    Err(Failure::new("{name} is not written yet"))
}}
"#,
            name = name.as_str(),
        ),
    ]
    .concat()
}

/// A function that the clock starts.
pub fn schedule(name: &Name, queue: &str, every_minutes: u32) -> String {
    let trigger = format!("Trigger::Schedule {{ queue: &{queue}, every_minutes: {every_minutes} }}");
    [
        "//! The sweep that says here what it looks for, and what holds when a call is lost or comes twice.\n\n".to_owned(),
        format!(
            "use crate::{queue};\nuse platform::Context;\nuse platform::function::{{Function, Handler, Trigger}};\n\
             use platform::message::{{Failure, Message}};\nuse std::time::Duration;\n\n"
        ),
        function(name, &trigger, 30, MESSAGE_HANDLER),
        r#"
#[expect(clippy::unused_async, reason = "handlers are async")]
async fn handle(_context: &Context, _message: Message) -> Result<(), Failure> {
    // Until this is written a call does nothing: the next one would do the same work.
    Ok(())
}
"#
        .to_owned(),
    ]
    .concat()
}

/// The function's test, which fails until the function is written.
pub fn test(service: &str, name: &Name, trigger: &Trigger) -> String {
    let (stem, name) = (name.stem(), name.as_str());
    let todo = format!("\"write functions/{service}/src/{stem}.rs, then say here what may be relied on\"");
    let attribute = r#"#[tokio::test(flavor = "multi_thread", worker_threads = 2)]"#;
    if let Trigger::Http(http) = trigger {
        let path = http.path.replace(['{', '}'], "");
        let asked = match http.method {
            Method::Get => format!("user.get(\"{path}\").await"),
            method => format!("user.send_keyed(\"{}\", \"{path}\", &random_text(), &json!({{}})).await", method.as_str()),
        };
        let imports = match http.method {
            Method::Get => "use crate::harness::Target;",
            _ => "use crate::harness::{Target, random_text};\nuse serde_json::json;",
        };
        let (method, status) = (http.method.as_str(), success(http.method));
        return format!(
            "//! `{method} {}`: say here what its callers may rely on.\n\n{imports}\n\n{attribute}\nasync fn it_is_written() {{\n    \
             let target = Target::start().await;\n    let user = target.user();\n    let reply = {asked};\n    \
             assert_eq!(reply.status, {status}, {todo});\n}}\n",
            http.path,
        );
    }
    let (queue, holds) = match trigger {
        Trigger::Queue(queue) => (queue.as_str(), "assert_eq!(worked.outcome, \"1 of 1 handled\", "),
        // Whatever a sweep does, it asks or tells somebody.
        _ => (name, "assert!(worked.calls > 0.0, "),
    };
    format!(
        "//! What {name} does, seen from outside: say here what may be relied on.\n\n\
         use crate::harness::Target;\nuse serde_json::json;\n\n{attribute}\nasync fn it_is_written() {{\n    \
         let Some(target) = Target::start_local().await else {{ return }};\n    \
         target.publish(\"{queue}\", &json!({{}})).await;\n    \
         let worked = async || target.invocations(\"{name}\").pop();\n    \
         let worked = target.eventually(\"{name} is started\", worked).await;\n    {holds}{todo});\n}}\n"
    )
}

const MESSAGE_HANDLER: &str = "Handler::Message(|context, message| Box::pin(handle(context, message)))";

/// The definition.
fn function(name: &Name, trigger: &str, timeout_seconds: u32, handler: &str) -> String {
    format!(
        r#"pub static FUNCTION: Function = Function {{
    name: "{name}",
    summary: "Say in a line what it does",
    doc: "Say in a paragraph what it promises.",
    trigger: {trigger},
    grants: &[],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs({timeout_seconds}),
    memory_mb: 256,
    handler: {handler},
}};
"#,
        name = name.as_str(),
    )
}

fn http_imports(parameters: &[Parameter], has_body: bool) -> String {
    let mut of_function = vec!["Access", "Function", "Handler", "Idempotency", "Method"];
    let mut of_platform = vec!["Call", "Context", "Problem", "Reply"];
    if !parameters.is_empty() {
        of_function.push("Parameter");
        of_platform.push("problem");
    }
    of_function.extend(["Route", "Success", "Throttle", "Trigger"]);
    if has_body {
        of_function.push("schema");
    }
    let mut text = format!("use platform::function::{{{}}};\n", of_function.join(", "));
    let _ = writeln!(text, "use platform::{{{}}};", of_platform.join(", "));
    text += "use schemars::JsonSchema;\n";
    text += if has_body { "use serde::{Deserialize, Serialize};\n" } else { "use serde::Serialize;\n" };
    for parameter in parameters {
        if let Some(module) = &parameter.module {
            let _ = writeln!(text, "use {module}::{};", parameter.kind);
        }
    }
    text + "use std::time::Duration;\n"
}

fn definition(parameter: &Parameter) -> String {
    format!("Parameter::path::<{}>(\"{}\", \"{}\")", parameter.kind, parameter.name, parameter.doc)
}

fn body_struct(method: Method, noun: &str, kind: &str) -> String {
    let body = body_type(method, kind);
    format!(
        "\n/// What the {noun} shall be.\n#[derive(Debug, Deserialize, JsonSchema)]\n#[serde(deny_unknown_fields)]\nstruct {body} {{}}\n"
    )
}

fn view_struct(noun: &str, kind: &str, parameters: &[Parameter]) -> String {
    let mut text = format!("\n/// The {noun}.\n#[derive(Debug, Serialize, JsonSchema)]\nstruct {kind}View {{");
    for Parameter { name, kind, doc, .. } in parameters {
        let _ = write!(text, "\n    /// {doc}\n    {name}: {kind},");
    }
    text + if parameters.is_empty() { "}\n" } else { "\n}\n" }
}

fn http_handler(name: &Name, method: Method, parameters: &[Parameter], has_body: bool) -> String {
    let kind = name.noun_type();
    let call = if parameters.is_empty() && !has_body { "_call" } else { "call" };
    let mut text = format!(
        "\n#[expect(clippy::unused_async, reason = \"handlers are async\")]\n\
         async fn handle(_context: &Context, {call}: Call) -> Result<Reply, Problem> {{\n"
    );
    for Parameter { name, kind, .. } in parameters {
        let _ = writeln!(text, "    let {name} = call.path::<{kind}>(\"{name}\")?;");
    }
    if has_body {
        let _ = writeln!(text, "    let {} {{}} = call.json()?;", body_type(method, &kind));
    }
    if method != Method::Get {
        text += "    // Commit one object whose id is derived from the key (`platform::commit`): a repeat finds it, and its answer.\n";
    }
    let fields = parameters.iter().map(|parameter| parameter.name.as_str()).collect::<Vec<_>>().join(", ");
    let status = success(method);
    let _ = writeln!(text, "    // 501 until this is written; then {status}, as `replies` says.");
    let fields = if fields.is_empty() { "{}".into() } else { format!("{{ {fields} }}") };
    let _ = writeln!(text, "    Reply::json(501, &{kind}View {fields})\n}}");
    text
}

const fn variant(method: Method) -> &'static str {
    match method {
        Method::Get => "Get",
        Method::Post => "Post",
        Method::Put => "Put",
        Method::Patch => "Patch",
        Method::Delete => "Delete",
    }
}

/// The status of a request that was done.
const fn success(method: Method) -> u16 {
    match method {
        Method::Post => 201,
        _ => 200,
    }
}

fn body_type(method: Method, kind: &str) -> String {
    if method == Method::Post { format!("New{kind}") } else { format!("{kind}Change") }
}
