//! Types, limits and what is missing.

use std::net::SocketAddr;

use super::pattern;
use crate::error::{Mistakes, Violation, ViolationKind, shown};
use crate::naming::Naming;
use crate::nearest::nearest;
use crate::node::{Node, Value};
use crate::section::join;
use crate::steps::Steps;
use crate::{ByteSize, FieldSchema, Literal, Rule, Schema, Shape, Url, parse_duration};

/// Looks at the values of sections. What it knows of sources is for hints.
pub(super) struct Validation<'a> {
    pub(super) naming: &'a Naming,
    pub(super) base: &'a str,
}

impl Validation<'_> {
    pub(super) fn validate(
        &self,
        schema: &Schema,
        path: &str,
        node: &Node,
        mistakes: &mut Mistakes,
    ) {
        let mut walk = Walk {
            validation: self,
            path: Steps::to(path),
            mistakes,
        };
        walk.structure(schema, node);
    }
    fn missing(&self, field: &FieldSchema, path: String) -> Violation {
        let variable = self.naming.variable(&path);
        let hint = if field.is_sealed() {
            format!(
                "name a file that holds it with environment variable `{variable}_FILE`, or set `{variable}`"
            )
        } else {
            format!(
                "set it in `{}`, or with environment variable `{variable}`",
                self.base
            )
        };
        Violation {
            message: format!("is missing, expected {}", field.expectation()),
            path,
            origin: None,
            kind: ViolationKind::Missing,
            hint: Some(hint),
        }
    }
}

/// A walk through a section's values.
struct Walk<'a> {
    validation: &'a Validation<'a>,
    /// The steps to the value that is looked at.
    path: Steps,
    mistakes: &'a mut Mistakes,
}

impl Walk<'_> {
    fn structure(&mut self, schema: &Schema, node: &Node) {
        // What is no table has been reported where its source was read.
        if node.as_table().is_none() {
            return;
        }
        for field in schema.fields {
            match node.entry(field.key) {
                Some(child) => self.within(field.key, |it| it.value(field, &field.shape, child)),
                None if field.is_required() => {
                    let (validation, path) = (self.validation, join(self.path.as_str(), field.key));
                    self.mistakes.push_with(|| validation.missing(field, path));
                }
                None => {}
            }
        }
    }

    fn value(&mut self, field: &FieldSchema, shape: &Shape, node: &Node) {
        let shape = shape.bare();
        if matches!(node.value, Value::Wrong) {
            return;
        }
        match shape {
            Shape::Struct(schema) => return self.structure(schema, node),
            Shape::List(item) => {
                for (index, child) in node.as_list().into_iter().flatten().enumerate() {
                    self.item(field, item, index, child);
                }
            }
            Shape::Map(item) => {
                for (key, child) in node.as_table().into_iter().flatten() {
                    self.within(key, |it| it.value(field, item, child));
                }
            }
            _ => {}
        }
        // The rules of a list's field are about the list, those of its items are none.
        let own = std::ptr::eq(shape, field.shape.bare());
        if !fits(shape, node) {
            self.refuse(node, || {
                let expected = match own {
                    true => field.expectation(),
                    false => shape.expectation(),
                };
                misfit(shape, &expected, node)
            });
            return;
        }
        if own {
            for rule in field.rules.iter().filter(|rule| !keeps(rule, shape, node)) {
                self.refuse(node, || {
                    let message = format!("must be {rule}, {}", found(node));
                    (ViolationKind::Range, message, None)
                });
            }
        }
    }

    /// Most items are fine, and need no path.
    fn item(&mut self, field: &FieldSchema, item: &Shape, index: usize, child: &Node) {
        let plain = !matches!(
            item.bare(),
            Shape::Struct(_) | Shape::List(_) | Shape::Map(_)
        );
        if plain && fits(item.bare(), child) {
            return;
        }
        self.within(&index.to_string(), |it| it.value(field, item, child));
    }

    fn within(&mut self, key: &str, look: impl FnOnce(&mut Self)) {
        let up = self.path.down(key);
        look(self);
        self.path.up(up);
    }

    fn refuse(
        &mut self,
        node: &Node,
        what: impl FnOnce() -> (ViolationKind, String, Option<String>),
    ) {
        let path = &self.path;
        self.mistakes.push_with(|| {
            let (kind, message, hint) = what();
            Violation {
                path: shown(path.as_str()),
                origin: Some(node.origin.clone()),
                kind,
                message,
                hint,
            }
        });
    }
}

/// What to say of a value that is not of the shape.
fn misfit(shape: &Shape, expected: &str, node: &Node) -> (ViolationKind, String, Option<String>) {
    let kind = match (shape, node.as_integer()) {
        (Shape::Integer { .. }, Some(_)) => ViolationKind::Range,
        _ => ViolationKind::Type,
    };
    let hint = match (shape, &node.value) {
        (Shape::Choice(choices), Value::Text(text)) => {
            nearest(text, choices.iter().map(|choice| choice.name))
                .map(|nearest| format!("did you mean `{nearest}`?"))
        }
        _ => None,
    };
    let message = format!("expected {expected}, {}", found(node));
    (kind, message, hint)
}

fn found(node: &Node) -> String {
    match &node.value {
        Value::Sealed(_) | Value::Url(_) => "which the value, not shown here, is not".to_owned(),
        _ => format!("found {}", node.found()),
    }
}

/// Whether the value is of the shape. What is inside lists and tables is looked at on its own.
fn fits(shape: &Shape, node: &Node) -> bool {
    match shape {
        Shape::Text | Shape::Path => node.as_text().is_some(),
        Shape::Boolean => node.as_boolean().is_some(),
        Shape::Integer { min, max } => node
            .as_integer()
            .is_some_and(|number| (*min..=*max).contains(&i128::from(number))),
        Shape::Float => node.as_float().is_some(),
        Shape::Duration | Shape::ByteSize => measure(shape, node).is_some(),
        Shape::SocketAddr => node
            .as_text()
            .is_some_and(|text| text.parse::<SocketAddr>().is_ok()),
        Shape::Url => node
            .as_text()
            .is_some_and(|text| text.parse::<Url>().is_ok()),
        Shape::Choice(choices) => node
            .as_text()
            .is_some_and(|text| choices.iter().any(|choice| choice.name == text)),
        Shape::List(_) => node.as_list().is_some(),
        Shape::Map(_) | Shape::Struct(_) => node.as_table().is_some(),
        Shape::Optional(inner) | Shape::Secret(inner) => fits(inner, node),
    }
}

/// Whether the value is within the rule.
fn keeps(rule: &Rule, shape: &Shape, node: &Node) -> bool {
    match rule {
        Rule::Range { min, max } => {
            let Some(number) = measure(shape, node) else {
                return true;
            };
            // A limit that is none, such as `10 minutes`, lets nothing pass: it is found at once.
            let limit = |limit: Literal| bound(shape, limit);
            min.is_none_or(|min| limit(min).is_some_and(|min| number >= min))
                && max.is_none_or(|max| limit(max).is_some_and(|max| number <= max))
        }
        Rule::Length { min, max } => {
            let length = match (node.as_list(), node.as_table(), node.as_text()) {
                (Some(items), _, _) => items.len(),
                (_, Some(entries), _) => entries.len(),
                (_, _, Some(text)) => text.chars().count(),
                _ => return true,
            };
            min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max)
        }
        Rule::Pattern(pattern) => node
            .as_text()
            .is_none_or(|text| pattern::matches(pattern, text)),
        Rule::OneOf(literals) => literals.iter().any(|literal| equals(node, *literal)),
    }
}

/// A number to compare: nanoseconds of a time span, bytes of a size.
#[derive(PartialEq, PartialOrd)]
enum Measure {
    Whole(i128),
    Decimal(f64),
}

fn measure(shape: &Shape, node: &Node) -> Option<Measure> {
    match shape {
        Shape::Integer { .. } => node.as_integer().map(i128::from).map(Measure::Whole),
        Shape::Float => node.as_float().map(Measure::Decimal),
        Shape::Duration => duration(node.as_text()?),
        Shape::ByteSize => match node.as_integer() {
            Some(bytes) => (bytes >= 0).then_some(Measure::Whole(bytes.into())),
            None => byte_size(node.as_text()?),
        },
        _ => None,
    }
}

fn bound(shape: &Shape, literal: Literal) -> Option<Measure> {
    match (shape, literal) {
        (Shape::Float, Literal::Integer(number)) => Some(Measure::Decimal(number as f64)),
        (_, Literal::Integer(number)) => Some(Measure::Whole(number.into())),
        (_, Literal::Float(number)) => Some(Measure::Decimal(number)),
        (Shape::Duration, Literal::Text(text)) => duration(text),
        (_, Literal::Text(text)) => byte_size(text),
        _ => None,
    }
}

fn duration(text: &str) -> Option<Measure> {
    let nanos = parse_duration(text).ok()?.as_nanos();
    i128::try_from(nanos).ok().map(Measure::Whole)
}

fn byte_size(text: &str) -> Option<Measure> {
    let size: ByteSize = text.parse().ok()?;
    Some(Measure::Whole(size.as_u64().into()))
}

fn equals(node: &Node, literal: Literal) -> bool {
    match literal {
        Literal::Boolean(value) => node.as_boolean() == Some(value),
        Literal::Integer(value) => node.as_integer() == Some(value),
        Literal::Float(value) => node.as_float() == Some(value),
        Literal::Text(text) => node.as_text() == Some(text),
        Literal::List(_) => false,
    }
}
