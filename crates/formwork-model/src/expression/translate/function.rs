//! The functions: `count`, `sum`, `is-set`, `value-or`.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{Code, Inside, Level, Pending};
use super::{Failure, Translated, Translator, unset, wrong};
use crate::expression::parse::Ast;
use crate::expression::{Access, Binding, ExpressionError};
use crate::model::{Kind, Type};
use crate::name::{is_keyword, snake};

impl Translator<'_> {
    pub(super) fn call(
        &self,
        offset: usize,
        function: &str,
        arguments: &[Ast],
        negated: bool,
        inside: Inside,
    ) -> Translated {
        match (function, arguments) {
            ("count", [list]) => {
                let code = self.list(list, inside)?;
                Ok(Code {
                    level: Level::Cast,
                    ..Code::value(format!("{}.len() as i64", code.receiver()), Kind::Integer)
                }
                .together(&code))
            }
            ("sum", [list, part]) => self.sum(list, part, inside),
            ("is-set", [value]) => {
                let code = self.translate(value, None, inside)?;
                if !code.optional {
                    return Err(wrong(
                        value.offset,
                        "this is always set: it is not optional",
                    ));
                }
                let method = if negated { "is_none" } else { "is_some" };
                let text = format!("{}.{method}()", code.receiver());
                Ok(Code::value(text, Kind::Boolean).together(&code))
            }
            ("value-or", [value, otherwise]) => self.value_or(value, otherwise, inside),
            ("count" | "is-set", _) => {
                Err(wrong(offset, format!("`{function}` takes one argument")))
            }
            ("sum" | "value-or", _) => {
                Err(wrong(offset, format!("`{function}` takes two arguments")))
            }
            _ => Err(Failure::Wrong(ExpressionError {
                known: Some((
                    function.to_owned(),
                    ["count", "sum", "is-set", "value-or"]
                        .map(str::to_owned)
                        .to_vec(),
                )),
                ..ExpressionError::new(offset, format!("there is no function `{function}`"))
            })),
        }
    }

    fn list(&self, ast: &Ast, inside: Inside) -> Translated {
        let code = self.operand(ast, None, inside)?;
        if code.kind.kind != Kind::List {
            return Err(wrong(
                ast.offset,
                format!("expected a list, found {}", code.kind),
            ));
        }
        Ok(code)
    }

    fn sum(&self, list: &Ast, part: &Ast, inside: Inside) -> Translated {
        let list_offset = list.offset;
        let list = self.list(list, inside)?;
        let Some(item) = list.kind.item.as_deref() else {
            return Err(Failure::Reported);
        };
        let mut scope = self.scope.clone();
        let variable = variable(item, &scope.names);
        let mut own = BTreeSet::new();
        match scope.accessors(item, &variable) {
            Some(fields) if !fields.is_empty() => {
                own.extend(fields.keys().cloned());
                scope.names.extend(fields);
            }
            _ => {
                own.insert("item".to_owned());
                let (rust, access) = if item.copy {
                    (format!("*{variable}"), Access::Value)
                } else {
                    (variable.clone(), Access::Reference)
                };
                let binding = Binding {
                    rust,
                    access,
                    kind: Some(item.clone()),
                    optional: false,
                };
                scope.names.insert("item".to_owned(), binding);
            }
        }
        let within = Translator { scope: &scope };
        let translated = |inside| -> Translated {
            let code = within.translate(part, None, inside)?;
            if code.optional {
                return Err(unset(part.offset, &code));
            }
            Ok(within.plain(code))
        };
        let code = translated(Inside::Money)?;
        let iterator = format!("{}.iter()", list.receiver());
        let (text, pending, code) = match code.kind.kind {
            Kind::Money => {
                if list.kind.min.unwrap_or(0) == 0 {
                    return Err(Failure::Wrong(
                        ExpressionError::new(
                            list_offset,
                            "the sum of no money has no currency, and this list may be empty",
                        )
                        .with_hint("give the list `min = 1`"),
                    ));
                }
                let part = match code.pending {
                    Pending::Nothing => format!("Ok({})", code.text),
                    _ => code.text.clone(),
                };
                let text = format!("Money::sum({iterator}.map(|{variable}| {part}))");
                (text, Pending::Money, code)
            }
            Kind::Integer => {
                let code = translated(Inside::Integer)?.finished(Inside::Integer);
                let text = format!(
                    "{iterator}.try_fold(0_i64, |sum, {variable}| sum.checked_add({}))",
                    code.text
                );
                (text, Pending::Overflow, code)
            }
            _ => {
                return Err(wrong(
                    part.offset,
                    format!("`sum` adds integers or money, not {}", code.kind),
                ));
            }
        };
        let mut code = code.with(text, pending);
        code.uses.retain(|name| !own.contains(name));
        Ok(code.together(&list))
    }

    fn value_or(&self, value: &Ast, otherwise: &Ast, inside: Inside) -> Translated {
        let code = self.translate(value, None, inside)?;
        if !code.optional {
            return Err(wrong(
                value.offset,
                "this is always set: it is not optional",
            ));
        }
        let otherwise_code = self.operand(otherwise, Some(&code.kind), inside)?;
        if !otherwise_code.kind.same(&code.kind) {
            return Err(wrong(
                otherwise.offset,
                format!("expected {}, found {}", code.kind, otherwise_code.kind),
            ));
        }
        let receiver = code.receiver();
        let (text, access) = if code.kind.copy {
            (
                format!("{receiver}.unwrap_or({})", otherwise_code.text),
                Access::Value,
            )
        } else if code.kind.kind == Kind::Text {
            let reference = match code.access {
                Access::Reference => receiver,
                _ => format!("{receiver}.as_deref()"),
            };
            let fallback = match otherwise_code.access {
                Access::Place | Access::Local => format!("&{}", otherwise_code.text),
                _ => otherwise_code.text.clone(),
            };
            (
                format!("{reference}.unwrap_or({fallback})"),
                Access::Reference,
            )
        } else {
            return Err(wrong(
                value.offset,
                format!("`value-or` does not take {}", code.kind),
            ));
        };
        Ok(Code {
            text,
            access,
            optional: false,
            level: Level::Postfix,
            ..code
        }
        .together(&otherwise_code))
    }
}

/// What the variable for the items of a list is called.
fn variable(item: &Type, names: &BTreeMap<String, Binding>) -> String {
    let name = match (item.kind, item.of.as_deref()) {
        (Kind::Value, Some(of)) => snake(of),
        _ => "item".to_owned(),
    };
    let taken =
        name == "sum" || is_keyword(&name) || names.values().any(|binding| binding.rust == name);
    if taken { format!("each_{name}") } else { name }
}
