//! What a command changes, and which values may be moved into the change.

use std::collections::BTreeSet;

use super::Checker;
use super::aggregate::Part;
use super::command::Mentioned;
use super::emission::said_inputs;
use super::expressions::{plain, unsaid};
use crate::document;
use crate::expression::{self, Code, Node};
use crate::model::{Assignment, Expression};
use crate::name::snake;
use crate::toml::Text;

/// A value that a command assigns, before it is known whether it may be moved.
struct Change {
    field: String,
    source: String,
    value: Changed,
}

enum Changed {
    /// The input of the same name.
    Input,
    /// What the field has when nothing is said: the Rust text.
    Default(String),
    Computed {
        code: Box<Code>,
        name: Option<String>,
    },
    Derived(Box<Code>),
}

impl Checker<'_, '_> {
    /// What a command assigns, and for each input whether an emission may still move it.
    pub(super) fn changes(
        &mut self,
        raw: &document::Command,
        part: &Part<'_>,
        mentioned: &mut Mentioned,
    ) -> (Vec<Assignment>, BTreeSet<String>) {
        let document = part.document;
        let taken = |name: &str| raw.takes.iter().any(|field| field.value == name);
        for (name, _) in &raw.set {
            let field = document
                .fields
                .iter()
                .find(|field| field.name.value == name.value);
            let problem = match field {
                None => {
                    let message = format!("there is no field `{}` to set", name.value);
                    let known = document
                        .fields
                        .iter()
                        .map(|field| field.name.value.as_str());
                    self.report.unknown(name.span, message, &name.value, known);
                    continue;
                }
                Some(field) if field.derived.is_some() => "is derived, so it cannot be set",
                Some(_) if taken(&name.value) => "is taken from an input already",
                Some(_) => continue,
            };
            self.report
                .add(name.span, format!("`{}` {problem}", name.value));
        }

        let mut changes = Vec::new();
        if raw.creates {
            for field in &document.fields {
                if field.derived.is_none() {
                    changes.extend(self.initial(raw, field, part, mentioned));
                }
            }
        } else {
            changes.extend(raw.takes.iter().map(|name| Change {
                field: name.value.clone(),
                source: name.value.clone(),
                value: Changed::Input,
            }));
            for (name, text) in &raw.set {
                changes.extend(self.computed(raw, name, text, part, mentioned));
            }
        }
        self.followers(raw, part, &mut changes);
        let said = said_inputs(raw, part);
        (assignments(raw, part, &changes, &said), said)
    }

    /// What a field starts with.
    fn initial(
        &mut self,
        raw: &document::Command,
        field: &document::Field,
        part: &Part<'_>,
        mentioned: &mut Mentioned,
    ) -> Option<Change> {
        let name = &field.name.value;
        if raw.takes.iter().any(|taken| taken.value == *name) {
            return Some(Change {
                field: name.clone(),
                source: name.clone(),
                value: Changed::Input,
            });
        }
        if let Some((name, text)) = raw.set.iter().find(|(set, _)| set.value == *name) {
            return self.computed(raw, name, text, part, mentioned);
        }
        let found = part.field(name)?;
        let Some(default) = unsaid(found) else {
            self.report.hint(
                raw.name.span,
                format!(
                    "`{}` creates the aggregate, but nothing gives its field `{name}` a value",
                    raw.name.value
                ),
                format!("add `{name}` to `takes`, set it, or make it optional"),
            );
            return None;
        };
        Some(Change {
            field: name.clone(),
            source: default.source,
            value: Changed::Default(default.rust),
        })
    }

    fn computed(
        &mut self,
        raw: &document::Command,
        name: &Text,
        text: &Text,
        part: &Part<'_>,
        mentioned: &mut Mentioned,
    ) -> Option<Change> {
        // Until it is understood, it may use anything.
        let complete = std::mem::replace(&mut mentioned.complete, false);
        let ast = self.parsed(text)?;
        let field = part.field(&name.value)?;
        let code = self.code(text, |checker| {
            let scope = checker.mentioned(raw, part);
            expression::check(&ast, &scope, &field.kind, field.optional, false)
        })?;
        mentioned.complete = complete;
        mentioned.add(&code);
        let input = match &ast.node {
            Node::Name(input) if code.is_movable() => Some(input.clone()),
            _ => None,
        };
        Some(Change {
            field: name.value.clone(),
            source: text.value.clone(),
            value: Changed::Computed {
                code: Box::new(code),
                name: input,
            },
        })
    }

    /// Adds the derived fields that follow from what changes.
    fn followers(&mut self, raw: &document::Command, part: &Part<'_>, changes: &mut Vec<Change>) {
        let mut changed: BTreeSet<String> =
            changes.iter().map(|change| change.field.clone()).collect();
        for derived in &part.derived {
            let follows = derived
                .sources
                .iter()
                .any(|source| changed.contains(source));
            let Some(field) = part
                .field(&derived.field)
                .filter(|_| follows || raw.creates)
            else {
                continue;
            };
            let code = self.code(derived.text, |checker| {
                let mut scope = checker.fields(part, if raw.creates { "" } else { "self." });
                for name in &changed {
                    if let Some(binding) = scope.names.get_mut(name) {
                        binding.rust = snake(name);
                    }
                }
                expression::check(&derived.ast, &scope, &field.kind, false, false)
            });
            changed.insert(derived.field.clone());
            changes.extend(code.map(|code| Change {
                field: derived.field.clone(),
                source: derived.text.value.clone(),
                value: Changed::Derived(Box::new(code)),
            }));
        }
    }
}

/// Decides what is moved, cloned and bound to a variable.
fn assignments(
    raw: &document::Command,
    part: &Part<'_>,
    changes: &[Change],
    said: &BTreeSet<String>,
) -> Vec<Assignment> {
    let uses = |change: &Change| match &change.value {
        Changed::Input => BTreeSet::from([change.field.clone()]),
        Changed::Default(_) => BTreeSet::new(),
        Changed::Computed { code, .. } | Changed::Derived(code) => code.uses.clone(),
    };
    let taken = |name: &str| raw.takes.iter().any(|field| field.value == name);
    let mut set = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let Some(field) = part.field(&change.field) else {
            continue;
        };
        let later = &changes[index + 1..];
        let needed = later.iter().any(|later| {
            matches!(later.value, Changed::Derived(_)) && uses(later).contains(&change.field)
        });
        let (rust, fallible, bind) = match &change.value {
            Changed::Input => (snake(&change.field), false, false),
            Changed::Default(text) => (text.clone(), false, needed),
            Changed::Derived(code) => (expression::owned(code, false, false), code.fallible, true),
            Changed::Computed { code, name } => {
                let moved = name.as_ref().is_some_and(|name| {
                    !taken(name)
                        && !said.contains(name)
                        && !later.iter().any(|later| uses(later).contains(name))
                });
                let bind = needed || (raw.creates && !moved && !code.uses.is_empty());
                let text = expression::owned(code, field.optional, moved);
                (text, code.fallible, bind)
            }
        };
        set.push(Assignment {
            field: change.field.clone(),
            value: Expression {
                rust_new: raw.creates.then(|| rust.clone()),
                rust,
                fallible,
                ..plain(&change.source, &field.kind, field.optional)
            },
            input: matches!(change.value, Changed::Input),
            derived: matches!(change.value, Changed::Derived(_)),
            bind,
        });
    }
    set
}
