//! What is secret stays secret.

use formwork_config::{Secret, ViolationKind};

use crate::support::{Sources, database};

#[test]
fn values_come_from_files_named_by_variables() {
    let sources = Sources::new().file("url", "postgres://shop\r\n");
    let path = sources.path("url").display().to_string();
    let sources = sources.variable("SHOP__DATABASE__URL_FILE", &path);
    let snapshot = sources.load().expect("a valid configuration");
    assert_eq!(database(&snapshot).url.expose(), "postgres://shop");
}

#[test]
fn values_come_from_a_mounted_directory() {
    let sources = Sources::new()
        .file("secrets/..data/database.url", "never read from here")
        .file("secrets/database.url", "postgres://shop\n")
        .secrets();
    let snapshot = sources.load().expect("a valid configuration");
    assert_eq!(database(&snapshot).url.expose(), "postgres://shop");
}

#[test]
fn mistakes_with_files_of_secrets_are_reported() {
    let sources = Sources::new()
        .file("secrets/database.ulr", "x")
        .secrets()
        .variable("SHOP__DATABASE__URL", "a")
        .variable("SHOP__DATABASE__URL_FILE", "b")
        .variable("SHOP__DATABASE__PASSWORDS_FILE", "missing/file");
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 3 mistakes
      secrets/database.ulr: `database.ulr` is the name of no value
        hint: did you mean `database.url`?
      environment variable `SHOP__DATABASE__URL_FILE`: `database.url` is set both here and by `SHOP__DATABASE__URL`
        hint: keep one of the two
      environment variable `SHOP__DATABASE__PASSWORDS_FILE`: `database.passwords` names a file, which is not told as it may be the secret itself: the file cannot be read: No such file or directory (os error 2)
    ");
}

#[test]
fn secrets_are_equal_by_value_and_silent() {
    let secret = Secret::new("hunter2".to_owned());
    assert_eq!(secret, Secret::new("hunter2".to_owned()));
    assert_ne!(secret, Secret::new("hunter3".to_owned()));
    assert_ne!(secret, Secret::new("hunter22".to_owned()));
    assert_eq!(
        format!("{secret:?} {:#?}", Some(&secret)),
        "<redacted> Some(\n    <redacted>,\n)"
    );
}

/// A marker as the value of every secret, right and wrong, from every source: it is in no report,
/// no explanation and no debug output.
#[test]
fn no_output_ever_holds_a_secret() {
    const CANARY: &str = "c4n4ry";
    let toml = |text: &str| text.replace("CANARY", CANARY);
    let url = |sources: Sources| sources.variable("SHOP__DATABASE__URL", CANARY);
    let cases: Vec<(&str, Sources)> = vec![
        (
            "right, from a file",
            Sources::new().file("config/default.toml", &toml("database.url = \"CANARY\"")),
        ),
        ("right, from a variable", url(Sources::new())),
        (
            "right, from the program",
            Sources::new().value("database.url", CANARY),
        ),
        (
            "right, from a directory",
            Sources::new()
                .file("secrets/database.url", CANARY)
                .secrets(),
        ),
        (
            "beside another mistake",
            url(Sources::new()).variable("SHOP__HTTP__LISTEN", "nowhere"),
        ),
        (
            "as a table",
            Sources::new().file(
                "config/default.toml",
                &toml("database.url = { CANARY = \"CANARY\" }").replace("{ c4n4ry", "{ a"),
            ),
        ),
        (
            "as a list",
            Sources::new().file("config/default.toml", &toml("database.url = [\"CANARY\"]")),
        ),
        (
            "as an item of the wrong type",
            url(Sources::new()).file(
                "config/default.toml",
                &toml("database.passwords = [[\"CANARY\"]]"),
            ),
        ),
        (
            "in place of the section",
            Sources::new().file("config/default.toml", &toml("database = \"CANARY\"")),
        ),
        (
            "under a mistyped key",
            Sources::new().file("config/default.toml", &toml("database.ulr = \"CANARY\"")),
        ),
        (
            "under a mistyped variable",
            Sources::new().variable("SHOP__DATABASE__ULR", CANARY),
        ),
        (
            "in a flag",
            Sources::new().flag(&toml("database.url=CANARY")),
        ),
        ("in a flag without a key", Sources::new().flag(CANARY)),
        (
            "under a mistyped flag",
            Sources::new().flag(&toml("database.ulr=CANARY")),
        ),
        (
            "in broken TOML",
            Sources::new().file(
                "config/default.toml",
                &toml("database.url = \"CANARY\nhttp = 1"),
            ),
        ),
        (
            "unquoted in TOML",
            Sources::new().file("config/default.toml", &toml("database.url = CANARY")),
        ),
        (
            "twice in TOML",
            Sources::new().file(
                "config/default.toml",
                &toml("[database]\nurl = \"CANARY\"\nurl = \"CANARY\""),
            ),
        ),
        (
            "confidential",
            url(Sources::new()).file("config/default.toml", &toml("database.hello = \"CANARY\"")),
        ),
        (
            "confidential and wrong",
            url(Sources::new()).file(
                "config/default.toml",
                &toml("database.hello = [\"CANARY\"]"),
            ),
        ),
    ];
    for (name, sources) in cases {
        let output = match sources.load() {
            Ok(snapshot) => format!(
                "{}{:?}{snapshot:?}{:?}",
                snapshot.explain(),
                snapshot.explain(),
                database(&snapshot).url,
            ),
            Err(errors) => format!("{errors}{errors:?}"),
        };
        let output = format!("{output}{:?}", sources.loader());
        assert!(!output.contains(CANARY), "{name}: {output}");
    }
}

#[test]
fn a_secret_in_a_flag_is_refused() {
    let sources = Sources::new().flag("database.url=x");
    let errors = sources.load().expect_err("secrets are refused in flags");
    let kinds: Vec<_> = errors.iter().map(|violation| violation.kind).collect();
    assert_eq!(kinds, [ViolationKind::Exposed, ViolationKind::Missing]);
}
