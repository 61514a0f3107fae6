//! Values that are never shown.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A value that is never shown.
///
/// There is no `Display` and no serialisation, `Debug` is redacted, equality takes the same time
/// wherever two values differ, and the memory is overwritten when the secret is dropped. The only
/// way to the value is [`expose`](Self::expose): grep for it to find every place a secret leaves.
///
/// ```
/// use formwork_config::Secret;
///
/// let password = Secret::new("correct horse".to_owned());
/// assert_eq!(format!("{password:?}"), "<redacted>");
/// assert_eq!(password.expose(), "correct horse");
/// ```
///
/// It cannot be printed:
///
/// ```compile_fail,E0277
/// # use formwork_config::Secret;
/// println!("{}", Secret::new("correct horse".to_owned()));
/// ```
///
/// Nor serialised:
///
/// ```compile_fail,E0277
/// # use formwork_config::Secret;
/// fn serialise<T: serde::Serialize>(_: T) {}
/// serialise(Secret::new("correct horse".to_owned()));
/// ```
///
/// Nor be written into the source:
///
/// ```compile_fail,E0080
/// # use formwork_config::{Config, Secret};
/// #[derive(Config)]
/// struct Database {
///     /// The password.
///     #[config(default = "correct horse")]
///     password: Secret<String>,
/// }
/// ```
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into custody.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Do not log it, do not put it into an error, do not keep a copy.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().ct_eq(other.0.as_ref()).into()
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

pub(crate) const REDACTED: &str = "<redacted>";
