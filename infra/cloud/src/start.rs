//! The start of a local cloud, in order: files, then their readers, then the servers.

use super::activity::Activity;
use super::aws::AwsEndpoint;
use super::clock::LocalClock;
use super::connector::permits::Permits;
use super::connector::{Backends, Connector, InstalledFaults};
use super::database::Database;
use super::deliveries::Faithful;
use super::engine::Engine;
use super::error::Listener;
use super::gateway::{Gateway, Routes};
use super::issuer::{AUDIENCE, ISSUER, Issuer};
use super::log::FileLog;
use super::private::named;
use super::queues::{Queues, poller::Poller};
use super::runner::Runner;
use super::schedules::{Schedule, check_schedules};
use super::secrets::Secrets;
use super::streams::{self, Relay, trim};
use super::topics::Topics;
use super::witness::Witness;
use super::{Cloud, CloudError, Config, Shared, local_names, server};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use platform::Function;
use platform::context::{Environment, ProcessEnv, Settings};
use platform::sdk::Sdk;
use platform::service::functions_of;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Starts a local cloud.
///
/// # Errors
/// When the directory or a port cannot be had, or a definition is none that AWS would take.
pub async fn start(config: Config) -> Result<Cloud, CloudError> {
    check_schedules(config.services)?;
    std::fs::create_dir_all(&config.data).map_err(|error| CloudError::Directory(named(&config.data)(error)))?;
    let lock = lock(&config.data)?;
    if config.port == config.aws_port && config.port != 0 {
        return Err(CloudError::OnePort { port: config.port });
    }
    let witness = Witness::of(&config.data);
    witness.check()?;
    let api = listen(Listener::Api, config.port).await?;
    let aws = listen(Listener::Aws, config.aws_port).await?;
    let (url, aws_url) = (url(&api)?, url(&aws)?);
    let (shared, runners) = open(&config, &url, &aws_url).await?;
    witness.note()?;
    let router = Routes::new(&runners)?;
    let gateway = Gateway::new(shared.clone(), router, shared.issuer.verifier()?, url.clone(), config.body_time);
    let (stopping, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(server::serve(api, Arc::new(gateway), config.limits, stopped.clone()));
    let (backends, clock, log) = (shared.backends.clone(), shared.clock.clone(), shared.log.clone());
    let endpoint = AwsEndpoint::new(backends, runners.clone(), clock, log, stopped.clone());
    tasks.spawn(server::serve(aws, Arc::new(endpoint), config.limits, stopped.clone()));
    for runner in &runners {
        if let Some(poller) = Poller::of(runner, &shared.backends.queues) {
            tasks.spawn(poller.run(stopped.clone()));
        }
        if let Some(schedule) = Schedule::of(runner.function(), &shared.database, &shared.backends.queues, &shared.clock)? {
            tasks.spawn(schedule.run(stopped.clone()));
        }
    }
    for relay in &shared.relays {
        tasks.spawn(relay.clone().run(stopped.clone()));
    }
    tasks.spawn(trim(shared.backends.engine.clone(), shared.relays.clone(), stopped));
    Ok(Cloud { shared, runners, url, aws_url, stopping, tasks, witness, _lock: lock })
}

/// One process at a time; the operating system lets go of the lock when the process ends, however it ends.
fn lock(directory: &Path) -> Result<File, CloudError> {
    let file = directory.join("lock");
    let lock = File::create(&file).map_err(|error| CloudError::Directory(named(&file)(error)))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(CloudError::InUse),
        Err(TryLockError::Error(error)) => Err(CloudError::Directory(error)),
    }
}

async fn listen(listener: Listener, port: u16) -> Result<TcpListener, CloudError> {
    server::listen(port).await.map_err(|source| CloudError::Port { listener, port, source })
}

fn url(listener: &TcpListener) -> Result<String, CloudError> {
    Ok(format!("http://{}", listener.local_addr().map_err(CloudError::Directory)?))
}

async fn open(config: &Config, url: &str, aws_url: &str) -> Result<(Arc<Shared>, Vec<Arc<Runner>>), CloudError> {
    let (data, services, names) = (config.data.clone(), config.services, local_names());
    let clock = Arc::new(LocalClock::open(&data, config.start_at).map_err(CloudError::Directory)?);
    // A new key takes longest: it is made while everything else opens.
    let issuer_name = config.issuer.clone().unwrap_or_else(|| ISSUER.into());
    let issuer = tokio::task::spawn_blocking({
        let (data, name, clock) = (data.clone(), issuer_name.clone(), clock.clone());
        move || Issuer::open(&data, name, clock)
    });
    let log = Arc::new(FileLog::open(&data).map_err(CloudError::Directory)?);
    let activity = Arc::new(Activity::default());
    let database = Arc::new(Database::open(&data)?);
    let queues = Arc::new(Queues::open(database.clone(), clock.clone(), activity.clone(), Arc::new(Faithful), services).await?);
    let engine = Arc::new(Engine::open(&data, services, &names, &clock)?);
    let backends = Arc::new(Backends {
        engine: engine.clone(),
        queues: queues.clone(),
        topics: Topics::new(queues.clone(), services),
        secrets: Secrets::open(&data, services, &names)?,
        names,
        api_url: url.to_owned(),
        faults: InstalledFaults::default(),
    });
    let process_env = ProcessEnv {
        clock: clock.clone(),
        log: log.clone(),
        issuer: platform::context::Issuer { url: issuer_name, audience: AUDIENCE.into() },
        shows_cost: true,
        settings: Arc::new(settings(config)),
    };
    let (runners, permits) = runners(config, &backends, &process_env);
    let shares = Arc::new(streams::RelayBackends {
        engine: engine.clone(),
        queues,
        clock: clock.clone(),
        activity: activity.clone(),
        deliveries: Arc::new(Faithful),
    });
    let relays: Result<Vec<_>, _> = runners.iter().filter_map(|runner| Relay::of(runner, &shares).transpose()).collect();
    let shared = Shared {
        stream: engine.stream_reader()?.into(),
        issuer: Arc::new(issuer.await.map_err(CloudError::issuer)??),
        relays: relays?.into_iter().map(Arc::new).collect(),
        backends,
        aws_url: aws_url.to_owned(),
        clock,
        permits,
        consumed: functions_of(services).filter_map(|function| function.consumes()).map(|queue| queue.name).collect(),
        database,
        activity,
        log,
    };
    Ok((Arc::new(shared), runners))
}

/// What the settings choose on a laptop, and what this cloud was started with instead.
fn settings(config: &Config) -> Settings {
    let read = functions_of(config.services).flat_map(|function| &function.settings);
    let mut settings: Settings = read.map(|setting| (setting.name.to_owned(), setting.local.to_owned())).collect();
    settings.extend(config.settings.clone());
    settings
}

/// Every function, each with its own connector, which is its identity.
fn runners(config: &Config, backends: &Arc<Backends>, process_env: &ProcessEnv) -> (Vec<Arc<Runner>>, Vec<Arc<Permits>>) {
    let functions = functions_of(config.services);
    let runner = |function: &'static Function| {
        let permits = Arc::new(Permits::of(function, &backends.names));
        let connector = Connector::new(backends.clone(), permits.clone());
        let sdk = Sdk::in_process(backends.names.clone(), SharedHttpClient::new(connector));
        let environment = Environment::new(&function.definition, sdk, process_env.clone());
        (Arc::new(Runner::new(function, Arc::new(environment))), permits)
    };
    functions.map(runner).unzip()
}
