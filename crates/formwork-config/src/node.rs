//! The tree of values that the layers merge into, each with its origin.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::error::shown;
use crate::secret::REDACTED;
use crate::{Origin, Secret, Url};

/// A value on its way from a source to a typed field, with its origin.
///
/// Text of a secret field is sealed: neither `Debug` nor any error shows it.
#[derive(Debug, Clone)]
pub struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

#[derive(Clone)]
pub(crate) enum Value {
    Boolean(bool),
    Integer(i64),
    Float(f64),
    /// Overwritten when it goes: it may be a secret that nobody has recognised yet.
    Text(Zeroizing<String>),
    Sealed(Secret<String>),
    /// Of which everything but the password is shown.
    Url(Url),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    /// What was there has been reported.
    Wrong,
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(Zeroizing::new(text.into()))
    }
}

impl Default for Node {
    /// A table with nothing in it.
    fn default() -> Self {
        Self::empty_table(Origin::compiled_default())
    }
}

impl Node {
    pub(crate) fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin }
    }

    pub(crate) fn empty_table(origin: Origin) -> Self {
        Self::new(Value::Table(BTreeMap::new()), origin)
    }

    /// Where the value came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The text, if it is text. Of a secret this is the secret itself.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Sealed(secret) => Some(secret.expose()),
            Value::Url(url) => Some(url.expose()),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_boolean(&self) -> Option<bool> {
        match &self.value {
            Value::Boolean(value) => Some(*value),
            Value::Sealed(secret) => secret.expose().parse().ok(),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        match &self.value {
            Value::Integer(value) => Some(*value),
            Value::Sealed(secret) => secret.expose().parse().ok(),
            _ => None,
        }
    }

    /// The finite number, if it is one.
    pub fn as_float(&self) -> Option<f64> {
        let number = match &self.value {
            Value::Float(value) => *value,
            Value::Integer(value) => *value as f64,
            Value::Sealed(secret) => secret.expose().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a table.
    pub fn as_table(&self) -> Option<&BTreeMap<String, Node>> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry of a table with this key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Node> {
        self.as_table()?.get(key)
    }

    /// The node at `path`, if there is one.
    pub(crate) fn find(&self, path: &[String]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.entry(key))
    }

    /// The node at `path`, made with the tables on the way. Anything else on the way is replaced.
    pub(crate) fn at(&mut self, path: &[String]) -> &mut Node {
        let Some((key, rest)) = path.split_first() else {
            return self;
        };
        if !matches!(self.value, Value::Table(_)) {
            self.value = Value::Table(BTreeMap::new());
        }
        let Value::Table(entries) = &mut self.value else {
            unreachable!("it was made a table above");
        };
        entries
            .entry(key.clone())
            .or_insert_with(|| Node::empty_table(self.origin.clone()))
            .at(rest)
    }

    /// Lays `upper` over this one: tables merge, everything else is replaced.
    pub(crate) fn overlay(&mut self, upper: Node) {
        match (&mut self.value, upper) {
            (
                Value::Table(lower),
                Node {
                    value: Value::Table(upper),
                    ..
                },
            ) => {
                for (key, node) in upper {
                    match lower.get_mut(&key) {
                        Some(existing) => existing.overlay(node),
                        None => {
                            lower.insert(key, node);
                        }
                    }
                }
            }
            (_, upper) => *self = upper,
        }
    }

    /// Whether the values are the same, wherever they come from.
    pub(crate) fn same_values(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Boolean(one), Value::Boolean(other)) => one == other,
            (Value::Integer(one), Value::Integer(other)) => one == other,
            (Value::Float(one), Value::Float(other)) => one.to_bits() == other.to_bits(),
            (Value::Text(one), Value::Text(other)) => one == other,
            (Value::Sealed(one), Value::Sealed(other)) => one == other,
            (Value::Url(one), Value::Url(other)) => one == other,
            (Value::List(one), Value::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.same_values(b))
            }
            (Value::Table(one), Value::Table(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|((key, a), (other, b))| key == other && a.same_values(b))
            }
            _ => false,
        }
    }

    /// Moves every scalar below into custody.
    pub(crate) fn seal(&mut self) {
        let text = match &mut self.value {
            Value::Sealed(_) | Value::Wrong => return,
            Value::Url(url) => url.expose().to_owned(),
            Value::List(items) => return items.iter_mut().for_each(Node::seal),
            Value::Table(entries) => return entries.values_mut().for_each(Node::seal),
            Value::Text(text) => std::mem::take(&mut **text),
            Value::Boolean(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
        };
        self.value = Value::Sealed(Secret::new(text));
    }

    /// Takes what is secret in this value out of a text of somebody else's.
    pub(crate) fn redact(&self, text: &mut String) {
        // Shorter ones would be found in any text, and tell nothing.
        let mut hide = |secret: &str| {
            if secret.len() <= 2 {
                return;
            }
            let escaped = Zeroizing::new(secret.escape_debug().to_string());
            for written in [secret, &escaped] {
                if text.contains(written) {
                    *text = text.replace(written, REDACTED);
                }
            }
        };
        match &self.value {
            Value::Sealed(secret) => hide(secret.expose()),
            Value::Url(url) => {
                hide(url.expose());
                url.secrets().for_each(&mut hide);
                if let Some(password) = url.password() {
                    hide(password.expose());
                }
            }
            Value::List(items) => items.iter().for_each(|item| item.redact(text)),
            Value::Table(entries) => entries.values().for_each(|item| item.redact(text)),
            _ => {}
        }
    }

    /// What was found, for an error: the value of a scalar that is no secret, else its type.
    pub(crate) fn found(&self) -> String {
        match &self.value {
            Value::Boolean(value) => format!("`{value}`"),
            Value::Integer(value) => format!("`{value}`"),
            Value::Float(value) => format!("`{value}`"),
            Value::Text(text) if text.is_empty() => "empty text".to_owned(),
            Value::Text(text) => format!("`{}`", shown(text)),
            Value::Sealed(_) | Value::Url(_) => "a value that is not shown".to_owned(),
            Value::List(_) | Value::Table(_) | Value::Wrong => self.type_name().to_owned(),
        }
    }

    /// The type alone.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.value {
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Text(_) | Value::Sealed(_) | Value::Url(_) => "text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Wrong => "something else",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(text) => text.as_str().fmt(f),
            Self::Sealed(secret) => secret.fmt(f),
            Self::Url(url) => url.fmt(f),
            Self::List(items) => items.fmt(f),
            Self::Table(entries) => entries.fmt(f),
            Self::Wrong => f.write_str("<wrong>"),
        }
    }
}

impl fmt::Display for Node {
    /// As in TOML, on one line; secrets redacted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Boolean(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Text(text) => write!(f, "{:?}", text.as_str()),
            Value::Sealed(secret) => write!(f, "{secret:?}"),
            Value::Url(url) => write!(f, "\"{url}\""),
            Value::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{item}")?;
                }
                f.write_str("]")
            }
            Value::Table(entries) => {
                f.write_str("{")?;
                for (index, (key, item)) in entries.iter().enumerate() {
                    let separator = if index == 0 { " " } else { ", " };
                    write!(f, "{separator}{key} = {item}")?;
                }
                f.write_str(" }")
            }
            Value::Wrong => f.write_str("<wrong>"),
        }
    }
}
