//! The ops service: what tells whether Koban is up, and what it is.

platform::functions![check_health, get_openapi];

pub static SERVICE: platform::resource::Service = platform::resource::Service {
    name: "ops",
    doc: "Health and the API's own description.",
    tables: &[],
    queues: &[],
    topics: &[],
    secrets: &[],
    alarms: &[],
    functions: FUNCTIONS,
};
