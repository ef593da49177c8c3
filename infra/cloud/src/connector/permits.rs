//! What a function's role admits, from its definition alone, and what of it the function has used. A grant that no test uses is one too
//! many. A call without a grant is refused here, on the laptop, before it can reach production.

use crate::engine::{Reply, Request};
use dynoxide::AttributeValue;
use dynoxide::actions::transact_write_items::TransactWriteItem;
use platform::Function;
use platform::function::{Action, Retry, Trigger};
use platform::sdk::Names;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Something that a function may do, or has done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    pub function: &'static str,
    /// `PutItem`, `PutInTransaction`, `SendMessage`, `ChangeMessageVisibility`, `Publish`, `GetParameter`…
    pub action: String,
    /// The table's, queue's, topic's or secret's own name.
    pub resource: &'static str,
}

/// A function's role.
pub struct Permits {
    pub function: &'static str,
    tables: Vec<Permit<Action>>,
    /// What may be deleted of tables: items whose partition key begins with this.
    forgets: Vec<Permit<&'static str>>,
    others: Vec<Permit<&'static str>>,
}

struct Permit<A> {
    action: A,
    resource: &'static str,
    /// As the SDK names it: with the environment's prefix.
    full_name: String,
    used: AtomicBool,
}

/// A call that the role does not admit.
#[derive(Debug)]
pub struct Denied {
    message: String,
}

const SEND: &str = "SendMessage";
const CHANGE_VISIBILITY: &str = "ChangeMessageVisibility";
const PUBLISH: &str = "Publish";
const GET_PARAMETER: &str = "GetParameter";

impl Permits {
    /// The role of `function`.
    pub fn of(function: &'static Function, names: &Names) -> Self {
        let tables = function.grants.iter().flat_map(|grant| {
            let permit = |action: &Action| Permit::new(*action, grant.table.name, names.table(grant.table));
            grant.actions.iter().map(permit)
        });
        let forgets = function.forgets.iter().map(|kind| Permit::new(kind.prefix, kind.table.name, names.table(kind.table)));
        let queue = |action, name: &'static str| Permit::new(action, name, format!("{}{name}", names.prefix));
        let mut others: Vec<_> = function.sends_to().map(|to| queue(SEND, to.name)).collect();
        if let Trigger::Queue { queue: own, retry: Retry::AsFailureSays(_), .. } = &function.trigger {
            others.push(queue(CHANGE_VISIBILITY, own.name));
        }
        let topics = function.publishes.iter().map(|publishes| publishes.topic);
        let topics: BTreeSet<_> = topics.map(|topic| topic.name).collect();
        others.extend(topics.into_iter().map(|name| queue(PUBLISH, name)));
        let secret = |name: &'static str, full_name| Permit::new(GET_PARAMETER, name, full_name);
        others.extend(function.secrets.iter().map(|reads| secret(reads.secret.name, names.secret(reads.secret))));
        Self { function: function.name, tables: tables.collect(), forgets: forgets.collect(), others }
    }

    /// What it may do.
    pub fn granted(&self) -> impl Iterator<Item = Permission> {
        self.all().map(|(permission, _)| permission)
    }

    /// What it has done.
    pub fn used(&self) -> impl Iterator<Item = Permission> {
        self.all().filter(|(_, used)| *used).map(|(permission, _)| permission)
    }

    fn all(&self) -> impl Iterator<Item = (Permission, bool)> {
        let of = |action: String, resource| Permission { function: self.function, action, resource };
        let tables =
            self.tables.iter().map(move |permit| (of(format!("{:?}", permit.action), permit.resource), permit.is_used()));
        let forgets = self.forgets.iter();
        let forgets = forgets.map(move |permit| (of(format!("DeleteItem {}", permit.action), permit.resource), permit.is_used()));
        let others = self.others.iter().map(move |permit| (of(permit.action.to_owned(), permit.resource), permit.is_used()));
        tables.chain(forgets).chain(others)
    }

    pub fn check_dynamodb(&self, names: &Names, operation: &str, request: &Request) -> Result<(), Denied> {
        let table = |action: Action, table: &str| self.check_table(names, &[action], table, None);
        match request {
            Request::GetItem(get) => table(Action::GetItem, &get.table_name),
            Request::BatchGetItem(get) => get.request_items.keys().try_for_each(|name| table(Action::BatchGetItem, name)),
            Request::Query(query) => match &query.index_name {
                Some(index) => self.check_table(names, &[Action::QueryIndex], &query.table_name, Some(index)),
                None => table(Action::Query, &query.table_name),
            },
            Request::PutItem(put) => table(Action::PutItem, &put.table_name),
            Request::DeleteItem(delete) => self.check_delete(names, &delete.table_name, &delete.key),
            Request::TransactWriteItems(transaction) => {
                transaction.transact_items.iter().try_for_each(|item| self.check_transacted(names, item))
            }
            _ => Err(self.denied_table(names, operation, "*", None)),
        }
    }

    fn check_transacted(&self, names: &Names, item: &TransactWriteItem) -> Result<(), Denied> {
        let denied = |operation: &str, table: &str| Err(self.denied_table(names, operation, table, None));
        if let Some(put) = &item.put {
            self.check_table(names, &[Action::PutItem, Action::PutInTransaction], &put.table_name, None)?;
        }
        if let Some(update) = &item.update {
            return denied("UpdateItem", &update.table_name);
        }
        if let Some(delete) = &item.delete {
            return self.check_delete(names, &delete.table_name, &delete.key);
        }
        item.condition_check.as_ref().map_or(Ok(()), |check| denied("ConditionCheckItem", &check.table_name))
    }

    /// As IAM's condition on `dynamodb:LeadingKeys` decides it.
    fn check_delete(&self, names: &Names, table: &str, key: &HashMap<String, AttributeValue>) -> Result<(), Denied> {
        let Some(AttributeValue::S(leading)) = key.get("pk") else {
            return Err(self.denied_table(names, "DeleteItem", table, None));
        };
        let granted = self.forgets.iter().find(|permit| permit.full_name == table && leading.starts_with(permit.action));
        let denied = || self.denied_table(names, "DeleteItem", table, None);
        granted.map(|permit| permit.used.store(true, Relaxed)).ok_or_else(denied)
    }

    /// One of `actions` on `table` must be granted; the first is the one that a refusal names.
    fn check_table(&self, names: &Names, actions: &[Action], table: &str, index: Option<&str>) -> Result<(), Denied> {
        let granted = self.tables.iter().find(|permit| permit.full_name == table && actions.contains(&permit.action));
        match granted {
            Some(permit) => {
                permit.used.store(true, Relaxed);
                Ok(())
            }
            None => Err(self.denied_table(names, iam_name(actions[0]), table, index)),
        }
    }

    fn denied_table(&self, names: &Names, operation: &str, table: &str, index: Option<&str>) -> Denied {
        let index = index.map(|index| format!("/index/{index}")).unwrap_or_default();
        let arn = format!("arn:aws:dynamodb:{}:{}:table/{table}{index}", names.region, names.account);
        self.denied(names, &format!("dynamodb:{operation}"), &arn)
    }

    /// `queue` without the environment's prefix.
    pub fn check_sqs(&self, names: &Names, operation: &str, queue: &str) -> Result<(), Denied> {
        let action = operation.trim_end_matches("Batch");
        let full_name = format!("{}{queue}", names.prefix);
        self.check_other(action, &full_name).map_err(|()| {
            let arn = format!("arn:aws:sqs:{}:{}:{full_name}", names.region, names.account);
            self.denied(names, &format!("sqs:{}", action.to_lowercase()), &arn)
        })
    }

    /// `topic` without the environment's prefix.
    pub fn check_sns(&self, names: &Names, operation: &str, topic: &str) -> Result<(), Denied> {
        let action = operation.trim_end_matches("Batch");
        let full_name = format!("{}{topic}", names.prefix);
        self.check_other(action, &full_name).map_err(|()| {
            let arn = format!("arn:aws:sns:{}:{}:{full_name}", names.region, names.account);
            self.denied(names, &format!("SNS:{action}"), &arn)
        })
    }

    pub fn check_ssm(&self, names: &Names, operation: &str, parameter: &str) -> Result<(), Denied> {
        self.check_other(operation, parameter).map_err(|()| {
            let arn = format!("arn:aws:ssm:{}:{}:parameter{parameter}", names.region, names.account);
            self.denied(names, &format!("ssm:{operation}"), &arn)
        })
    }

    fn check_other(&self, action: &str, full_name: &str) -> Result<(), ()> {
        let granted = self.others.iter().find(|permit| permit.action == action && permit.full_name == full_name);
        granted.map(|permit| permit.used.store(true, Relaxed)).ok_or(())
    }

    /// AWS's own sentence.
    fn denied(&self, names: &Names, action: &str, resource: &str) -> Denied {
        let role = format!("{}{}", names.prefix, self.function);
        Denied {
            message: format!(
                "User: arn:aws:sts::{}:assumed-role/{role}/{role} is not authorized to perform: {action} on resource: \
                 {resource} because no identity-based policy allows the {action} action",
                names.account
            ),
        }
    }
}

impl<A> Permit<A> {
    const fn new(action: A, resource: &'static str, full_name: String) -> Self {
        Self { action, resource, full_name, used: AtomicBool::new(false) }
    }

    fn is_used(&self) -> bool {
        self.used.load(Relaxed)
    }
}

impl Denied {
    pub fn message(&self) -> &str {
        &self.message
    }

    /// As the JSON services say it.
    pub fn json(&self) -> Reply {
        Reply::error(400, "com.amazon.coral.service#AccessDeniedException", &self.message)
    }
}

const fn iam_name(action: Action) -> &'static str {
    match action {
        Action::GetItem => "GetItem",
        Action::BatchGetItem => "BatchGetItem",
        Action::Query | Action::QueryIndex => "Query",
        Action::PutItem | Action::PutInTransaction => "PutItem",
    }
}
