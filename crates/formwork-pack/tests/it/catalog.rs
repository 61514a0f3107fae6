//! Whole catalogs of our features and several packs, with everything that is wrong between them.

use std::path::Path;

use formwork_catalog::{Catalog, PackPin, Source};
use formwork_pack::Manifest;
use insta::assert_snapshot;
use semver::Version;

use crate::support::tide;

/// Our own features.
fn ours() -> Source {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Source::load(&root).expect("our features can be read")
}

fn mount(source: &mut Source, id: &str, files: &[(&str, &str)]) {
    let pin = PackPin {
        id: id.to_owned(),
        version: Version::new(1, 0, 0),
        hash: String::new(),
    };
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    for (path, text) in files {
        all.push(((*path).to_owned(), text.as_bytes().to_vec()));
        if let Some(folder) = path.strip_suffix("feature.toml") {
            all.push((format!("{folder}README.md"), b"# A feature\n".to_vec()));
        }
    }
    source.mount(pin, all);
}

fn manifest(id: &str, more: &str) -> String {
    format!(
        "id = \"{id}\"\nname = \"X\"\nsummary = \"X.\"\nversion = \"1.0.0\"\nkind = \"documentation\"\n\
         probes = [{{ name = \"present\", kind = \"file\", path = \"Cargo.toml\" }}]\n{more}"
    )
}

fn report(source: Source) -> String {
    let diagnostics = match Catalog::read(source) {
        Ok(reading) => reading.warnings,
        Err(error) => error.diagnostics,
    };
    let lines: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Shows a part of: C-04, C-05.
#[test]
fn every_mistake_of_a_catalog_of_several_packs_is_told_at_once() {
    let mut source = ours();
    mount(
        &mut source,
        "tide",
        &[
            // Unknown ids, ranges nothing satisfies, a dangling recommendation, an option nobody reads.
            (
                "features/tide-clock/feature.toml",
                &manifest(
                    "tide-clock",
                    "[[requires]]\nany = [\"htpp\"]\n\n[[requires]]\nany = [\"core ^9\"]\n\n\
                     [[recommends]]\nfeature = \"tide-almanack\"\nreason = \"it fits\"\n\n\
                     [[options]]\nkey = \"harbour\"\ntype = \"text\"\nprompt = \"Which?\"\ndefault = \"x\"\n",
                ),
            ),
            ("features/tide-clock/files/docs/tides.md", "# Tides\n"),
            // A circle across features, and a file that two own.
            (
                "features/tide-almanac/feature.toml",
                &manifest("tide-almanac", "[[requires]]\nany = [\"tide-moon\"]\n"),
            ),
            ("features/tide-almanac/files/docs/tides.md", "# Tides\n"),
            (
                "features/tide-moon/feature.toml",
                &manifest("tide-moon", "[[requires]]\nany = [\"tide-almanac\"]\n"),
            ),
            // Both databases: never.
            (
                "features/tide-both/feature.toml",
                &manifest(
                    "tide-both",
                    "[[requires]]\nany = [\"sqlite ^1\"]\n\n[[requires]]\nany = [\"postgres\"]\n",
                ),
            ),
            // A name that is not the pack's, and a slot no template has.
            (
                "features/moon/feature.toml",
                &manifest(
                    "moon",
                    "[[capabilities]]\nid = \"light\"\ncardinality = \"any\"\n\n\
                     [[wiring]]\nslot = \"app.module\"\ncode = \"x\"\n",
                ),
            ),
        ],
    );
    mount(
        &mut source,
        "tide-moon",
        &[(
            "features/tide-moon/feature.toml",
            &manifest("tide-moon", "").replace("1.0.0", "2.0.0"),
        )],
    );
    mount(
        &mut source,
        "sqlite",
        &[
            // One of ours, newer: it is not replaced.
            (
                "features/sqlite/feature.toml",
                &manifest(
                    "sqlite",
                    "[[provides]]\ncapability = \"databse\"\nversion = \"1.0.0\"\n",
                )
                .replace("1.0.0", "99.0.0"),
            ),
            ("features/sqlite/files/../README.md", "x"),
        ],
    );
    assert_snapshot!(report(source), @r#"
    packs/sqlite/features/sqlite/feature.toml:1:1: error: the file `packs/sqlite/features/sqlite/files/../README.md` leaves the project through `..`
    packs/sqlite/features/sqlite/feature.toml:1:6: error: the feature `sqlite` is in two packs: those of Formwork and `sqlite`
    hint: the other one is at features/sqlite/feature.toml:1:6; use one of the packs
    packs/sqlite/features/sqlite/feature.toml:8:14: error: unknown capability `databse`
    hint: did you mean `database`?
    packs/tide-moon/features/tide-moon/feature.toml:1:6: error: the feature `tide-moon` is in two packs: `tide` and `tide-moon`
    hint: the other one is at packs/tide/features/tide-moon/feature.toml:1:6; use one of the packs
    packs/tide/features/moon/feature.toml:1:6: error: the feature `moon` does not begin with the name of its pack, `tide`
    hint: call it `tide-moon`
    packs/tide/features/moon/feature.toml:8:6: error: the capability `light` does not begin with the name of its pack, `tide`
    hint: call it `tide-light`
    packs/tide/features/moon/feature.toml:8:6: warning: nothing provides the capability `light`
    packs/tide/features/moon/feature.toml:11:1: error: no template has a slot `app.module`
    hint: did you mean `app.modules`?
    packs/tide/features/tide-both/feature.toml:1:6: error: `tide-both` 1.0.0 can never be selected: `tide-both` needs `sqlite ^1`, of which nothing is left
    packs/tide/features/tide-clock/feature.toml:8:8: error: unknown feature or capability `htpp`
    hint: did you mean `http`?
    packs/tide/features/tide-clock/feature.toml:11:8: error: no version of `core` matches `^9`
    hint: there is 1.0.0
    packs/tide/features/tide-clock/feature.toml:14:11: error: unknown feature `tide-almanack`
    hint: did you mean `tide-almanac`?
    packs/tide/features/tide-clock/feature.toml:18:7: warning: nothing reads the option `harbour` of `tide-clock`
    hint: use it in a template or a condition, or do not ask
    packs/tide/features/tide-clock/files/docs/tides.md:1:1: error: `tide-almanac` and `tide-clock` both own the file `docs/tides.md`
    hint: leave it to one of them, or merge into it
    packs/tide/features/tide-moon/feature.toml:7:1: error: requirements run in a circle: `tide-almanac` → `tide-moon` → `tide-almanac`
    hint: `tide-moon` should not require `tide-almanac`
    "#);
}

/// Shows a part of: C-05.
#[test]
fn a_sound_pack_has_the_rights_of_our_own_features() {
    let mut source = ours();
    let files: Vec<(String, Vec<u8>)> = crate::support::files(&tide()).into_iter().collect();
    let pin = PackPin {
        id: "tide".to_owned(),
        version: Version::new(1, 2, 0),
        hash: String::new(),
    };
    source.mount(pin, files);
    let reading = Catalog::read(source).expect("the pack is sound");
    assert_eq!(reading.warnings, []);
    let catalog = reading.catalog;
    let clock = catalog.newest("tide-clock").expect("the pack has it");
    assert_eq!(clock.pack(), Some("tide"));
    assert_eq!(catalog.providers("tide-source"), ["tide-clock"]);
    assert_eq!(catalog.newest("sqlite").expect("it is ours").pack(), None);
}

/// Shows a part of: C-04, C-05.
#[test]
fn a_manifest_of_a_pack_is_read_with_every_mistake() {
    let text = "id = \"Tide\"\nname = 7\nversion = \"1.0\"\nformwork = \"new\"\nlicence = \"MIT\"\nhomepage = \"tides.example.org\"\n";
    let (manifest, diagnostics) = Manifest::read(text);
    assert_eq!(manifest, None);
    let lines: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    pack.toml:1:1: error: the manifest has no `license`
    pack.toml:1:6: error: `Tide` cannot be the id of a pack: use lower-case letters, digits and single hyphens, as in `tide-tables`
    pack.toml:2:8: error: `name` must be a string, found integer
    pack.toml:3:11: error: `1.0` is not a version: unexpected end of input while parsing minor version number
    hint: write all three numbers, as in `1.0.0`
    pack.toml:4:12: error: `new` is not a version range: unexpected character 'n' while parsing major version number
    hint: write it as in `^0.1` or `>=1, <3`
    pack.toml:5:1: warning: the manifest has an unknown key `licence`
    hint: did you mean `license`?
    pack.toml:6:12: error: the homepage `tides.example.org` does not begin with `https://`
    "#);
    let (_, diagnostics) = Manifest::read("id = \"tide");
    assert_snapshot!(diagnostics[0], @r#"
    pack.toml:1:11: error: invalid basic string, expected `"`
    "#);
}
