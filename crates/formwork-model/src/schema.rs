//! The JSON Schema of model files, for editors.

use serde_json::{Value, json};

/// A JSON Schema (draft 2020-12) of the files of a model: keys, types and what they mean.
///
/// It knows a single file. Whether the names in it exist, and whether expressions make sense,
/// only [`read`](crate::read) can say.
pub fn json_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Formwork model file",
        "description": "One aggregate, or (in `shared.toml`) values that several aggregates use.",
        "type": "object",
        "anyOf": [
            { "required": ["name"] },
            { "required": ["values"], "maxProperties": 1 },
        ],
        "additionalProperties": false,
        "properties": {
            "name": described(name(), "The aggregate's name; the file is called like it."),
            "plural": described(name(), "Its plural, in paths and tables; English by default."),
            "summary": summary(),
            "values": { "type": "object", "description": "Value objects.", "propertyNames": name(), "additionalProperties": reference("value") },
            "fields": fields("What the aggregate knows."),
            "states": {
                "type": "object",
                "description": "The life cycle: what each state means.",
                "required": ["initial"],
                "properties": { "initial": described(name(), "The state a new aggregate is in.") },
                "propertyNames": name(),
                "additionalProperties": { "type": "string" },
            },
            "invariants": { "type": "array", "description": "What always holds.", "items": reference("invariant") },
            "commands": { "type": "object", "description": "What can be asked of the aggregate.", "propertyNames": name(), "additionalProperties": reference("command") },
            "events": { "type": "object", "description": "What can happen to it, in the past tense.", "propertyNames": name(), "additionalProperties": reference("event") },
            "queries": reference("queries"),
            "reactions": { "type": "array", "description": "What it does when something happens to others.", "items": reference("reaction") },
        },
        "$defs": {
            "name": { "type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$" },
            "expression": { "type": ["string", "integer"], "description": "Fields and inputs by name; and or not, == != < <= > >=, + - *, count(list), sum(list, part), is-set(field), value-or(field, otherwise), now." },
            "value": value(),
            "field": field(),
            "command": command(),
            "rule": rule(true),
            "invariant": rule(false),
            "event": event(),
            "queries": queries(),
            "reaction": reaction(),
        },
    })
}

fn value() -> Value {
    let mut properties = type_properties();
    properties["summary"] = summary();
    properties["fields"] = fields("What a struct is made of.");
    object(
        "A value object: with a `type`, with `fields`, or an enum with `values`.",
        &[],
        properties,
    )
}

fn field() -> Value {
    let mut properties = type_properties();
    properties["summary"] = summary();
    properties["optional"] = flag("Whether it may have no value.");
    properties["unique"] = flag("Whether no two aggregates have the same.");
    properties["derived"] = expression("How it follows from other fields.");
    properties["default"] = json!({ "type": ["integer", "boolean", "string"], "description": "Its value when nothing is said." });
    object("A field or input.", &["type"], properties)
}

fn type_properties() -> Value {
    json!({
        "type": { "type": "string", "description": "A builtin type or the name of a value.", "anyOf": [
            { "enum": ["text", "integer", "boolean", "money", "timestamp", "reference", "list", "enum"] },
            name(),
        ] },
        "of": described(name(), "What a list is a list of."),
        "to": described(name(), "The aggregate a reference is to."),
        "values": { "type": "array", "description": "The variants of an enum.", "items": name(), "minItems": 1 },
        "min": { "type": "integer", "description": "The least number, minor units, characters or items." },
        "max": { "type": "integer", "description": "The greatest number, minor units, characters or items." },
        "pattern": { "type": "string", "description": "What a text looks like: characters and classes such as [A-Z], each with ?, *, + or {2,4}." },
    })
}

fn command() -> Value {
    object(
        "A command.",
        &[],
        json!({
            "summary": summary(),
            "creates": flag("Whether it makes a new aggregate."),
            "internal": flag("Whether only reactions run it, not the API."),
            "from": names("The states it is possible in; all when left out."),
            "to": described(name(), "The state it leads to."),
            "takes": names("Fields it takes as inputs and assigns."),
            "inputs": fields("Further inputs."),
            "rules": { "type": "array", "description": "What must hold for it to be possible.", "items": reference("rule") },
            "set": expressions("Fields and what they become."),
            "emits": names("The events that follow."),
        }),
    )
}

fn rule(otherwise: bool) -> Value {
    let mut properties = json!({
        "name": described(name(), "What programs call it."),
        "check": expression("What must hold."),
        "message": { "type": "string", "description": "What people are told when it does not hold." },
    });
    if otherwise {
        properties["otherwise"] = described(
            name(),
            "The event to emit instead of refusing; nothing else changes.",
        );
    }
    object(
        if otherwise {
            "A rule."
        } else {
            "An invariant."
        },
        &["name", "check", "message"],
        properties,
    )
}

fn event() -> Value {
    object(
        "An event.",
        &[],
        json!({
            "summary": summary(),
            "integration": flag("Whether other aggregates and services may rely on it."),
            "version": { "type": "integer", "description": "The version of what it says.", "minimum": 1, "maximum": 65535, "default": 1 },
            "when": expression("What must hold after the change for it to be emitted."),
            "fields": names("What it says: fields, and inputs of the commands that emit it."),
        }),
    )
}

fn queries() -> Value {
    let size = |description: &str| json!({ "type": "integer", "description": description, "minimum": 1, "maximum": 1000 });
    object(
        "How aggregates are listed.",
        &[],
        json!({
            "filters": names("Fields to filter by, and `state`."),
            "sorts": names("Fields to sort by, and `created` and `updated`."),
            "page": object("Pages of a listing.", &[], json!({
                "default": size("How many items a page has."),
                "max": size("How many a client may ask for."),
            })),
        }),
    )
}

fn reaction() -> Value {
    let outcome = |description: &str| json!({ "enum": ["fail", "ignore"], "description": description, "default": "fail" });
    object(
        "A reaction.",
        &["on", "run"],
        json!({
            "name": described(name(), "Its durable name; made of command and event by default."),
            "on": { "type": "string", "description": "The event, such as `order.placed`.", "pattern": "^[a-z0-9-]+\\.[a-z0-9-]+$" },
            "each": { "type": "string", "description": "A list of the event, for each `item` of which the command is run.", "pattern": "^event\\." },
            "run": described(name(), "The command."),
            "target": { "type": "object", "description": "How the aggregate is found: by `id` or a unique field.", "additionalProperties": reference("expression"), "minProperties": 1, "maxProperties": 1 },
            "with": expressions("Inputs of the command and their values: `event.…`, `item.…`."),
            "missing": outcome("What to do when there is no such aggregate."),
            "refused": outcome("What to do when its state or rules refuse."),
        }),
    )
}

fn object(description: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn reference(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

fn name() -> Value {
    reference("name")
}

fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

fn summary() -> Value {
    json!({ "type": "string", "description": "A sentence for readers of the service and its API." })
}

fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description, "default": false })
}

fn expression(description: &str) -> Value {
    described(reference("expression"), description)
}

fn names(description: &str) -> Value {
    json!({ "type": "array", "description": description, "items": name() })
}

fn fields(description: &str) -> Value {
    json!({ "type": "object", "description": description, "propertyNames": name(), "additionalProperties": reference("field") })
}

fn expressions(description: &str) -> Value {
    json!({ "type": "object", "description": description, "propertyNames": name(), "additionalProperties": reference("expression") })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::document::keys;

    #[test]
    fn has_the_keys_that_are_read() {
        let schema = json_schema();
        let check = |path: &str, keys: &[&str]| {
            let properties = schema.pointer(path).and_then(Value::as_object);
            let properties: BTreeSet<_> = properties
                .into_iter()
                .flatten()
                .map(|(key, _)| key.as_str())
                .collect();
            assert_eq!(properties, keys.iter().copied().collect(), "{path}");
        };
        check("/properties", keys::AGGREGATE);
        for (definition, keys) in [
            ("value", keys::VALUE),
            ("field", keys::FIELD),
            ("command", keys::COMMAND),
            ("rule", keys::RULE),
            ("invariant", keys::INVARIANT),
            ("event", keys::EVENT),
            ("queries", keys::QUERIES),
            ("reaction", keys::REACTION),
        ] {
            check(&format!("/$defs/{definition}/properties"), keys);
        }
        check("/$defs/queries/properties/page/properties", keys::PAGE);
    }
}
