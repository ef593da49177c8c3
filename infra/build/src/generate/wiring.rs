//! Terraform's wiring: every function with its trigger, limits and grants; every table, queue, topic and secret. Each entry names its
//! service, and each service those that it needs, so that an environment can have some of them. Terraform adds nothing that is not here
//! but names, accounts and the environment's choices.

use cloud::{CORS, SCHEDULE_MESSAGE};
use platform::Service;
use platform::deployment::{ROUTES_MAX, all_needs, needs};
use platform::function::{Action, Function, Grant, Route, Schedule, Trigger};
use platform::resource::{QueueSpec, Table};
use platform::service::tables_of;
use serde::Serialize;
use std::collections::BTreeMap;

/// The whole wiring, by name.
#[derive(Debug, Serialize)]
pub struct Wiring {
    services: BTreeMap<&'static str, ServiceWiring>,
    functions: BTreeMap<&'static str, FunctionWiring>,
    tables: BTreeMap<&'static str, TableWiring>,
    queues: BTreeMap<&'static str, QueueWiring>,
    topics: BTreeMap<&'static str, TopicWiring>,
    secrets: BTreeMap<&'static str, SecretWiring>,
    alarms: BTreeMap<&'static str, AlarmWiring>,
    /// How many routes an API may have.
    routes_max: usize,
    cors: CorsWiring,
}

#[derive(Debug, Serialize)]
struct ServiceWiring {
    doc: &'static str,
    /// Every service that must be deployed with it.
    needs: Vec<&'static str>,
    /// What it needs of others directly, and why.
    because: BTreeMap<&'static str, Vec<String>>,
}

#[derive(Debug, Serialize)]
struct FunctionWiring {
    service: &'static str,
    summary: &'static str,
    timeout_seconds: u64,
    memory_mb: u32,
    trigger: TriggerWiring,
    grants: Vec<GrantWiring>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    forgets: Vec<ForgetWiring>,
    sends: Vec<&'static str>,
    publishes: Vec<&'static str>,
    secrets: Vec<&'static str>,
    settings: Vec<&'static str>,
    alarms: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum TriggerWiring {
    Http { method: &'static str, path: &'static str, authorization: &'static str, rate: u32, burst: u32 },
    Queue { queue: &'static str, batch: u32, concurrency: u32 },
    Schedule { queue: &'static str, schedule: String, time_zone: &'static str, message: &'static str },
    Stream { table: &'static str, batch: u32, failures: &'static str },
}

#[derive(Debug, Serialize)]
struct GrantWiring {
    table: &'static str,
    /// IAM actions on the table.
    actions: Vec<&'static str>,
    /// IAM actions on the table that are admitted only inside a transaction.
    actions_in_transaction: Vec<&'static str>,
    /// The indexes that may be queried.
    indexes: Vec<&'static str>,
}

/// Items that may be deleted: those of a table whose partition key begins with `prefix`.
#[derive(Debug, Serialize)]
struct ForgetWiring {
    table: &'static str,
    prefix: &'static str,
}

#[derive(Debug, Serialize)]
struct TableWiring {
    /// None where the platform owns it: it is there when a function of any service reads it.
    service: Option<&'static str>,
    doc: &'static str,
    indexes: Vec<IndexWiring>,
}

#[derive(Debug, Serialize)]
struct IndexWiring {
    name: &'static str,
    hash: &'static str,
    range: &'static str,
}

#[derive(Debug, Serialize)]
struct QueueWiring {
    service: &'static str,
    doc: &'static str,
    /// The function that works it off; none for the queues that keep what a relay could not map.
    consumer: Option<&'static str>,
    visibility_seconds: u64,
    receives_max: u32,
    subscriptions: Vec<SubscriptionWiring>,
}

#[derive(Debug, Serialize)]
struct SubscriptionWiring {
    topic: &'static str,
    types: &'static [&'static str],
    data: BTreeMap<&'static str, &'static [&'static str]>,
}

#[derive(Debug, Serialize)]
struct TopicWiring {
    doc: &'static str,
}

#[derive(Debug, Serialize)]
struct SecretWiring {
    doc: &'static str,
}

#[derive(Debug, Serialize)]
struct AlarmWiring {
    doc: &'static str,
}

#[derive(Debug, Serialize)]
struct CorsWiring {
    allow_methods: Vec<&'static str>,
    allow_headers: Vec<&'static str>,
    expose_headers: Vec<&'static str>,
    max_age_seconds: u32,
}

/// The wiring of `services`.
pub fn document(services: &[&'static Service]) -> Wiring {
    let functions = || services.iter().flat_map(|service| service.functions.iter().map(move |function| (service, *function)));
    let consumer =
        |queue: &QueueSpec| functions().find(|(_, function)| function.consumes().is_some_and(|of| std::ptr::eq(of, queue)));
    let all = services.iter();
    let owner =
        |table: &Table| all.clone().find(|service| service.tables.iter().any(|own| own.name == table.name)).map(|of| of.name);
    Wiring {
        services: all.clone().map(|service| (service.name, of_service(service, services))).collect(),
        functions: functions().map(|(service, function)| (function.name, of_function(service.name, function))).collect(),
        tables: tables_of(services).into_iter().map(|table| (table.name, of_table(owner(table), table))).collect(),
        queues: (all.clone().flat_map(|service| service.queues().map(|queue| (service.name, queue))))
            .map(|(service, queue)| (queue.name, of_queue(service, queue, consumer(queue).map(|(_, function)| function))))
            .collect(),
        topics: (all.clone().flat_map(|service| service.topics()))
            .map(|topic| (topic.name, TopicWiring { doc: topic.doc }))
            .collect(),
        secrets: (all.clone().flat_map(|service| service.secrets()))
            .map(|secret| (secret.name, SecretWiring { doc: secret.doc }))
            .collect(),
        alarms: (all.flat_map(|service| service.alarms())).map(|alarm| (alarm.name, AlarmWiring { doc: alarm.doc })).collect(),
        routes_max: ROUTES_MAX,
        cors: cors(),
    }
}

fn of_service(service: &'static Service, services: &[&'static Service]) -> ServiceWiring {
    let mut because: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for need in needs(service, services) {
        because.entry(need.service).or_default().push(need.why.to_string());
    }
    ServiceWiring { doc: service.doc, needs: all_needs(service, services), because }
}

fn cors() -> CorsWiring {
    let list = |text: &'static str| text.split(',').collect();
    CorsWiring {
        allow_methods: list(CORS.allow_methods),
        allow_headers: list(CORS.allow_headers),
        expose_headers: list(CORS.expose_headers),
        max_age_seconds: CORS.max_age_seconds,
    }
}

fn of_function(service: &'static str, function: &'static Function) -> FunctionWiring {
    FunctionWiring {
        service,
        summary: function.summary,
        timeout_seconds: function.timeout.as_secs(),
        memory_mb: function.memory_mb,
        trigger: of_trigger(function),
        grants: of_grants(function),
        forgets: function.forgets.iter().map(|kind| ForgetWiring { table: kind.table.name, prefix: kind.prefix }).collect(),
        sends: function.sends_to().map(|queue| queue.name).collect(),
        publishes: function.publishes.iter().map(|publishes| publishes.topic.name).collect(),
        secrets: function.secrets.iter().map(|reads| reads.secret.name).collect(),
        settings: function.settings.iter().map(|setting| setting.name).collect(),
        alarms: function.alarms.iter().map(|alarm| alarm.name).collect(),
    }
}

fn of_trigger(function: &'static Function) -> TriggerWiring {
    match &function.trigger {
        Trigger::Http(Route { method, path, access, throttle, .. }) => TriggerWiring::Http {
            method: method.as_str(),
            path,
            authorization: if access.has_token() { "jwt" } else { "none" },
            rate: throttle.rate,
            burst: throttle.burst,
        },
        Trigger::Queue { queue, batch, concurrency, .. } => {
            TriggerWiring::Queue { queue: queue.name, batch: *batch, concurrency: *concurrency }
        }
        Trigger::Schedule { queue, schedule } => {
            let (schedule, time_zone) = of_schedule(*schedule);
            TriggerWiring::Schedule { queue: queue.name, schedule, time_zone, message: SCHEDULE_MESSAGE }
        }
        Trigger::Stream { table, batch, failures } => {
            TriggerWiring::Stream { table: table.name, batch: *batch, failures: failures.name }
        }
    }
}

/// A schedule as EventBridge Scheduler takes it, and its time zone.
fn of_schedule(schedule: Schedule) -> (String, &'static str) {
    match schedule {
        Schedule::EveryMinutes(1) => ("rate(1 minute)".into(), "UTC"),
        Schedule::EveryMinutes(minutes) => (format!("rate({minutes} minutes)"), "UTC"),
        Schedule::Cron { fields, zone } => (format!("cron({fields})"), zone),
    }
}

/// The grants by table: what a route's access reads may be of a table that the function has grants on anyway.
fn of_grants(function: &'static Function) -> Vec<GrantWiring> {
    let mut grants: Vec<GrantWiring> = Vec::new();
    for grant in function.grants.iter().map(|grant| of_grant(&grant)) {
        match grants.iter_mut().find(|known| known.table == grant.table) {
            Some(known) => known.add(grant),
            None => grants.push(grant),
        }
    }
    grants
}

impl GrantWiring {
    fn add(&mut self, other: Self) {
        let add = |to: &mut Vec<&'static str>, more: Vec<&'static str>| {
            to.extend(more.into_iter().filter(|one| !to.contains(one)).collect::<Vec<_>>());
        };
        add(&mut self.actions, other.actions);
        add(&mut self.actions_in_transaction, other.actions_in_transaction);
        add(&mut self.indexes, other.indexes);
    }
}

fn of_grant(grant: &Grant) -> GrantWiring {
    let iam = |action: &Action| match action {
        Action::GetItem => Some("dynamodb:GetItem"),
        Action::BatchGetItem => Some("dynamodb:BatchGetItem"),
        Action::Query => Some("dynamodb:Query"),
        Action::PutItem => Some("dynamodb:PutItem"),
        Action::QueryIndex | Action::PutInTransaction => None,
    };
    let has = |action| grant.actions.contains(&action);
    GrantWiring {
        table: grant.table.name,
        actions: grant.actions.iter().filter_map(iam).collect(),
        actions_in_transaction: if has(Action::PutInTransaction) { vec!["dynamodb:PutItem"] } else { Vec::new() },
        indexes: if has(Action::QueryIndex) { grant.table.indexes.iter().map(|index| index.name).collect() } else { Vec::new() },
    }
}

fn of_table(service: Option<&'static str>, table: &'static Table) -> TableWiring {
    let index =
        |index: &'static platform::resource::Index| IndexWiring { name: index.name, hash: index.hash, range: index.range };
    TableWiring { service, doc: table.doc, indexes: table.indexes.iter().map(index).collect() }
}

fn of_queue(service: &'static str, queue: &'static QueueSpec, consumer: Option<&'static Function>) -> QueueWiring {
    let subscription = |subscription: platform::resource::Subscription| SubscriptionWiring {
        topic: subscription.topic.name,
        types: subscription.types,
        data: subscription.data.iter().copied().collect(),
    };
    QueueWiring {
        service,
        doc: queue.doc,
        consumer: consumer.map(|function| function.name),
        visibility_seconds: consumer.map_or(30, |function| function.visibility().as_secs()),
        receives_max: queue.receives_max,
        subscriptions: queue.subscriptions.iter().map(subscription).collect(),
    }
}
