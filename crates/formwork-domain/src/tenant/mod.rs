//! Whom a change is made for, in a service that works for several customers.

mod key;

pub use key::TenantKey;

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The identifier of a tenant. Cheap to clone.
///
/// One to 63 lower-case letters, digits and hyphens, with a letter or a digit at both ends: a
/// label of a host name. So it stands as it is in a subdomain, a path, a file name, a cache key
/// and a topic, and never holds what separates the parts of those.
///
/// ```
/// use formwork_domain::TenantId;
///
/// let tenant: TenantId = "acme".parse()?;
/// assert_eq!(tenant.as_str(), "acme");
/// assert!("../acme".parse::<TenantId>().is_err());
/// assert!("Acme".parse::<TenantId>().is_err());
/// # Ok::<(), formwork_domain::ParseTenantIdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The most bytes it can have.
    pub const LONGEST: usize = 63;

    /// Reads it from a text.
    ///
    /// # Errors
    /// When the text is no identifier of a tenant.
    pub fn new(text: impl AsRef<str>) -> Result<Self, ParseTenantIdError> {
        let text = text.as_ref();
        if is_label(text.as_bytes()) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(ParseTenantIdError)
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of something of the tenant's own, for whatever the tenants of a process share, such
    /// as a cache, locks, topics and folders: `acme/orders`. Keys of two tenants never meet.
    ///
    /// Metrics do not carry the tenant: each would be as many series as there are tenants.
    pub fn key(&self, part: impl fmt::Display) -> TenantKey {
        TenantKey::new(self).join(part)
    }
}

fn is_label(text: &[u8]) -> bool {
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let outer = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
    text.len() <= TenantId::LONGEST
        && text.iter().all(inner)
        && outer(text.first())
        && outer(text.last())
}

impl AsRef<str> for TenantId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Ordered, compared and hashed like its text, so that maps can be asked with a text.
impl Borrow<str> for TenantId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantId({})", self.0)
    }
}

impl FromStr for TenantId {
    type Err = ParseTenantIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<&str> for TenantId {
    type Error = ParseTenantIdError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl TryFrom<String> for TenantId {
    type Error = ParseTenantIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

/// A text that is no identifier of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseTenantIdError;

impl fmt::Display for ParseTenantIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected a tenant such as `acme`: 1 to 63 lower-case letters, digits and hyphens, \
             with no hyphen at either end",
        )
    }
}

impl std::error::Error for ParseTenantIdError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_a_label_and_nothing_else() {
        let longest = "a".repeat(63);
        for fine in ["a", "7", "acme", "a--b", "0197a3c0-5b5e-7c3a", &longest] {
            let tenant = TenantId::new(fine).expect(fine);
            assert_eq!(tenant.to_string(), fine);
        }
        let longer = "a".repeat(64);
        for wrong in [
            "", "-", "-a", "a-", "A", "a.b", "a/b", "a:b", "a b", "a_b", "é", "..", "a\0", &longer,
        ] {
            assert_eq!(TenantId::new(wrong), Err(ParseTenantIdError), "{wrong}");
        }
    }

    #[test]
    fn maps_can_be_asked_with_a_text() {
        let tenant = TenantId::new("acme").expect("a tenant");
        let map = std::collections::HashMap::from([(tenant.clone(), 1)]);
        assert_eq!(map.get("acme"), Some(&1));
        let map = std::collections::BTreeMap::from([(tenant, 1)]);
        assert_eq!(map.get("acme"), Some(&1));
    }
}
