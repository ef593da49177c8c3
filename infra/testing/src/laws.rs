//! Laws that hold of every route, queue, schedule and stream of every service. A service calls `laws!` with its own [`Examples`]. The rest
//! comes from its definitions, so a new function must obey all laws from its first minute.

mod access;
mod contracts;
mod garbage;
mod grants;
mod poison;
mod refusals;
mod replays;
mod request;
mod strictness;

pub use access::*;
pub use contracts::*;
pub use garbage::*;
pub use grants::*;
pub use poison::*;
pub use refusals::*;
pub use replays::*;
pub use request::Request;
pub use strictness::*;

use crate::{Target, User};
use platform::{Function, Service};
use serde_json::Value;

/// What a service's laws speak of: somebody who has something, requests that its routes take, messages that its workers take.
pub trait Examples: Sized + Send + Sync + 'static {
    /// The service that is held to the laws.
    const SERVICE: &'static Service;
    /// That service and those it needs.
    const SERVICES: &'static [&'static Service];
    /// Whether a deployed API has the service. Only tests have one that it lacks.
    const IS_DEPLOYED: bool = true;
    /// Codes of refusals that are written down under their key, which is no change of anything else.
    const REMEMBERED: &'static [&'static str] = &[];

    /// Makes everything that the examples speak of.
    fn prepare(target: Target) -> impl Future<Output = Self>;

    fn target(&self) -> &Target;

    /// The person whom everything belongs to.
    fn user(&self) -> &User;

    /// The id that replaces `{name}` in a path.
    fn id(&self, name: &str) -> String {
        panic!("{{{name}}} is new: say in examples.rs what it may be")
    }

    /// What a request of `function` has as `Authorization`: the person's token. Staff, members and API keys have another: say it in
    /// examples.rs.
    fn bearer(&self, function: &'static Function) -> impl Future<Output = String> {
        let _ = function;
        async { self.user().bearer().await }
    }

    /// Two bodies that the route takes, each as a new intent.
    fn bodies(&self, function: &'static Function) -> (Value, Value) {
        panic!("{} is new: give two bodies in examples.rs that it takes", function.name)
    }

    /// Whether a request of this function changes what other examples speak of, so that it comes last.
    fn comes_last(&self, function: &'static Function) -> bool {
        let _ = function;
        false
    }

    /// A message of `queue` that its worker finds done already.
    fn done(&self, queue: &str) -> impl Future<Output = Value> {
        async move { panic!("{queue} is new: give a message in examples.rs that its worker finds done already") }
    }

    /// An item of `table` whose key is of a known kind and whose body is not.
    fn strange_item(&self, table: &str) -> Value {
        panic!("{table} is new: give an item in examples.rs with a key of a known kind and a body of none")
    }

    /// Lets every stream and every queue of the service be used once, and sees that they work.
    fn works(&self) -> impl Future<Output = ()> {
        async {}
    }

    /// Uses every grant of the service's functions.
    fn uses_every_grant(&self) -> impl Future<Output = ()>;
}

/// A stage on a local cloud; none, said aloud, when the suite runs against a deployed API.
async fn local<E: Examples>() -> Option<E> {
    Some(E::prepare(Target::start_local_with(E::SERVICES, |_| ()).await?).await)
}

/// A stage on the deployed API if there is one that has the service, else on a local cloud.
async fn anywhere<E: Examples>() -> Option<E> {
    if !E::IS_DEPLOYED {
        return local().await;
    }
    Some(E::prepare(Target::start_with(E::SERVICES).await).await)
}

/// Holds a service to the laws, with its examples: `testing::laws!(Stage);`
#[macro_export]
macro_rules! laws {
    ($examples:ty) => {
        $crate::laws!(@each $examples:
            the_gateway_lets_nobody_in_without_a_good_token,
            a_token_without_an_audience_is_good_for_its_client,
            functions_check_the_claims_again,
            a_parameter_that_the_route_does_not_have_is_refused,
            an_intent_without_a_good_key_is_refused,
            a_body_of_more_than_256_kib_is_refused_also_where_none_is_read,
            a_body_of_another_form_is_refused_at_its_place,
            nothing_is_read_in_the_place_of_what_is_documented,
            a_body_of_another_type_or_encoding_is_refused_on_every_route_that_takes_one,
            a_hundred_at_once_are_one_effect_and_one_answer,
            after_a_lost_reply_the_repeat_states_what_was_done_and_does_nothing,
            an_intent_keeps_its_answer_and_refuses_another_body_after_31_days,
            a_poison_message_is_tried_alone_as_often_as_its_queue_says_and_kept_whole,
            any_message_of_the_clock_is_a_call,
            a_change_that_cannot_be_mapped_is_kept_whole_and_the_stream_goes_on,
            no_body_breaks_a_route_and_no_refused_one_changes_anything,
            no_path_and_no_query_breaks_a_route,
            who_is_suspended_is_refused_and_may_come_back,
            a_session_from_before_a_revocation_is_refused,
            a_gate_that_cannot_be_read_opens_to_nobody,
            what_is_granted_is_what_is_used,
            what_a_handler_needs_its_route_provides,
            every_route_says_what_a_success_costs,
        );
    };
    (@each $examples:ty: $($law:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                $crate::laws::$law::<$examples>().await;
            }
        )+
    };
}
