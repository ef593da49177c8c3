//! In which of AWS's protocols a request is, which operation of which service it asks for, and how an error reads there. An SDK that
//! gets an error of another protocol fails in its parser and shows nothing of it.

use super::lambda_paths;
use crate::connector::{sns, xml};
use crate::queues::random_uuid;
use crate::server::Reply;
use http::HeaderValue;
use http::request::Parts;
use serde_json::json;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// AWS JSON 1.0 and 1.1: the operation is in `x-amz-target`.
    Json,
    /// AWS Query: the operation is `Action` in a form.
    Query,
    /// EC2's own kind of Query.
    Ec2,
    /// Smithy's RPC over CBOR: the operation is in the path.
    Cbor,
    RestJson,
    RestXml,
}

/// What a request asks for.
pub(super) struct Asked {
    pub protocol: Protocol,
    /// `SQS`, or what it calls itself.
    pub service: String,
    /// `ListTopics`, or the method and path where nothing says it.
    pub operation: String,
    /// Of a query.
    pub form: sns::Form,
}

/// Services that speak XML over REST.
const REST_XML: [&str; 6] = ["s3", "s3express", "s3-object-lambda", "s3-outposts", "route53", "cloudfront"];

impl Asked {
    pub(super) fn of(parts: &Parts, body: &[u8]) -> Self {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let signed = signed_for(header("authorization"), parts.uri.query().unwrap_or_default());
        let plain = |protocol, service: &str, operation: &str| Self {
            protocol,
            service: service.to_owned(),
            operation: operation.to_owned(),
            form: sns::Form::default(),
        };
        if let Some((target, operation)) = header("x-amz-target").split_once('.') {
            return plain(Protocol::Json, service_of(target), operation);
        }
        if header("smithy-protocol") == "rpc-v2-cbor" {
            let mut path = parts.uri.path().trim_matches('/').split('/');
            let (service, operation) = (path.nth(1).unwrap_or_default(), path.nth(1).unwrap_or_default());
            return plain(Protocol::Cbor, if signed.is_empty() { service } else { &signed }, operation);
        }
        if let Some(form) = form(parts, header("content-type"), body) {
            let service = match form.version() {
                "2010-03-31" => "SNS",
                "2011-06-15" => "STS",
                "2012-11-05" => "SQS",
                _ => service_of(&signed),
            };
            let protocol = if signed == "ec2" { Protocol::Ec2 } else { Protocol::Query };
            return Self { form, ..plain(protocol, service, "") }.with_action();
        }
        if let Some(operation) = lambda_paths::operation(&parts.method, parts.uri.path(), &signed) {
            return plain(Protocol::RestJson, "Lambda", &operation);
        }
        let protocol = if REST_XML.contains(&signed.as_str()) { Protocol::RestXml } else { Protocol::RestJson };
        let service = if signed.is_empty() { "a service that the request does not name" } else { service_of(&signed) };
        plain(protocol, service, &format!("{} {}", parts.method, parts.uri.path()))
    }

    fn with_action(self) -> Self {
        let operation = self.form.action().to_owned();
        Self { operation, ..self }
    }

    /// An error that says `message`.
    pub(super) fn refuse(&self, status: u16, message: &str) -> Reply {
        let code = match (status, self.protocol) {
            (403, _) => "AccessDeniedException",
            (413, _) => "RequestEntityTooLargeException",
            (_, Protocol::Query | Protocol::Ec2) => "InvalidAction",
            (_, Protocol::RestXml) => "NotImplemented",
            _ => "UnknownOperationException",
        };
        match self.protocol {
            Protocol::Json => {
                let kind = format!("com.amazon.coral.service#{code}");
                super::response(status, "application/x-amz-json-1.0", json!({"__type": kind, "message": message}).to_string())
            }
            Protocol::Query => {
                let namespace = match self.service.as_str() {
                    "SNS" => xml::SNS,
                    "STS" => xml::STS,
                    _ => "",
                };
                super::text_xml(xml::error(namespace, status, code, message))
            }
            Protocol::Ec2 => {
                let (detail, id) = (xml::escaped(message), random_uuid());
                let error = format!("<Errors><Error><Code>{code}</Code><Message>{detail}</Message></Error></Errors>");
                super::response(status, "text/xml", format!("<Response>{error}<RequestID>{id}</RequestID></Response>"))
            }
            Protocol::RestXml => {
                let (detail, id) = (xml::escaped(message), random_uuid());
                let error = format!("<Code>{code}</Code><Message>{detail}</Message><RequestId>{id}</RequestId>");
                super::response(status, "application/xml", format!("<Error>{error}</Error>"))
            }
            Protocol::RestJson => rest_error(status, code, message),
            Protocol::Cbor => {
                let mut reply = super::response(status, "application/cbor", cbor(&[("__type", code), ("message", message)]));
                reply.headers_mut().insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
                reply
            }
        }
    }
}

/// An error of REST with JSON: its code is a header.
pub(super) fn rest_error(status: u16, code: &str, message: &str) -> Reply {
    let fault = if status < 500 { "User" } else { "Service" };
    let body = json!({"Type": fault, "Message": message, "message": message}).to_string();
    let mut reply = super::response(status, "application/json", body);
    if let Ok(code) = HeaderValue::from_str(code) {
        reply.headers_mut().insert("x-amzn-errortype", code);
    }
    reply
}

/// The form of a query, which comes in the body or, signed beforehand, in the URL.
fn form(parts: &Parts, content_type: &str, body: &[u8]) -> Option<sns::Form> {
    if content_type.starts_with("application/x-www-form-urlencoded") {
        return Some(sns::Form::parse(body));
    }
    let form = sns::Form::parse(parts.uri.query()?.as_bytes());
    (!form.action().is_empty()).then_some(form)
}

/// The service in the scope of a signature: `Credential=local/20300101/ap-northeast-1/sqs/aws4_request`.
fn signed_for(authorization: &str, query: &str) -> String {
    let in_header =
        authorization.split_once("Credential=").map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default().to_owned());
    let in_query = || {
        let mut fields = form_urlencoded::parse(query.as_bytes());
        fields.find(|(name, _)| name == "X-Amz-Credential").map(|(_, value)| value.into_owned())
    };
    let scope = in_header.or_else(in_query).unwrap_or_default();
    scope.rsplit('/').nth(1).unwrap_or_default().to_owned()
}

/// What people call the service that a target or a signature names.
fn service_of(name: &str) -> &str {
    match name {
        "DynamoDB_20120810" => "DynamoDB",
        "AmazonSQS" | "sqs" => "SQS",
        "AmazonSSM" | "ssm" => "SSM",
        "sns" => "SNS",
        "sts" => "STS",
        "lambda" => "Lambda",
        "" => "a service that the request does not name",
        other => other,
    }
}

/// A CBOR map of texts, as RFC 8949 has it.
fn cbor(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0xa0 | u8::try_from(entries.len()).unwrap_or(0)];
    for text in entries.iter().flat_map(|(name, value)| [name, value]) {
        match u8::try_from(text.len()) {
            Ok(length @ ..24) => bytes.push(0x60 | length),
            Ok(length) => bytes.extend([0x78, length]),
            Err(_) => {
                bytes.push(0x79);
                bytes.extend(u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
            }
        }
        bytes.extend(text.as_bytes());
    }
    bytes
}
