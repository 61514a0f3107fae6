//! Everything written with `--json` is as its published schema says.

use serde_json::Value;

use crate::support::Place;

/// Shows a part of: C-51.
#[test]
fn documents_are_as_their_schemas_say() {
    let place = Place::new();
    let fits = |schema: &str, arguments: &[&str]| {
        let document = place.run(arguments).json();
        check(&place, schema, &document);
    };
    let new = [
        "new",
        "shop",
        "--yes",
        "--no-git",
        "--preset",
        "ecommerce",
        "--json",
        "--timings",
    ];
    fits("new", &new);
    fits(
        "plan",
        &["plan", "--preset", "ecommerce", "--json", "--timings"],
    );
    fits("plan", &["plan", "--project", "shop", "--json"]);
    fits("features-list", &["features", "list", "--json"]);
    fits(
        "features-show",
        &["features", "show", "listen-notify", "--json"],
    );
    fits("why", &["why", "sqlite", "--json"]);
    fits("why", &["why", "nats", "--json"]);
    fits("why-not", &["why-not", "nats", "--json"]);
    fits("why-not", &["why-not", "sqlite", "--json"]);
    fits(
        "why-not",
        &[
            "why-not",
            "listen-notify",
            "--answer",
            "database=sqlite",
            "--json",
        ],
    );
    fits("what-if", &["what-if", "nats", "tier=advanced", "--json"]);
    fits(
        "what-if",
        &[
            "what-if",
            "listen-notify",
            "--answer",
            "database=sqlite",
            "--json",
        ],
    );
    let conflict = [
        "--answer",
        "database=sqlite",
        "--answer",
        "notifier=listen-notify",
    ];
    fits("error", &[&["plan", "--json"], &conflict[..]].concat());
    fits(
        "error",
        &["new", "shop", "--with", "sqlit", "--yes", "--json"],
    );
    fits("error", &["features", "show", "sqlit", "--json"]);
    for line in place.run(&["check", "shop", "--json"]).json_lines() {
        check(&place, "check", &line);
    }
}

#[test]
fn every_schema_there_is_can_be_printed() {
    let place = Place::new();
    for name in place.run(&["schema"]).well().stdout.lines() {
        let schema = place.run(&["schema", name]).well().json();
        assert_eq!(
            schema["$schema"], "https://json-schema.org/draft/2020-12/schema",
            "{name}"
        );
    }
}

pub(crate) fn check(place: &Place, schema: &str, document: &Value) {
    let root = place.run(&["schema", schema]).well().json();
    let mut mistakes = Vec::new();
    compare(&root, &root, document, "", &mut mistakes);
    assert!(
        mistakes.is_empty(),
        "not as `formwork schema {schema}` says: {mistakes:#?}"
    );
}

/// As much of JSON Schema as our schemas use.
fn compare(root: &Value, schema: &Value, value: &Value, at: &str, mistakes: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{reference} exists"));
        return compare(root, target, value, at, mistakes);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = |choice: &Value| {
            let mut mistakes = Vec::new();
            compare(root, choice, value, at, &mut mistakes);
            mistakes.is_empty()
        };
        if choices.iter().filter(|choice| fits(choice)).count() != 1 {
            mistakes.push(format!("{at}: {value} fits not exactly one choice"));
        }
    }
    if schema
        .get("const")
        .is_some_and(|expected| expected != value)
    {
        mistakes.push(format!("{at}: {value} is not {}", schema["const"]));
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|choices| !choices.contains(value))
    {
        mistakes.push(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => value.is_null(),
    };
    if !types.is_empty() && !types.into_iter().any(is) {
        mistakes.push(format!("{at}: {value} is no {}", schema["type"]));
    }
    if let Some(items) = value.as_array()
        && schema.get("items").is_some()
    {
        for (index, item) in items.iter().enumerate() {
            compare(
                root,
                &schema["items"],
                item,
                &format!("{at}/{index}"),
                mistakes,
            );
        }
    }
    let Some(object) = value.as_object() else {
        return;
    };
    for key in schema["required"].as_array().into_iter().flatten() {
        if key.as_str().is_none_or(|key| !object.contains_key(key)) {
            mistakes.push(format!("{at}: {key} is missing"));
        }
    }
    for (key, item) in object {
        let at = format!("{at}/{key}");
        match schema["properties"].get(key) {
            Some(schema) => compare(root, schema, item, &at, mistakes),
            None if schema["additionalProperties"] == false => {
                mistakes.push(format!("{at}: is not in the schema"))
            }
            None if schema["additionalProperties"].is_object() => {
                compare(root, &schema["additionalProperties"], item, &at, mistakes);
            }
            None => {}
        }
    }
}
