//! TOML first; YAML and JSON too, with the place of every value.

use formwork_config::{OriginKind, ViolationKind};

use crate::support::{Sources, database, http};

const TOML: &str = r#"[http]
timeout = "5s"
compress = false
origins = ["a", "b"]
[database]
url = "postgres://shop"
min = 0
load = 0.25
replicas.east = { host = "ü", port = 0x10 }
"#;

const YAML: &str = r#"# The shop.
http:
  timeout: 5s
  compress: false
  origins: [a, "b"]
database:
  url: "postgres://shop"
  min: 0
  load: .25
  replicas:
    east: {host: ü, port: 0x10}
"#;

const JSON: &str = r#"{
  "http": {"timeout": "5s", "compress": false, "origins": ["a", "b"]},
  "database": {
    "url": "postgres:\/\/shop", "min": 0, "load": 2.5e-1,
    "replicas": {"east": {"host": "\u00fc", "port": 16}}
  }
}
"#;

fn sources(extension: &str, text: &str) -> Sources {
    Sources::new().file(&format!("config/default.{extension}"), text)
}

/// The three say the same, and each value has its line and column.
///
/// Shows a part of: R-010.
#[test]
fn formats_say_the_same_and_keep_places() {
    let load = |extension, text| {
        let sources = sources(extension, text);
        let snapshot = sources.load().expect("a valid configuration");
        let rows = snapshot.explain().rows.into_iter().filter_map(|row| {
            let origin = row.origin?;
            let set = origin.kind == OriginKind::BaseFile;
            set.then(|| format!("{} {}", sources.relative(origin), row.path))
        });
        (snapshot, rows.collect::<Vec<_>>().join("\n"))
    };
    let (toml, places) = load("toml", TOML);
    insta::assert_snapshot!(places, @r"
    config/default.toml:2:11 http.timeout
    config/default.toml:4:11 http.origins
    config/default.toml:3:12 http.compress
    config/default.toml:6:7 database.url
    config/default.toml:7:7 database.min
    config/default.toml:8:8 database.load
    config/default.toml:9:26 database.replicas.east.host
    config/default.toml:9:38 database.replicas.east.port
    ");
    for (extension, text) in [("yaml", YAML), ("yml", YAML), ("json", JSON)] {
        let (other, places) = load(extension, text);
        assert_eq!(http(&other), http(&toml), "{extension}");
        assert_eq!(database(&other), database(&toml), "{extension}");
        assert_eq!(other.hash(), toml.hash(), "{extension}");
        match extension {
            "yaml" => insta::assert_snapshot!(places, @r"
            config/default.yaml:3:12 http.timeout
            config/default.yaml:5:12 http.origins
            config/default.yaml:4:13 http.compress
            config/default.yaml:7:8 database.url
            config/default.yaml:8:8 database.min
            config/default.yaml:9:9 database.load
            config/default.yaml:11:18 database.replicas.east.host
            config/default.yaml:11:27 database.replicas.east.port
            "),
            "json" => insta::assert_snapshot!(places, @r#"
            config/default.json:2:23 http.timeout
            config/default.json:2:59 http.origins
            config/default.json:2:41 http.compress
            config/default.json:4:12 database.url
            config/default.json:4:40 database.min
            config/default.json:4:51 database.load
            config/default.json:5:35 database.replicas.east.host
            config/default.json:5:53 database.replicas.east.port
            "#),
            _ => {}
        }
    }
}

/// Two files that could both be the base are a mistake that names both.
#[test]
fn two_formats_of_one_file_are_a_conflict() {
    let sources = sources("toml", "").file("config/default.yaml", "");
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 1 mistake
      config/default.toml: there is `config/default.yaml` too, and only one of them can count
        hint: move everything into one file and remove the other
    ");
    let sources = crate::formats::sources("toml", "")
        .file("config/dev.json", "{}")
        .file("config/dev.yml", "")
        .profile("dev");
    let report = sources.report();
    assert!(
        report.contains("config/dev.yml: there is `config/dev.json` too"),
        "{report}"
    );
}

#[test]
fn base_and_profile_may_be_of_different_formats() {
    let sources = sources("yaml", "http:\n  timeout: 1s\n  compress: false\n")
        .file("config/dev.json", r#"{"http": {"timeout": "2s"}}"#)
        .profile("dev")
        .variable("SHOP__DATABASE__URL", "x");
    let http = http(&sources.load().expect("a valid configuration"));
    assert_eq!((http.timeout.as_secs(), http.compress), (2, false));
}

#[test]
fn a_location_may_name_a_file_of_any_format() {
    let sources = Sources::complete().file("etc/shop.json", r#"{"http": {"timeout": "7s"}}"#);
    let path = sources.path("etc/shop.json").display().to_string();
    let sources = sources.variable("SHOP_CONFIG", &path);
    let snapshot = sources.load().expect("a valid configuration");
    assert_eq!(http(&snapshot).timeout.as_secs(), 7);
}

/// YAML as its version 1.2 has it: no word but `true` and `false` is a boolean, and nothing is no
/// value.
#[test]
fn yaml_is_read_by_its_core_schema() {
    let text = "
http:
  compress: yes
  origins: [no, 1.5, true, \"1\", 0o17, ~]
database:
  url: &url postgres://shop
  hello: *url
  load: .5
";
    let report = sources("yaml", text).report();
    insta::assert_snapshot!(report, @r"
    the configuration has 1 mistake
      config/default.yaml:4:39: not valid YAML: `null` is no value: leave the key out
    ");
    let report = sources("yaml", &text.replace(", ~", "")).report();
    insta::assert_snapshot!(report, @r"
    the configuration has 5 mistakes
      config/default.yaml:4:17: `http.origins.1` expected text, found `1.5`
      config/default.yaml:4:22: `http.origins.2` expected text, found `true`
      config/default.yaml:4:33: `http.origins.4` expected text, found `15`
      config/default.yaml:4:12: `http.origins` must be at most 3 long, found a list
      config/default.yaml:3:13: `http.compress` expected `true` or `false`, found `yes`
    ");
    let right = text
        .replace("compress: yes", "compress: TRUE")
        .replace(", 1.5, true, \"1\", 0o17, ~", "");
    let snapshot = sources("yaml", &right)
        .load()
        .expect("a valid configuration");
    assert_eq!(http(&snapshot).origins, ["no"]);
    assert_eq!(
        database(&snapshot).hello.as_deref(),
        Some("postgres://shop")
    );
}

#[test]
fn mistakes_in_the_syntax_have_a_place_and_no_text() {
    let cases = [
        (
            "yaml",
            "a: 1\nb: [CANARY",
            "2:4: not valid YAML: unclosed bracket '['",
        ),
        (
            "yaml",
            "a: 1\na: CANARY",
            "2:1: not valid YAML: duplicate key",
        ),
        (
            "yaml",
            "a: !custom CANARY",
            "1:12: not valid YAML: tags are not read: leave it out",
        ),
        (
            "yaml",
            "a: 1\n---\nb: CANARY",
            "2:1: not valid YAML: expected one document, found several",
        ),
        (
            "yaml",
            "- CANARY",
            "1:1: not valid YAML: expected keys with values",
        ),
        (
            "yaml",
            "CANARY",
            "1:1: not valid YAML: expected keys with values",
        ),
        (
            "yaml",
            "a: *CANARY",
            "1:4: not valid YAML: while parsing node, found unknown anchor",
        ),
        (
            "yaml",
            "a: &x [*x]",
            "1:8: not valid YAML: an alias for what it is part of",
        ),
        (
            "yaml",
            "? [CANARY]\n: 1",
            "1:3: not valid YAML: expected a key that is plain text",
        ),
        (
            "yaml",
            "a:",
            "1:1: not valid YAML: `null` is no value: leave the key out",
        ),
        (
            "json",
            "",
            "1:1: not valid JSON: expected an object, `{ … }`",
        ),
        (
            "json",
            "[\"CANARY\"]",
            "1:1: not valid JSON: expected an object, `{ … }`",
        ),
        (
            "json",
            "{\"a\": CANARY}",
            "1:7: not valid JSON: expected a value",
        ),
        (
            "json",
            "{\"a\": \"CANARY",
            "1:14: not valid JSON: text is not closed, expected `\"`",
        ),
        (
            "json",
            "{\"a\": \"CANARY\n\"}",
            "1:14: not valid JSON: expected no control character in text",
        ),
        (
            "json",
            "{\"a\": 1, \"a\": \"CANARY\"}",
            "1:10: not valid JSON: duplicate key",
        ),
        (
            "json",
            "{\"a\": null}",
            "1:7: not valid JSON: `null` is no value: leave the key out",
        ),
        (
            "json",
            "{\"a\": 1}\n\n CANARY",
            "3:2: not valid JSON: expected nothing after the object",
        ),
        (
            "json",
            "{\"a\": 1,}",
            "1:9: not valid JSON: expected a key in double quotes",
        ),
        (
            "json",
            "{\"a\": 01}",
            "1:8: not valid JSON: expected `,` or `}`",
        ),
        (
            "json",
            "{\"a\": -}",
            "1:8: not valid JSON: expected a digit",
        ),
        (
            "json",
            "{\"a\": \"\\x\"}",
            "1:9: not valid JSON: unknown escape in text",
        ),
        (
            "json",
            "{\"a\": \"\\ud800x\"}",
            "1:14: not valid JSON: half a surrogate pair",
        ),
        (
            "json",
            "{\"a\": \"\\u00g0\"}",
            "1:10: not valid JSON: expected four hexadecimal digits",
        ),
        (
            "json",
            "{\"a\" 1}",
            "1:6: not valid JSON: expected `:` after a key",
        ),
        (
            "json",
            "{\"a\": [1 2]}",
            "1:10: not valid JSON: expected `,` or `]`",
        ),
    ];
    for (extension, text, expected) in cases {
        let sources = sources(extension, text);
        let errors = sources.load().expect_err(text);
        let report = sources.relative(&errors);
        let line = report.lines().nth(1).unwrap_or_default();
        let name = format!("  config/default.{extension}:");
        assert_eq!(line.strip_prefix(&name), Some(expected), "{text}");
        assert!(!report.contains("CANARY"), "{report}");
        let kinds: Vec<_> = errors.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [ViolationKind::Syntax]);
    }
}
