//! Rust under construction.

use std::collections::BTreeSet;

use super::{Failure, Translated};
use crate::expression::parse::Operator;
use crate::expression::{Access, Binding};
use crate::model::{Kind, Type};

/// An expression in Rust.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) text: String,
    pub(crate) kind: Type,
    pub(crate) optional: bool,
    pub(crate) fallible: bool,
    pub(crate) now: bool,
    /// The fields and inputs it mentions.
    pub(crate) uses: BTreeSet<String>,
    pub(super) access: Access,
    pub(super) level: Level,
    pub(super) pending: Pending,
    pub(super) literal: bool,
}

/// How tightly the outermost operator of a Rust text binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Comparison,
    Cast,
    Unary,
    Postfix,
}

/// What the Rust text still is, before `?` makes it a plain value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    Nothing,
    /// An `Option` that is `None` on overflow.
    Overflow,
    /// A `Result<_, MoneyError>`.
    Money,
}

/// What `?` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    /// A function returning `Result<_, DomainError>`.
    Function,
    /// A closure returning `Result<_, MoneyError>`.
    Money,
    /// A closure returning `Option<_>`.
    Integer,
}

impl Code {
    pub(super) fn value(text: String, kind: Kind) -> Self {
        Self {
            text,
            kind: Type::plain(kind),
            optional: false,
            fallible: false,
            now: false,
            uses: BTreeSet::new(),
            access: Access::Value,
            level: Level::Postfix,
            pending: Pending::Nothing,
            literal: false,
        }
    }

    pub(super) fn bound(binding: &Binding) -> Translated {
        let kind = binding.kind.clone().ok_or(Failure::Reported)?;
        Ok(Self {
            access: binding.access,
            optional: binding.optional,
            level: if binding.rust.starts_with('*') {
                Level::Unary
            } else {
                Level::Postfix
            },
            kind,
            ..Self::value(binding.rust.clone(), Kind::Boolean)
        })
    }

    /// The result of a computation of the same type.
    pub(super) fn with(self, text: String, pending: Pending) -> Self {
        Self {
            text,
            pending,
            kind: Type::plain(self.kind.kind),
            access: Access::Value,
            level: Level::Postfix,
            literal: false,
            fallible: true,
            ..self
        }
    }

    /// Whether it is a variable that may be moved from, and loses its value by that.
    pub(crate) fn is_movable(&self) -> bool {
        self.access == Access::Local && !self.kind.copy
    }

    /// Takes over what is known of a part.
    pub(super) fn together(mut self, part: &Self) -> Self {
        self.uses.extend(part.uses.iter().cloned());
        Self {
            fallible: self.fallible || part.fallible,
            now: self.now || part.now,
            ..self
        }
    }

    /// With whatever makes it a plain value, or leaves.
    pub(super) fn finished(self, inside: Inside) -> Self {
        let mark = match (self.pending, inside) {
            (Pending::Nothing, _) => "",
            (Pending::Overflow, Inside::Function) => ".ok_or(DomainError::Overflow)?",
            (Pending::Overflow, Inside::Money) => ".ok_or(MoneyError::Overflow)?",
            (Pending::Overflow, Inside::Integer) | (Pending::Money, _) => "?",
        };
        Self {
            text: format!("{}{mark}", self.text),
            pending: Pending::Nothing,
            ..self
        }
    }

    /// The text with a method call after it.
    pub(super) fn receiver(&self) -> String {
        let typed = self.literal && self.kind.kind == Kind::Integer;
        let suffix = if typed { "_i64" } else { "" };
        if self.level < Level::Postfix {
            format!("({}{suffix})", self.text)
        } else {
            format!("{}{suffix}", self.text)
        }
    }

    pub(super) fn at_least(&self, level: Level) -> String {
        if self.level < level {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }

    /// The text to the left of a comparison: a cast and `<` would read as generics.
    pub(super) fn at_left(&self, operator: Operator) -> String {
        if self.level == Level::Cast && operator == Operator::Less {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }
}

/// The text of a value that is kept: cloned unless `moved`, wrapped where an optional is wanted.
pub(crate) fn owned(code: &Code, optional: bool, moved: bool) -> String {
    let text = &code.text;
    let owned = match code.access {
        _ if code.literal && code.kind.kind == Kind::Text => format!("{text}.to_owned()"),
        Access::Value => text.clone(),
        Access::Place | Access::Local if code.kind.copy => text.clone(),
        Access::Local if moved => text.clone(),
        Access::Place | Access::Local => format!("{text}.clone()"),
        Access::Reference => match (code.kind.kind, code.optional) {
            (Kind::Text, false) => format!("{text}.to_owned()"),
            (Kind::Text, true) => format!("{text}.map(str::to_owned)"),
            (Kind::List, _) => format!("{text}.to_vec()"),
            (_, false) => format!("{text}.clone()"),
            (_, true) => format!("{text}.cloned()"),
        },
    };
    if optional && !code.optional {
        format!("Some({owned})")
    } else {
        owned
    }
}

/// The text of a value that is only looked at: `Copy` by value, the rest by reference.
pub(crate) fn pointed(code: &Code) -> String {
    match code.access {
        Access::Place | Access::Local if !code.kind.copy => format!("&{}", code.text),
        _ => code.text.clone(),
    }
}
