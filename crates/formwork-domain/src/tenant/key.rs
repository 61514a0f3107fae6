//! Names of what tenants share.

use std::fmt;
use std::path::PathBuf;

use super::TenantId;

/// The name of something of a tenant's own, where tenants share the place it is kept in: a cache, a
/// set of locks, a folder, topics. Begun with [`TenantId::key`].
///
/// It consists of the tenant and of parts, each written so that it cannot be taken for anything
/// else, whatever is in it: two keys have the same text only when they have the same tenant and the
/// same parts, and no key is a beginning of one with another tenant, or leads out of the tenant's
/// folder. So parts may come from outside.
///
/// ```
/// use formwork_domain::TenantId;
///
/// let acme: TenantId = "acme".parse()?;
/// let invoice = acme.key("invoices").join(2026).join("../umbrella/07.pdf");
/// assert_eq!(invoice.as_str(), "acme/invoices/2026/%2e.%2fumbrella%2f07.pdf");
/// assert_eq!(invoice.topic(), "acme.invoices.2026.%2e%2e%2fumbrella%2f07%2epdf");
///
/// let place = std::path::Path::new("/var/lib/shop").join(invoice.path());
/// assert!(place.starts_with("/var/lib/shop/acme/invoices"));
/// # Ok::<(), formwork_domain::ParseTenantIdError>(())
/// ```
///
/// How long it may be is for the place to say: a file system takes names of 255 bytes or so. A lock
/// that is known by a number is that of a hash of the text, as `hashtextextended` of PostgreSQL is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantKey {
    tenant: TenantId,
    text: String,
}

impl TenantKey {
    pub(super) fn new(tenant: &TenantId) -> Self {
        Self {
            tenant: tenant.clone(),
            text: tenant.as_str().to_owned(),
        }
    }

    /// The same with one more part.
    #[must_use]
    pub fn join(mut self, part: impl fmt::Display) -> Self {
        let part = part.to_string();
        self.text.push('/');
        if part.is_empty() {
            // Stands for no character: two digits would follow.
            self.text.push('%');
        }
        let last = part.len().saturating_sub(1);
        for (index, byte) in part.bytes().enumerate() {
            match byte {
                // Neither `.` nor `..`, nor hidden, nor one that a file system leaves out.
                b'.' if index != 0 && index != last => self.text.push('.'),
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {
                    self.text.push(char::from(byte));
                }
                other => escape(&mut self.text, other),
            }
        }
        self
    }

    /// Whose it is.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Its text, for caches and locks: `acme/orders/7`. Parts hold letters, digits, `-`, `_`, `.`
    /// and `%` only.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its place below the folder of all tenants. Relative, and made of plain names only. Capitals
    /// are written in another way, because not every file system tells them apart.
    pub fn path(&self) -> PathBuf {
        let mut text = String::with_capacity(self.text.len());
        for byte in self.text.bytes() {
            match byte {
                b'A'..=b'Z' => escape(&mut text, byte),
                other => text.push(char::from(other)),
            }
        }
        text.split('/').collect()
    }

    /// Its topic, or its subject: `acme.orders.7`. Parts hold letters, digits, `-`, `_` and `%`
    /// only, so that none is a wildcard.
    pub fn topic(&self) -> String {
        let mut topic = String::with_capacity(self.text.len());
        for byte in self.text.bytes() {
            match byte {
                b'/' => topic.push('.'),
                b'.' => escape(&mut topic, byte),
                other => topic.push(char::from(other)),
            }
        }
        topic
    }
}

impl AsRef<str> for TenantKey {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<TenantKey> for String {
    fn from(key: TenantKey) -> Self {
        key.text
    }
}

fn escape(text: &mut String, byte: u8) {
    text.push('%');
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from_digit(u32::from(digit), 16).expect("four bits are a digit"));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[track_caller]
    fn check(parts: &[&str], text: &str, path: &str, topic: &str) {
        let key = TenantKey::new(&TenantId::new("acme").expect("a tenant"));
        let key = parts.iter().fold(key, |key, part| key.join(part));
        assert_eq!(key.as_str(), text);
        assert_eq!(key.path(), Path::new(path));
        assert_eq!(key.topic(), topic);
    }

    #[test]
    fn parts_are_written_so_that_they_are_nothing_else() {
        check(&["orders"], "acme/orders", "acme/orders", "acme.orders");
        check(
            &["a-b_c", "Z9"],
            "acme/a-b_c/Z9",
            "acme/a-b_c/%5a9",
            "acme.a-b_c.Z9",
        );
        check(&["a.pdf"], "acme/a.pdf", "acme/a.pdf", "acme.a%2epdf");
        check(&["."], "acme/%2e", "acme/%2e", "acme.%2e");
        check(&[".."], "acme/%2e%2e", "acme/%2e%2e", "acme.%2e%2e");
        check(
            &["...", ".git", "a."],
            "acme/%2e.%2e/%2egit/a%2e",
            "acme/%2e.%2e/%2egit/a%2e",
            "acme.%2e%2e%2e.%2egit.a%2e",
        );
        check(
            &["", "/x", ">", "*"],
            "acme/%/%2fx/%3e/%2a",
            "acme/%/%2fx/%3e/%2a",
            "acme.%.%2fx.%3e.%2a",
        );
        check(
            &["%2e", "é\0"],
            "acme/%252e/%c3%a9%00",
            "acme/%252e/%c3%a9%00",
            "acme.%252e.%c3%a9%00",
        );
    }
}
