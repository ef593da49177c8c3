//! Secrets: SSM SecureStrings, read by an exact grant, cached for five minutes, two values valid at once while one replaces the other.
//! They are never in an environment variable, in state or in a log.

use crate::aws::Client;
use crate::aws::ssm::{self, SSM};
use crate::resource::Alarm;
use crate::sdk::Sdk;
use crate::sender::SendError;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a value is believed.
const CACHED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// The most lines of a secret that are kept: one more than is right, so that too many are seen.
const LINES_MAX: usize = 3;

/// Raised by every service that has a secret. The wiring lists it beside the services' own alarms.
pub static SECRET_UNUSABLE: Alarm = Alarm {
    name: "secret-unusable",
    doc: "A secret, or one of its two lines, is empty, short or malformed. Requests signed with it are refused. Write a new one: `koban \
          secret` prints one.",
};

/// The lines of a secret's text; blank ones say nothing.
pub fn lines(text: &str) -> impl Iterator<Item = SecretValue> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(SecretValue::new).take(LINES_MAX)
}

/// A secret value. `Debug` says only that there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(String);

impl SecretValue {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one line that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// Reads secrets by their name.
pub trait Secrets: Send + Sync {
    fn read<'a>(&'a self, name: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Arc<[SecretValue]>, SendError>>;
}

pub(crate) type ConnectSecrets = fn(&Sdk) -> Arc<dyn Secrets>;

pub(crate) fn connect_secrets(sdk: &Sdk) -> Arc<dyn Secrets> {
    Arc::new(Ssm { client: Client::new(sdk, &SSM), cache: Mutex::default() })
}

/// Values with the time when they were read.
type Read = (Timestamp, Arc<[SecretValue]>);

struct Ssm {
    client: Client,
    cache: Mutex<HashMap<String, Read>>,
}

impl Secrets for Ssm {
    fn read<'a>(&'a self, name: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Arc<[SecretValue]>, SendError>> {
        Box::pin(async move {
            let cached = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
            if let Some((read_at, values)) = cached
                && now.duration_since(read_at).abs() < CACHED_FOR
            {
                return Ok(values);
            }
            let parameter = ssm::get_parameter(&self.client, name).await.map_err(|error| SendError::new(name, error))?;
            let values: Arc<[SecretValue]> = lines(&parameter.value).collect();
            let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.insert(name.to_owned(), (now, values.clone()));
            Ok(values)
        })
    }
}
