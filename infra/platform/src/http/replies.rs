//! What handlers answer: JSON with its status, nothing, another place, or bytes of a media type.

use super::{IntoReply, Reply};
use crate::contract::Contract;
use crate::problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use std::borrow::Cow;
use std::marker::PhantomData;

/// The largest body of a reply: Lambda answers with at most 6 MB of JSON, in which bytes are base64 and headers need room.
pub const RESPONSE_BYTES_MAX: usize = 4 * 1_024 * 1_024;

const JSON: &str = "application/json";

fn json(status: u16, body: &impl Serialize) -> Result<Reply, Problem> {
    let body = serde_json::to_vec(body).map_err(Problem::internal)?;
    Ok(Reply { status, media_type: JSON, body, headers: Vec::new() })
}

macro_rules! json_replies {
    ($($(#[$doc:meta])* $name:ident = $status:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name<T>(pub T);

            impl<T: Serialize + JsonSchema> IntoReply for $name<T> {
                fn describe(contract: &mut Contract) {
                    contract.replies::<T>($status, JSON);
                }

                fn into_reply(self) -> Result<Reply, Problem> {
                    json($status, &self.0)
                }
            }
        )+
    };
}

json_replies! {
    /// 200 with a `T`.
    Json = 200;
    /// 201 with the `T` that was made.
    Created = 201;
    /// 202 with a `T` that is being worked on.
    Accepted = 202;
}

/// 204: done, and there is nothing to say.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl IntoReply for NoContent {
    fn describe(contract: &mut Contract) {
        contract.replies::<()>(204, "");
    }

    fn into_reply(self) -> Result<Reply, Problem> {
        Ok(Reply { status: 204, media_type: "", body: Vec::new(), headers: Vec::new() })
    }
}

/// 303: what was asked for is at another address, to be read with GET.
#[derive(Debug, Clone)]
pub struct Redirect(pub String);

impl IntoReply for Redirect {
    fn describe(contract: &mut Contract) {
        contract.replies::<()>(303, "");
    }

    fn into_reply(self) -> Result<Reply, Problem> {
        // A header cannot hold a line break, and an address none of the blanks and controls.
        if !self.0.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::internal("a redirect to what is no address"));
        }
        Ok(Reply { status: 303, media_type: "", body: Vec::new(), headers: vec![("location", self.0)] })
    }
}

/// A type of content that is not JSON.
pub trait MediaType {
    /// As in the header `Content-Type`.
    const NAME: &'static str;
}

/// 200 with bytes of a media type, at most [`RESPONSE_BYTES_MAX`].
#[derive(Debug)]
pub struct Typed<M> {
    bytes: Vec<u8>,
    /// The name under which a browser saves it.
    file: Option<String>,
    media_type: PhantomData<M>,
}

impl<M: MediaType> Typed<M> {
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), file: None, media_type: PhantomData }
    }

    /// To be saved under the name `file`: ASCII letters, digits, `.`, `-` and `_`; any other character becomes `_`.
    #[must_use]
    pub fn saved_as(mut self, file: &str) -> Self {
        let safe = |character: char| if character.is_ascii_alphanumeric() || ".-_".contains(character) { character } else { '_' };
        self.file = Some(file.chars().map(safe).collect());
        self
    }

    /// From pieces that come one after another, such as the rows of a table. Stops with an error beyond [`RESPONSE_BYTES_MAX`].
    pub fn of_pieces<P: AsRef<[u8]>>(pieces: impl IntoIterator<Item = P>) -> Result<Self, Problem> {
        let mut bytes = Vec::new();
        for piece in pieces {
            bytes.extend_from_slice(piece.as_ref());
            check_length(&bytes)?;
        }
        Ok(Self::new(bytes))
    }
}

fn check_length(bytes: &[u8]) -> Result<(), Problem> {
    if bytes.len() > RESPONSE_BYTES_MAX {
        Err(Problem::internal("a reply that is larger than Lambda can answer with"))
    } else {
        Ok(())
    }
}

/// The schema of bytes.
struct Bytes;

impl JsonSchema for Bytes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

impl<M: MediaType> IntoReply for Typed<M> {
    fn describe(contract: &mut Contract) {
        contract.replies::<Bytes>(200, M::NAME);
    }

    fn into_reply(self) -> Result<Reply, Problem> {
        check_length(&self.bytes)?;
        // Content that a browser must not take for another type than it is.
        let mut headers = vec![("x-content-type-options", "nosniff".to_owned())];
        headers.extend(self.file.map(|file| ("content-disposition", format!("attachment; filename=\"{file}\""))));
        Ok(Reply { status: 200, media_type: M::NAME, body: self.bytes, headers })
    }
}

macro_rules! media_types {
    ($($(#[$doc:meta])* $name:ident = $media_type:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl MediaType for $name {
                const NAME: &'static str = $media_type;
            }
        )+
    };
}

media_types! {
    /// Plain text.
    Text = "text/plain; charset=utf-8";
    /// A page.
    Html = "text/html; charset=utf-8";
    /// A table, as RFC 4180 has it.
    Csv = "text/csv; charset=utf-8";
    /// A document to print.
    Pdf = "application/pdf";
    /// A picture.
    Png = "image/png";
}

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ListOf{T}")]
pub struct List<T> {
    pub items: Vec<T>,
    /// Send it as `cursor` to get the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_cannot_carry_another_header() {
        assert!(Redirect("https://koban.example/a?b=c".into()).into_reply().is_ok());
        for wrong in ["/a\r\nset-cookie: x", "/a b", "/ä"] {
            assert!(Redirect(wrong.into()).into_reply().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_has_a_name_without_surprises() {
        let reply = Typed::<Csv>::new("a,b\r\n").saved_as("an \"invoice\"/2026.csv").into_reply().unwrap();
        assert!(reply.headers.contains(&("content-disposition", "attachment; filename=\"an__invoice__2026.csv\"".into())));
        assert_eq!(reply.media_type, "text/csv; charset=utf-8");
    }

    #[test]
    fn a_reply_has_a_largest_size() {
        let rows = |count: usize| Typed::<Text>::of_pieces(std::iter::repeat_n([b'x'; 1_024], count));
        assert!(rows(4 * 1_024).and_then(IntoReply::into_reply).is_ok());
        assert!(rows(4 * 1_024 + 1).is_err());
        assert!(Typed::<Text>::new(vec![0; RESPONSE_BYTES_MAX + 1]).into_reply().is_err());
    }
}
