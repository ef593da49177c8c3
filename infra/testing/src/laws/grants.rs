//! Least privilege, measured. A scenario runs every function of a service, and the local cloud records each function's calls. The
//! definitions must grant exactly these. A missing grant is AccessDenied somewhere in the suite, because the local cloud refuses what is
//! not granted. A grant too many is named here.

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
