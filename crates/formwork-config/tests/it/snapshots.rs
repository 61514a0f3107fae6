//! What a reload compares.

use std::sync::Arc;

use formwork_config::{Change, Section, Snapshot, WatchedKind};

use crate::support::{Database, Http, Sources, http};

const BASE: &str = r#"
[http]
timeout = "60s"
origins = ["a"]
[database]
url = "postgres://one"
replicas.east.host = "e"
"#;

fn load(text: &str) -> Snapshot {
    let sources = Sources::new().file("config/default.toml", text);
    sources.load().expect("a valid configuration")
}

fn changes(text: &str) -> Vec<String> {
    let (before, after) = (load(BASE), load(text));
    let changes = before.changes(&after);
    assert_eq!(changes.is_empty(), before.hash() == after.hash(), "{text}");
    let mut back: Vec<_> = after.changes(&before);
    let mut forth = changes.clone();
    back.sort_by(|a, b| a.path.cmp(&b.path));
    forth.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(back, forth, "a difference has no direction");
    changes
        .into_iter()
        .map(|change| format!("{} {} {}", change.prefix, change.path, change.dynamic))
        .collect()
}

/// Paths of single values, with what a reload needs to know; secrets count, and are not shown.
///
/// Shows a part of: R-045.
#[test]
fn changes_are_the_paths_of_single_values() {
    assert_eq!(
        changes(&BASE.replace("60s", "2m")),
        ["http http.timeout true"]
    );
    assert_eq!(
        changes(&BASE.replace("[\"a\"]", "[\"a\", \"b\"]\ntls.certificates = \"x\"")),
        [
            "http http.origins false",
            "http http.tls.certificates false",
            "http http.tls.version false"
        ]
    );
    assert_eq!(
        changes(&BASE.replace("//one", "//two")),
        ["database database.url false"]
    );
    assert_eq!(
        changes(&BASE.replace("replicas.east.host = \"e\"", "replicas.west.host = \"e\"")),
        [
            "database database.replicas.east.host false",
            "database database.replicas.east.port false",
            "database database.replicas.west.host false",
            "database database.replicas.west.port false",
        ]
    );
    assert_eq!(
        changes(&BASE.replace("replicas.east.host = \"e\"", "")),
        [
            "database database.replicas.east.host false",
            "database database.replicas.east.port false",
        ]
    );
}

/// Another place, another order, another way to write it: no change.
#[test]
fn the_same_value_written_differently_is_no_change() {
    let none: [String; 0] = [];
    assert_eq!(changes(BASE), none);
    assert_eq!(changes(&BASE.replace("60s", "1m")), none);
    assert_eq!(
        changes(&format!(
            "[database]\nload = 0.80\nmax = 10\n{}\n[http]\nmax-body = 1048576\norigins = [\"a\"]\ntimeout = \"1m\"",
            "url = \"postgres://one\"\nreplicas.east = { port = 5432, host = \"e\" }"
        )),
        none
    );
}

#[test]
fn sections_that_come_and_go_change_as_a_whole() {
    let sources = Sources::complete();
    let load = |sections: &[Section]| sources.loader().load(sections).expect("it is valid");
    let both = load(&[
        Section::of::<Http>("http"),
        Section::of::<Database>("database"),
    ]);
    let one = load(&[Section::of::<Database>("database")]);
    let fresh = one.changes(&both);
    assert_eq!(fresh, both.changes(&one));
    assert!(fresh.contains(&Change {
        path: "http.timeout".to_owned(),
        prefix: "http".to_owned(),
        dynamic: true,
        of_tenants: false,
    }));
    assert!(fresh.iter().all(|change| change.prefix == "http"));
}

/// The struct is read once and shared.
#[test]
fn typed_values_are_shared() {
    let snapshot = load(BASE);
    let one = snapshot.shared::<Http>("http").expect("it was loaded");
    let other = snapshot.shared::<Http>("http").expect("it was loaded");
    assert!(Arc::ptr_eq(&one, &other));
    assert_eq!(*one, http(&snapshot));
    assert!(snapshot.shared::<Http>("database").is_none());
    assert!(snapshot.shared::<Http>("web").is_none());
}

/// Everything that would be read is to be watched, whether or not it is there.
#[test]
fn sources_are_what_would_be_read() {
    let sources = Sources::new()
        .file("config/default.toml", "")
        .file("config/dev.toml", "")
        .file("secrets/database.url", "x")
        .file("token", "a")
        .profile("dev")
        .secrets();
    let token = sources.path("token").display().to_string();
    let sources = sources.variable("SHOP__DATABASE__PASSWORDS_FILE", &token);
    let snapshot = sources.load().expect("a valid configuration");
    let listed: Vec<_> = snapshot
        .sources()
        .iter()
        .map(|source| (sources.relative(source.path.display()), source.kind))
        .collect();
    let expected = [
        ("config/default.toml", WatchedKind::File),
        ("config/dev.toml", WatchedKind::File),
        ("secrets", WatchedKind::Directory),
        ("secrets/database.url", WatchedKind::File),
        ("token", WatchedKind::File),
    ];
    for (path, kind) in expected {
        assert!(
            listed.contains(&(path.to_owned(), kind)),
            "{path}: {listed:?}"
        );
    }

    let absent = Sources::complete().load().expect("a valid configuration");
    let paths: Vec<_> = absent.sources().iter().map(|it| it.path.clone()).collect();
    assert!(paths.contains(&"config/default.toml".into()), "{paths:?}");
}

/// A running service takes over the dynamic part; the rest is as it was, lists and maps whole.
///
/// Shows a part of: R-045.
#[test]
fn what_only_a_restart_takes_over_can_be_held() {
    let before = load(BASE);
    let after = load(
        &BASE
            .replace("60s", "90s")
            .replace("[\"a\"]", "[\"a\", \"b\"]\ntls.certificates = \"x\"")
            .replace("replicas.east.host = \"e\"", "replicas.west.host = \"w\""),
    );
    let merged = after.with_statics_of(&before).expect("they go together");

    let applied: Vec<_> = before.changes(&merged);
    assert_eq!(applied.len(), 1, "{applied:?}");
    assert_eq!(
        (&*applied[0].path, applied[0].dynamic),
        ("http.timeout", true)
    );
    let held = merged.changes(&after);
    assert_eq!(held.len(), 7, "{held:?}");
    assert!(held.iter().all(|change| !change.dynamic), "{held:?}");
    let http = merged.shared::<Http>("http").expect("it was loaded");
    assert_eq!((http.timeout.as_secs(), http.origins.len()), (90, 1));
    assert!(http.tls.is_none());
}
