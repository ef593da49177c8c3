//! HTTP calls as a handler sees them: each argument is parsed once at the edge, and each reply says its status and its type.
//!
//! A handler is an async function of the context and of up to six arguments that are [`FromCall`]. Its reply is [`IntoReply`], its error
//! [`Refuses`]. All three describe themselves, so the signature is the contract.

mod arguments;
mod callers;
mod event;
mod replies;

pub use arguments::{Body, Intent, KeyIntent, Paging, Path, SignedMessage};
pub use callers::{ApiKey, Member, Staff};
pub(crate) use event::HttpEvent;
pub use replies::{
    Accepted, Created, Csv, Html, Json, List, MediaType, NoContent, Pdf, Png, RESPONSE_BYTES_MAX, Redirect, Text, Typed,
};

use crate::context::Context;
use crate::contract::{Contract, Needs};
use crate::problem::Problem;
use crate::refusal::Refuses;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use shared::hash;
use shared::id::UserId;
use std::collections::BTreeMap;

/// The largest body in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1_024;

/// A handler of HTTP calls.
pub type HandleCall = for<'a> fn(&'a Context, Call) -> Result<Answering<'a>, Problem>;

/// A handler at work, whose arguments are all of their form.
pub type Answering<'a> = BoxFuture<'a, Result<Reply, Problem>>;

/// A request that was admitted: its caller is known, its key is there, its signature fits, where the route asks for them.
#[derive(Debug)]
pub struct Call {
    /// Whose lists these are: a person, a person in an organization, or an organization. Empty where nobody is known.
    pub(crate) caller: String,
    pub(crate) user: Option<UserId>,
    pub(crate) staff: Option<Staff>,
    pub(crate) member: Option<Member>,
    pub(crate) api_key: Option<ApiKey>,
    pub(crate) idempotency_key: String,
    /// The id of a signed message.
    pub(crate) message_id: String,
    /// The values of the path's parameters that no argument has taken yet, from left to right.
    pub(crate) path: std::vec::IntoIter<String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// When the gateway received it.
    pub(crate) requested_at: Timestamp,
}

impl Call {
    /// The hash of what is asked: the same for a repeat, different for another body.
    pub(crate) fn request_hash(&self) -> hash::Hash {
        hash::of_parts(&[b"request", &self.body])
    }

    /// A query parameter, when it is there.
    ///
    /// # Errors
    /// `malformed_parameter` with the parameter's name.
    pub fn query<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T::Err: std::fmt::Display,
    {
        let Some(value) = self.query.get(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|error| Problem::parameter(name, format!("{error}")))
    }

    /// Refuses query parameters that the route does not have.
    pub(crate) fn check_query(&self, contract: &Contract) -> Result<(), Problem> {
        let is_known = |name: &str| contract.query.iter().any(|one| one.name == name);
        match self.query.keys().find(|name| !is_known(name)) {
            Some(unknown) => Err(Problem::parameter(unknown, "this route has no such parameter")),
            None => Ok(()),
        }
    }
}

/// A reply that is not a problem.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Empty for a reply without a body.
    pub media_type: &'static str,
    pub body: Vec<u8>,
    pub headers: Vec<(&'static str, String)>,
}

impl Reply {
    /// Marks the outcome of an earlier identical request.
    #[must_use]
    pub fn replayed(mut self, replayed: bool) -> Self {
        if replayed {
            self.headers.push(("idempotency-replayed", "true".into()));
        }
        self
    }
}

/// An argument of a handler.
pub trait FromCall: Sized + Send {
    /// What it needs of the route.
    const NEEDS: Needs = Needs::NOTHING;

    /// Adds what it takes to the route's contract.
    fn describe(contract: &mut Contract);

    /// Takes it from the call.
    fn from_call(call: &mut Call) -> Result<Self, Problem>;
}

/// What a handler answers.
pub trait IntoReply {
    /// Adds its status and type to the route's contract.
    fn describe(contract: &mut Contract);

    fn into_reply(self) -> Result<Reply, Problem>;
}

/// A handler's function: of the context and of arguments whose types are `Arguments`.
#[diagnostic::on_unimplemented(
    message = "this is no handler of a route",
    note = "a handler is `async fn(&Context, arguments…) -> Result<reply, error>`",
    note = "each argument is `FromCall`: Intent, UserId, Staff, Member, ApiKey, KeyIntent, SignedMessage, Path<T>, Body<T>, Paging, or a struct of `query!`",
    note = "the reply is `IntoReply`: Json<T>, Created<T>, Accepted<T>, NoContent, Done<…>, …",
    note = "the error is `Refuses`: Problem or Refused<R>"
)]
pub trait Handles<'a, Arguments>: Copy + Send + 'a {
    /// What its arguments need of the route.
    const NEEDS: Needs;

    fn describe(contract: &mut Contract);

    /// Takes the arguments from the call. What is not of their form is refused before the handler begins.
    fn call(self, context: &'a Context, call: Call) -> Result<Answering<'a>, Problem>;
}

macro_rules! handles {
    ($($argument:ident),*) => {
        impl<'a, Function, Answer, Success, Failure, $($argument),*> Handles<'a, ($($argument,)*)> for Function
        where
            Function: Fn(&'a Context, $($argument),*) -> Answer + Copy + Send + 'a,
            Answer: Future<Output = Result<Success, Failure>> + Send + 'a,
            Success: IntoReply + 'a,
            Failure: Refuses + 'a,
            $($argument: FromCall + 'a,)*
        {
            const NEEDS: Needs = Needs::NOTHING$(.and($argument::NEEDS))*;

            fn describe(contract: &mut Contract) {
                $($argument::describe(contract);)*
                Success::describe(contract);
                contract.refuses(Failure::CODES);
            }

            #[allow(unused_mut, unused_variables, non_snake_case, reason = "of no arguments none is taken")]
            fn call(self, context: &'a Context, mut call: Call) -> Result<Answering<'a>, Problem> {
                $(let $argument = $argument::from_call(&mut call)?;)*
                Ok(Box::pin(async move { self(context, $($argument),*).await.map_err(Into::into)?.into_reply() }))
            }
        }
    };
}

handles!();
handles!(A);
handles!(A, B);
handles!(A, B, C);
handles!(A, B, C, D);
handles!(A, B, C, D, E);
handles!(A, B, C, D, E, F);

/// Calls a handler: what the macro `http!` does.
pub fn serve<'a, Arguments, H: Handles<'a, Arguments>>(
    context: &'a Context,
    call: Call,
    handler: H,
) -> Result<Answering<'a>, Problem> {
    handler.call(context, call)
}

/// What a handler's arguments need of its route.
pub const fn needs<'a, Arguments, H: Handles<'a, Arguments>>(_handler: &H) -> Needs {
    H::NEEDS
}

/// Adds what a handler's signature says to `contract`.
pub fn describe<'a, Arguments, H: Handles<'a, Arguments>>(contract: &mut Contract, _handler: H) {
    H::describe(contract);
}

/// Declares a struct of query parameters, each of which may be left out. Its fields' first doc line is the parameter's description.
///
/// ```ignore
/// platform::query! {
///     /// Which races.
///     struct RacesQuery {
///         /// The day, today in Asia/Tokyo when it is not given.
///         date: Option<Date>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! query {
    ($(#[$of:meta])* $visibility:vis struct $name:ident {
        $(#[doc = $doc:literal] $(#[doc = $more:literal])* $field:ident: Option<$type:ty>,)+
    }) => {
        $(#[$of])*
        #[derive(Debug)]
        $visibility struct $name {
            $(#[doc = $doc] $(#[doc = $more])* $field: Option<$type>,)+
        }

        impl $crate::http::FromCall for $name {
            fn describe(contract: &mut $crate::contract::Contract) {
                $(contract.takes_query::<$type>(stringify!($field), concat!($doc $(, $more)*).trim_ascii_start());)+
            }

            fn from_call(call: &mut $crate::http::Call) -> Result<Self, $crate::Problem> {
                Ok(Self { $($field: call.query(stringify!($field))?,)+ })
            }
        }
    };
}
