//! Lets a source's tree in: what nobody reads is reported and left out, what is secret goes into
//! custody before anything else looks at it.

use crate::error::{Mistakes, Violation, ViolationKind, shown};
use crate::nearest::did_you_mean;
use crate::node::{Node, Value};
use crate::section::{INSTANCES, Keys, Place, join};
use crate::steps::Steps;
use crate::{Class, Schema, Shape};

/// A walk through a source's tree.
pub(super) struct Admission<'a> {
    keys: &'a Keys,
    mistakes: &'a mut Mistakes,
    /// The steps to the value that is looked at.
    path: Steps,
}

impl<'a> Admission<'a> {
    pub(super) fn new(keys: &'a Keys, mistakes: &'a mut Mistakes) -> Self {
        Self {
            keys,
            mistakes,
            path: Steps::default(),
        }
    }

    /// Looks at the tree of a whole file.
    pub(super) fn root(mut self, root: &mut Node) {
        self.branch(self.keys, root);
    }

    /// Looks at a value at `path`, which is of this shape.
    pub(super) fn at(mut self, path: &[String], shape: &Shape, class: Class, node: &mut Node) {
        self.path = Steps::to(&path.join("."));
        self.value(shape, class, node);
    }

    fn branch(&mut self, keys: &Keys, node: &mut Node) {
        let branches = match keys {
            Keys::Section(place) => return self.section(place, node),
            Keys::Branch(branches) => branches,
        };
        let Value::Table(entries) = &mut node.value else {
            self.no_table(node);
            return;
        };
        entries.retain(|key, child| match branches.get(key) {
            Some(keys) => {
                self.within(key, |it| it.branch(keys, child));
                true
            }
            None => {
                self.unknown(key, child, || branches.keys().map(String::as_str).collect());
                false
            }
        });
    }

    /// A section's struct, and those of its instances.
    fn section(&mut self, place: &Place, node: &mut Node) {
        let instances = match &mut node.value {
            Value::Table(entries) if !place.instances.is_empty() => entries.remove(INSTANCES),
            _ => None,
        };
        self.structure(place.schema, Class::Public, node);
        let (Some(mut instances), Value::Table(entries)) = (instances, &mut node.value) else {
            return;
        };
        self.within(INSTANCES, |it| it.instances(place, &mut instances));
        entries.insert(INSTANCES.to_owned(), instances);
    }

    fn instances(&mut self, place: &Place, node: &mut Node) {
        let Value::Table(named) = &mut node.value else {
            self.no_table(node);
            return;
        };
        named.retain(|name, child| {
            if !place.instances.contains(name) {
                let names = || place.instances.iter().map(String::as_str).collect();
                self.unknown(name, child, names);
                return false;
            }
            self.within(name, |it| it.structure(place.schema, Class::Public, child));
            true
        });
    }

    fn structure(&mut self, schema: &Schema, class: Class, node: &mut Node) {
        let Value::Table(entries) = &mut node.value else {
            self.no_table(node);
            return;
        };
        // Most tables hold nothing unknown: then no key is looked for twice.
        let mut known = 0;
        for field in schema.fields {
            if let Some(child) = entries.get_mut(field.key) {
                known += 1;
                let class = class.max(field.class());
                self.within(field.key, |it| it.value(&field.shape, class, child));
            }
        }
        if known < entries.len() {
            entries.retain(|key, child| {
                let known = schema.field(key).is_some();
                if !known {
                    let keys = || schema.fields.iter().map(|field| field.key).collect();
                    self.unknown(key, child, keys);
                }
                known
            });
        }
    }

    fn value(&mut self, shape: &Shape, class: Class, node: &mut Node) {
        match (shape.bare(), &mut node.value) {
            (Shape::Struct(schema), _) => self.structure(schema, class, node),
            (Shape::List(item), Value::List(items)) => {
                for (index, child) in items.iter_mut().enumerate() {
                    self.within_item(item, index, |it| it.value(item, class, child));
                }
            }
            (Shape::Map(item), Value::Table(entries)) => {
                for (key, child) in entries {
                    self.within(key, |it| it.value(item, class, child));
                }
            }
            (Shape::Map(_), _) => self.no_table(node),
            (shape, _) => settle(shape, class, node),
        }
    }

    fn within(&mut self, key: &str, look: impl FnOnce(&mut Self)) {
        let up = self.path.down(key);
        look(self);
        self.path.up(up);
    }

    /// Items that cannot hold anything unknown need no path.
    fn within_item(&mut self, item: &Shape, index: usize, look: impl FnOnce(&mut Self)) {
        if item.is_nested() {
            self.within(&index.to_string(), look);
        } else {
            look(self);
        }
    }

    /// It is told here, so that no other layer can hide it.
    fn no_table(&mut self, node: &mut Node) {
        self.mistakes.push(Violation {
            path: shown(self.path.as_str()),
            origin: Some(node.origin.clone()),
            kind: ViolationKind::Type,
            message: format!("expected a table, found {}", node.type_name()),
            hint: None,
        });
        node.seal();
        node.value = Value::Wrong;
    }

    /// The value is not shown: it may be a secret under a mistyped key.
    fn unknown<'k>(&mut self, key: &str, node: &mut Node, known: impl FnOnce() -> Vec<&'k str>) {
        // It is dropped, and overwritten then.
        node.seal();
        let path = &self.path;
        self.mistakes.unknown(|| Violation {
            path: shown(&join(path.as_str(), key)),
            origin: Some(node.origin.clone()),
            kind: ViolationKind::Unknown,
            message: "is unknown".to_owned(),
            hint: did_you_mean(key, &known()),
        });
    }
}

/// Takes what must not be shown into custody.
pub(super) fn settle(shape: &Shape, class: Class, node: &mut Node) {
    if class >= Class::Confidential {
        node.seal();
        return;
    }
    let Some(text) = node.as_text() else {
        return;
    };
    match shape.bare() {
        Shape::Url => match text.parse() {
            Ok(url) => {
                node.seal();
                node.value = Value::Url(url);
            }
            // What it is instead may be a password all the same.
            Err(_) => node.seal(),
        },
        // Several addresses may be one text in files too, as they are in variables.
        Shape::List(item) if matches!(item.bare(), Shape::Url) => {
            let items = text.split(',').map(|part| {
                let part = Value::text(part.trim());
                let mut part = Node::new(part, node.origin.clone());
                settle(item, class, &mut part);
                part
            });
            let items = items.collect();
            node.seal();
            node.value = Value::List(items);
        }
        _ => {}
    }
}
