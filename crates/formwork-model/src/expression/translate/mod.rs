//! Checking the types of an expression and writing it in Rust.

mod arithmetic;
mod code;
mod condition;
mod function;

pub(crate) use code::{Code, owned, pointed};

use std::collections::BTreeSet;

use self::code::{Inside, Level};
use super::parse::{Ast, Node, Operator};
use super::{Access, ExpressionError, Scope};
use crate::model::{Form, Kind, Type};
use crate::name::pascal;

/// Why there is no translation.
#[derive(Debug)]
pub(crate) enum Failure {
    Wrong(ExpressionError),
    /// Something it mentions is wrong itself, and reported there.
    Reported,
}

type Translated = Result<Code, Failure>;

/// Translates an expression that must have a type; `negated` turns a boolean into its opposite.
pub(crate) fn check(
    ast: &Ast,
    scope: &Scope<'_>,
    kind: &Type,
    optional: bool,
    negated: bool,
) -> Translated {
    let translator = Translator { scope };
    let code = if kind.kind == Kind::Boolean && !optional {
        translator.boolean(ast, negated, Inside::Function)?
    } else {
        translator.translate(ast, Some(kind), Inside::Function)?
    }
    .finished(Inside::Function);
    if matches!(ast.node, Node::None) && !optional {
        return Err(wrong(ast.offset, format!("expected {kind}, found `none`")));
    }
    if !code.kind.same(kind) {
        return Err(Failure::Wrong(mismatch(ast.offset, kind, &code.kind)));
    }
    if code.optional && !optional {
        return Err(unset(ast.offset, &code));
    }
    Ok(code)
}

struct Translator<'a> {
    scope: &'a Scope<'a>,
}

impl Translator<'_> {
    fn translate(&self, ast: &Ast, expected: Option<&Type>, inside: Inside) -> Translated {
        match &ast.node {
            Node::Integer(number) => Ok(Code {
                literal: true,
                ..Code::value(number.to_string(), Kind::Integer)
            }),
            Node::Text(text) => Ok(Code {
                literal: true,
                ..Code::value(format!("{text:?}"), Kind::Text)
            }),
            Node::None => match expected {
                Some(kind) => Ok(Code {
                    optional: true,
                    kind: kind.clone(),
                    ..Code::value("None".to_owned(), Kind::Boolean)
                }),
                None => Err(Failure::Wrong(
                    ExpressionError::new(ast.offset, "`none` can only be assigned")
                        .with_hint("ask `is-set(…)`"),
                )),
            },
            Node::Now => match self.scope.timeless {
                None => Ok(Code {
                    now: true,
                    ..Code::value("now".to_owned(), Kind::Timestamp)
                }),
                Some(reason) => Err(wrong(ast.offset, format!("{reason} cannot mention `now`"))),
            },
            Node::Name(name) => self.name(ast.offset, name, expected),
            Node::Member(of, name) => self.member(ast.offset, of, name),
            Node::Minus(inner) => self.negative(ast.offset, inner, inside),
            Node::Binary(Operator::Plus | Operator::Minus | Operator::Times, ..) => {
                self.arithmetic(ast, inside)
            }
            Node::Boolean(_) | Node::Not(_) | Node::Binary(..) => self.boolean(ast, false, inside),
            Node::Call(function, arguments) => {
                self.call(ast.offset, function, arguments, false, inside)
            }
        }
    }

    fn name(&self, offset: usize, name: &str, expected: Option<&Type>) -> Translated {
        if let Some(kind) = expected
            && kind.kind == Kind::Enum
            && kind.values.iter().any(|variant| variant == name)
        {
            let of = kind.of.as_deref().unwrap_or_default();
            return Ok(Code {
                kind: kind.clone(),
                ..Code::value(format!("{}::{}", pascal(of), pascal(name)), Kind::Enum)
            });
        }
        if let Some(binding) = self.scope.names.get(name) {
            return Ok(Code {
                uses: BTreeSet::from([name.to_owned()]),
                ..Code::bound(binding)?
            });
        }
        if let Some(reason) = self.scope.absent.get(name) {
            return Err(wrong(offset, reason.clone()));
        }
        if self.scope.structs.contains_key(name) {
            return Err(wrong(
                offset,
                format!("`{name}` is no value; write `{name}.…`"),
            ));
        }
        let (message, mut known) = match expected.filter(|kind| kind.kind == Kind::Enum) {
            Some(kind) => (
                format!(
                    "`{name}` is no `{}`",
                    kind.of.as_deref().unwrap_or_default()
                ),
                kind.values.clone(),
            ),
            None => (format!("there is no `{name}` here"), Vec::new()),
        };
        known.extend(self.scope.names.keys().cloned());
        let error = ExpressionError::new(offset, message);
        let subtraction = name
            .split_once('-')
            .filter(|(left, _)| self.scope.names.contains_key(*left));
        Err(Failure::Wrong(match subtraction {
            Some((left, right)) => {
                error.with_hint(format!("to subtract, put spaces: `{left} - {right}`"))
            }
            None => ExpressionError {
                known: Some((name.to_owned(), known)),
                ..error
            },
        }))
    }

    fn member(&self, offset: usize, of: &str, name: &str) -> Translated {
        let Some(members) = self.scope.structs.get(of) else {
            let error = ExpressionError::new(offset, format!("there is no `{of}` here"));
            let known: Vec<_> = self.scope.structs.keys().cloned().collect();
            return Err(Failure::Wrong(if known.is_empty() {
                error.with_hint("fields and inputs are mentioned by their bare names")
            } else {
                ExpressionError {
                    known: Some((of.to_owned(), known)),
                    ..error
                }
            }));
        };
        match members.get(name) {
            Some(binding) => Code::bound(binding),
            None => Err(Failure::Wrong(ExpressionError {
                known: Some((name.to_owned(), members.keys().cloned().collect())),
                ..ExpressionError::new(offset + of.len() + 1, format!("`{of}` has no `{name}`"))
            })),
        }
    }

    /// A value that must be there, ready to be an operand; scalar values become what they hold.
    fn operand(&self, ast: &Ast, expected: Option<&Type>, inside: Inside) -> Translated {
        let code = self.translate(ast, expected, inside)?;
        if code.optional {
            return Err(unset(ast.offset, &code));
        }
        Ok(code.finished(inside))
    }

    fn plain(&self, code: Code) -> Code {
        let held = (code.kind.kind == Kind::Value)
            .then(|| self.scope.values.of(&code.kind))
            .flatten()
            .filter(|value| value.form == Form::Scalar)
            .and_then(|value| value.kind.clone());
        match held {
            Some(kind) if kind.kind == Kind::Text => Code {
                text: format!("{}.as_str()", code.receiver()),
                access: Access::Reference,
                level: Level::Postfix,
                kind,
                ..code
            },
            Some(kind) => Code {
                text: format!("{}.get()", code.receiver()),
                access: Access::Value,
                level: Level::Postfix,
                kind,
                ..code
            },
            None => code,
        }
    }
}

fn mismatch(offset: usize, expected: &Type, found: &Type) -> ExpressionError {
    let error = ExpressionError::new(offset, format!("expected {expected}, found {found}"));
    if expected.kind == Kind::Value && found.kind != Kind::Value {
        return error.with_hint("a value object comes from a field or input of its type");
    }
    error
}

fn unset(offset: usize, code: &Code) -> Failure {
    Failure::Wrong(
        ExpressionError::new(
            offset,
            format!("this is optional: {} that may not be there", code.kind),
        )
        .with_hint("ask `is-set(…)`, or give `value-or(…, otherwise)`"),
    )
}

fn wrong(offset: usize, message: impl Into<String>) -> Failure {
    Failure::Wrong(ExpressionError::new(offset, message))
}
