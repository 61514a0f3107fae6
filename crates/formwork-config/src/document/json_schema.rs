//! A JSON Schema for editors.

use serde_json::{Map, Value, json};

use crate::section::INSTANCES;
use crate::{FieldSchema, Literal, Rule, Schema, Section, Shape};

/// The JSON Schema (2020-12) of the configuration file.
pub fn json_schema(sections: &[Section]) -> Value {
    let mut root = object(Map::new());
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    for (section, instances) in super::places(sections) {
        let mut at = &mut root;
        for key in section.base_path() {
            at = &mut at["properties"][key.as_str()];
            if at.is_null() {
                *at = object(Map::new());
            }
        }
        *at = structure(section.schema());
        if !instances.is_empty() {
            let instance = structure(section.schema());
            let named = instances
                .into_iter()
                .map(|name| (name.to_owned(), instance.clone()));
            at["properties"][INSTANCES] = object(named.collect());
        }
    }
    root
}

fn object(properties: Map<String, Value>) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// Nothing is required of a file: any value may come from elsewhere.
fn structure(schema: &Schema) -> Value {
    let fields = schema.fields.iter();
    let properties = fields.map(|it| (it.key.to_owned(), field(it)));
    let mut object = object(properties.collect());
    describe(&mut object, schema.description);
    object
}

fn field(field: &FieldSchema) -> Value {
    let mut value = of_shape(&field.shape);
    describe(&mut value, field.description);
    if let Some(default) = field.default {
        value["default"] = literal(default);
    }
    if field.is_sealed() {
        value["writeOnly"] = json!(true);
    }
    for rule in field.rules {
        limit(&mut value, rule, &field.shape);
    }
    value
}

fn of_shape(shape: &Shape) -> Value {
    match shape.bare() {
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer { min, max } => json!({
            "type": "integer",
            "minimum": i64::try_from(*min).unwrap_or(i64::MIN),
            "maximum": i64::try_from(*max).unwrap_or(i64::MAX),
        }),
        Shape::Float => json!({ "type": "number" }),
        Shape::Url => json!({ "type": "string", "format": "uri" }),
        Shape::Duration => json!({
            "type": "string",
            "pattern": "^(0|[0-9]+(\\.[0-9]+)? ?(ns|us|µs|ms|s|m|h|d))$",
        }),
        Shape::ByteSize => json!({
            "type": ["string", "integer"],
            "minimum": 0,
            "pattern": "^[0-9]+(\\.[0-9]+)? ?(B|[kKMGT]B|[KMGT]iB)?$",
        }),
        Shape::Choice(choices) => {
            let names: Vec<_> = choices.iter().map(|choice| choice.name).collect();
            json!({ "type": "string", "enum": names })
        }
        Shape::List(item) => json!({ "type": "array", "items": of_shape(item) }),
        Shape::Map(item) => json!({ "type": "object", "additionalProperties": of_shape(item) }),
        Shape::Struct(schema) => structure(schema),
        _ => json!({ "type": "string" }),
    }
}

fn limit(value: &mut Value, rule: &Rule, shape: &Shape) {
    match rule {
        // Time spans and sizes are text; JSON Schema cannot compare them.
        Rule::Range { min, max } => {
            if matches!(shape.bare(), Shape::Integer { .. } | Shape::Float) {
                if let Some(min) = min {
                    value["minimum"] = literal(*min);
                }
                if let Some(max) = max {
                    value["maximum"] = literal(*max);
                }
            }
        }
        Rule::Length { min, max } => {
            let (least, most) = match shape.bare() {
                Shape::List(_) => ("minItems", "maxItems"),
                Shape::Map(_) => ("minProperties", "maxProperties"),
                _ => ("minLength", "maxLength"),
            };
            if let Some(min) = min {
                value[least] = json!(min);
            }
            if let Some(max) = max {
                value[most] = json!(max);
            }
        }
        Rule::Pattern(pattern) => {
            value["pattern"] = json!(format!("^(?:{pattern})$"));
        }
        Rule::OneOf(literals) => {
            value["enum"] = literals.iter().copied().map(literal).collect();
        }
    }
}

fn literal(value: Literal) -> Value {
    match value {
        Literal::Boolean(value) => json!(value),
        Literal::Integer(value) => json!(value),
        Literal::Float(value) => json!(value),
        Literal::Text(value) => json!(value),
        Literal::List(items) => items.iter().copied().map(literal).collect(),
    }
}

fn describe(value: &mut Value, description: &str) {
    if !description.is_empty() {
        value["description"] = json!(description);
    }
}
