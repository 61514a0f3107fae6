//! The types a configuration field may have.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroize;

use crate::error::{Violation, ViolationKind};
use crate::section::join;
use crate::steps::Steps;
use crate::{ByteSize, Node, Schema, Secret, Shape, parse_duration};

/// A struct of configuration, derived with `#[derive(Config)]`.
///
/// See the [crate's page](crate) for the attributes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no configuration struct",
    note = "add `#[derive(Config)]` to `{Self}`"
)]
pub trait Config: Field + Send + Sync + 'static {
    /// What the struct says about itself.
    const SCHEMA: Schema;
}

/// A type that a configuration field may have.
///
/// Structs and enums without data derive it with `#[derive(Config)]`. Other types are best wrapped
/// in a struct field of a type listed here and converted by their owner.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a configuration field",
    note = "fields are text, booleans, numbers, `Duration`, `ByteSize`, `SocketAddr`, `PathBuf`, `Secret<_>`, `Option<_>`, `Vec<_>`, `BTreeMap<String, _>`, and structs and enums that derive `Config`"
)]
pub trait Field: Sized {
    /// What values look like.
    const SHAPE: Shape;

    /// Reads a value. `None` when it does not fit the shape, which has then been reported.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self>;

    /// The value when there is nothing to read, for types that have one.
    fn absent() -> Option<Self> {
        None
    }
}

/// Reads typed values and gathers what does not go together. Used by derived code.
#[derive(Debug, Default)]
pub struct Reader {
    path: Steps,
    violations: Vec<Violation>,
}

impl Reader {
    pub(crate) fn at(path: &str) -> Self {
        Self {
            path: Steps::to(path),
            violations: Vec::new(),
        }
    }

    pub(crate) fn into_violations(self) -> Vec<Violation> {
        self.violations
    }

    /// The field `key` of the table `node`.
    pub fn field<T: Field>(&mut self, node: &Node, key: &str) -> Option<T> {
        match node.entry(key) {
            Some(child) => self.child(key, child),
            None => T::absent(),
        }
    }

    /// The value, if `check` has nothing against it.
    pub fn checked<T>(
        &mut self,
        node: &Node,
        value: T,
        check: impl FnOnce(&T, &mut Checks),
    ) -> Option<T> {
        let mut checks = Checks::default();
        check(&value, &mut checks);
        if checks.refusals.is_empty() {
            return Some(value);
        }
        for (key, mut message) in checks.refusals {
            node.redact(&mut message);
            let at = node.entry(&key).unwrap_or(node);
            let path = match key.as_str() {
                "" => self.path.as_str().to_owned(),
                key => join(self.path.as_str(), key),
            };
            self.violations.push(Violation {
                path,
                origin: Some(at.origin.clone()),
                kind: ViolationKind::Check,
                message,
                hint: None,
            });
        }
        None
    }

    fn child<T: Field>(&mut self, key: &str, node: &Node) -> Option<T> {
        let up = self.path.down(key);
        let value = T::read(node, self);
        self.path.up(up);
        value
    }
}

/// What a struct's cross-field check found.
///
/// ```
/// use formwork_config::{Checks, Config};
///
/// #[derive(Config)]
/// #[config(check = "Pool::check")]
/// struct Pool {
///     /// Connections kept open.
///     #[config(default = 2)]
///     min: u32,
///     /// Connections at most.
///     #[config(default = 10)]
///     max: u32,
/// }
///
/// impl Pool {
///     fn check(&self, checks: &mut Checks) {
///         if self.min > self.max {
///             checks.refuse("min", "must not be more than `max`");
///         }
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct Checks {
    refusals: Vec<(String, String)>,
}

impl Checks {
    /// The value of `key` (as in the file; empty for the struct as a whole) is not acceptable.
    /// The message follows the key and must not hold a secret.
    pub fn refuse(&mut self, key: &str, message: impl Into<String>) {
        self.refusals.push((key.to_owned(), message.into()));
    }
}

impl Field for String {
    const SHAPE: Shape = Shape::Text;

    fn read(node: &Node, _reader: &mut Reader) -> Option<Self> {
        node.as_text().map(str::to_owned)
    }
}

impl Field for bool {
    const SHAPE: Shape = Shape::Boolean;

    fn read(node: &Node, _reader: &mut Reader) -> Option<Self> {
        node.as_boolean()
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Field for $integer {
            const SHAPE: Shape = Shape::Integer {
                min: <$integer>::MIN as i128,
                // TOML has no whole number above `i64::MAX`.
                max: if <$integer>::MAX as u128 > i64::MAX as u128 {
                    i64::MAX as i128
                } else {
                    <$integer>::MAX as i128
                },
            };

            fn read(node: &Node, _reader: &mut Reader) -> Option<Self> {
                node.as_integer()?.try_into().ok()
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64 usize);

impl Field for f64 {
    const SHAPE: Shape = Shape::Float;

    fn read(node: &Node, _reader: &mut Reader) -> Option<Self> {
        node.as_float()
    }
}

impl Field for f32 {
    const SHAPE: Shape = Shape::Float;

    fn read(node: &Node, _reader: &mut Reader) -> Option<Self> {
        node.as_float().map(|number| number as f32)
    }
}

impl Field for Duration {
    const SHAPE: Shape = Shape::Duration;

    fn read(node: &Node, _reader: &mut Reader) -> Option<Self> {
        parse_duration(node.as_text()?).ok()
    }
}

impl Field for ByteSize {
    const SHAPE: Shape = Shape::ByteSize;

    fn read(node: &Node, _reader: &mut Reader) -> Option<Self> {
        match node.as_integer() {
            Some(bytes) => bytes.try_into().ok().map(Self::bytes),
            None => node.as_text()?.parse().ok(),
        }
    }
}

impl Field for SocketAddr {
    const SHAPE: Shape = Shape::SocketAddr;

    fn read(node: &Node, _reader: &mut Reader) -> Option<Self> {
        node.as_text()?.parse().ok()
    }
}

impl Field for PathBuf {
    const SHAPE: Shape = Shape::Path;

    fn read(node: &Node, _reader: &mut Reader) -> Option<Self> {
        node.as_text().map(PathBuf::from)
    }
}

impl<T: Field> Field for Option<T> {
    const SHAPE: Shape = Shape::Optional(&T::SHAPE);

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Field + Zeroize> Field for Secret<T> {
    const SHAPE: Shape = Shape::Secret(&T::SHAPE);

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Self::new)
    }
}

impl<T: Field> Field for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        // Every item is read, so that every item's checks are run.
        let items: Vec<_> = node
            .as_list()?
            .iter()
            .enumerate()
            .map(|(index, item)| reader.child(&index.to_string(), item))
            .collect();
        items.into_iter().collect()
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    const SHAPE: Shape = Shape::Map(&T::SHAPE);

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let entries: Vec<_> = node
            .as_table()?
            .iter()
            .map(|(key, item)| Some((key.clone(), reader.child(key, item)?)))
            .collect();
        entries.into_iter().collect()
    }
}
