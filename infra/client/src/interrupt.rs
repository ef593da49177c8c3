//! Ctrl-C, for work that needs no cleaning up.

use super::ClientError;

/// Ends the work at Ctrl-C.
pub async fn or_interrupted<T, E: From<ClientError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    tokio::select! {
        biased;
        interrupted = tokio::signal::ctrl_c() => match interrupted {
            Ok(()) => Err(ClientError::Interrupted.into()),
            Err(source) => Err(ClientError::Io { what: "listening to Ctrl-C", source }.into()),
        },
        done = work => done,
    }
}
