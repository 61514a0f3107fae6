//! Reading an expression.

use super::ExpressionError;
use super::token::{Token, tokens};

/// An expression and where it starts; one with an operator, where that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ast {
    pub(crate) offset: usize,
    pub(crate) node: Node,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Integer(i64),
    Text(String),
    Boolean(bool),
    /// The absence of an optional value.
    None,
    Now,
    Name(String),
    /// `event.order`, `item.sku`.
    Member(String, String),
    Not(Box<Ast>),
    Minus(Box<Ast>),
    Binary(Operator, Box<Ast>, Box<Ast>),
    Call(String, Vec<Ast>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Plus,
    Minus,
    Times,
}

impl Operator {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
        }
    }

    fn level(self) -> u8 {
        match self {
            Self::Or => 0,
            Self::And => 1,
            Self::Equal
            | Self::Unequal
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual => COMPARISON,
            Self::Plus | Self::Minus => 4,
            Self::Times => 5,
        }
    }
}

/// `not` binds less than a comparison, a comparison less than arithmetic.
const NOT: u8 = 2;
const COMPARISON: u8 = 3;

/// More than a person can read, and little enough for any stack.
const DEEPEST: usize = 40;
const LONGEST: usize = 250;

/// Reads a whole expression.
pub(crate) fn parse(source: &str) -> Result<Ast, ExpressionError> {
    let mut parser = Parser {
        tokens: tokens(source)?,
        next: 0,
        end: source.len(),
        depth: 0,
    };
    if let Some((offset, _)) = parser.tokens.get(LONGEST) {
        return Err(ExpressionError::new(*offset, "the expression is too long"));
    }
    let ast = parser.expression(0)?;
    match parser.peek() {
        None => Ok(ast),
        Some(_) => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    end: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn offset(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.end, |(offset, _)| *offset)
    }

    fn unexpected(&self, expected: &str) -> ExpressionError {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Integer(number)) => format!("`{number}`"),
            Some(Token::Text(text)) => format!("`\"{text}\"`"),
            Some(Token::Name(name)) => format!("`{name}`"),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
        };
        ExpressionError::new(self.offset(), format!("expected {expected}, found {found}"))
    }

    fn sign(&mut self, sign: &'static str) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.next += usize::from(found);
        found
    }

    fn operator(&self) -> Option<Operator> {
        Some(match self.peek()? {
            Token::Name(word) if word == "or" => Operator::Or,
            Token::Name(word) if word == "and" => Operator::And,
            Token::Sign("==") => Operator::Equal,
            Token::Sign("!=") => Operator::Unequal,
            Token::Sign("<") => Operator::Less,
            Token::Sign("<=") => Operator::LessEqual,
            Token::Sign(">") => Operator::Greater,
            Token::Sign(">=") => Operator::GreaterEqual,
            Token::Sign("+") => Operator::Plus,
            Token::Sign("-") => Operator::Minus,
            Token::Sign("*") => Operator::Times,
            _ => return None,
        })
    }

    /// An expression whose operators all bind at least as much as `level`.
    fn expression(&mut self, level: u8) -> Result<Ast, ExpressionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(ExpressionError::new(
                self.offset(),
                "the expression is too deep",
            ));
        }
        let mut left = self.operand(level)?;
        let mut compared = false;
        while let Some(operator) = self.operator() {
            if operator.level() < level {
                break;
            }
            if operator.level() == COMPARISON && compared {
                return Err(
                    ExpressionError::new(self.offset(), "comparisons do not chain")
                        .with_hint("join them with `and`"),
                );
            }
            compared = operator.level() == COMPARISON;
            let offset = self.offset();
            self.next += 1;
            let right = self.expression(operator.level() + 1)?;
            left = Ast {
                offset,
                node: Node::Binary(operator, Box::new(left), Box::new(right)),
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self, level: u8) -> Result<Ast, ExpressionError> {
        let offset = self.offset();
        let Some((_, token)) = self.tokens.get(self.next).cloned() else {
            return Err(self.unexpected("a value"));
        };
        if let Token::Sign(sign) = token {
            return match sign {
                "(" => {
                    self.next += 1;
                    let inner = self.expression(0)?;
                    if !self.sign(")") {
                        return Err(self.unexpected("`)`"));
                    }
                    Ok(inner)
                }
                "-" => {
                    self.next += 1;
                    let inner = self.expression(Operator::Times.level() + 1)?;
                    Ok(Ast {
                        offset,
                        node: Node::Minus(Box::new(inner)),
                    })
                }
                _ => Err(self.unexpected("a value")),
            };
        }
        if matches!(&token, Token::Name(word) if word == "and" || word == "or") {
            return Err(self.unexpected("a value"));
        }
        self.next += 1;
        let node = match token {
            Token::Integer(number) => Node::Integer(number),
            Token::Text(text) => Node::Text(text),
            Token::Name(name) => match name.as_str() {
                "true" => Node::Boolean(true),
                "false" => Node::Boolean(false),
                "none" => Node::None,
                "now" => Node::Now,
                "not" => {
                    if level > NOT {
                        return Err(ExpressionError::new(offset, "`not` needs parentheses here"));
                    }
                    Node::Not(Box::new(self.expression(NOT)?))
                }
                _ => self.name(name)?,
            },
            Token::Sign(_) => return Err(self.unexpected("a value")),
        };
        Ok(Ast { offset, node })
    }

    /// What follows a name: a member, arguments, or nothing.
    fn name(&mut self, name: String) -> Result<Node, ExpressionError> {
        if self.sign(".") {
            let Some(Token::Name(member)) = self.peek().cloned() else {
                return Err(self.unexpected("the name of a field"));
            };
            self.next += 1;
            return Ok(Node::Member(name, member));
        }
        if !self.sign("(") {
            return Ok(Node::Name(name));
        }
        let mut arguments = Vec::new();
        if !self.sign(")") {
            loop {
                arguments.push(self.expression(0)?);
                if self.sign(")") {
                    break;
                }
                if !self.sign(",") {
                    return Err(self.unexpected("`,` or `)`"));
                }
            }
        }
        Ok(Node::Call(name, arguments))
    }
}
