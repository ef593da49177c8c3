//! The one entry that every function's binary calls. It is not generic, so the Lambda runtime is instantiated here, once. A binary then
//! takes a third of a second to link instead of twelve seconds to compile.

use crate::clock::SystemClock;
use crate::context::{Environment, Issuer, ProcessEnv};
use crate::function::Function;
use crate::invoke::{self, Invocation};
use crate::problem::chain;
use crate::sdk::{Sdk, SdkError};
use crate::telemetry::StandardOutput;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Serves `function` on AWS Lambda until the process is ended.
pub fn run(function: &'static Function) -> ExitCode {
    let served = environment(function).map_err(|error| chain(&error)).and_then(|env| serve(function, env));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", function.name);
            ExitCode::FAILURE
        }
    }
}

fn environment(function: &'static Function) -> Result<Arc<Environment>, SdkError> {
    let var = |name| std::env::var(name).map_err(|_| SdkError::Missing(name));
    let process_env = ProcessEnv {
        clock: Arc::new(SystemClock),
        log: Arc::new(StandardOutput),
        issuer: Issuer { url: var("KOBAN_ISSUER")?, audience: var("KOBAN_AUDIENCE")? },
        shows_cost: std::env::var("KOBAN_SHOWS_COST").is_ok_and(|value| value == "true"),
        settings: Arc::new(function.settings.iter().filter_map(|setting| chosen(setting.name)).collect()),
    };
    Ok(Arc::new(Environment::new(&function.definition, Sdk::from_env()?, process_env)))
}

fn chosen(name: &'static str) -> Option<(String, String)> {
    Some((name.to_owned(), std::env::var(format!("KOBAN_{name}")).ok()?))
}

fn serve(function: &'static Function, env: Arc<Environment>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let of_init = env.clone();
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let env = env.clone();
        async move { handle(function, &env, event).await }
    });
    let served = async {
        of_init.connect().await;
        lambda_runtime::run(handler).await
    };
    runtime.block_on(served).map_err(|error| error.to_string())
}

async fn handle(
    function: &'static Function,
    env: &Arc<Environment>,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<Box<RawValue>, Box<dyn Error + Send + Sync>> {
    let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(event.context.deadline);
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    let invocation = Invocation {
        request_id: event.context.request_id,
        trace: event.context.xray_trace_id.unwrap_or_default(),
        deadline: tokio::time::Instant::now() + left,
    };
    let reply = invoke::invoke(function, env, event.payload.get().as_bytes(), invocation).await?;
    let reply = String::from_utf8(reply)?;
    Ok(RawValue::from_string(reply)?)
}
