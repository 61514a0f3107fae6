//! Puts the compiled defaults where nothing is set.

use crate::node::{Node, Value};
use crate::{Class, Literal, Origin, Schema, Shape};

pub(super) fn fill(schema: &Schema, class: Class, node: &mut Node) {
    let Value::Table(entries) = &mut node.value else {
        return;
    };
    for field in schema.fields {
        let class = class.max(field.class());
        if let Some(child) = entries.get_mut(field.key) {
            fill_within(&field.shape, class, child);
            continue;
        }
        let mut child = match (field.default, field.shape) {
            (Some(default), _) => compiled(default),
            (None, Shape::Struct(_)) => Node::empty_table(Origin::compiled_default()),
            (None, _) => continue,
        };
        fill_within(&field.shape, class, &mut child);
        super::admit::settle(&field.shape, class, &mut child);
        entries.insert(field.key.to_owned(), child);
    }
}

/// Structs within lists and maps have defaults of their own.
fn fill_within(shape: &Shape, class: Class, node: &mut Node) {
    match (shape.bare(), &mut node.value) {
        (Shape::Struct(schema), _) => fill(schema, class, node),
        (Shape::List(item), Value::List(items)) if item.is_nested() => {
            items
                .iter_mut()
                .for_each(|node| fill_within(item, class, node));
        }
        (Shape::Map(item), Value::Table(entries)) if item.is_nested() => {
            entries
                .values_mut()
                .for_each(|node| fill_within(item, class, node));
        }
        _ => {}
    }
}

fn compiled(literal: Literal) -> Node {
    let value = match literal {
        Literal::Boolean(value) => Value::Boolean(value),
        Literal::Integer(value) => Value::Integer(value),
        Literal::Float(value) => Value::Float(value),
        Literal::Text(text) => Value::text(text),
        Literal::List(items) => Value::List(items.iter().copied().map(compiled).collect()),
    };
    Node::new(value, Origin::compiled_default())
}
