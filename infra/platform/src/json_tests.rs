//! What JSON from outside may be, and where what it may not be is refused: every lookalike that `serde` alone would take.

use super::*;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Money {
    asset: Asset,
    minor: i64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Asset {
    Jpy,
    Medal,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Point,
    Circle(u32),
    Pair(u32, u32),
    Rectangle { width: u32, height: u32 },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Selection {
    Single { runners: Vec<u8> },
    Formation { legs: Vec<Vec<u8>> },
    All,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case")]
enum Adjacent {
    Money(Money),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Everything {
    money: Money,
    #[serde(default)]
    many: Vec<Money>,
    #[serde(default)]
    perhaps: Option<Money>,
    #[serde(default)]
    by_asset: BTreeMap<Asset, Money>,
    #[serde(default)]
    by_number: BTreeMap<u8, u8>,
    #[serde(default)]
    selection: Option<Selection>,
    #[serde(default)]
    pair: Option<(u8, u8)>,
    #[serde(default)]
    wrapped: Option<Wrapped>,
    #[serde(default)]
    any: Value,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Wrapped(Money);

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    from_slice(text.as_bytes())
}

#[track_caller]
fn refused_at<T: DeserializeOwned + fmt::Debug>(text: &str, pointer: &str) {
    let fault = read::<T>(text).expect_err(text);
    assert_eq!(fault.pointer, pointer, "{text}: {fault}");
    assert!(!fault.detail.is_empty());
}

/// `{"money": …}` with another member.
fn with(member: &str) -> String {
    format!(r#"{{"money":{{"asset":"JPY","minor":1}},{member}}}"#)
}

#[test]
fn an_object_is_never_an_array() {
    assert_eq!(read::<Money>(r#"{"asset":"JPY","minor":1000}"#).unwrap(), Money { asset: Asset::Jpy, minor: 1_000 });
    for text in [r#"["JPY",1000]"#, r#"["JPY"]"#, "[]", "null", "1", r#""JPY""#] {
        refused_at::<Money>(text, "");
    }
    refused_at::<Everything>(r#"{"money":["JPY",1]}"#, "/money");
    refused_at::<Everything>(r#"[{"asset":"JPY","minor":1}]"#, "");
    for (member, pointer) in [
        (r#""many":[{"asset":"JPY","minor":1},["JPY",1]]"#, "/many/1"),
        (r#""perhaps":["JPY",1]"#, "/perhaps"),
        (r#""by_asset":{"JPY":["JPY",1]}"#, "/by_asset/JPY"),
        (r#""wrapped":["JPY",1]"#, "/wrapped"),
        (r#""wrapped":[{"asset":"JPY","minor":1}]"#, "/wrapped"),
        (r#""selection":["single",[1]]"#, "/selection"),
        (r#""selection":["single",{"runners":[1]}]"#, "/selection"),
    ] {
        refused_at::<Everything>(&with(member), pointer);
    }
    refused_at::<Adjacent>(r#"["money",{"asset":"JPY","minor":1}]"#, "");
    refused_at::<Adjacent>(r#"{"kind":"money","of":["JPY",1]}"#, "/of");
    refused_at::<Adjacent>(r#"{"of":{"asset":"JPY","minor":1},"kind":"money"}"#, "/of");
    assert!(read::<Adjacent>(r#"{"kind":"money","of":{"asset":"JPY","minor":1}}"#).is_ok());
}

#[test]
fn what_has_its_form_is_read() {
    let text = with(
        r#""many":[{"minor":1,"asset":"MEDAL"}],"perhaps":null,"by_asset":{"JPY":{"asset":"JPY","minor":2}},"by_number":{"7":8},
           "selection":{"legs":[[1],[2,3]],"kind":"formation"},"pair":[1,2],"wrapped":{"asset":"JPY","minor":3},
           "any":{"x":[null,1.5,{"y":"z"}]},"unknown":{"is":["ignored"]}"#,
    );
    let all: Everything = read(&text).unwrap();
    assert_eq!(all.selection, Some(Selection::Formation { legs: vec![vec![1], vec![2, 3]] }));
    assert_eq!((all.by_asset[&Asset::Jpy].minor, all.by_number[&7], all.pair), (2, 8, Some((1, 2))));
    assert_eq!(all.any, json!({"x": [null, 1.5, {"y": "z"}]}));
    assert_eq!(read::<Selection>(r#"{"kind":"all"}"#).unwrap(), Selection::All);
}

#[test]
fn a_word_is_a_string() {
    for text in [r#"{"JPY":null}"#, r#"{"JPY":{}}"#, r#"{"JPY":[]}"#, r#"{"JPY":"JPY"}"#, r#"{"JPY":1}"#] {
        refused_at::<Asset>(text, "/JPY");
    }
    for text in ["0", "null", "[]", "{}", r#"["JPY"]"#, r#""jpy""#, r#"{"EUR":null}"#] {
        refused_at::<Asset>(text, "");
    }
    refused_at::<Money>(r#"{"asset":{"JPY":null},"minor":1}"#, "/asset/JPY");
    for text in [r#"{"kind":{"single":null},"runners":[1]}"#, r#"{"kind":0,"runners":[1]}"#] {
        refused_at::<Selection>(text, "/kind");
    }
}

#[test]
fn a_variant_with_fields_has_them_in_its_own_form() {
    for (text, shape) in [
        (r#""point""#, Shape::Point),
        (r#"{"circle":1}"#, Shape::Circle(1)),
        (r#"{"pair":[1,2]}"#, Shape::Pair(1, 2)),
        (r#"{"rectangle":{"width":1,"height":2}}"#, Shape::Rectangle { width: 1, height: 2 }),
    ] {
        assert_eq!(read::<Shape>(text).unwrap(), shape);
    }
    refused_at::<Shape>(r#"{"rectangle":[1,2]}"#, "/rectangle");
    refused_at::<Shape>(r#"{"rectangle":{"width":-1,"height":2}}"#, "/rectangle/width");
    for text in [r#""circle""#, r#"{"circle":1,"point":null}"#, r#"{"circle":1,"pair":[1,2]}"#] {
        assert!(read::<Shape>(text).is_err(), "{text}");
    }
}

#[test]
fn no_name_occurs_twice_anywhere() {
    for (text, pointer) in [
        (r#"{"asset":"JPY","minor":1,"minor":1}"#.to_owned(), "/minor"),
        // However it is written.
        (r#"{"asset":"JPY","minor":1,"min\u006fr":1}"#.to_owned(), "/minor"),
    ] {
        refused_at::<Money>(&text, pointer);
    }
    for (member, pointer) in [
        (r#""many":[{"asset":"JPY","asset":"JPY","minor":1}]"#, "/many/0/asset"),
        (r#""by_asset":{"JPY":{"asset":"JPY","minor":1},"JPY":{"asset":"JPY","minor":1}}"#, "/by_asset/JPY"),
        (r#""selection":{"kind":"single","runners":[1],"runners":[2]}"#, "/selection/runners"),
        (r#""selection":{"kind":"all","kind":"all"}"#, "/selection/kind"),
        (r#""any":{"x":[{"y":1,"y":2}]}"#, "/any/x/0/y"),
        (r#""unknown":{"a/b~c":1,"a/b~c":2}"#, "/unknown/a~1b~0c"),
        (r#""unknown":1,"unknown":1"#, "/unknown"),
    ] {
        refused_at::<Everything>(&with(member), pointer);
    }
}

#[test]
fn a_tagged_enum_takes_no_objects_within() {
    refused_at::<Selection>(r#"{"kind":"single","runners":{"x":1}}"#, "/runners");
    refused_at::<Selection>(r#"{"kind":"single","runners":[{"x":1}]}"#, "/runners/0");
    assert!(read::<Selection>(r#"{"kind":"single","runners":[256]}"#).is_err());
    assert!(read::<Selection>(r#"{"kind":"single","runners":[1],"strange":1}"#).is_err());
}

/// Nothing here sees how they are read, so nothing here lets them be read.
#[test]
fn flattened_and_untagged_types_cannot_be_read() {
    #[derive(Debug, Deserialize)]
    struct Flattened {
        #[serde(flatten)]
        #[expect(dead_code, reason = "only whether it reads is asked")]
        money: Money,
    }
    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only whether it reads is asked")]
    enum Untagged {
        Money(Money),
        Number(i64),
    }
    let money = r#"{"asset":"JPY","minor":1}"#;
    assert!(serde_json::from_str::<Flattened>(money).is_ok());
    assert!(serde_json::from_str::<Untagged>(r#"["JPY",1]"#).is_ok(), "this is why");
    assert!(read::<Flattened>(money).unwrap_err().detail.contains("not read from outside"));
    assert!(read::<Untagged>(money).unwrap_err().detail.contains("not read from outside"));
}

#[test]
fn numbers_are_exact() {
    for (text, expected) in [
        ("9007199254740993", Some(9_007_199_254_740_993)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("1.0", None),
        ("1e3", None),
        ("-0.0", None),
        ("1e999", None),
        ("01", None),
        ("+1", None),
        ("0x1", None),
        ("NaN", None),
        ("\"1\"", None),
    ] {
        assert_eq!(read::<i64>(text).ok(), expected, "{text}");
    }
    refused_at::<Money>(r#"{"asset":"JPY","minor":1.5}"#, "/minor");
    refused_at::<Money>(r#"{"asset":"JPY","minor":"1"}"#, "/minor");
}

#[test]
fn one_value_of_utf_8() {
    for text in ["", " ", "{", "nul", "{} {}", "{},", "[1,]", "{\"a\":1,}", "// x\n{}", "'x'", "\u{feff}{}"] {
        assert!(read::<Value>(text).is_err(), "{text}");
    }
    refused_at::<Value>("{} {}", "");
    refused_at::<Value>(r#"{"a":[1,tru]}"#, "/a/1");
    for bytes in [&b"\"\xff\""[..], b"{\"\xff\":1}", b"{}\xff", b"\xff", b"\"\xed\xa0\x80\""] {
        assert!(from_slice::<Value>(bytes).unwrap_err().detail.contains("UTF-8"));
    }
    for lone in [r#""\ud800""#, r#"{"\udc00":1}"#, r#""\ud800\u0041""#, "\"\u{1}\"", r#""\x""#] {
        assert!(read::<Value>(lone).is_err(), "{lone}");
    }
    assert_eq!(read::<Value>(" \"🐎\\ud83d\\udc0e\" \n").unwrap(), json!("🐎🐎"));
}

#[test]
fn depth_is_bounded_where_nothing_is_read_as_well() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    for text in [nested(DEPTH_MAX), objects(DEPTH_MAX), with(&format!(r#""unknown":{}"#, nested(DEPTH_MAX - 1)))] {
        assert!(read::<Value>(&text).is_ok());
    }
    for text in [nested(DEPTH_MAX + 1), objects(DEPTH_MAX + 1), "[".repeat(250_000), r#"{"a":"#.repeat(50_000)] {
        assert!(read::<Value>(&text).unwrap_err().detail.contains("nested deeper"));
    }
    let ignored = with(&format!(r#""unknown":{}"#, nested(DEPTH_MAX)));
    assert!(read::<Everything>(&ignored).unwrap_err().detail.contains("nested deeper"));
}

#[test]
fn a_fault_of_a_long_text_is_short() {
    let name = "é".repeat(100_000);
    for text in [format!(r#"{{"{name}":1}}"#), format!(r#"{{"asset":"{name}","minor":1}}"#), format!(r#"{{"{name}":tru}}"#)] {
        let fault = read::<Money>(&text).unwrap_err();
        assert!(fault.pointer.len() + fault.detail.len() < 2 * TEXT_BYTES_MAX + 8, "{}", fault.detail.len());
    }
}
