//! The check of a request's person: their gate, read once beside the handler's first read. The handler's reads need not wait for it; its
//! first write waits, and so does the reply. A caller who is refused gets that answer alone, and
//! the handler is dropped where it is.

use super::verdict::{Person, Verdict};
use super::{ACCESS, Gate, Token, read, unchecked};
use crate::context::Context;
use crate::definition::Route;
use crate::http::Reply;
use crate::problem::{Problem, chain};
use crate::store::StoreError;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, select};
use shared::id::UserId;
use std::sync::Arc;
use std::time::Duration;

/// How old a copy of a gate or of an API key may be. An invocation takes at most 30 seconds more, so a revocation holds within 60.
pub(crate) const AGE_MAX: Duration = Duration::from_secs(30);

impl Context {
    /// Says whose request this is. The gate is read by the first who waits for it.
    pub(crate) fn is_of(&self, user: UserId, token: Token) {
        // Admission says it once.
        let _ = self.check.person.set(Person { user, token });
    }

    /// Waits until the person is known to be admitted.
    pub(crate) async fn admitted(&self) -> Result<(), Problem> {
        match self.verdict().await {
            Verdict::Admitted => Ok(()),
            Verdict::Refused(code) => Err(Problem::new(code, "")),
            Verdict::Failed(code, cause) => Err(Problem { cause: Some(cause.into()), ..Problem::new(code, "") }),
        }
    }

    /// Waits until something may be written. In a box, because every write of every handler is made with it.
    pub(crate) fn may_write(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { self.admitted().await.map_err(|problem| StoreError::NotAdmitted { code: problem.code.code }) })
    }

    async fn verdict(&self) -> Verdict {
        let Some(person) = self.check.person.get() else {
            let route = self.definition().route();
            return if route.is_some_and(Route::has_person) { unknown() } else { Verdict::Admitted };
        };
        let verdict = async {
            match self.gate(&person.user).await {
                Ok(gate) => match gate.and_then(|gate| gate.refuses(&person.token)) {
                    None => Verdict::Admitted,
                    Some(code) => Verdict::Refused(code),
                },
                Err(error) => {
                    let problem = unchecked(error);
                    let cause = problem.cause.as_deref().map(|cause| chain(cause)).unwrap_or_default();
                    Verdict::Failed(problem.code, cause)
                }
            }
        };
        self.check.verdict.get_or_init(|| verdict).await.clone()
    }

    /// The gate of `user`, from a copy or else read with eventual consistency. That there is none is kept too.
    async fn gate(&self, user: &UserId) -> Result<Option<Arc<Gate>>, StoreError> {
        let now = self.now();
        if let Some(gate) = self.env.gates.get(user, now, AGE_MAX) {
            return Ok(gate);
        }
        let record = self.table(&ACCESS).get_for_check(Gate::key(user), false).await?;
        let gate = record.map(|record| read::<Gate>(&record)).transpose()?.map(Arc::new);
        self.env.gates.put(user.clone(), gate.clone(), now);
        Ok(gate)
    }

    /// The answer, once the person is known to be admitted. The first invocation of a process has one connection, which its init opened.
    /// There the check follows the handler's reads, because opening another one would cost more than its round trip.
    pub(crate) async fn beside_check(&self, answer: BoxFuture<'_, Result<Reply, Problem>>) -> Result<Reply, Problem> {
        if self.cold {
            let reply = answer.await;
            return self.admitted().await.and(reply);
        }
        match select(answer, self.admitted().boxed()).await {
            Either::Left((reply, admitted)) => admitted.await.and(reply),
            Either::Right((Ok(()), answer)) => answer.await,
            Either::Right((Err(refused), _dropped)) => Err(refused),
        }
    }
}

/// A mistake in the platform, which opens nothing.
fn unknown() -> Verdict {
    Verdict::Failed(&crate::problem::INTERNAL, "a route of people has admitted nobody in particular".into())
}
