//! Expressions, with the scopes they are read in.

use super::Checker;
use super::aggregate::Part;
use crate::document;
use crate::expression::{self, Access, Ast, Binding, Code, Failure, Node, Scope};
use crate::model::{Expression, Field, Kind, Type};
use crate::name::{pascal, snake};
use crate::toml::Text;

/// Where a condition is read.
#[derive(Clone, Copy)]
pub(super) enum Reading<'a> {
    /// Among the fields of the aggregate, each after a prefix. `what` it is cannot mention `now`.
    Fields { prefix: &'a str, what: &'static str },
    /// Before a command changes anything.
    Command(&'a document::Command),
}

impl Checker<'_, '_> {
    pub(super) fn parsed(&mut self, text: &Text) -> Option<Ast> {
        match expression::parse(&text.value) {
            Ok(ast) => Some(ast),
            Err(error) => {
                self.report.expression(text, error);
                None
            }
        }
    }

    /// Translates with `translate`, and reports why that is not possible.
    pub(super) fn code(
        &mut self,
        text: &Text,
        translate: impl FnOnce(&Self) -> Result<Code, Failure>,
    ) -> Option<Code> {
        match translate(self) {
            Ok(code) => Some(code),
            Err(Failure::Reported) => None,
            Err(Failure::Wrong(error)) => {
                self.report.expression(text, error);
                None
            }
        }
    }

    /// A boolean, with its opposite; in a constructor as well, where it is read there.
    pub(super) fn condition(
        &mut self,
        text: &Text,
        part: &Part<'_>,
        reading: Reading<'_>,
        new: Option<Reading<'_>>,
    ) -> Option<(Expression, Code)> {
        let ast = self.parsed(text)?;
        if let Node::Boolean(value) = ast.node {
            let always = if value { "always" } else { "never" };
            self.report.add(text.span, format!("this {always} holds"));
            return None;
        }
        let boolean = Type::plain(Kind::Boolean);
        let code = self.code(text, |checker| {
            expression::check(&ast, &checker.scope(part, reading), &boolean, false, false)
        })?;
        let not = self.code(text, |checker| {
            expression::check(&ast, &checker.scope(part, reading), &boolean, false, true)
        })?;
        let (rust_new, not_new) = match new {
            None => (None, None),
            Some(new) => {
                let mut text_of = |negated| {
                    self.code(text, |checker| {
                        expression::check(&ast, &checker.scope(part, new), &boolean, false, negated)
                    })
                };
                (Some(text_of(false)?.text), Some(text_of(true)?.text))
            }
        };
        let expression = Expression {
            source: text.value.clone(),
            rust: code.text.clone(),
            rust_new,
            not: Some(not.text),
            not_new,
            kind: boolean,
            optional: false,
            fallible: code.fallible,
        };
        Some((expression, code))
    }

    fn scope(&self, part: &Part<'_>, reading: Reading<'_>) -> Scope<'_> {
        match reading {
            Reading::Fields { prefix, what } => {
                let mut scope = self.fields(part, prefix);
                scope.timeless = Some(what);
                scope
            }
            Reading::Command(command) => self.mentioned(command, part),
        }
    }

    /// The fields of an aggregate and its state, each after `prefix`.
    pub(super) fn fields(&self, part: &Part<'_>, prefix: &str) -> Scope<'_> {
        let mut scope = Scope::new(&self.values);
        for field in &part.document.fields {
            let found = part.field(&field.name.value);
            let binding = Binding {
                rust: format!("{prefix}{}", snake(&field.name.value)),
                access: Access::Place,
                kind: found.map(|field| field.kind.clone()),
                optional: found.is_some_and(|field| field.optional),
            };
            scope.names.insert(field.name.value.clone(), binding);
        }
        if let Some(states) = &part.aggregate.states {
            let names = states.all.iter().map(|state| state.name.clone());
            let binding = Binding {
                rust: format!("{prefix}state"),
                access: Access::Place,
                kind: Some(Type::state(&part.aggregate.name, names)),
                optional: false,
            };
            scope.names.insert("state".to_owned(), binding);
        }
        scope
    }
}

/// An expression of which nothing is known but its type.
pub(super) fn plain(source: &str, kind: &Type, optional: bool) -> Expression {
    Expression {
        source: source.to_owned(),
        rust: String::new(),
        rust_new: None,
        not: None,
        not_new: None,
        kind: kind.clone(),
        optional,
        fallible: false,
    }
}

/// What a field or input has when nothing is said, where it may be left out.
pub(super) fn unsaid(field: &Field) -> Option<Expression> {
    let (source, rust) = match &field.default {
        Some(value) => {
            let rust = match (value.as_str(), field.kind.kind) {
                (Some(text), Kind::Enum) => {
                    let of = field.kind.of.as_deref().unwrap_or_default();
                    format!("{}::{}", pascal(of), pascal(text))
                }
                (Some(text), _) => format!("{text:?}.to_owned()"),
                (None, _) => value.to_string(),
            };
            (value.to_string(), rust)
        }
        None if field.optional => ("none".to_owned(), "None".to_owned()),
        None if field.kind.kind == Kind::List && field.kind.min.unwrap_or(0) == 0 => {
            ("none".to_owned(), "Vec::new()".to_owned())
        }
        None => return None,
    };
    Some(Expression {
        rust,
        ..plain(&source, &field.kind, field.optional)
    })
}
