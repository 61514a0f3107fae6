//! The flaws of the Go framework this design descends from, each as a test that they are not here.

use crate::support::{Sources, database, http};

/// There, a default was put wherever a field held its type's zero: `false`, `0` and `""` could not
/// be configured.
#[test]
fn an_explicit_false_does_not_lose_to_a_default() {
    let texts = [
        (
            "toml",
            "[http]\ncompress = false\norigins = []\n[database]\nmin = 0\nload = 0.0\nhello = \"\"\n",
        ),
        (
            "yaml",
            "http:\n  compress: false\n  origins: []\ndatabase: {min: 0, load: 0.0, hello: ''}\n",
        ),
        (
            "json",
            "{\"http\": {\"compress\": false, \"origins\": []}, \"database\": {\"min\": 0, \"load\": 0.0, \"hello\": \"\"}}",
        ),
    ];
    for (extension, text) in texts {
        let sources = Sources::complete().file(&format!("config/default.{extension}"), text);
        let snapshot = sources.load().expect("a valid configuration");
        let (http, database) = (http(&snapshot), database(&snapshot));
        assert!(!http.compress, "{extension}");
        assert!(http.origins.is_empty(), "{extension}");
        assert_eq!((database.min, database.load), (0, 0.0), "{extension}");
        assert_eq!(database.hello.as_deref(), Some(""), "{extension}");
    }
}

/// Nor to a value of a lower layer.
///
/// Shows a part of: R-007.
#[test]
fn an_explicit_false_does_not_lose_to_a_lower_layer() {
    let below = "[http]\ncompress = true\norigins = [\"a\"]\n[database]\nmin = 5\nhello = \"x\"\n";
    let layers: [&dyn Fn(Sources) -> Sources; 4] = [
        &|it| {
            let text = "[http]\ncompress = false\norigins = []\n[database]\nmin = 0\nhello = \"\"";
            it.file("config/dev.toml", text).profile("dev")
        },
        &|it| {
            it.variable("SHOP__HTTP__COMPRESS", "false")
                .variable("SHOP__HTTP__ORIGINS", "")
                .variable("SHOP__DATABASE__MIN", "0")
                .variable("SHOP__DATABASE__HELLO", "")
        },
        &|it| {
            it.file("secrets/http.compress", "false\n")
                .file("secrets/http.origins", "\n")
                .file("secrets/database.min", "0\n")
                .file("secrets/database.hello", "")
                .secrets()
        },
        &|it| {
            it.value("http.compress", "false")
                .value("http.origins", "")
                .value("database.min", "0")
                .value("database.hello", "")
        },
    ];
    for layer in layers {
        let sources = layer(Sources::complete().file("config/default.toml", below));
        let snapshot = sources.load().expect("a valid configuration");
        assert!(!http(&snapshot).compress);
        assert!(http(&snapshot).origins.is_empty());
        assert_eq!(database(&snapshot).min, 0);
        assert_eq!(database(&snapshot).hello.as_deref(), Some(""));
    }
}

/// There, the record of where a value came from held the value.
///
/// Shows a part of.
#[test]
fn secrets_do_not_appear_in_their_provenance() {
    let sources = Sources::new()
        .file(
            "config/default.toml",
            "[database]\nurl = \"hunter2\"\nhello = \"hunter2\"",
        )
        .file("secrets/database.passwords", "hunter2,hunter2")
        .secrets();
    let snapshot = sources.load().expect("a valid configuration");
    let explanation = snapshot.explain();
    let json = serde_json::to_string(&explanation).expect("it can be serialised");
    let output = format!("{explanation} {explanation:?} {json} {snapshot:?}");
    assert!(!output.contains("hunter2"), "{output}");
    let rows = explanation
        .rows
        .iter()
        .filter(|row| row.path.starts_with("database."));
    let redacted = rows.filter(|row| row.value == "<redacted>").count();
    assert_eq!(redacted, 3);
}
