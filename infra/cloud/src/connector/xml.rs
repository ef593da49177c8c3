//! The query protocol's replies: XML, with the namespace of the service.

use crate::engine::Reply;
use crate::queues::random_uuid;

pub const SNS: &str = "http://sns.amazonaws.com/doc/2010-03-31/";
pub const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// What `action` returned; `result` is XML already.
pub fn result(namespace: &str, action: &str, result: &str) -> Reply {
    let body = format!(
        r#"<{action}Response xmlns="{namespace}"><{action}Result>{result}</{action}Result><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{action}Response>"#,
        random_uuid()
    );
    Reply { status: 200, body }
}

pub fn error(namespace: &str, status: u16, code: &str, message: &str) -> Reply {
    let fault = if status < 500 { "Sender" } else { "Receiver" };
    let namespace = if namespace.is_empty() { String::new() } else { format!(r#" xmlns="{namespace}""#) };
    let body = format!(
        "<ErrorResponse{namespace}><Error><Type>{fault}</Type><Code>{code}</Code><Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        escaped(message),
        random_uuid()
    );
    Reply { status, body }
}

/// Text between tags. Characters that XML cannot hold become U+FFFD.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => escaped.push(character),
            _ => escaped.push('\u{fffd}'),
        }
    }
    escaped
}
