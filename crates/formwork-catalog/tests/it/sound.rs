//! A sound pack becomes a catalog.

use std::fs;

use formwork_catalog::{Cardinality, Catalog, Kind, OptionValue, ProbeKind, Source, Tier};

use crate::pack::{manifest, pack};

const SQLITE: &str = r#"
id = "sqlite"
name = "SQLite"
summary = "Keeps everything in one file."
version = "1.2.0"
kind = "storage"
tier = "intermediate"
tags = ["database"]

[[capabilities]]
id = "database"
cardinality = "exactly-one"
question = "Which database?"
default = "sqlite"

[[provides]]
capability = "database"
version = "1.0.0"

[[options]]
key = "journal-mode"
type = "choice"
prompt = "Journal mode?"
choices = ["wal", "delete"]
default = "wal"

[crates.infrastructure]
sqlx = { features = ["sqlite"] }

[versions]
sqlx = { version = "0.9", default-features = false }

[[wiring]]
slot = "app.modules"
order = 200
code = "Sqlite::new()"

[[merges]]
into = "config/default.toml"
from = "merge/config.toml.j2"

[[probes]]
name = "ready"
kind = "http"
path = "/readyz"
json = { "/status" = "healthy" }
"#;

fn sound() -> Source {
    let older = SQLITE.replace("1.2.0", "1.1.0");
    let mut source = pack(&[
        ("features/sqlite/feature.toml", SQLITE),
        ("features/sqlite@1.1.0/feature.toml", &older),
    ]);
    for folder in ["sqlite", "sqlite@1.1.0"] {
        for file in [
            "merge/config.toml.j2",
            "files/migrations/_aggregate_.sql.j2",
            "files/.gitignore",
            "macros/sql.j2",
        ] {
            let path = format!("features/{folder}/{file}");
            source.insert(
                path,
                b"{{ feature.options['journal-mode'] }} {{ wiring(\"app.modules\") }}".to_vec(),
            );
        }
    }
    source
}

/// Shows a part of: C-01, C-02.
#[test]
fn everything_a_manifest_says_is_in_the_feature() {
    let reading = Catalog::read(sound()).expect("the pack is sound");
    assert_eq!(reading.warnings, []);
    let catalog = reading.catalog;
    let versions: Vec<_> = catalog
        .versions("sqlite")
        .iter()
        .map(|it| it.version.to_string())
        .collect();
    assert_eq!(versions, ["1.2.0", "1.1.0"]);

    let sqlite = catalog.newest("sqlite").expect("it exists");
    assert_eq!(
        (sqlite.kind, sqlite.tier),
        (Kind::Storage, Tier::Intermediate)
    );
    assert_eq!(sqlite.options[0].default, OptionValue::Text("wal".into()));
    assert_eq!(
        sqlite.options[0].site.to_string(),
        "features/sqlite/feature.toml:21:7"
    );
    assert_eq!(
        &*sqlite.options[0].site.rule,
        "sqlite@1.2.0/options/journal-mode"
    );
    assert_eq!(sqlite.crates["infrastructure"]["sqlx"].features, ["sqlite"]);
    assert_eq!(sqlite.versions["sqlx"].default_features, Some(false));
    assert_eq!(sqlite.wiring[0].order, 200);
    assert!(sqlite.merges[0].template);
    assert!(catalog.bytes(&sqlite.merges[0].from).is_some());
    let files: Vec<_> = sqlite
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.template, file.per_aggregate))
        .collect();
    assert_eq!(
        files,
        [
            (".gitignore", false, false),
            ("migrations/_aggregate_.sql", true, true)
        ]
    );
    assert_eq!(sqlite.macros[0].path, "sqlite/sql.j2");
    let ProbeKind::Http { status, json, .. } = &sqlite.probes[0].kind else {
        panic!("the probe is over HTTP");
    };
    assert_eq!(*status, 200);
    assert_eq!(
        json[0],
        ("/status".into(), OptionValue::Text("healthy".into()))
    );

    let database = catalog.capability("database").expect("it is declared");
    assert_eq!(database.cardinality, Cardinality::ExactlyOne);
    assert_eq!(catalog.providers("database"), ["sqlite"]);
    assert_eq!(catalog.questions().count(), 1);
}

/// Shows a part of: C-05.
#[test]
fn a_folder_reads_like_embedded_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = sound();
    for (path, bytes) in source.iter() {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder is made");
        fs::write(path, bytes).expect("the file is written");
    }
    assert_eq!(
        Source::load(folder.path()).expect("the folder is read"),
        source
    );
}

#[test]
fn what_can_never_meet_may_own_the_same_file() {
    let exclusive = "[[provides]]\ncapability = \"cache\"\nversion = \"1.0.0\"\n";
    let core = manifest(
        "core",
        "[[capabilities]]\nid = \"cache\"\ncardinality = \"at-most-one\"\n",
    );
    let mut source = pack(&[
        ("features/core/feature.toml", &core),
        ("features/a/feature.toml", &manifest("a", exclusive)),
        ("features/b/feature.toml", &manifest("b", exclusive)),
    ]);
    source.insert("features/a/files/cache.rs", b"".to_vec());
    source.insert("features/b/files/cache.rs", b"".to_vec());
    assert!(Catalog::read(source).is_ok());
}
