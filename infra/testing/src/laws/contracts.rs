//! What a route's definition and its handler's signature say must agree where the compiler cannot see it.

use super::Examples;
use platform::function::{Access, Idempotency, Trigger};

/// A handler that takes a caller, a key or a signature has a route that requires it. It takes one parameter for each of the path.
pub async fn what_a_handler_needs_its_route_provides<E: Examples>() {
    for function in E::SERVICE.functions {
        let Trigger::Http(route) = &function.definition.trigger else { continue };
        let (contract, name) = (function.contract(), function.name);
        let needs = contract.needs;
        assert!(!needs.user || route.access.has_token(), "{name}: it takes a caller, and its route asks for none");
        assert!(!needs.key || route.idempotency == Idempotency::Key, "{name}: it takes an intent, and its route asks for no key");
        let is_signed = matches!(route.access, Access::Signed(_));
        assert_eq!(needs.signature, is_signed, "{name}: a signed message and a signed route belong together");
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
