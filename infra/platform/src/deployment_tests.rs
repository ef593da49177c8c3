//! Chosen services with what they need, over four made-up ones. `missions` reads the events of `bets`. `bets` writes to the table of
//! `purse`. `health` needs nothing.

use super::*;
use crate::function::{Action, Function, Grant};
use crate::message::Failure;
use crate::resource::{Personal, Queue, Table, Topic};
use crate::{Context, job, sweep};

static PURSE_TABLE: Table = Table { name: "purse", doc: "", indexes: &[] };
static BETS_TABLE: Table = Table { name: "bets", doc: "", indexes: &[] };
static LOST_TABLE: Table = Table { name: "lost", doc: "", indexes: &[] };
static BETS_EVENTS: Topic = Topic { name: "bets-events", doc: "", events: &[] };
static LOST_EVENTS: Topic = Topic { name: "lost-events", doc: "", events: &[] };
static PURSE_MEMOS: Personal = Personal::of(&PURSE_TABLE, "memo#");
static SETTLE_BETS: Queue<()> = Queue::new("settle-bets", "");
static COUNT_MISSIONS: Queue<()> = Queue::new("count-missions", "").subscribes(&BETS_EVENTS, &[], &[]);
static COUNT_LOST: Queue<()> = Queue::new("count-lost", "").subscribes(&LOST_EVENTS, &[], &[]);

async fn work(_context: &Context, (): ()) -> Result<(), Failure> {
    Ok(())
}

async fn sweep(_context: &Context) -> Result<(), Failure> {
    Ok(())
}

static POST_BETS: Function = Function::worker("post-bets", &SETTLE_BETS)
    .with(Grant { table: &PURSE_TABLE, actions: &[Action::PutInTransaction] })
    .handled_by(job!(work));
static RELAY_BETS: Function = crate::relay!("relay-bets", &BETS_TABLE).publishes(&BETS_EVENTS, |_| Ok(Vec::new()), |_| Ok(None));
static COUNT: Function = Function::worker("count", &COUNT_MISSIONS).handled_by(job!(work));
static CLEAN_MEMOS: Function = Function::every_minutes("clean-memos", 5).forgets(&PURSE_MEMOS).handled_by(sweep!(sweep));
static SEND_BETS: Function = Function::every_minutes("send-bets", 5).sends(&SETTLE_BETS).handled_by(sweep!(sweep));
static RELAY_PURSE: Function =
    crate::relay!("relay-purse", &PURSE_TABLE).publishes(&BETS_EVENTS, |_| Ok(Vec::new()), |_| Ok(None));
static USES_LOST: Function =
    Function::every_minutes("use-lost", 5).may(&LOST_TABLE, &[Action::GetItem]).handled_by(sweep!(sweep));
static HEARS_LOST: Function = Function::worker("hear-lost", &COUNT_LOST).handled_by(job!(work));

static HEALTH: Service = Service::new("health", "", &[], &[]);
static PURSE: Service = Service::new("purse", "", &[&PURSE_TABLE], &[]);
static BETS: Service = Service::new("bets", "", &[&BETS_TABLE], &[&POST_BETS, &RELAY_BETS]);
static MISSIONS: Service = Service::new("missions", "", &[], &[&COUNT]);
const ALL: &[&Service] = &[&HEALTH, &PURSE, &BETS, &MISSIONS];

fn chosen(names: &[&str]) -> Vec<&'static str> {
    Deployment::of(names, ALL).unwrap().services.iter().map(|service| service.name).collect()
}

#[test]
fn a_choice_brings_what_it_needs_and_no_more() {
    assert_eq!(chosen(&["health"]), ["health"]);
    assert_eq!(chosen(&["purse"]), ["purse"]);
    assert_eq!(chosen(&["bets"]), ["purse", "bets"]);
    assert_eq!(chosen(&["missions"]), ["purse", "bets", "missions"]);
    assert_eq!(chosen(&["missions", "health", "missions"]), ["health", "purse", "bets", "missions"]);
    assert_eq!(check(ALL), Ok(()));
}

#[test]
fn what_was_not_chosen_is_named_with_who_needs_it() {
    let Deployment { brought, .. } = Deployment::of(&["missions"], ALL).unwrap();
    let topic = Need { service: "bets", why: Why::Topic("bets-events") };
    let table = Need { service: "purse", why: Why::Table("purse") };
    assert_eq!(brought, [("missions", topic), ("bets", table)]);
    assert_eq!(table.why.to_string(), "the table purse");
    assert_eq!(Deployment::of(&["missions", "bets", "purse"], ALL).unwrap().brought, []);
}

#[test]
fn every_way_to_use_anothers_is_a_need() {
    for (function, service, why) in [
        (&POST_BETS, "purse", Why::Table("purse")),
        (&CLEAN_MEMOS, "purse", Why::Table("purse")),
        (&RELAY_PURSE, "purse", Why::Table("purse")),
        (&SEND_BETS, "bets", Why::Queue("settle-bets")),
        (&COUNT, "bets", Why::Topic("bets-events")),
    ] {
        // POST_BETS consumes settle-bets itself.
        let functions: &'static [&'static Function] = Box::leak(Box::new([function]));
        let service_of: &'static Service = Box::leak(Box::new(Service::new("new", "", &[], functions)));
        assert_eq!(needs(service_of, &[ALL, &[service_of]].concat()), [Need { service, why }], "{}", function.name);
    }
}

#[test]
fn services_that_need_each_other_come_together() {
    static FIRST: Service = Service::new("first", "", &[&PURSE_TABLE], &[&SEND_BETS]);
    static SECOND: Service = Service::new("second", "", &[], &[&POST_BETS]);
    let all: &[&Service] = &[&FIRST, &SECOND];
    assert_eq!(check(all), Ok(()));
    for name in ["first", "second"] {
        assert_eq!(Deployment::of(&[name], all).unwrap().services.len(), 2);
    }
    assert_eq!((all_needs(&FIRST, all), all_needs(&SECOND, all)), (vec!["second"], vec!["first"]));
}

#[test]
fn a_name_that_is_no_services_is_refused_with_those_that_are() {
    let known = "health, purse, bets, missions".to_owned();
    for name in ["", "Purse", "purses", "bets,purse", " bets"] {
        let refused = Deployment::of(&["purse", name], ALL).unwrap_err();
        assert_eq!(refused, DeploymentError::Unknown { name: name.into(), known: known.clone() });
    }
    assert_eq!(Deployment::of(&[""; 0], ALL).unwrap_err(), DeploymentError::Nothing { known });
}

#[test]
fn what_no_service_has_is_refused() {
    static USER: Service = Service::new("user", "", &[], &[&USES_LOST]);
    static HEARER: Service = Service::new("hearer", "", &[], &[&HEARS_LOST]);
    assert_eq!(check(&[&USER]), Err(DeploymentError::Unowned { service: "user", what: Why::Table("lost") }));
    assert_eq!(check(&[&HEARER]), Err(DeploymentError::Unowned { service: "hearer", what: Why::Topic("lost-events") }));
    assert_eq!(check(&[&MISSIONS]), Err(DeploymentError::Unowned { service: "missions", what: Why::Topic("bets-events") }));
}

#[test]
fn a_declared_need_is_another_service_that_nothing_else_shows() {
    static CALLS: Service = Service::new("calls", "", &[], &[]).needs(&["bets"]);
    static NOWHERE: Service = Service::new("nowhere", "", &[], &[]).needs(&["mail"]);
    static ITSELF: Service = Service::new("itself", "", &[], &[]).needs(&["itself"]);
    static TWICE: Service = Service::new("twice", "", &[], &[&COUNT]).needs(&["bets"]);
    let all = [ALL, &[&CALLS]].concat();
    assert_eq!(check(&all), Ok(()));
    assert_eq!(all_needs(&CALLS, &all), ["purse", "bets"]);
    assert_eq!(needs(&CALLS, &all), [Need { service: "bets", why: Why::Declared }]);

    let refused = |service: &'static Service| check(&[ALL, &[service]].concat()).unwrap_err();
    assert!(matches!(refused(&NOWHERE), DeploymentError::NoSuchNeed { service: "nowhere", need: "mail", .. }));
    assert!(matches!(refused(&ITSELF), DeploymentError::NoSuchNeed { service: "itself", need: "itself", .. }));
    assert_eq!(refused(&TWICE), DeploymentError::Redundant { service: "twice", need: "bets", why: Why::Topic("bets-events") });
}

#[test]
fn a_declared_need_that_is_circular_is_refused() {
    static ONE: Service = Service::new("one", "", &[], &[]).needs(&["two"]);
    static TWO: Service = Service::new("two", "", &[], &[]).needs(&["three"]);
    static THREE: Service = Service::new("three", "", &[], &[]).needs(&["one"]);
    static TABLE_OWNER: Service = Service::new("owner", "", &[&PURSE_TABLE], &[]).needs(&["user"]);
    static USER: Service = Service::new("user", "", &[], &[&CLEAN_MEMOS]);
    assert_eq!(check(&[&ONE, &TWO, &THREE]), Err(DeploymentError::Circular { service: "one", need: "two" }));
    // A need that a definition shows closes the circle as well.
    assert_eq!(check(&[&TABLE_OWNER, &USER]), Err(DeploymentError::Circular { service: "owner", need: "user" }));
}
