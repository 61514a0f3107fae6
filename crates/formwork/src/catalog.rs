//! The catalog: our features inside the binary, and those of the packs a project is made with.

use std::borrow::Cow;
use std::path::Path;

use formwork_catalog::{Catalog, CatalogError, Diagnostic, Severity, Source};
use formwork_pack::Pack;

use crate::cli::Choices;
use crate::embedded::FEATURES;
use crate::packs::Wanted;
use crate::report::{Exit, Failure, Problem};

/// Reads the embedded features.
pub(crate) fn read() -> Result<Catalog, Failure> {
    with(&[])
}

/// The features for a new service: ours, and those of the packs its answers file names.
pub(crate) fn for_new(choices: &Choices) -> Result<Catalog, Failure> {
    with(&Wanted::of_answers(choices).load()?)
}

/// The features for the project in a folder, or the one the current folder is.
pub(crate) fn for_project(folder: Option<&Path>, choices: &Choices) -> Result<Catalog, Failure> {
    let mut packs = Wanted::of_project(folder).load()?;
    for pack in Wanted::of_answers(choices).load()? {
        if packs
            .iter()
            .all(|known| known.manifest.id != pack.manifest.id)
        {
            packs.push(pack);
        }
    }
    with(&packs)
}

/// Our features and those of packs.
pub(crate) fn with(packs: &[Pack]) -> Result<Catalog, Failure> {
    let mut source = ours();
    for pack in packs {
        pack.mount(&mut source);
    }
    match Catalog::read(source) {
        Ok(reading) => Ok(reading.catalog),
        Err(error) => Err(failure(&error)),
    }
}

/// The embedded features, as they are read.
pub(crate) fn ours() -> Source {
    let mut source = Source::default();
    for (path, bytes) in FEATURES {
        source.insert(*path, Cow::Borrowed(*bytes));
    }
    source
}

/// Every mistake of a catalog.
pub(crate) fn failure(error: &CatalogError) -> Failure {
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
        let reading = Catalog::read(ours()).expect("our own pack is sound");
        assert_eq!(reading.warnings, []);
        let unselectable = formwork_resolve::unselectable(&reading.catalog);
        assert_eq!(unselectable.expect("the search ends").len(), 0);
        assert!(reading.catalog.features().len() >= 15);
    }
}
