//! The feeds' messages as they go over the wire: one venue of one day a message, signed the Standard Webhooks way. What sends them
//! (`koban feed`, the demo) only chooses the races and the moment.

use client::ClientError;
use client::http::{Call, Connection, Reply};
use jiff::Timestamp;
use jiff::civil::Date;
use platform::secrets::SecretValue;
use platform::webhook::sign;
use racing_domain::{Announcement, RaceId, RaceResult};
use serde::Serialize;
use shared::hash;
use std::collections::BTreeMap;

pub const RACES_PATH: &str = "/v1/feeds/races";
pub const RESULTS_PATH: &str = "/v1/feeds/results";

/// A message of a feed, not yet signed: the time of signing is that of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub path: &'static str,
    pub date: Date,
    pub venue: u8,
    /// How many races it names.
    pub races: usize,
    pub body: Vec<u8>,
}

/// The headers that sign a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
}

impl Message {
    /// Derived from what is said, so that sending it again repeats the message instead of making another.
    fn id(&self) -> String {
        format!("msg_{}", hash::text(&hash::of_parts(&[self.path.as_bytes(), &self.body])))
    }

    /// Signs it at `now`; none when the secret is no key.
    pub fn signed(&self, secret: &SecretValue, now: Timestamp) -> Option<SignedHeaders> {
        let id = self.id();
        let signature = sign(secret, &id, now, &self.body)?;
        Some(SignedHeaders { id, timestamp: now.as_second().to_string(), signature })
    }
}

#[derive(Serialize)]
struct RacesBody<'a> {
    date: Date,
    venue: u8,
    races: Vec<RaceBody<'a, Announcement>>,
}

#[derive(Serialize)]
struct ResultsBody<'a> {
    date: Date,
    venue: u8,
    results: Vec<RaceBody<'a, RaceResult>>,
}

#[derive(Serialize)]
struct RaceBody<'a, T> {
    number: u8,
    #[serde(flatten)]
    says: &'a T,
}

/// The messages that announce `races`, a venue and day each.
pub fn announcements<'a>(races: impl IntoIterator<Item = (RaceId, &'a Announcement)>) -> Vec<Message> {
    let message = |date, venue, races: Vec<_>| {
        let count = races.len();
        Message { path: RACES_PATH, date, venue, races: count, body: json(&RacesBody { date, venue, races }) }
    };
    by_venue(races).into_iter().map(|((date, venue), races)| message(date, venue, races)).collect()
}

/// The messages that bring `results`, a venue and day each.
pub fn results<'a>(results: impl IntoIterator<Item = (RaceId, &'a RaceResult)>) -> Vec<Message> {
    let message = |date, venue, results: Vec<_>| {
        let count = results.len();
        Message { path: RESULTS_PATH, date, venue, races: count, body: json(&ResultsBody { date, venue, results }) }
    };
    by_venue(results).into_iter().map(|((date, venue), results)| message(date, venue, results)).collect()
}

fn by_venue<'a, T>(races: impl IntoIterator<Item = (RaceId, &'a T)>) -> BTreeMap<(Date, u8), Vec<RaceBody<'a, T>>> {
    let mut venues = BTreeMap::<_, Vec<_>>::new();
    for (id, says) in races {
        venues.entry((id.date(), id.venue())).or_default().push(RaceBody { number: id.number(), says });
    }
    venues
}

#[expect(clippy::panic, reason = "announcements and results are plain data, which always has a JSON form")]
fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_else(|error| panic!("a message that is not JSON: {error}"))
}

/// Posts a message, signed at `now`. Returns what was sent, and the reply.
pub async fn post(
    connection: &mut Connection,
    message: &Message,
    secret: &SecretValue,
    now: Timestamp,
) -> Result<(Call, Reply), ClientError> {
    let signed = message.signed(secret, now);
    let signed = signed.ok_or_else(|| {
        ClientError::Input("the feed's secret is not whsec_ and the base64 of 24 bytes or more: `koban secret` prints one".into())
    })?;
    let call = Call::post(message.path, message.body.clone())?
        .with("webhook-id", &signed.id)
        .with("webhook-timestamp", &signed.timestamp)
        .with("webhook-signature", &signed.signature);
    let what = || format!("{} of {} venue {}", message.path, message.date, message.venue);
    let reply = connection.send(&call).await?.accepted(&what())?;
    Ok((call, reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn race(key: &str) -> RaceId {
        RaceId::from_key(key).unwrap()
    }

    #[test]
    fn a_message_names_the_races_of_one_venue() {
        let void = RaceResult::default();
        let messages =
            results([(race("20251226-03-01"), &void), (race("20251226-04-07"), &void), (race("20251226-03-02"), &void)]);
        let bodies: Vec<_> = messages.iter().map(|message| String::from_utf8_lossy(&message.body).into_owned()).collect();
        assert_eq!(
            bodies,
            [
                r#"{"date":"2025-12-26","venue":3,"results":[{"number":1,"dividends":{}},{"number":2,"dividends":{}}]}"#,
                r#"{"date":"2025-12-26","venue":4,"results":[{"number":7,"dividends":{}}]}"#,
            ]
        );
    }

    #[test]
    fn the_same_message_has_the_same_id_whenever_it_is_signed() {
        let message = &results([(race("20251226-03-01"), &RaceResult::default())])[0];
        let secret = SecretValue::new(cloud::new_secret());
        let signed = |second| message.signed(&secret, Timestamp::from_second(second).unwrap()).unwrap();
        assert_eq!(signed(1).id, signed(2).id);
        assert_ne!(signed(1).signature, signed(2).signature);
    }
}
