//! What functions say of themselves in a local cloud's log: one line for each invocation, one for each alarm.

use super::target::Target;
use serde_json::Value;

/// An invocation's line.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub wru: f64,
    pub rru: f64,
    /// Of every AWS service.
    pub calls: f64,
    pub outcome: String,
}

impl Target {
    fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.data().join("logs/functions.jsonl")).expect("a log");
        // The newest line may be half written.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The invocations of `function` so far; the newest may not be written yet.
    pub fn invocations(&self, function: &str) -> Vec<Invocation> {
        let of_function = |line: &Value| {
            let number = |name: &str| line[name].as_f64();
            (line["function"] == function).then_some(())?;
            let outcome = line["outcome"].as_str()?.to_owned();
            Some(Invocation { wru: number("wru")?, rru: number("rru")?, calls: number("calls")?, outcome })
        };
        self.log().iter().filter_map(of_function).collect()
    }

    /// Why `function` failed so far.
    pub fn failures(&self, function: &str) -> Vec<String> {
        let lines = self.log();
        let failures = lines.iter().filter(|line| line["function"] == function && line["level"] == "error");
        failures.map(|line| line["error"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The details of the alarms `name` so far.
    pub fn alarms(&self, name: &str) -> Vec<String> {
        let lines = self.log();
        let alarms = lines.iter().filter(|line| line["alarm_name"] == name);
        alarms.map(|line| line["detail"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
