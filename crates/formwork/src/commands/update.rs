//! `formwork update`: a project moves to the newest versions of its features.

use std::collections::BTreeMap;

use formwork_catalog::Catalog;
use formwork_resolve::Diff;

use crate::change::{self, Intent};
use crate::cli::Update;
use crate::report::{BOLD, Failure, PLAIN, say};
use crate::{catalog, recipe};

pub(crate) fn run(arguments: &Update) -> Result<(), Failure> {
    let catalog = catalog::read()?;
    let opened = recipe::open(&arguments.change.project)?;
    let mut intent = Intent::new("update", opened.recipe.wishes(BTreeMap::new()).list);
    // The same features, each held to the newest version there is.
    let newest = opened.held(&catalog, intent.wishes.clone()).locked;
    let newest = newest.into_iter().map(|(id, version)| {
        let version = catalog
            .newest(&id)
            .map_or(version, |feature| feature.version.clone());
        (id, version)
    });
    intent.locked = Some(newest.collect());
    let planned = change::plan(&catalog, &opened, &intent, arguments.change.fix)?;
    for line in moves(&catalog, &planned.features) {
        say(line);
    }
    change::make(&catalog, &opened, &intent, &arguments.change)
}

/// What moving each feature means, as its manifest says it.
fn moves(catalog: &Catalog, features: &Diff) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, (from, to)) in &features.moved {
        lines.push(format!("{BOLD}{id}{PLAIN} {from} -> {to}"));
        let migrations = catalog
            .feature(id, to)
            .map(|feature| feature.migrations.as_slice())
            .unwrap_or_default();
        let mut passed: Vec<_> = migrations
            .iter()
            .filter(|migration| migration.from >= *from && migration.to <= *to)
            .collect();
        passed.sort_by(|left, right| left.to.cmp(&right.to));
        for migration in passed {
            lines.push(format!("  {}: {}", migration.to, migration.summary));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use formwork_catalog::Source;

    use super::*;

    /// Shows a part of: C-34.
    #[test]
    fn what_moved_is_told_from_version_to_version() {
        let manifest = "id = \"a\"\nname = \"A\"\nsummary = \"A feature.\"\nversion = \"3.0.0\"\nkind = \"core\"\n\
                        [[migrations]]\nfrom = \"2.0.0\"\nto = \"3.0.0\"\nsummary = \"Third.\"\n\
                        [[migrations]]\nfrom = \"1.0.0\"\nto = \"2.0.0\"\nsummary = \"Second.\"\n\
                        [[probes]]\nname = \"there\"\nkind = \"file\"\npath = \"README.md\"\n";
        let source = Source::from_iter([
            ("features/a/feature.toml", manifest),
            ("features/a/README.md", "# A\n"),
        ]);
        let catalog = Catalog::read(source).expect("the catalog is sound").catalog;
        let version = |text: &str| text.parse::<semver::Version>().expect("a version");
        let told = |from: &str| {
            let at = |number| BTreeMap::from([("a".to_owned(), version(number))]);
            moves(&catalog, &Diff::between(&at(from), &at("3.0.0")))
        };
        let plain = |lines: Vec<String>| lines.join("\n").replace(BOLD, "").replace(PLAIN, "");
        assert_eq!(
            plain(told("1.0.0")),
            "a 1.0.0 -> 3.0.0\n  2.0.0: Second.\n  3.0.0: Third."
        );
        assert_eq!(plain(told("2.0.0")), "a 2.0.0 -> 3.0.0\n  3.0.0: Third.");
        assert_eq!(plain(told("3.0.0")), "");
    }
}
