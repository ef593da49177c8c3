//! What is made of the functions' definitions: generated files, packages, and the files of the next function. No service is known here; the
//! caller passes them.

pub mod cargo;
pub mod generate;
pub mod package;
pub mod scaffold;
