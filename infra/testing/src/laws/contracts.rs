//! What a route's definition and its handler's signature say must agree where the compiler cannot see it.

use super::Examples;
use platform::function::Trigger;

/// A handler has one argument for each parameter of its path, and answers something. The builder requires that the route provides the
/// caller, the key or the signature that it takes.
pub async fn what_a_handler_needs_its_route_provides<E: Examples>() {
    for function in E::SERVICE.functions {
        let Trigger::Http(route) = &function.definition.trigger else { continue };
        let (contract, name) = (function.contract(), function.name);
        assert_eq!(contract.path.len(), route.path_names().count(), "{name}: its arguments are not those of {}", route.path);
        assert!(!contract.replies.is_empty(), "{name}: it answers nothing");
    }
}

/// Every route states its budget; the tests' own client holds each reply to it.
pub async fn every_route_says_what_a_success_costs<E: Examples>() {
    for function in E::SERVICE.functions {
        let is_route = function.route().is_some();
        assert!(!is_route || function.costs.is_some(), "{}: add .costs(calls(…), wru(…)) to its definition", function.name);
    }
}
