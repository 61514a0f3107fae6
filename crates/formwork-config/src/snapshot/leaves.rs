//! The single values of a section: what is explained, compared and hashed.

use crate::section::join;
use crate::{Class, FieldSchema, Node, Schema, Shape};

/// A single value, or the place of one that is not set.
pub(super) struct Leaf<'a> {
    /// The path below the section's prefix.
    pub(super) path: String,
    pub(super) shape: &'static Shape,
    pub(super) node: Option<&'a Node>,
    pub(super) traits: Traits,
}

/// What fields say about the values below them. What an outer field says holds for inner ones.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Traits {
    pub(super) class: Class,
    pub(super) dynamic: bool,
    pub(super) tenant: bool,
}

impl Traits {
    const NONE: Self = Self {
        class: Class::Public,
        dynamic: false,
        tenant: false,
    };

    fn with(self, field: &FieldSchema) -> Self {
        Self {
            class: self.class.max(field.class()),
            dynamic: self.dynamic || field.dynamic,
            tenant: self.tenant || field.tenant,
        }
    }
}

/// Every leaf of a section, in the order of fields.
pub(super) fn of<'a>(schema: &'static Schema, node: &'a Node) -> Vec<Leaf<'a>> {
    let mut leaves = Vec::new();
    structure(schema, "", node, Traits::NONE, &mut leaves);
    leaves
}

fn structure<'a>(
    schema: &'static Schema,
    prefix: &str,
    node: &'a Node,
    traits: Traits,
    leaves: &mut Vec<Leaf<'a>>,
) {
    for field in schema.fields {
        let path = join(prefix, field.key);
        let traits = traits.with(field);
        let shape = field.shape.bare();
        match node.entry(field.key) {
            Some(child) => value(shape, path, child, traits, leaves),
            None => leaves.push(Leaf {
                path,
                shape,
                node: None,
                traits,
            }),
        }
    }
}

fn value<'a>(
    shape: &'static Shape,
    path: String,
    node: &'a Node,
    traits: Traits,
    leaves: &mut Vec<Leaf<'a>>,
) {
    match (shape, node.as_list(), node.as_table()) {
        (Shape::Struct(schema), _, _) if !schema.fields.is_empty() => {
            structure(schema, &path, node, traits, leaves);
        }
        (Shape::Map(item), _, Some(entries)) if !entries.is_empty() => {
            for (key, child) in entries {
                value(item.bare(), join(&path, key), child, traits, leaves);
            }
        }
        (Shape::List(item), Some(items), _) if item.is_nested() && !items.is_empty() => {
            for (index, child) in items.iter().enumerate() {
                value(
                    item.bare(),
                    format!("{path}.{index}"),
                    child,
                    traits,
                    leaves,
                );
            }
        }
        _ => leaves.push(Leaf {
            path,
            shape,
            node: Some(node),
            traits,
        }),
    }
}
