//! The nearest known name to what somebody typed.

use crate::report::Problem;

/// Adds a hint with the nearest name, when one is near enough.
pub(crate) fn suggest<'a>(
    problem: Problem,
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Problem {
    match nearest(typed, known) {
        Some(name) => problem.hint(format!("did you mean `{name}`?")),
        None => problem,
    }
}

/// The nearest of the known names; the first in order where two are as near.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (typed.chars().count() / 3).max(2);
    let mut names: Vec<_> = known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| {
            *distance <= limit || (typed.len() > 2 && name.starts_with(typed))
        })
        .collect();
    names.sort_unstable();
    names.first().map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let known = ["postgres", "sqlite", "nats"];
        assert_eq!(nearest("postgress", known), Some("postgres"));
        assert_eq!(nearest("post", known), Some("postgres"));
        assert_eq!(nearest("cassandra", known), None);
    }
}
