//! The page of budgets: what each route may cost at most, from the functions' own definitions.

use platform::Service;
use platform::function::Costs;

const HEAD: &str = "# Budgets

Written by `koban openapi` from the functions' definitions. One success costs at most this, when nothing else changes what it reads: every
test that runs on the local cloud compares each reply with it. [Costs](costs.md) says what was measured, and what that is in dollars.

| function | route | DynamoDB calls | write units |
|---|---|---:|---:|
";

/// The page of `services`.
pub fn document(services: &[&'static Service]) -> String {
    let functions = services.iter().flat_map(|service| service.functions);
    let rows = functions.filter_map(|function| {
        let (route, Costs { calls, wru }) = (function.route()?, function.costs?);
        Some(format!("| `{}` | `{} {}` | {} | {} |\n", function.name, route.method.as_str(), route.path, calls.0, wru.0))
    });
    HEAD.to_owned() + &rows.collect::<String>()
}
