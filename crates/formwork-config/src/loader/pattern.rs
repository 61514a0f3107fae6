//! Regular expressions of `pattern = "…"`.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex_lite::Regex;

/// Compiled once for the process: there are as many as are written in structs.
static COMPILED: LazyLock<Mutex<HashMap<&'static str, Option<Regex>>>> =
    LazyLock::new(Mutex::default);

/// Whether the whole text is like the pattern. Derived patterns are valid; one that is not, of a
/// schema written by hand, is like nothing.
pub(super) fn matches(pattern: &'static str, text: &str) -> bool {
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled
        .entry(pattern)
        .or_insert_with(|| Regex::new(&format!(r"\A(?:{pattern})\z")).ok());
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}
