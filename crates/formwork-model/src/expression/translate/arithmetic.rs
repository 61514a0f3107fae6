//! Calculating with integers and money.

use super::code::{Code, Inside, Level, Pending};
use super::{Failure, Translated, Translator, wrong};
use crate::expression::parse::{Ast, Node, Operator};
use crate::model::Kind;

impl Translator<'_> {
    pub(super) fn negative(&self, offset: usize, inner: &Ast, inside: Inside) -> Translated {
        if let Node::Integer(number) = inner.node {
            return Ok(Code {
                literal: true,
                level: Level::Unary,
                ..Code::value(format!("-{number}"), Kind::Integer)
            });
        }
        let code = self.plain(self.operand(inner, None, inside)?);
        let receiver = code.receiver();
        match code.kind.kind {
            Kind::Integer => Ok(code.with(format!("{receiver}.checked_neg()"), Pending::Overflow)),
            Kind::Money => Ok(code.with(format!("{receiver}.times(-1)"), Pending::Money)),
            _ => Err(wrong(
                offset,
                format!("`-` takes an integer or money, not {}", code.kind),
            )),
        }
    }

    pub(super) fn arithmetic(&self, ast: &Ast, inside: Inside) -> Translated {
        let Node::Binary(operator, left, right) = &ast.node else {
            return Err(Failure::Reported);
        };
        let left = self.plain(self.operand(left, None, inside)?);
        let right = self.plain(self.operand(right, None, inside)?);
        let (receiver, argument, method, pending) =
            match (operator, left.kind.kind, right.kind.kind) {
                (_, Kind::Integer, Kind::Integer) => {
                    let method = match operator {
                        Operator::Plus => "checked_add",
                        Operator::Minus => "checked_sub",
                        _ => "checked_mul",
                    };
                    (&left, &right, method, Pending::Overflow)
                }
                (Operator::Plus, Kind::Money, Kind::Money) => {
                    (&left, &right, "plus", Pending::Money)
                }
                (Operator::Minus, Kind::Money, Kind::Money) => {
                    (&left, &right, "minus", Pending::Money)
                }
                (Operator::Times, Kind::Money, Kind::Integer) => {
                    (&left, &right, "times", Pending::Money)
                }
                (Operator::Times, Kind::Integer, Kind::Money) => {
                    (&right, &left, "times", Pending::Money)
                }
                _ => {
                    return Err(wrong(
                        ast.offset,
                        format!(
                            "`{}` does not take {} and {}",
                            operator.sign(),
                            left.kind,
                            right.kind
                        ),
                    ));
                }
            };
        let text = format!("{}.{method}({})", receiver.receiver(), argument.text);
        let code = receiver.clone().with(text, pending);
        Ok(code.together(argument))
    }
}
