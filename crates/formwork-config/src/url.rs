//! Addresses that may hold a password.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Field, Node, Reader, Secret, Shape};

/// The address of a server, `scheme://user:password@host:port/path?query`, which prints without its
/// password.
///
/// The password is taken out when the address is read: `Display`, `Debug`, [`explain`] and every
/// error show `<redacted>` in its place, and in that of query parameters that are named like a
/// secret. Several hosts, separated by commas, may stand between `//` and `/`.
///
/// ```
/// use formwork_config::{Secret, Url};
///
/// let url: Url = "postgres://shop:p%40ss@db:5432/orders".parse()?;
/// assert_eq!(url.to_string(), "postgres://shop:<redacted>@db:5432/orders");
/// assert_eq!(url.user().as_deref(), Some("shop"));
/// assert_eq!(url.password().map(|it| it.expose().clone()).as_deref(), Some("p@ss"));
///
/// // The password from a secret of its own:
/// let url: Url = "postgres://shop@db/orders".parse()?;
/// let url = url.with_password(&Secret::new("p@ss".to_owned()));
/// assert_eq!(url.expose(), "postgres://shop:p%40ss@db/orders");
/// # Ok::<(), formwork_config::ParseUrlError>(())
/// ```
///
/// [`explain`]: crate::Snapshot::explain
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    text: Secret<String>,
    /// Where in the text its parts are.
    parts: Parts,
}

/// A text that is no address. It is not shown: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {EXPECTED}")]
pub struct ParseUrlError;

/// What is expected of an address.
pub(crate) const EXPECTED: &str = "an address such as `postgres://user@host:5432/name`, with `@` and `/` in a password written `%40` and `%2F`";

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    /// The end of the scheme.
    scheme: usize,
    /// The start and end of the user's name.
    user: Option<(usize, usize)>,
    /// The start and end of the password.
    password: Option<(usize, usize)>,
    /// The start and end of the hosts and ports.
    hosts: (usize, usize),
    /// The values of parameters that are named like a secret.
    parameters: Vec<(usize, usize)>,
}

impl Url {
    /// The scheme, such as `postgres`.
    pub fn scheme(&self) -> &str {
        self.slice((0, self.parts.scheme))
    }

    /// The name of the user, decoded.
    pub fn user(&self) -> Option<String> {
        let user = decoded(self.slice(self.parts.user?));
        Some(user.as_str().to_owned())
    }

    /// The password, decoded.
    pub fn password(&self) -> Option<Secret<String>> {
        let mut password = decoded(self.slice(self.parts.password?));
        Some(Secret::new(std::mem::take(&mut *password)))
    }

    /// The hosts with their ports, as written: `db:5432`, `a:1,b:2`.
    pub fn hosts(&self) -> &str {
        self.slice(self.parts.hosts)
    }

    /// The same address with another password, which is encoded as it must be.
    #[must_use]
    pub fn with_password(&self, password: &Secret<String>) -> Self {
        let text = self.expose();
        let (start, end) = self.parts.hosts;
        let user = self.parts.user.map_or("", |user| self.slice(user));
        let encoded = encoded(password.expose());
        let (scheme, hosts) = (self.scheme(), &text[start..end]);
        let whole = Zeroizing::new(format!(
            "{scheme}://{user}:{}@{hosts}{}",
            encoded.as_str(),
            &text[end..]
        ));
        // Every part stays what it was.
        whole.parse().unwrap_or_else(|_| self.clone())
    }

    /// The whole address with its password. Do not log it, do not put it into an error.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The password and the parameters that are not shown, as they are written.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let secrets = self.parts.password.iter().chain(&self.parts.parameters);
        secrets.map(|part| self.slice(*part))
    }

    fn slice(&self, (start, end): (usize, usize)) -> &str {
        self.expose().get(start..end).unwrap_or_default()
    }
}

impl std::str::FromStr for Url {
    type Err = ParseUrlError;

    fn from_str(text: &str) -> Result<Self, ParseUrlError> {
        let parts = Parts::of(text).ok_or(ParseUrlError)?;
        Ok(Self {
            text: Secret::new(text.to_owned()),
            parts,
        })
    }
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        if text.chars().any(|it| it.is_control() || it == ' ') {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let letters = |it: char| it.is_ascii_alphanumeric() || "+-.".contains(it);
        if !scheme.starts_with(|it: char| it.is_ascii_alphabetic()) || !scheme.chars().all(letters)
        {
            return None;
        }
        let start = scheme.len() + "://".len();
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // An `@` further on may end a password with a `/` in it, and what looks like the host and
        // the path would be a piece of the password. So may a second address.
        let (authority, tail) = rest.split_at(end);
        let doubtful = authority.contains(':') && tail.contains('@');
        let path = tail.split('?').next().unwrap_or_default();
        if doubtful || path.contains("//") {
            return None;
        }
        let at = authority.rfind('@');
        let hosts_start = at.map_or(0, |at| at + 1);
        let (user, password) = match at {
            None => (None, None),
            Some(at) => match rest[..at].find(':') {
                Some(colon) => (
                    Some((start, start + colon)),
                    Some((start + colon + 1, start + at)),
                ),
                None => (Some((start, start + at)), None),
            },
        };
        Some(Self {
            scheme: scheme.len(),
            user,
            password,
            hosts: (start + hosts_start, start + end),
            parameters: secret_parameters(text, start + end),
        })
    }
}

fn secret_parameters(text: &str, from: usize) -> Vec<(usize, usize)> {
    const NAMES: [&str; 9] = [
        "pass",
        "pwd",
        "secret",
        "token",
        "key",
        "credential",
        "signature",
        "sig",
        "auth",
    ];
    let Some(query) = text[from..].find('?').map(|index| from + index + 1) else {
        return Vec::new();
    };
    let end = text[query..].find('#').map_or(text.len(), |it| query + it);
    let mut parameters = Vec::new();
    let mut start = query;
    for parameter in text[query..end].split('&') {
        if let Some((name, value)) = parameter.split_once('=') {
            let name = name.to_lowercase();
            if NAMES.iter().any(|it| name.contains(it)) {
                let value_start = start + parameter.len() - value.len();
                parameters.push((value_start, start + parameter.len()));
            }
        }
        start += parameter.len() + 1;
    }
    parameters
}

/// Percent-encoding taken back, as far as it is valid.
fn decoded(text: &str) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail
            .get(..2)
            .filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    match std::str::from_utf8(&bytes) {
        Ok(decoded) => Zeroizing::new(decoded.to_owned()),
        Err(_) => Zeroizing::new(text.to_owned()),
    }
}

fn encoded(text: &str) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * 3));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded.push('%');
            encoded.push(DIGITS[usize::from(byte >> 4)].into());
            encoded.push(DIGITS[usize::from(byte & 15)].into());
        }
    }
    encoded
}

impl fmt::Display for Url {
    /// The address with `<redacted>` for what is secret in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut from = 0;
        let secrets = self.parts.password.iter().chain(&self.parts.parameters);
        for (start, end) in secrets {
            write!(f, "{}<redacted>", self.slice((from, *start)))?;
            from = *end;
        }
        f.write_str(self.slice((from, self.expose().len())))
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

impl Field for Url {
    const SHAPE: Shape = Shape::Url;

    fn read(node: &Node, _reader: &mut Reader) -> Option<Self> {
        node.as_text()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str, user: Option<&str>, password: Option<&str>, hosts: &str) {
        let url: Url = text.parse().expect("it is an address");
        assert_eq!(url.to_string(), shown);
        assert_eq!(url.user().as_deref(), user);
        let read = url.password();
        assert_eq!(read.as_ref().map(|it| it.expose().as_str()), password);
        assert_eq!(url.hosts(), hosts);
        assert_eq!(url.expose(), text);
    }

    /// Proves: R-049.
    #[test]
    fn passwords_are_split_out() {
        check("nats://host", "nats://host", None, None, "host");
        check("pg://u@h:1/d", "pg://u@h:1/d", Some("u"), None, "h:1");
        check(
            "pg://u:p@a:1,b:2/d?x=1",
            "pg://u:<redacted>@a:1,b:2/d?x=1",
            Some("u"),
            Some("p"),
            "a:1,b:2",
        );
        check("http://h/@x", "http://h/@x", None, None, "h");
        check(
            "pg://u:p@s@h/d",
            "pg://u:<redacted>@h/d",
            Some("u"),
            Some("p@s"),
            "h",
        );
        check(
            "redis://:p@h",
            "redis://:<redacted>@h",
            Some(""),
            Some("p"),
            "h",
        );
        check(
            "pg://a%40b:%70%2Fw%@h/d",
            "pg://a%40b:<redacted>@h/d",
            Some("a@b"),
            Some("p/w%"),
            "h",
        );
    }

    #[test]
    fn parameters_named_like_secrets_are_not_shown() {
        check(
            "pg://h/d?sslmode=x&password=p&Access_Token=t#f",
            "pg://h/d?sslmode=x&password=<redacted>&Access_Token=<redacted>#f",
            None,
            None,
            "h",
        );
    }

    #[test]
    fn a_password_can_be_added() {
        let secret = Secret::new("p@:/?#%ä".to_owned());
        for text in ["pg://u@h/d", "pg://u:old@h/d"] {
            let url: Url = text.parse().expect("it is an address");
            let url = url.with_password(&secret);
            assert_eq!(url.expose(), "pg://u:p%40%3A%2F%3F%23%25%C3%A4@h/d");
            assert_eq!(url.password(), Some(secret.clone()));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_in_silence() {
        let texts = [
            "",
            "host",
            "://h",
            "1a://h",
            "a b://h",
            "pg://h\n",
            "hunter2",
            // What should have been encoded: what follows may be a piece of the password.
            "pg://u:p/s@h/d",
            "pg://u:1/s@h/d",
            "pg://u:p?s#@h/d",
            "pg://u:p@s/x@h/d",
            "nats://a:one@h,nats://b:two@h",
        ];
        for text in texts {
            let error = text.parse::<Url>().expect_err("it is no address");
            assert_eq!(error, ParseUrlError, "{text:?}");
        }
    }
}
