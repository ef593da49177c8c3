//! The worker that collects a top-up from the bank and credits the wallet. A message names the top-up; what is true of it is read here.
//! This worker can fail at any point: the next one asks the bank for the status before it acts.

use crate::bank::{Bank, BankError, Verdict};
use crate::prelude::*;
use crate::topup;
use platform::commit::{Decision, Journal, commit};
use platform::message::EventData;
use platform::store;
use shared::planted::{self, Bug};

pub static FUNCTION: Function = Function::worker("collect-topup", &COLLECT_TOPUP)
    .says(
        "Collects a top-up from the bank",
        "Takes the money under the top-up's id, so never twice. It credits the wallet in one transaction with the top-up's last state. When \
         the bank does not answer, the top-up becomes UNKNOWN, and sweep-topups sends it here again.",
    )
    .may(&WALLET, &[GetItem, Query, PutItem])
    .may(&BANK, &[GetItem, PutItem])
    .chooses(&BANK_CHOICE)
    .timeout_s(20)
    .handled_by(job!(collect));

/// Money that was not collected is never credited. Without a bank the message goes to the dead-letter queue until one is configured.
const NO_BANK: &str = "this deployment has no bank: set `bank` in Terraform's variables, then `koban redrive collect-topup`";

async fn collect(context: &Context, EventData { data }: EventData<CollectTopUp>) -> Result<(), Failure> {
    let CollectTopUp { topup: id, user } = data;
    let found = context.table(&WALLET).get(&topup::key(&user, &id)).await?;
    let record = found.ok_or_else(|| Failure::new(format!("there is no top-up {id} of {user}")))?;
    let topup = record.read::<TopUp>()?;
    let is_left_alone = topup.state == TopUpState::Collecting && planted::is_on(Bug::CollectingLeftAlone);
    if topup.state.is_final() || is_left_alone {
        return Ok(());
    }
    let bank = Bank::chosen(context)?.ok_or_else(|| Failure::new(NO_BANK))?;
    let verdict = if topup.state == TopUpState::Requested {
        let Some((topup, record)) = step(context, &topup, &record, TopUpState::Collecting).await? else { return Ok(()) };
        return finish(context, &topup, &record, bank.collect(&topup).await).await;
    } else {
        bank.status(&id).await
    };
    match verdict {
        _ if topup.state == TopUpState::Unknown && planted::is_on(Bug::ChargedUnderFreshId) => {
            let again = TopUp { id: TopUpId::derive(&[id.as_str().as_bytes(), b"again"]), ..topup.clone() };
            finish(context, &topup, &record, bank.collect(&again).await).await
        }
        Ok(None) => finish(context, &topup, &record, bank.collect(&topup).await).await,
        Ok(Some(verdict)) => finish(context, &topup, &record, Ok(verdict)).await,
        Err(error) => finish(context, &topup, &record, Err(error)).await,
    }
}

/// Moves the top-up on; none when another worker has.
async fn step(context: &Context, topup: &TopUp, before: &Record, state: TopUpState) -> Result<Option<(TopUp, Record)>, Failure> {
    let Some(moved) = topup.moved(state, context.now()) else { return Ok(None) };
    let next = topup::next(&moved, before);
    let record = next.record.clone();
    match write(context, vec![next]).await {
        Ok(()) => Ok(Some((moved, record))),
        Err(WriteError::Canceled(reasons)) if matches!(reasons[..], [store::CancelReason::Condition(_)]) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn finish(context: &Context, topup: &TopUp, before: &Record, verdict: Result<Verdict, BankError>) -> Result<(), Failure> {
    match verdict {
        Ok(Verdict::Collected) => credit(context, topup, before).await,
        Ok(Verdict::Declined) => step(context, topup, before, TopUpState::Declined).await.map(|_| ()),
        Err(BankError::TimedOut) if planted::is_on(Bug::SilenceTakenForDeclined) => {
            step(context, topup, before, TopUpState::Declined).await.map(|_| ())
        }
        Err(BankError::TimedOut) if topup.state == TopUpState::Unknown => Ok(()),
        Err(BankError::TimedOut) => step(context, topup, before, TopUpState::Unknown).await.map(|_| ()),
        Err(BankError::Store(error)) => Err(error.into()),
    }
}

async fn credit(context: &Context, topup: &TopUp, before: &Record) -> Result<(), Failure> {
    let now = context.now();
    let Some(collected) = topup.moved(TopUpState::Collected, now) else { return Ok(()) };
    let object = topup::next(&collected, before);
    let mut journals = [posting::journal(context, &topup.user).await?];
    if planted::is_on(Bug::CollectedBeforeCredited) {
        write(context, vec![object]).await?;
        let line = collected.credit(&journals[0].tail::<Wallet>()?, now, FUNCTION.name)?;
        return Ok(write(context, vec![Write::if_absent(&WALLET, Record::of_line(&line))]).await?);
    }
    let mut decide = |journals: &[Journal]| {
        let line = collected.credit(&journals[0].tail::<Wallet>()?, now, FUNCTION.name).map_err(Problem::internal)?;
        Ok(Decision::Accept { object: object.clone(), lines: vec![line] })
    };
    // Found instead of new: another worker moved it on between; nothing was written here, and that worker answers for it.
    commit(context, &mut journals, &mut decide).await?;
    Ok(())
}
