//! Booleans: comparisons, and what joins them.

use super::code::{Code, Inside, Level, Pending};
use super::{Failure, Translated, Translator, unset, wrong};
use crate::expression::parse::{Ast, Node, Operator};
use crate::expression::{Access, ExpressionError};
use crate::model::Kind;

impl Translator<'_> {
    /// A boolean, or its opposite.
    pub(super) fn boolean(&self, ast: &Ast, negated: bool, inside: Inside) -> Translated {
        match &ast.node {
            Node::Boolean(value) => Ok(Code {
                literal: true,
                ..Code::value((*value != negated).to_string(), Kind::Boolean)
            }),
            Node::Not(inner) => self.boolean(inner, !negated, inside),
            Node::Binary(operator @ (Operator::And | Operator::Or), left, right) => {
                let left_code = self.part(left, negated, inside)?;
                let right_code = self.part(right, negated, inside)?;
                let (sign, level) = if (*operator == Operator::And) == negated {
                    ("||", Level::Or)
                } else {
                    ("&&", Level::And)
                };
                if left_code.text == right_code.text {
                    return Err(same(ast.offset, *operator));
                }
                let text = format!(
                    "{} {sign} {}",
                    left_code.at_least(level),
                    right_code.at_least(level)
                );
                Ok(Code {
                    level,
                    ..Code::value(text, Kind::Boolean)
                }
                .together(&left_code)
                .together(&right_code))
            }
            Node::Binary(
                Operator::Equal
                | Operator::Unequal
                | Operator::Less
                | Operator::LessEqual
                | Operator::Greater
                | Operator::GreaterEqual,
                ..,
            ) => self.comparison(ast, negated, inside),
            Node::Call(function, arguments) => {
                self.call(ast.offset, function, arguments, negated, inside)
            }
            _ => {
                let code = self.translate(ast, None, inside)?;
                if code.kind.kind != Kind::Boolean || code.optional || !negated {
                    return Ok(code);
                }
                Ok(Code {
                    text: format!("!{}", code.at_least(Level::Unary)),
                    level: Level::Unary,
                    ..code
                })
            }
        }
    }

    /// One side of `and` or `or`.
    fn part(&self, ast: &Ast, negated: bool, inside: Inside) -> Translated {
        let code = self.boolean(ast, negated, inside)?;
        if code.kind.kind != Kind::Boolean {
            return Err(wrong(
                ast.offset,
                format!("expected a boolean, found {}", code.kind),
            ));
        }
        if code.optional {
            return Err(unset(ast.offset, &code));
        }
        if code.literal {
            return Err(wrong(ast.offset, "`true` and `false` decide nothing here"));
        }
        Ok(code)
    }

    fn comparison(&self, ast: &Ast, negated: bool, inside: Inside) -> Translated {
        let Node::Binary(operator, left, right) = &ast.node else {
            return Err(Failure::Reported);
        };
        // A bare variant is known by the other side's type.
        let (left_code, right_code) = match self.operand(left, None, inside) {
            Err(failure) if matches!(left.node, Node::Name(_)) => {
                let Ok(right_code) = self.operand(right, None, inside) else {
                    return Err(failure);
                };
                if right_code.kind.kind != Kind::Enum {
                    return Err(failure);
                }
                (
                    self.operand(left, Some(&right_code.kind), inside)?,
                    right_code,
                )
            }
            left_code => {
                let left_code = left_code?;
                let right_code = self.operand(right, Some(&left_code.kind), inside)?;
                (left_code, right_code)
            }
        };
        let (left_code, right_code) = if left_code.kind.same(&right_code.kind) {
            (left_code, right_code)
        } else {
            (self.plain(left_code), self.plain(right_code))
        };
        if left_code.kind.kind == Kind::Boolean && (left_code.literal || right_code.literal) {
            return Err(Failure::Wrong(
                ExpressionError::new(ast.offset, "a boolean is compared with a literal")
                    .with_hint("write the boolean itself, or `not` before it"),
            ));
        }
        if left_code.text == right_code.text {
            return Err(same(ast.offset, *operator));
        }
        let effective = if negated {
            opposite(*operator)
        } else {
            *operator
        };
        let sign = rust_sign(effective);
        let equality = matches!(operator, Operator::Equal | Operator::Unequal);
        let text = match (left_code.kind.kind, right_code.kind.kind) {
            (Kind::Money, Kind::Integer) => {
                format!(
                    "{}.minor() {sign} {}",
                    left_code.receiver(),
                    right_code.text
                )
            }
            (Kind::Integer, Kind::Money) => format!(
                "{} {sign} {}.minor()",
                left_code.at_left(effective),
                right_code.receiver()
            ),
            (Kind::Money, Kind::Money) if !equality => {
                let difference = left_code
                    .clone()
                    .with(
                        format!("{}.minus({})", left_code.receiver(), right_code.text),
                        Pending::Money,
                    )
                    .finished(inside);
                return Ok(Code {
                    level: Level::Comparison,
                    fallible: true,
                    ..Code::value(
                        format!("{}.minor() {sign} 0", difference.text),
                        Kind::Boolean,
                    )
                }
                .together(&difference)
                .together(&right_code));
            }
            (Kind::Integer, Kind::Integer) => {
                if let Some(text) = self.length(left, effective, right)? {
                    text
                } else {
                    format!(
                        "{} {sign} {}",
                        left_code.at_left(effective),
                        right_code.text
                    )
                }
            }
            (Kind::Timestamp, Kind::Timestamp) => {
                format!("{} {sign} {}", left_code.text, right_code.text)
            }
            (kind, _)
                if equality && kind != Kind::List && left_code.kind.same(&right_code.kind) =>
            {
                let by_reference =
                    |code: &Code| code.access == Access::Reference && kind != Kind::Text;
                let side = |code: &Code, other: &Code| {
                    if by_reference(code) && !by_reference(other) {
                        format!("*{}", code.at_least(Level::Unary))
                    } else if code.level <= Level::Comparison {
                        format!("({})", code.text)
                    } else {
                        code.text.clone()
                    }
                };
                format!(
                    "{} {sign} {}",
                    side(&left_code, &right_code),
                    side(&right_code, &left_code)
                )
            }
            _ => {
                return Err(wrong(
                    ast.offset,
                    format!(
                        "`{}` does not take {} and {}",
                        operator.sign(),
                        left_code.kind,
                        right_code.kind
                    ),
                ));
            }
        };
        Ok(Code {
            level: Level::Comparison,
            ..Code::value(text, Kind::Boolean)
        }
        .together(&left_code)
        .together(&right_code))
    }

    /// `count(list)` compared with a number, the way Rust says it.
    fn length(
        &self,
        left: &Ast,
        operator: Operator,
        right: &Ast,
    ) -> Result<Option<String>, Failure> {
        let (Node::Call(function, arguments), Node::Integer(number)) = (&left.node, &right.node)
        else {
            return Ok(None);
        };
        let (true, [list]) = (function == "count", arguments.as_slice()) else {
            return Ok(None);
        };
        let list = self.operand(list, None, Inside::Function)?;
        let list = list.receiver();
        Ok(Some(match (operator, number) {
            (Operator::Equal | Operator::LessEqual, 0) | (Operator::Less, 1) => {
                format!("{list}.is_empty()")
            }
            (Operator::Unequal | Operator::Greater, 0) | (Operator::GreaterEqual, 1) => {
                format!("!{list}.is_empty()")
            }
            (Operator::Less | Operator::GreaterEqual, 0) => return Ok(None),
            _ => format!("{list}.len() {} {number}", rust_sign(operator)),
        }))
    }
}

fn same(offset: usize, operator: Operator) -> Failure {
    wrong(
        offset,
        format!("both sides of `{}` are the same", operator.sign()),
    )
}

fn opposite(operator: Operator) -> Operator {
    match operator {
        Operator::Equal => Operator::Unequal,
        Operator::Unequal => Operator::Equal,
        Operator::Less => Operator::GreaterEqual,
        Operator::LessEqual => Operator::Greater,
        Operator::Greater => Operator::LessEqual,
        Operator::GreaterEqual => Operator::Less,
        other => other,
    }
}

fn rust_sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Or => "||",
        Operator::And => "&&",
        other => other.sign(),
    }
}
