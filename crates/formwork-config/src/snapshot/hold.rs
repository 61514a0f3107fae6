//! The part of a new configuration that a running service takes over.

use std::sync::Arc;

use super::{Loaded, Snapshot, not_loaded};
use crate::node::Value;
use crate::{Errors, Node, Schema, Shape};

pub(super) fn statics(new: &Snapshot, old: &Snapshot) -> Result<Snapshot, Errors> {
    let changes = old.changes(new);
    let mut layers = new.layers.as_deref().cloned();
    let mut loaded = Vec::with_capacity(new.loaded.len());
    let mut violations = Vec::new();
    for (section, next) in new.sections.iter().zip(&new.loaded) {
        let prefix = section.prefix();
        let fixed = changes
            .iter()
            .filter(|change| !change.dynamic && change.prefix == prefix)
            .filter_map(|change| change.path.strip_prefix(prefix)?.strip_prefix('.'));
        let previous = old.by_prefix.get(prefix).map(|index| &old.loaded[*index]);
        let Some(previous) = previous else {
            loaded.push(next.clone());
            continue;
        };
        let mut node = (*next.node).clone();
        for path in fixed {
            let path: Vec<_> = path.split('.').map(str::to_owned).collect();
            let path = whole(section.schema(), &path, &previous.node, &next.node);
            put(&mut node, path, &previous.node);
            if let (Some(layers), Some(before)) = (&mut layers, &old.layers) {
                let path = [&section.path(), path].concat();
                put(&mut layers.lower, &path, &before.lower);
                put(&mut layers.upper, &path, &before.upper);
            }
        }
        let typed = section.read(&node);
        violations.extend(typed.violations);
        match typed.value {
            Some(value) => loaded.push(Loaded {
                node: Arc::new(node),
                value,
            }),
            None if violations.is_empty() => return Err(not_loaded(prefix)),
            None => {}
        }
    }
    if !violations.is_empty() {
        return Err(Errors::new(violations));
    }
    Ok(Snapshot {
        tenant: new.tenant.clone(),
        ..Snapshot::new(
            new.generation,
            new.naming.clone(),
            new.sections.clone(),
            loaded,
            new.sources.clone(),
            layers.map(Arc::new),
        )
    })
}

/// The beginning of the path that is held as a whole: a list or map, as items of two generations
/// do not go together, and a table that only one of the two has.
fn whole<'a>(schema: &Schema, path: &'a [String], old: &Node, new: &Node) -> &'a [String] {
    let (mut schema, mut old, mut new) = (schema, old, new);
    for (index, key) in path.iter().enumerate() {
        let shape = schema.field(key).map(|field| field.shape.bare());
        let (Some(Shape::Struct(inner)), Some(before), Some(after)) =
            (shape, old.entry(key), new.entry(key))
        else {
            return &path[..=index];
        };
        (schema, old, new) = (inner, before, after);
    }
    path
}

/// Makes the value at a path what it is in another tree: absent, if it is absent there.
fn put(node: &mut Node, path: &[String], from: &Node) {
    match (from.find(path), path.split_last()) {
        (Some(value), _) => *node.at(path) = value.clone(),
        (None, Some((key, tables))) if node.find(path).is_some() => {
            if let Value::Table(entries) = &mut node.at(tables).value {
                entries.remove(key);
            }
        }
        (None, _) => {}
    }
}
