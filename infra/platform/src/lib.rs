//! What carries Koban's domain: how a function is defined, started and metered, and how it reaches AWS. Handlers are written against
//! this crate and `shared` alone.
//!
//! Nothing here knows a service. Nothing outside `store`, `sender`, `secrets`, `sdk`, `https` and `operations` names an
//! AWS type.

mod admission;
pub mod clock;
pub mod commit;
pub mod context;
mod copies;
pub mod cursor;
pub mod entry;
pub mod function;
pub mod http;
pub mod https;
pub mod invoke;
pub mod json;
pub mod message;
pub mod meter;
pub mod operations;
pub mod problem;
pub mod relay;
pub mod resource;
pub mod sdk;
pub mod secrets;
pub mod sender;
pub mod store;
pub mod telemetry;
pub mod webhook;

pub use context::Context;
pub use entry::run;
pub use function::Function;
pub use http::{Call, List, Reply};
pub use problem::Problem;

/// Declares a service's functions: each a module of the name's stem with its `FUNCTION`. This list is the only place beside the
/// function's own file and binary that names it.
#[macro_export]
macro_rules! functions {
    ($($(#[$doc:meta])* $module:ident),+ $(,)?) => {
        $($(#[$doc])* pub mod $module;)+
        /// Every function of this service.
        pub static FUNCTIONS: &[&$crate::Function] = &[$(&$module::FUNCTION),+];
    };
}
