//! Why a function cannot be made as it was asked for, each with what to do instead. Nothing was written then.

use std::path::PathBuf;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum ScaffoldError {
    #[error("{0:?} is no function's name: take a verb and a noun in small letters with hyphens, at most 40, like get-settlement")]
    Name(String),
    #[error("{name} is a function of {service} already: choose another name, or change functions/{service}/src/{stem}.rs")]
    NameTaken { name: String, stem: String, service: &'static str },
    #[error("{0:?} is no service's name: take one word of small letters that Rust does not reserve, like canvas")]
    ServiceName(String),
    #[error("there is no service {name}; there are: {known}. `koban new --service {name}` makes it")]
    NoService { name: String, known: String },
    #[error("{name} is a service already: give the name and the trigger of a function to add one to it")]
    ServiceTaken { name: String },
    #[error("{name} is a package already that the workspace builds or uses: choose another name for the service")]
    PackageTaken { name: String },
    #[error("{0:?} is no route: give a method and a path, like \"GET /v1/races/{{race}}/settlement\"")]
    Route(String),
    #[error("{0:?} is no method of a route: take GET, POST, PUT, PATCH or DELETE")]
    Method(String),
    #[error("{path} is no path: {why}")]
    Path { path: String, why: String },
    #[error("{route} is {by}'s route: take another path, or change that function")]
    RouteTaken { route: String, by: &'static str },
    #[error(
        "{by} calls the parameter {{{other}}} that is {{{name}}} here: call it {{{other}}}, one place in a path has one name"
    )]
    ParameterNamed { name: String, other: String, by: &'static str },
    #[error("an endpoint that changes something acts for a person: leave --public out with {0}")]
    PublicChange(&'static str),
    #[error("{0} is no number of minutes: take one minute to a year, like --every-minutes 5")]
    Minutes(u32),
    #[error(
        "{0:?} is no cron expression: give minutes, hours, day of month, month, day of week and year, with a ? for one of the days, like \
             \"0 3 1 * ? *\""
    )]
    Cron(String),
    #[error("{0:?} is no time zone: give a name of the IANA database, like Asia/Tokyo")]
    Zone(String),
    #[error(
        "{0:?} is no queue's name: take small letters and hyphens, at most 40, like count-cards, without -dlq: every queue has its \
             dead-letter queue"
    )]
    Queue(String),
    #[error("the queue {queue} is {by}'s: a queue has one consumer, so take a new name; both can subscribe to the same topic")]
    QueueTaken { queue: String, by: &'static str },
    #[error("{} has a {name} already: choose another name for the queue", path.display())]
    QueueNamed { path: PathBuf, name: String },
    #[error("{} is there already: remove it, or choose another name", .0.display())]
    Exists(PathBuf),
    #[error("{} should have exactly one line that begins with `{anchor}`, where the new entry goes. Restore the line, or add the \
             function by hand like its neighbors", path.display())]
    Anchor { path: PathBuf, anchor: String },
    #[error("{what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error("rustfmt does not take {}: {why}; is it installed (`rustup component add rustfmt`)?", path.display())]
    Format { path: PathBuf, why: String },
}
