//! Least privilege, measured: over a scenario that touches every function of a service, what the definitions grant is exactly what was
//! used, by the record of what each function really called. A grant too few is AccessDenied somewhere in the suite, for the local cloud
//! refuses what is not granted; one too many is named here.

use super::{Examples, local};
use std::collections::BTreeSet;
use std::time::Duration;

pub async fn what_is_granted_is_what_is_used<E: Examples>() {
    let Some(stage) = local::<E>().await else { return };
    stage.uses_every_grant().await;
    let target = stage.target();
    let names: BTreeSet<&str> = E::SERVICE.functions.iter().map(|function| function.name).collect();
    let own = |actions: BTreeSet<cloud::Permission>| -> BTreeSet<_> {
        actions.into_iter().filter(|permission| names.contains(permission.function)).collect()
    };
    let granted = own(target.cloud().granted_actions());
    let all_used = async || (own(target.cloud().used_actions()) == granted).then_some(());
    let all = tokio::time::timeout(Duration::from_secs(20), target.eventually("every grant is used", all_used)).await;
    let used = own(target.cloud().used_actions());
    assert!(all.is_ok(), "granted and never used: {:#?}", granted.difference(&used).collect::<Vec<_>>());
    assert_eq!(used, granted, "used and not granted");
}
