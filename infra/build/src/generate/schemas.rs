//! Whether a change of an event's schema would break those who read or write it. An older reader must understand new events and a
//! newer reader old ones: fields may be added when they are optional, and nothing else.

use serde_json::Value;
use std::collections::BTreeSet;

/// What of the committed schema `old` the schema `new` breaks; empty when nothing.
pub fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    for field in fields(old).difference(&fields(new)) {
        broken.push(format!("`{field}` is gone: older readers need it"));
    }
    for field in required(new).difference(&required(old)) {
        broken.push(format!("`{field}` has become required: older writers do not send it"));
    }
    for field in required(old).difference(&required(new)) {
        broken.push(format!("`{field}` is no longer required: older readers need it"));
    }
    for field in fields(old).intersection(&fields(new)) {
        if shape(old, field) != shape(new, field) {
            broken.push(format!("`{field}` has another type"));
        }
    }
    for (name, old_values) in enums(old) {
        let new_values = enums(new).into_iter().find(|(other, _)| *other == name).map(|(_, values)| values);
        if new_values.is_some_and(|values| values != old_values) {
            broken.push(format!("`{name}` has other values: older readers do not know them"));
        }
    }
    broken
}

fn fields(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys().cloned()).collect()
}

fn required(schema: &Value) -> BTreeSet<String> {
    schema["required"].as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// The type of a field, without what only people read.
fn shape(schema: &Value, field: &str) -> Value {
    let mut shape = schema["properties"][field].clone();
    if let Some(object) = shape.as_object_mut() {
        object.remove("description");
    }
    shape
}

/// The values of every enumeration that the schema defines.
fn enums(schema: &Value) -> Vec<(String, BTreeSet<String>)> {
    let definitions = schema["$defs"].as_object().into_iter().flatten();
    let of = |(name, definition): (&String, &Value)| {
        let plain = definition["enum"].as_array().into_iter().flatten();
        let documented = definition["oneOf"].as_array().into_iter().flatten().map(|value| &value["const"]);
        (name.clone(), plain.chain(documented).filter_map(|value| value.as_str().map(str::to_owned)).collect())
    };
    definitions.map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn old() -> Value {
        json!({
            "properties": {"id": {"type": "string", "description": "old"}, "note": {"type": ["string", "null"]}},
            "required": ["id"],
            "$defs": {"Kind": {"enum": ["a"]}},
        })
    }

    fn broken_by(change: impl FnOnce(&mut Value)) -> usize {
        let mut new = old();
        change(&mut new);
        breaks(&old(), &new).len()
    }

    #[test]
    fn an_optional_field_may_be_added_and_words_may_change() {
        assert_eq!(broken_by(|new| new["properties"]["more"] = json!({"type": ["string", "null"]})), 0);
        assert_eq!(broken_by(|new| new["properties"]["id"]["description"] = json!("new")), 0);
    }

    #[test]
    fn every_change_that_breaks_an_older_reader_or_writer_is_found() {
        assert_eq!(broken_by(|new| drop(new["properties"].as_object_mut().unwrap().remove("note"))), 1);
        assert_eq!(broken_by(|new| new["required"] = json!(["id", "note"])), 1);
        assert_eq!(broken_by(|new| new["required"] = json!([])), 1);
        assert_eq!(broken_by(|new| new["properties"]["id"]["type"] = json!("integer")), 1);
        assert_eq!(broken_by(|new| new["$defs"]["Kind"]["enum"] = json!(["a", "b"])), 1);
    }
}
