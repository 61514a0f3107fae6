//! Values for templates.

use formwork_catalog::OptionValue;
use minijinja::value::Value;

use crate::layout;

/// A template's value from JSON. Layout marks in it are data, not layout.
pub(crate) fn from_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(value) => Value::from(*value),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(value), _) => Value::from(value),
            (None, Some(value)) => Value::from(value),
            (None, None) => Value::from(()),
        },
        serde_json::Value::String(text) => Value::from(layout::protect(text)),
        serde_json::Value::Array(items) => items.iter().map(from_json).collect(),
        serde_json::Value::Object(entries) => Value::from_pairs(
            entries
                .iter()
                .map(|(key, value)| (key.as_str(), from_json(value))),
        ),
    }
}

pub(crate) fn from_option(value: &OptionValue) -> Value {
    match value {
        OptionValue::Boolean(value) => Value::from(*value),
        OptionValue::Integer(value) => Value::from(*value),
        OptionValue::Text(text) => Value::from(layout::protect(text)),
    }
}
