//! Errors of modules: what was being attempted, which class of mistake, and the cause.

use std::error::Error as StdError;
use std::fmt;

use formwork_config::{OriginKind, Snapshot};

/// Why a module could not start, drain or stop, or why a task ended.
#[derive(Debug)]
pub struct Error {
    class: Class,
    message: String,
    context: Vec<(&'static str, String)>,
    /// Few errors have any, and an error is as large as its fields.
    advice: Option<Box<Advice>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What to do about an error.
#[derive(Debug, Default)]
struct Advice {
    hints: Vec<String>,
    /// The value of the module's configuration it is about.
    setting: Option<&'static str>,
}

/// Which kind of mistake an error is; decides who should look at it.
///
/// A domain adds its own as constants:
///
/// ```
/// use formwork_app::{Class, Error};
///
/// const BILLING: Class = Class::Other("billing");
///
/// let error = Error::new(BILLING, "could not charge").about("invoice", 42);
/// assert_eq!(error.class(), BILLING);
/// assert_eq!(error.class().as_str(), "billing");
/// assert_eq!(error.to_string(), "could not charge (invoice `42`)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The configuration does not fit.
    Config,
    /// Something given is not valid.
    Validation,
    /// Something the service depends on failed.
    Dependency,
    /// A module did not start or stop as it should.
    Lifecycle,
    /// Somebody was not allowed.
    Security,
    /// A class of the domain's own, in kebab-case.
    Other(&'static str),
}

impl Class {
    /// The class in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Validation => "validation",
            Self::Dependency => "dependency",
            Self::Lifecycle => "lifecycle",
            Self::Security => "security",
            Self::Other(name) => name,
        }
    }
}

impl Error {
    /// An error of this class. The message says what was being attempted or what is wrong.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            context: Vec::new(),
            advice: None,
            source: None,
        }
    }

    /// The configuration does not fit.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Class::Config, message)
    }

    /// Something given is not valid.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(Class::Validation, message)
    }

    /// Something the service depends on failed.
    pub fn dependency(message: impl Into<String>) -> Self {
        Self::new(Class::Dependency, message)
    }

    /// A module did not start or stop as it should.
    pub fn lifecycle(message: impl Into<String>) -> Self {
        Self::new(Class::Lifecycle, message)
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds what it is about, such as the path or the key: a word to search for and its value.
    /// Never a secret; it is printed with the message.
    #[must_use]
    pub fn about(mut self, what: &'static str, value: impl fmt::Display) -> Self {
        self.context.push((what, value.to_string()));
        self
    }

    /// Adds what to do about it. Never a secret; it is printed after the causes.
    ///
    /// ```
    /// use formwork_app::Error;
    ///
    /// let error = Error::config("could not listen on `127.0.0.1:8080`")
    ///     .because("address in use")
    ///     .setting("listen")
    ///     .hint("stop the process that listens there, or choose another address");
    /// assert_eq!(error.hints().len(), 1);
    /// ```
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.advice.get_or_insert_default().hints.push(hint.into());
        self
    }

    /// The value of the module's own configuration it is about, such as `listen`: when a start or a
    /// reload fails, whoever reads the error is told where that is set.
    #[must_use]
    pub fn setting(mut self, key: &'static str) -> Self {
        self.advice.get_or_insert_default().setting = Some(key);
        self
    }

    /// What to do about it, in the order it was added.
    pub fn hints(&self) -> &[String] {
        self.advice.as_ref().map_or(&[], |advice| &advice.hints)
    }

    /// Tells where the value is set it is about, if it is about one of the configuration under
    /// `prefix`.
    pub(crate) fn locate(&mut self, prefix: &str, snapshot: &Snapshot) {
        let Some(advice) = &mut self.advice else {
            return;
        };
        let Some(key) = advice.setting.take() else {
            return;
        };
        let path = format!("{prefix}.{key}");
        let mut rows = snapshot.explain().rows.into_iter();
        let Some(row) = rows.find(|row| row.path == path) else {
            return;
        };
        let origin = row.origin.filter(|it| it.kind != OriginKind::Default);
        let variable = row.searched.last().map_or("", String::as_str);
        advice.hints.push(match origin {
            Some(origin) if origin.kind == OriginKind::Program => format!("`{path}` is {origin}"),
            Some(origin) => format!("`{path}` comes from {origin}"),
            None => format!("`{path}` is not set: set it in a file, or with `{variable}`"),
        });
    }

    /// What it is about, in the order it was added.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.context
    }

    /// Which kind of mistake it is.
    pub fn class(&self) -> Class {
        self.class
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (index, (what, value)) in self.context.iter().enumerate() {
            let before = if index == 0 { " (" } else { ", " };
            write!(f, "{before}{what} `{value}`")?;
        }
        f.write_str(if self.context.is_empty() { "" } else { ")" })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<formwork_config::Errors> for Error {
    fn from(errors: formwork_config::Errors) -> Self {
        Self::config("the configuration is not valid").because(errors)
    }
}

impl From<formwork_domain::RepositoryError> for Error {
    fn from(error: formwork_domain::RepositoryError) -> Self {
        Self::dependency("the store failed").because(error)
    }
}

/// An error with its causes, in one line: `could not open the database: disk full`.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
