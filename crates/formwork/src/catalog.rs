//! The catalog inside the binary.

use std::borrow::Cow;

use formwork_catalog::{Catalog, CatalogError, Diagnostic, Severity, Source};

use crate::embedded::FEATURES;
use crate::report::{Exit, Failure, Problem};

/// Reads the embedded features.
pub(crate) fn read() -> Result<Catalog, Failure> {
    let mut source = Source::default();
    for (path, bytes) in FEATURES {
        source.insert(*path, Cow::Borrowed(*bytes));
    }
    match Catalog::read(source) {
        Ok(reading) => Ok(reading.catalog),
        Err(error) => Err(failure(&error)),
    }
}

/// Every mistake of a pack.
fn failure(error: &CatalogError) -> Failure {
    let mistakes = error
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error);
    Failure::all(Exit::Input, mistakes.map(problem).collect())
}

fn problem(diagnostic: &Diagnostic) -> Problem {
    let problem = Problem::new(&diagnostic.message)
        .at(format!("{}:{}", diagnostic.path, diagnostic.position));
    diagnostic
        .help
        .iter()
        .fold(problem, |problem, help| problem.hint(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows a part of: C-04.
    #[test]
    fn our_own_pack_has_neither_warnings_nor_features_out_of_reach() {
        let mut source = Source::default();
        for (path, bytes) in FEATURES {
            source.insert(*path, Cow::Borrowed(*bytes));
        }
        let reading = Catalog::read(source).expect("our own pack is sound");
        assert_eq!(reading.warnings, []);
        let unselectable = formwork_resolve::unselectable(&reading.catalog);
        assert_eq!(unselectable.expect("the search ends").len(), 0);
        assert!(reading.catalog.features().len() >= 15);
    }
}
