//! What a configuration struct says about itself: the input of loading and of every generated page.

/// A configuration struct: its name, its description and its fields in source order.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The name of the Rust type.
    pub name: &'static str,
    /// The type's doc comment.
    pub description: &'static str,
    /// The fields, in source order.
    pub fields: &'static [FieldSchema],
}

impl Schema {
    /// The field with this key.
    pub fn field(&self, key: &str) -> Option<&'static FieldSchema> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// Whether tenants may have any value of their own.
    pub(crate) fn any_of_tenants(&self) -> bool {
        let of_tenants = |field: &FieldSchema| {
            let inner = field.shape.innermost();
            field.tenant || matches!(inner, Shape::Struct(schema) if schema.any_of_tenants())
        };
        self.fields.iter().any(of_tenants)
    }
}

/// One field of a configuration struct.
#[derive(Debug, Clone, Copy)]
pub struct FieldSchema {
    /// The key, in kebab-case.
    pub key: &'static str,
    /// The field's doc comment.
    pub description: &'static str,
    /// What values look like.
    pub shape: Shape,
    /// The compiled default, if there is one.
    pub default: Option<Literal>,
    /// Further limits on the value.
    pub rules: &'static [Rule],
    /// Who may see the value.
    pub class: Class,
    /// Whether a running service takes a change of the value over.
    pub dynamic: bool,
    /// Whether tenants may have values of their own.
    pub tenant: bool,
}

impl FieldSchema {
    /// Whether the value must be set because there is nothing to fall back to.
    pub fn is_required(&self) -> bool {
        self.default.is_none() && !matches!(self.shape, Shape::Optional(_) | Shape::Struct(_))
    }

    /// Whether the value is never shown: by its class, or because its type is a secret.
    pub fn is_sealed(&self) -> bool {
        self.class >= Class::Confidential || self.shape.is_secret()
    }

    /// What is expected of the value, as narrow as the rules make it.
    pub(crate) fn expectation(&self) -> String {
        let mut expected = self.shape.expectation();
        let counted = match self.shape.bare() {
            Shape::Text => "character",
            Shape::List(_) => "item",
            Shape::Map(_) => "entry",
            shape => return self.narrowed(shape, expected),
        };
        for rule in self.rules {
            if let Rule::Length { min, max } = rule {
                let limits = match (min, max) {
                    (Some(min), Some(max)) if min == max => format!("exactly {min}"),
                    (Some(min), Some(max)) => format!("{min} to {max}"),
                    (Some(min), None) => format!("at least {min}"),
                    (None, Some(max)) => format!("at most {max}"),
                    (None, None) => continue,
                };
                let counted = match (max.or(*min), counted) {
                    (Some(1), counted) => counted.to_owned(),
                    (_, "entry") => "entries".to_owned(),
                    (_, counted) => format!("{counted}s"),
                };
                expected.push_str(&format!(" of {limits} {counted}"));
            }
        }
        expected
    }

    /// Of a number, the limits it has and not those of its type.
    fn narrowed(&self, shape: &Shape, expected: String) -> String {
        let limits = self.rules.iter().find_map(|rule| match rule {
            Rule::Range { min, max } => Some((*min, *max)),
            _ => None,
        });
        match (shape, limits) {
            (Shape::Integer { min, max }, Some((lower, upper))) => {
                let lower = lower.map_or_else(|| min.to_string(), Literal::plain);
                let upper = upper.map_or_else(|| max.to_string(), Literal::plain);
                format!("a whole number from {lower} to {upper}")
            }
            (Shape::Float, Some((min, max))) => {
                format!("{expected} {}", Rule::Range { min, max })
            }
            _ => expected,
        }
    }

    /// The class, counting the type: a secret type makes a secret field.
    pub fn class(&self) -> Class {
        if self.shape.is_secret() {
            Class::Secret
        } else {
            self.class
        }
    }
}

/// What the values of a type look like in a file.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Shape {
    /// Any text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number between two limits, both included.
    Integer {
        /// The smallest number the type holds.
        min: i128,
        /// The largest number the type holds.
        max: i128,
    },
    /// A decimal number.
    Float,
    /// A time span such as `250ms` or `5m`.
    Duration,
    /// An amount of bytes such as `1MiB`.
    ByteSize,
    /// An IP address with a port, such as `127.0.0.1:8080`.
    SocketAddr,
    /// A path in the file system.
    Path,
    /// An address whose password is not shown.
    Url,
    /// One of several words.
    Choice(&'static [Choice]),
    /// Several values of one shape.
    List(&'static Shape),
    /// Values of one shape under names of the owner's choosing.
    Map(&'static Shape),
    /// A value that may be left out.
    Optional(&'static Shape),
    /// A value that is never shown.
    Secret(&'static Shape),
    /// A struct of its own.
    Struct(&'static Schema),
}

impl Shape {
    /// The shape without its optional and secret wrappers.
    pub fn bare(&self) -> &Shape {
        match self {
            Self::Optional(inner) | Self::Secret(inner) => inner.bare(),
            other => other,
        }
    }

    /// The shape within lists and maps too.
    pub(crate) fn innermost(&self) -> &Shape {
        match self.bare() {
            Self::List(inner) | Self::Map(inner) => inner.innermost(),
            other => other,
        }
    }

    /// Whether values of this shape are secrets.
    pub const fn is_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::Optional(inner) | Self::List(inner) | Self::Map(inner) => inner.is_secret(),
            _ => false,
        }
    }

    /// Whether the values, or the values within them, are structs.
    pub const fn is_nested(&self) -> bool {
        match self {
            Self::Struct(_) => true,
            Self::Optional(inner) | Self::List(inner) | Self::Map(inner) => inner.is_nested(),
            _ => false,
        }
    }

    /// Whether values of this shape can be held to the rule. Deriving asserts it, so that no rule is
    /// ever passed over.
    pub const fn takes(&self, rule: &Rule) -> bool {
        match (self, rule) {
            (Self::Optional(inner) | Self::Secret(inner), _) => inner.takes(rule),
            (Self::Integer { .. }, Rule::Range { min, max }) => {
                matches!(min, None | Some(Literal::Integer(_)))
                    && matches!(max, None | Some(Literal::Integer(_)))
            }
            (Self::Float, Rule::Range { min, max }) => {
                matches!(min, None | Some(Literal::Integer(_) | Literal::Float(_)))
                    && matches!(max, None | Some(Literal::Integer(_) | Literal::Float(_)))
            }
            (Self::Duration, Rule::Range { min, max }) => {
                matches!(min, None | Some(Literal::Text(_)))
                    && matches!(max, None | Some(Literal::Text(_)))
            }
            (Self::ByteSize, Rule::Range { min, max }) => {
                matches!(min, None | Some(Literal::Integer(_) | Literal::Text(_)))
                    && matches!(max, None | Some(Literal::Integer(_) | Literal::Text(_)))
            }
            (Self::Text | Self::Path | Self::List(_) | Self::Map(_), Rule::Length { .. }) => true,
            (Self::Text | Self::Path | Self::Url, Rule::Pattern(_)) => true,
            (
                Self::Text | Self::Path | Self::Boolean | Self::Integer { .. } | Self::Float,
                Rule::OneOf(_),
            ) => true,
            _ => false,
        }
    }

    /// What is expected of a value, with an article and an example: `a time span such as `30s``.
    pub(crate) fn expectation(&self) -> String {
        match self.bare() {
            Self::Text => "text".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Float => "a number".to_owned(),
            Self::Duration => "a time span such as `250ms`, `30s` or `5m`".to_owned(),
            Self::ByteSize => "an amount of bytes such as `512KiB` or `1MiB`".to_owned(),
            Self::SocketAddr => "an IP address with a port such as `127.0.0.1:8080`".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Url => crate::url::EXPECTED.to_owned(),
            Self::Choice(choices) => one_of(choices.iter().map(|choice| choice.name)),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) | Self::Struct(_) => "a table".to_owned(),
            Self::Optional(_) | Self::Secret(_) => "a value".to_owned(),
        }
    }

    /// What values are, in a word or two, for the reference.
    pub(crate) fn noun(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Boolean => "boolean".to_owned(),
            Self::Integer { .. } => "integer".to_owned(),
            Self::Float => "number".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::ByteSize => "byte size".to_owned(),
            Self::SocketAddr => "socket address".to_owned(),
            Self::Path => "path".to_owned(),
            Self::Url => "address".to_owned(),
            Self::Choice(_) => "choice".to_owned(),
            Self::List(item) => format!("list of {}", item.noun()),
            Self::Map(item) => format!("map of {}", item.noun()),
            Self::Optional(inner) | Self::Secret(inner) => inner.noun(),
            Self::Struct(_) => "table".to_owned(),
        }
    }
}

/// One word of a [`Shape::Choice`].
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The word, in kebab-case.
    pub name: &'static str,
    /// The variant's doc comment.
    pub description: &'static str,
}

/// A compiled value: a default or a limit.
#[derive(Debug, Clone, Copy)]
pub enum Literal {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A decimal number.
    Float(f64),
    /// Text, also for time spans, byte sizes, addresses and choices.
    Text(&'static str),
    /// Several values.
    List(&'static [Literal]),
}

impl Literal {
    /// Without the quotes around text.
    pub(crate) fn plain(self) -> String {
        match self {
            Self::Text(text) => text.to_owned(),
            other => other.to_string(),
        }
    }
}

impl std::fmt::Display for Literal {
    /// As it would be written in TOML.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{value}")?;
                }
                f.write_str("]")
            }
        }
    }
}

/// A limit on a value beyond its shape.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Rule {
    /// Not less, not more; for numbers, time spans and byte sizes.
    Range {
        /// The smallest value allowed.
        min: Option<Literal>,
        /// The largest value allowed.
        max: Option<Literal>,
    },
    /// How many characters of text, items of a list, or entries of a map.
    Length {
        /// At least so many.
        min: Option<usize>,
        /// At most so many.
        max: Option<usize>,
    },
    /// Text that matches this regular expression from its first character to its last.
    Pattern(&'static str),
    /// One of these values.
    OneOf(&'static [Literal]),
}

impl std::fmt::Display for Rule {
    /// What follows `must be`: `from 1 to 10`, `at most 80 characters long`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Range { min, max } => {
                let plain = |limit: &Option<Literal>| limit.map(Literal::plain);
                limits(f, plain(min), plain(max))
            }
            Self::Length { min, max } => {
                limits(f, *min, *max)?;
                f.write_str(" long")
            }
            Self::Pattern(pattern) => write!(f, "like the regular expression `{pattern}`"),
            Self::OneOf(literals) => {
                f.write_str(&one_of(literals.iter().copied().map(Literal::plain)))
            }
        }
    }
}

fn limits<T: std::fmt::Display>(
    f: &mut std::fmt::Formatter<'_>,
    min: Option<T>,
    max: Option<T>,
) -> std::fmt::Result {
    match (min, max) {
        (Some(min), Some(max)) => write!(f, "from {min} to {max}"),
        (Some(min), None) => write!(f, "at least {min}"),
        (None, Some(max)) => write!(f, "at most {max}"),
        (None, None) => Ok(()),
    }
}

/// Who may see a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Everyone.
    Public,
    /// People of the organisation.
    Internal,
    /// People with a reason; redacted in every output, refused in flags.
    Confidential,
    /// Nobody; redacted in every output, refused in flags, and never compiled in as a default.
    Secret,
}

impl Class {
    /// The class in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Secret => "secret",
        }
    }
}

pub(crate) fn one_of(names: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}
