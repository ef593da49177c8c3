//! Lists, page by page: what every list of the API promises of its limits and cursors.

use super::client::Response;
use super::user::User;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// A list of the API, as a person reads it.
pub struct Pages<'a> {
    user: &'a User,
    /// `/v1/races?date=2026-05-23`
    path: &'a str,
}

impl<'a> Pages<'a> {
    pub const fn of(user: &'a User, path: &'a str) -> Self {
        Self { user, path }
    }

    /// One page, with further parameters.
    pub async fn page(&self, parameters: &str) -> Response {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        self.user.get(&format!("{}{separator}{parameters}", self.path)).await
    }

    /// Every page.
    pub async fn all(&self, limit: usize) -> Vec<Value> {
        let mut pages = vec![self.page(&format!("limit={limit}")).await.expect(200)];
        while let Some(cursor) = pages.last().and_then(|page| page["next_cursor"].as_str()) {
            let next = self.page(&format!("limit={limit}&cursor={cursor}")).await.expect(200);
            pages.push(next);
            assert!(pages.len() <= 1_000, "{} never ends", self.path);
        }
        let too_long = pages.iter().find(|page| items(page).len() > limit);
        assert!(too_long.is_none(), "more than {limit} items: {too_long:?}");
        pages
    }

    /// Every item.
    pub async fn items(&self, limit: usize) -> Vec<Value> {
        self.all(limit).await.iter().flat_map(items).cloned().collect()
    }

    /// Pages of any length hold the same, and other lengths are refused.
    pub async fn hold_the_same_at_any_limit(&self) {
        let whole = self.items(100).await;
        assert!(whole.len() > 2, "too few items for more than one page: {whole:?}");
        for limit in [1, 2, whole.len()] {
            assert_eq!(self.items(limit).await, whole, "limit {limit}");
        }
        for limit in ["0", "101", "-1", "many", ""] {
            self.page(&format!("limit={limit}")).await.refused_at(400, "malformed_parameter", "limit");
        }
    }

    /// Malformed cursors, and those of the lists `others`, are refused. A cursor whose position was changed stays within the list.
    pub async fn refuse_cursors_of(&self, others: &[Pages<'_>]) {
        for cursor in ["x", "e30", "AAAA", "%20", &"x".repeat(2_000)] {
            self.refuses(cursor).await;
        }
        for other in others {
            let page = other.page("limit=1").await.expect(200);
            self.refuses(page["next_cursor"].as_str().expect("a list of two items at least")).await;
        }
        let page = self.page("limit=1").await.expect(200);
        let cursor = page["next_cursor"].as_str().expect("a list of two items at least");
        let whole = self.items(100).await;
        for after in forged_positions(cursor) {
            let forged = self.page(&format!("cursor={}", forge(cursor, &after))).await;
            assert!(matches!(forged.status, 200 | 400), "a cursor whose position is {after}: {forged:?}");
            if forged.status == 200 {
                assert!(items(&forged.json()).iter().all(|item| whole.contains(item)), "{after}: {forged:?}");
            }
        }
    }

    async fn refuses(&self, cursor: &str) {
        self.page(&format!("cursor={cursor}")).await.refused_at(400, "malformed_parameter", "cursor");
    }
}

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().unwrap_or_else(|| panic!("no items: {page}"))
}

fn decode(cursor: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(cursor.as_bytes()).expect("base64")).expect("JSON")
}

/// Positions that the list never gave: of another shape, and with each part changed.
fn forged_positions(cursor: &str) -> Vec<Value> {
    let position = decode(cursor)["after"].clone();
    let mut forged = vec![json!([]), json!(["a", "b", "c"]), json!("a"), json!(null), json!([1])];
    for part in 0..position.as_array().expect("a position").len() {
        for text in ["", "0", "~", "zz", "\u{0}", &"x".repeat(500)] {
            let mut changed = position.clone();
            changed[part] = json!(text);
            forged.push(changed);
        }
    }
    forged
}

/// The cursor with another position.
fn forge(cursor: &str, after: &Value) -> String {
    let mut decoded = decode(cursor);
    decoded["after"] = after.clone();
    BASE64URL_NOPAD.encode(decoded.to_string().as_bytes())
}
