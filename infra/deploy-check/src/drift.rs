//! What a second apply would change: nothing. Excuses name their addresses and cover only attributes that the emulator does not return.
//! docs/decisions/0009 lists each with its cause.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Every alarm: the emulator keeps them, but leaves these attributes out when the provider asks.
const ALARMS: [&str; 8] = [
    "aws_cloudwatch_metric_alarm.api_errors",
    "aws_cloudwatch_metric_alarm.backlog",
    "aws_cloudwatch_metric_alarm.duration",
    "aws_cloudwatch_metric_alarm.errors",
    "aws_cloudwatch_metric_alarm.iterator_age",
    "aws_cloudwatch_metric_alarm.last_resort",
    "aws_cloudwatch_metric_alarm.raised",
    "aws_cloudwatch_metric_alarm.throttles",
];
/// Attributes of alarms that the emulator does not return, each with the JSON that the provider makes of the absence. With another value
/// the emulator did return one.
const NOT_RETURNED_OF_ALARMS: [(&str, &str); 7] = [
    ("actions_enabled", "false"),
    ("alarm_description", r#""""#),
    ("dimensions", "{}"),
    ("extended_statistic", r#""""#),
    ("period", "0"),
    ("statistic", r#""""#),
    ("treat_missing_data", r#""missing""#),
];

/// A plan, as `terraform show -json` prints it.
#[derive(Deserialize)]
pub struct Plan {
    #[serde(default)]
    resource_changes: Vec<Planned>,
    #[serde(default)]
    output_changes: BTreeMap<String, Change>,
}

#[derive(Deserialize)]
struct Planned {
    address: String,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    actions: Vec<String>,
    #[serde(default)]
    before: Value,
    #[serde(default)]
    after: Value,
}

/// What a plan would change, each in a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Drift {
    pub found: Vec<String>,
    pub excused: Vec<String>,
}

impl Plan {
    /// What a plan that Terraform itself does not call empty would change: at least something.
    pub fn drift(self) -> Drift {
        let of_outputs = self.output_changes.into_iter().map(|(name, change)| (format!("output.{name}"), change));
        let all = self.resource_changes.into_iter().map(|planned| (planned.address, planned.change)).chain(of_outputs);
        let mut drift = Drift::default();
        for (address, change) in all.filter(|(_, change)| change.actions != ["no-op"]) {
            let is_excused = is_excused(&address, &change);
            let detail = format!("{address} ({}: {})", change.actions.join(", "), change.attributes().join(", "));
            if is_excused { drift.excused.push(detail) } else { drift.found.push(detail) }
        }
        if drift == Drift::default() {
            drift.found.push("something that the plan's JSON does not name".into());
        }
        drift
    }
}

impl Change {
    /// The names of the attributes that would differ; none if the plan lists no attributes.
    fn attributes(&self) -> Vec<&str> {
        let (Some(before), Some(after)) = (self.before.as_object(), self.after.as_object()) else { return Vec::new() };
        let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
        names.filter(|name| before.get(*name) != after.get(*name)).map(String::as_str).collect()
    }
}

fn is_excused(address: &str, change: &Change) -> bool {
    let resource = address.split('[').next().unwrap_or_default();
    let attributes = change.attributes();
    let is_unreturned =
        |attribute: &&str| NOT_RETURNED_OF_ALARMS.contains(&(*attribute, &*change.before[*attribute].to_string()));
    ALARMS.contains(&resource) && change.actions == ["update"] && !attributes.is_empty() && attributes.iter().all(is_unreturned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn drift(plan: Value) -> Drift {
        serde_json::from_value::<Plan>(plan).unwrap().drift()
    }

    fn of_resource(address: &str, actions: &[&str], before: &Value, after: &Value) -> Drift {
        drift(json!({"resource_changes": [
            {"address": "aws_sqs_queue.one", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
            {"address": address, "change": {"actions": actions, "before": before, "after": after}},
        ]}))
    }

    #[test]
    fn a_plan_that_is_not_empty_names_what_it_would_change() {
        let replaced = of_resource("aws_sqs_queue.two", &["delete", "create"], &json!({"name": "a"}), &json!({"name": "b"}));
        assert_eq!(replaced.found, ["aws_sqs_queue.two (delete, create: name)"]);
        let of_outputs = json!({"output_changes": {"api_url": {"actions": ["update"]}, "log_groups": {"actions": ["no-op"]}}});
        assert_eq!(drift(of_outputs).found, ["output.api_url (update: )"]);
        assert_eq!(drift(json!({})).found.len(), 1, "a plan without known changes is not empty");
    }

    #[test]
    fn of_an_alarm_only_what_the_emulator_does_not_return_is_excused() {
        let (untold, alarm) = (json!({"threshold": 0, "period": 0}), json!({"threshold": 0, "period": 300}));
        let address = r#"aws_cloudwatch_metric_alarm.errors["get-race"]"#;
        let excused = of_resource(address, &["update"], &untold, &alarm);
        assert_eq!((excused.found.len(), excused.excused.len()), (0, 1), "{excused:?}");
        let is_found = |address: &str, actions: &[&str], before: &Value, after: &Value| {
            of_resource(address, actions, before, after).found.len() == 1
        };
        assert!(is_found(address, &["update"], &json!({"threshold": 1, "period": 0}), &alarm), "another attribute");
        assert!(is_found(address, &["update"], &json!({"threshold": 0, "period": 60}), &alarm), "one that was detail");
        assert!(is_found(address, &["delete", "create"], &untold, &alarm), "another action");
        assert!(is_found(address, &["create"], &Value::Null, &alarm), "one that is not there");
        assert!(is_found("aws_cloudwatch_metric_alarm.new", &["update"], &untold, &alarm), "another alarm");
        assert!(is_found("aws_sqs_queue.errors", &["update"], &untold, &alarm), "another resource");
    }
}
