//! The page of budgets: what each route may cost at most, from the functions' own definitions.

use platform::Service;
use platform::function::Costs;

const HEAD: &str = "# Budgets

`koban openapi` writes this page from the functions' definitions. One success costs at most this, when nothing else changes what it reads.
Every test on the local cloud compares each reply with it. The check of the caller is not included. A process makes it at most once in 30
seconds for each person or API key, and once for each request of a member. [Costs](costs.md) lists measured costs, and their price in dollars.

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
