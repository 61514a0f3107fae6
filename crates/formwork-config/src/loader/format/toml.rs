//! TOML.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Lines, Mistake};
use crate::Origin;
use crate::error::Violation;
use crate::node::{Node, Value};

/// How many mistakes in the syntax of one file are told.
const MAX_MISTAKES: usize = 20;

/// The tree of a text, or every mistake in its syntax. The parser's own messages are used without
/// its picture of the line, which may hold a secret.
pub(super) fn parse(text: &str, lines: &Lines<'_>) -> Result<Node, Vec<Violation>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table_node(table.get_ref(), lines.at(0), lines));
    }
    let violation = |error: &toml::de::Error| {
        let mistake = Mistake {
            at: lines.at(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        };
        mistake.violation("TOML")
    };
    Err(errors.iter().take(MAX_MISTAKES).map(violation).collect())
}

/// The value of an expression such as `["a", "b"]`.
pub(in crate::loader) fn value(text: &str, origin: &Origin) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    Some(node(value.get_ref(), origin.clone(), &Lines::none(origin)))
}

fn table_node(table: &DeTable<'_>, at: Origin, lines: &Lines<'_>) -> Node {
    let entry = |(key, value): (&Spanned<Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        let at = lines.at(value.span().start);
        (key.get_ref().to_string(), node(value.get_ref(), at, lines))
    };
    let entries: BTreeMap<_, _> = table.iter().map(entry).collect();
    Node::new(Value::Table(entries), at)
}

fn node(value: &DeValue<'_>, at: Origin, lines: &Lines<'_>) -> Node {
    let value = match value {
        DeValue::String(text) => Value::text(text.as_ref()),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::text(number.to_string()), Value::Integer),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Value::text(number.to_string()), Value::Float),
        DeValue::Datetime(instant) => Value::text(instant.to_string()),
        DeValue::Array(items) => {
            let item = |item: &Spanned<DeValue<'_>>| {
                node(item.get_ref(), lines.at(item.span().start), lines)
            };
            Value::List(items.iter().map(item).collect())
        }
        DeValue::Table(table) => return table_node(table, at, lines),
    };
    Node::new(value, at)
}
