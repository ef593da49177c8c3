//! Refusals: what a handler answers instead of a success, as types. Each type of refusals names its codes, so the contract, the stored
//! refusals and the OpenAPI document know them all.

use crate::problem::{self, Code, Problem};
use crate::store::StoreError;
use std::marker::PhantomData;

/// The error of a handler: it becomes a problem, and says which codes it may have beside those of every route.
pub trait Refuses: Into<Problem> {
    const CODES: &'static [&'static Code];
}

/// A failure alone: what every route may answer.
impl Refuses for Problem {
    const CODES: &'static [&'static Code] = &[];
}

/// A type of refusals, made by [`refusals!`](crate::refusals).
pub trait Refusals: Sized {
    const CODES: &'static [&'static Code];

    fn problem(self) -> Problem;

    /// The refusal, pointing at what is wrong: a JSON pointer into the body, or the name of a parameter.
    fn at(self, pointer: impl Into<String>, detail: impl Into<String>) -> Refused<Self> {
        Refused::from(self).and(pointer, detail)
    }
}

/// One of the refusals `R`, or a failure. A refusal was decided and may be remembered; a failure never is.
#[derive(Debug)]
pub struct Refused<R> {
    problem: Problem,
    is_decided: bool,
    refusals: PhantomData<R>,
}

impl<R> Refused<R> {
    /// A failure that is ours: the caller learns nothing but that, the log gets the cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Problem::internal(cause).into()
    }

    /// Adds what is wrong and where.
    #[must_use]
    pub fn and(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.problem = self.problem.with_error(pointer, detail);
        self
    }

    /// Adds a sentence of its own.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.problem.detail = detail.into().into();
        self
    }

    /// The refusal, or else the failure.
    pub(crate) fn decided(self) -> Result<Problem, Problem> {
        if self.is_decided { Ok(self.problem) } else { Err(self.problem) }
    }
}

impl<R: Refusals> From<R> for Refused<R> {
    fn from(refusal: R) -> Self {
        Self { problem: refusal.problem(), is_decided: true, refusals: PhantomData }
    }
}

impl<R> From<Problem> for Refused<R> {
    fn from(problem: Problem) -> Self {
        Self { problem, is_decided: false, refusals: PhantomData }
    }
}

impl<R> From<StoreError> for Refused<R> {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl<R> From<Refused<R>> for Problem {
    fn from(refused: Refused<R>) -> Self {
        refused.problem
    }
}

impl<R: Refusals> Refuses for Refused<R> {
    const CODES: &'static [&'static Code] = R::CODES;
}

/// Declares the refusals of a handler or of a few: an enum whose variants each have a code. A variant's fields become members of the
/// problem, by their names.
///
/// ```ignore
/// platform::refusals! {
///     /// Why a slip is refused.
///     pub enum SlipRefusal {
///         InsufficientFunds { available: i64, needed: i64 } = 402 "insufficient_funds", "There is too little in the wallet",
///             retryable: false, next: "Top up, then place the slip again with a new Idempotency-Key.";
///         NotFound = problem::NOT_FOUND;
///     }
/// }
/// ```
#[macro_export]
macro_rules! refusals {
    ($(#[$of:meta])* $visibility:vis enum $name:ident { $($variants:tt)+ }) => {
        $crate::refusals!(@read [$(#[$of])* $visibility enum $name] [] $($variants)+);
    };
    // A code of its own.
    (@read $head:tt [$($read:tt)*] $(#[$doc:meta])* $variant:ident $({ $($field:ident: $type:ty),+ $(,)? })?
        = $status:literal $code:literal, $title:literal, retryable: $retryable:literal, next: $next:literal; $($rest:tt)*) => {
        $crate::refusals!(@read $head [$($read)* {
            [$(#[$doc])*] $variant [$({ $($field: $type),+ })?] [$($($field),+)?]
            (&$crate::problem::Code { code: $code, status: $status, title: $title, retryable: $retryable, next: $next })
        }] $($rest)*);
    };
    // A code that others have as well.
    (@read $head:tt [$($read:tt)*] $(#[$doc:meta])* $variant:ident $({ $($field:ident: $type:ty),+ $(,)? })?
        = $shared:path; $($rest:tt)*) => {
        $crate::refusals!(@read $head [$($read)* { [$(#[$doc])*] $variant [$({ $($field: $type),+ })?] [$($($field),+)?] (&$shared) }] $($rest)*);
    };
    (@read [$(#[$of:meta])* $visibility:vis enum $name:ident]
        [$({ [$($doc:tt)*] $variant:ident [$($body:tt)*] [$($field:ident),*] ($code:expr) })+]) => {
        $(#[$of])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        $visibility enum $name {
            $($($doc)* $variant $($body)*,)+
        }

        impl $crate::refusal::Refusals for $name {
            const CODES: &'static [&'static $crate::problem::Code] = &[$($code),+];

            fn problem(self) -> $crate::Problem {
                match self {
                    $(Self::$variant { $($field),* } => $crate::Problem::new($code, "")$(.with_member(stringify!($field), $field))*,)+
                }
            }
        }
    };
}

/// What the path names does not exist for this caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotFound;

impl Refusals for NotFound {
    const CODES: &'static [&'static Code] = &[&problem::NOT_FOUND];

    fn problem(self) -> Problem {
        Problem::new(&problem::NOT_FOUND, "")
    }
}

/// Others changed the same thing again and again; nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contention;

impl Refusals for Contention {
    const CODES: &'static [&'static Code] = &[&problem::CONTENTION];

    fn problem(self) -> Problem {
        Problem::new(&problem::CONTENTION, "")
    }
}
