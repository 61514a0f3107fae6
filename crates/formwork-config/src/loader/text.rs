//! Values written as text: in variables, flags and files that hold one value.

use super::format::toml_value;
use crate::node::{Node, Value};
use crate::{Origin, Shape};

/// The text in the type of the shape; as text when it does not fit, for the validation to report.
pub(super) fn read(text: &str, shape: &Shape, origin: &Origin) -> Node {
    let as_text = || Value::text(text);
    let value = match shape.bare() {
        Shape::Boolean => text.parse().map_or_else(|_| as_text(), Value::Boolean),
        Shape::Integer { .. } => text.parse().map_or_else(|_| as_text(), Value::Integer),
        Shape::Float => text.parse().map_or_else(|_| as_text(), Value::Float),
        Shape::List(_) if text.trim_start().starts_with('[') => {
            return toml_value(text, origin)
                .unwrap_or_else(|| Node::new(as_text(), origin.clone()));
        }
        Shape::Map(_) => {
            return toml_value(text, origin)
                .unwrap_or_else(|| Node::new(as_text(), origin.clone()));
        }
        Shape::List(_) if text.trim().is_empty() => Value::List(Vec::new()),
        Shape::List(item) => {
            let items = text.split(',').map(|part| read(part.trim(), item, origin));
            Value::List(items.collect())
        }
        _ => as_text(),
    };
    Node::new(value, origin.clone())
}
