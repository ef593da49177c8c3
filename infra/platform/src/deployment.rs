//! Which services are deployed together: those that are chosen, and those that they need. What a service needs is derived from its
//! functions' definitions. It declares only what no definition shows.

use crate::access::ACCESS;
use crate::resource::Setting;
use crate::service::Service;
use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use thiserror::Error;

/// How many integrations an HTTP API may have, one for each route: AWS's quota, which it does not raise.
pub const ROUTES_MAX: usize = 300;

/// Which services an environment has, for the function that describes its API.
pub static SERVICES: Setting =
    Setting { name: "SERVICES", doc: "which services there are: all, or their names, separated by commas", local: "all" };

/// What a service needs of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The service that must be there.
    pub service: &'static str,
    pub why: Why,
}

/// Why a service needs another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A function is granted this table.
    Table(&'static str),
    /// A function sends to this queue.
    Queue(&'static str),
    /// A queue subscribes to this topic.
    Topic(&'static str),
    /// The service says so, by [`Service::needs`].
    Declared,
}

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(name) => write!(f, "the table {name}"),
            Self::Queue(name) => write!(f, "the queue {name}"),
            Self::Topic(name) => write!(f, "the topic {name}"),
            Self::Declared => f.write_str("declared"),
        }
    }
}

/// Why services cannot be deployed as asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeploymentError {
    #[error("there is no service {name:?}: the services are {known}")]
    Unknown { name: String, known: String },
    #[error("no service is chosen: the services are {known}")]
    Nothing { known: String },
    #[error(
        "{service} uses {what}, which no service has: add it to its service's tables, or a function that consumes or publishes it"
    )]
    Unowned { service: &'static str, what: Why },
    #[error("{service} declares that it needs {need:?}, which is no other service: the services are {known}")]
    NoSuchNeed { service: &'static str, need: &'static str, known: String },
    #[error("{service} declares that it needs {need}, and its definitions show that already ({why}): remove the declaration")]
    Redundant { service: &'static str, need: &'static str, why: Why },
    #[error("{service} declares that it needs {need}, which needs {service}: a declared need must not be circular")]
    Circular { service: &'static str, need: &'static str },
}

/// What runs together.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// In the order of the registry.
    pub services: Vec<&'static Service>,
    /// What was not chosen and is needed: the service that needs it, and the need.
    pub brought: Vec<(&'static str, Need)>,
}

impl Deployment {
    /// The services of `names`, of all there are, with every service that they need.
    ///
    /// # Errors
    /// When no name is given, or one is no service's.
    pub fn of(names: &[impl AsRef<str>], all: &[&'static Service]) -> Result<Self, DeploymentError> {
        if names.is_empty() {
            return Err(DeploymentError::Nothing { known: known(all) });
        }
        let mut chosen = Vec::new();
        for name in names.iter().map(AsRef::as_ref) {
            let service = find(name, all);
            chosen.push(service.ok_or_else(|| DeploymentError::Unknown { name: name.into(), known: known(all) })?.name);
        }
        let mut brought: Vec<(&'static str, Need)> = Vec::new();
        // It grows while it is read: what a brought service needs is brought as well. Each service is added once.
        let mut at = 0;
        while let Some(name) = chosen.get(at).copied() {
            at += 1;
            for need in find(name, all).map(|service| needs(service, all)).unwrap_or_default() {
                if !chosen.contains(&need.service) {
                    chosen.push(need.service);
                    brought.push((name, need));
                }
            }
        }
        Ok(Self { services: all.iter().copied().filter(|service| chosen.contains(&service.name)).collect(), brought })
    }
}

/// What `service` needs of the others of `all`, directly.
pub fn needs(service: &'static Service, all: &[&'static Service]) -> Vec<Need> {
    let owned = uses(service).into_iter().filter_map(|why| Some(Need { service: owner(why, service, all)?.name, why }));
    let declared = service.needs.iter().map(|name| Need { service: name, why: Why::Declared });
    let others: BTreeSet<Need> = owned.chain(declared).filter(|need| need.service != service.name).collect();
    others.into_iter().collect()
}

/// Every service that `service` needs, directly or by another, in the order of `all`.
pub fn all_needs(service: &'static Service, all: &[&'static Service]) -> Vec<&'static str> {
    let together = Deployment::of(&[service.name], all).map(|deployment| deployment.services).unwrap_or_default();
    together.iter().map(|other| other.name).filter(|other| *other != service.name).collect()
}

/// Whether every need is of a service that is there, and each declared one says something new.
///
/// # Errors
/// The first need that is not.
pub fn check(all: &[&'static Service]) -> Result<(), DeploymentError> {
    for service in all.iter().copied() {
        if let Some(what) = uses(service).into_iter().find(|why| owner(*why, service, all).is_none()) {
            return Err(DeploymentError::Unowned { service: service.name, what });
        }
        for need in service.needs.iter().copied() {
            let other = find(need, all).filter(|other| other.name != service.name);
            let other = other.ok_or_else(|| DeploymentError::NoSuchNeed { service: service.name, need, known: known(all) })?;
            let shown = needs(service, all).into_iter().find(|found| found.service == need && found.why != Why::Declared);
            if let Some(Need { why, .. }) = shown {
                return Err(DeploymentError::Redundant { service: service.name, need, why });
            }
            if all_needs(other, all).contains(&service.name) {
                return Err(DeploymentError::Circular { service: service.name, need });
            }
        }
    }
    Ok(())
}

/// What the functions of `service` and their queues use, no matter who owns it. The platform's own table is everybody's.
fn uses(service: &'static Service) -> BTreeSet<Why> {
    let mut uses = BTreeSet::new();
    for definition in service.functions.iter().map(|function| &function.definition) {
        let of_services = definition.grants.iter().filter(|grant| grant.table.name != ACCESS.name);
        uses.extend(of_services.map(|grant| Why::Table(grant.table.name)));
        uses.extend(definition.forgets.iter().map(|personal| Why::Table(personal.table.name)));
        uses.extend(definition.relays().map(|table| Why::Table(table.name)));
        uses.extend(definition.sends.iter().map(|sends| Why::Queue(sends.queue.name)));
    }
    uses.extend(service.queues().flat_map(|queue| &queue.subscriptions).map(|subscription| Why::Topic(subscription.topic.name)));
    uses
}

/// The service that owns what is used: `own` where it is one of several that do.
fn owner(what: Why, own: &'static Service, all: &[&'static Service]) -> Option<&'static Service> {
    let owns = |service: &&'static Service| match what {
        Why::Table(name) => service.tables.iter().any(|table| table.name == name),
        Why::Queue(name) => service.queues().any(|queue| queue.name == name),
        Why::Topic(name) => service.topics().iter().any(|topic| topic.name == name),
        Why::Declared => false,
    };
    std::iter::once(own).chain(all.iter().copied()).find(owns)
}

fn find(name: &str, all: &[&'static Service]) -> Option<&'static Service> {
    all.iter().copied().find(|service| service.name == name)
}

fn known(all: &[&'static Service]) -> String {
    all.iter().map(|service| service.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "deployment_tests.rs"]
mod tests;
