//! Which events are logged.

use std::fmt;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload::Handle;

/// Changes what is logged while the service runs.
#[derive(Clone)]
pub struct LogFilter(Handle<Targets, Registry>);

/// A text that is no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseFilterError {
    part: String,
}

impl fmt::Display for ParseFilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected a level such as `info`, or `target=level`, found `{}`",
            self.part
        )
    }
}

impl std::error::Error for ParseFilterError {}

impl LogFilter {
    pub(super) fn new(handle: Handle<Targets, Registry>) -> Self {
        Self(handle)
    }

    /// From now on logs what `level` says, in the words of `log.level`. Without effect where
    /// another subscriber than this crate's is installed.
    ///
    /// # Errors
    /// When the text is no filter; nothing has changed then.
    pub fn set(&self, level: &str) -> Result<(), ParseFilterError> {
        self.replace(parse(level)?);
        Ok(())
    }

    pub(super) fn replace(&self, targets: Targets) {
        // The only way to fail is that the subscriber is gone, and with it all logging.
        let _ = self.0.reload(targets);
    }
}

impl fmt::Debug for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogFilter")
            .field(&self.0.clone_current().map(|targets| targets.to_string()))
            .finish()
    }
}

/// Reads `info,sqlx=warn`. Stricter than the library: a word that is neither level nor directive
/// is a mistake, not a target.
pub(super) fn parse(text: &str) -> Result<Targets, ParseFilterError> {
    let mut targets = Targets::new();
    for part in text.split(',').map(str::trim) {
        let wrong = || ParseFilterError {
            part: part.to_owned(),
        };
        let (target, level) = match part.split_once('=') {
            Some((target, level)) => (Some(target.trim()), level.trim()),
            None => (None, part),
        };
        let is_word = level.chars().all(|symbol| symbol.is_ascii_alphabetic());
        let level: LevelFilter = match level.parse() {
            Ok(parsed) if is_word && !level.is_empty() => parsed,
            _ => return Err(wrong()),
        };
        targets = match target {
            None => targets.with_default(level),
            Some("") => return Err(wrong()),
            Some(target) => targets.with_target(target, level),
        };
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_and_directives() {
        let targets = parse("info, sqlx=warn,shop::orders=DEBUG").unwrap();
        assert!(targets.would_enable("anything", &Level::INFO));
        assert!(!targets.would_enable("anything", &Level::DEBUG));
        assert!(!targets.would_enable("sqlx::query", &Level::INFO));
        assert!(targets.would_enable("shop::orders", &Level::DEBUG));
        assert!(!parse("off").unwrap().would_enable("a", &Level::ERROR));
    }

    #[test]
    fn everything_else_is_a_mistake() {
        for wrong in [
            "",
            "loud",
            "sqlx=loud",
            "=warn",
            "info,",
            "sqlx=",
            "3",
            "info;warn",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            parse("info,sqlx=loud").unwrap_err().to_string(),
            "expected a level such as `info`, or `target=level`, found `sqlx=loud`"
        );
    }
}
