//! API keys as they are used: issued and revoked by the service that owns organizations, and looked up for every call of a program.

use super::check::AGE_MAX;
use super::key::{id, key};
use super::{ACCESS, KeyEntry, KeySecret, Scope, Stored, change, read, unchecked};
use crate::context::Context;
use crate::http::ApiKey;
use crate::problem::{self, Problem};
use crate::store::{StoreError, Write};
use shared::hash::Hash;
use std::sync::Arc;

impl KeyEntry {
    /// Puts a new key. It needs a grant of `PutItem` on the table.
    pub fn issue(secret: &KeySecret, entry: &Self) -> Write {
        Stored::<Self> { key: key(&secret.hash()), revision: None, value: None }.write(entry)
    }

    /// The entry of the key with this hash, read consistently.
    pub async fn load(context: &Context, hash: &Hash) -> Result<Stored<Self>, StoreError> {
        Stored::load(context, key(hash)).await
    }

    /// Revokes the key with this hash: for good, and everywhere within 60 seconds. It needs the grants `GetItem` and `PutItem` on the
    /// table.
    ///
    /// # Errors
    /// `not_found` where there is no such key; `contention` where others change it again and again.
    pub async fn revoke(context: &Context, hash: &Hash) -> Result<(), Problem> {
        let revoked = |entry: Option<Self>| match entry {
            Some(entry) => Ok(Self { revoked: true, ..entry }),
            None => Err(Problem::new(&problem::NOT_FOUND, "")),
        };
        change(context, key(hash), revoked).await.map(drop)
    }
}

/// The key of the header `Authorization`, when it is good for `scope`.
pub(crate) async fn admit(context: &Context, authorization: &str, scope: &Scope) -> Result<ApiKey, Problem> {
    let secret = match authorization.split_once(' ') {
        Some((scheme, text)) if scheme.eq_ignore_ascii_case("Bearer") => KeySecret::parse(text),
        _ => None,
    };
    let hash = secret.ok_or_else(|| invalid("it is no text of a key"))?.hash();
    let entry = entry(context, &hash).await?.ok_or_else(|| invalid("there is no such key"))?;
    if let Some(why) = entry.refuses(context.now()) {
        return Err(invalid(why));
    }
    if !entry.scopes.iter().any(|of_key| of_key == scope.name) {
        return Err(Problem::new(&problem::FORBIDDEN_SCOPE, "").with_member("scope", scope.name));
    }
    Ok(ApiKey { id: id(&hash), organization: entry.organization.clone() })
}

/// The entry of a key, from a copy or else read consistently: a key that was just issued is good at once. That there is none is not
/// kept, for nobody asks twice.
async fn entry(context: &Context, hash: &Hash) -> Result<Option<Arc<KeyEntry>>, Problem> {
    let now = context.now();
    if let Some(entry) = context.env.api_keys.get(hash, now, AGE_MAX) {
        return Ok(Some(entry));
    }
    let record = context.table(&ACCESS).get_for_check(key(hash), true).await.map_err(unchecked)?;
    let entry = record.map(|record| read::<KeyEntry>(&record)).transpose().map_err(unchecked)?.map(Arc::new);
    if let Some(entry) = &entry {
        context.env.api_keys.put(*hash, entry.clone(), now);
    }
    Ok(entry)
}

/// Every cause has the same answer; the log says which it was.
fn invalid(why: &'static str) -> Problem {
    Problem { cause: Some(why.into()), ..Problem::new(&problem::API_KEY_INVALID, "") }
}
