//! No code: the features of third-party crates that every selection of packages shares. Cargo compiles a crate again, and all that depend
//! on it, for each set of features. A service tested alone, the command line, the whole suite and what reaches AWS would each have
//! their own set, and their own AWS SDK. The local cloud depends on this crate, so all of them have one. No function does.
