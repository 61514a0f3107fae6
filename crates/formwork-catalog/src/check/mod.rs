//! What can only be seen with all features side by side.

mod exclusion;
mod files;
mod options;
mod packs;
mod references;
mod selectable;
mod slots;

use crate::{Catalog, Diagnostic, Position, Severity, Site};

/// Every mistake between features.
pub(crate) fn check(catalog: &Catalog) -> Vec<Diagnostic> {
    let mut report = Report::default();
    references::check(catalog, &mut report);
    selectable::check(catalog, &mut report);
    files::check(catalog, &mut report);
    options::check(catalog, &mut report);
    packs::check(catalog, &mut report);
    slots::check(catalog, &mut report);
    report.diagnostics
}

#[derive(Default)]
struct Report {
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    fn error(&mut self, site: &Site, message: String, help: Option<String>) {
        self.at(site, site.position, message, help);
    }

    fn at(&mut self, site: &Site, position: Position, message: String, help: Option<String>) {
        self.push(site, position, Severity::Error, message, help);
    }

    fn warn(&mut self, site: &Site, message: String, help: Option<String>) {
        self.push(site, site.position, Severity::Warning, message, help);
    }

    fn push(
        &mut self,
        site: &Site,
        position: Position,
        severity: Severity,
        message: String,
        help: Option<String>,
    ) {
        self.diagnostics.push(Diagnostic {
            path: site.path.clone(),
            position,
            severity,
            message,
            help,
        });
    }
}
