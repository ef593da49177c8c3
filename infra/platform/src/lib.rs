//! What carries Koban's domain: how a function is defined, started and metered, and how it reaches AWS. Handlers are written against
//! this crate and `shared` alone.
//!
//! Nothing here knows a service. Nothing outside `store`, `aws`, `sdk` and `https` names an AWS type.

pub mod access;
mod admission;
pub mod aws;
mod cache;
pub mod clock;
pub mod commit;
pub mod context;
pub mod contract;
pub mod cursor;
pub mod definition;
pub mod deployment;
pub mod due;
pub mod entry;
pub mod forget;
pub mod function;
pub mod http;
pub mod https;
pub mod invoke;
pub mod json;
pub mod list;
mod log_sink;
pub mod message;
pub mod meter;
pub mod once;
pub mod prelude;
pub mod problem;
pub mod refusal;
pub mod relay;
pub mod resource;
pub mod sdk;
pub mod secrets;
pub mod sender;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod webhook;

pub use context::Context;
pub use entry::run;
pub use function::Function;
pub use problem::Problem;
pub use service::Service;

/// Declares a service's functions: each a module of the name's stem with its `FUNCTION`. This list is the only place beside the
/// function's own file and binary that names it.
#[macro_export]
macro_rules! functions {
    ($($(#[$doc:meta])* $module:ident),* $(,)?) => {
        $($(#[$doc])* pub mod $module;)*
        /// Every function of this service.
        pub static FUNCTIONS: &[&$crate::Function] = &[$(&$module::FUNCTION),*];
    };
}
