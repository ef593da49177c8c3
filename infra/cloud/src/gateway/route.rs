//! From a method and a path to a function: the routes of the definitions, nothing else.

use crate::CloudError;
use crate::runner::Runner;
use http::Method;
use platform::function::{Access, Route};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The routes of the functions.
pub struct Router {
    paths: matchit::Router<BTreeMap<&'static str, Arc<Runner>>>,
}

/// A request's function.
pub struct Matched<'a> {
    pub runner: &'a Arc<Runner>,
    pub route: &'static Route,
    /// As they stand in the path, still encoded.
    pub parameters: Vec<(&'a str, &'a str)>,
}

impl Router {
    pub fn new(runners: &[Arc<Runner>]) -> Result<Self, CloudError> {
        let mut by_path: BTreeMap<&str, BTreeMap<&'static str, Arc<Runner>>> = BTreeMap::new();
        for runner in runners {
            if let Some(route) = runner.function().route() {
                by_path.entry(route.path).or_default().insert(route.method.as_str(), runner.clone());
            }
        }
        let mut paths = matchit::Router::new();
        for (path, methods) in by_path {
            paths.insert(path, methods).map_err(|error| CloudError::Routes(format!("{path}: {error}")))?;
        }
        Ok(Self { paths })
    }

    pub fn find<'a>(&'a self, method: &Method, path: &'a str) -> Option<Matched<'a>> {
        let found = self.paths.at(path).ok()?;
        let runner = found.value.get(method.as_str())?;
        let route = runner.function().route()?;
        Some(Matched { runner, route, parameters: found.params.iter().collect() })
    }
}

impl Matched<'_> {
    pub const fn access(&self) -> Access {
        self.route.access
    }
}
