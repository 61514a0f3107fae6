//! Every mistake in one run, where it is, and what to do.

use formwork_config::{Config, Loader, Secret, Section, ViolationKind};

use crate::support::{Database, Http, Sources};

/// Mistakes of every kind, in every source, in one report.
///
/// Proves: R-009.
#[test]
fn every_mistake_is_reported_in_one_run() {
    let sources = Sources::new()
        .file(
            "config/default.toml",
            r#"[http]
listen = "localhost"
timeout = "1h"
tiemout = "1s"
compress = "yes"
log = "shrt"
origins = ["a", 1]

[database]
min = 30
max = 20
load = 2.5

[databse]
url = "x"
"#,
        )
        .file("config/dev.toml", "[http]\nmax-body = -1\ntls = \"on\"\n")
        .profile("dev")
        .variable("SHOP__HTTP__MAX_BODIES", "1")
        .variable("SHOP__HTTP__TLS", "on")
        .variable("SHOP__DATABASE__MIN", "70000")
        .flag("http.lisen=1")
        .flag("database.url=postgres://hunter2")
        .flag("verbose");
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 17 mistakes
      config/default.toml:14:1: `databse` is unknown
        hint: did you mean `database`?
      config/default.toml:4:11: `http.tiemout` is unknown
        hint: did you mean `timeout`?
      config/dev.toml:3:7: `http.tls` expected a table, found text
      environment variable `SHOP__HTTP__MAX_BODIES`: sets nothing this service knows
        hint: did you mean `SHOP__HTTP__MAX_BODY`?
      environment variable `SHOP__HTTP__TLS`: `http.tls` is a table and cannot be set as a whole
        hint: set its keys one by one, as `SHOP__HTTP__TLS__…`
      flag `--set http.lisen`: `http.lisen` is unknown
        hint: did you mean `http.listen`?
      flag `--set database.url`: `database.url` is secret, and everybody on the machine can read flags
        hint: put it into a file and name that with environment variable `SHOP__DATABASE__URL_FILE`
      flag `--set …`: is no key, `=` and a value
        hint: write it as `--set http.listen=127.0.0.1:8080`
      config/default.toml:2:10: `http.listen` expected an IP address with a port such as `127.0.0.1:8080`, found `localhost`
      config/default.toml:3:11: `http.timeout` must be from 1ms to 10m, found `1h`
      config/dev.toml:2:12: `http.max-body` expected an amount of bytes such as `512KiB` or `1MiB`, found `-1`
      config/default.toml:7:17: `http.origins.1` expected text, found `1`
      config/default.toml:5:12: `http.compress` expected `true` or `false`, found `yes`
      config/default.toml:6:7: `http.log` expected `off`, `short` or `full-detail`, found `shrt`
        hint: did you mean `short`?
      `database.url` is missing, expected text
        hint: name a file that holds it with environment variable `SHOP__DATABASE__URL_FILE`, or set `SHOP__DATABASE__URL`
      environment variable `SHOP__DATABASE__MIN`: `database.min` expected a whole number from 0 to 65535, found `70000`
      config/default.toml:12:8: `database.load` must be from 0.0 to 1.0, found `2.5`
    ");
}

#[test]
fn broken_files_are_reported_with_every_mistake_in_their_syntax() {
    let sources = Sources::new()
        .file(
            "config/default.toml",
            "[http\nlisten = \"x\"\ntimeout = = 1\n",
        )
        .file("config/dev.toml", "a = 1\na = 2")
        .profile("dev");
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 4 mistakes
      config/default.toml:1:6: not valid TOML: unclosed table, expected `]`
      config/default.toml:3:11: not valid TOML: extra `=`, expected nothing
      config/default.toml:3:13: not valid TOML: unexpected key or value, expected newline, `#`
      config/dev.toml:2:1: not valid TOML: duplicate key
        hint: keep one of the two
    ");
}

#[test]
fn files_that_were_asked_for_must_exist() {
    let sources = Sources::new().file("config/readme", "").profile("prod");
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 2 mistakes
      config/default.toml: the file cannot be read: No such file or directory (os error 2)
      config/prod.toml: the file cannot be read: No such file or directory (os error 2)
    ");
}

/// Shows a part of: R-040.
#[test]
fn values_that_do_not_go_together_are_reported_beside_other_mistakes() {
    let sources = Sources::complete().file(
        "config/default.toml",
        "[database]\nmin = 20\n[http]\ntimeout = 5\n",
    );
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 2 mistakes
      config/default.toml:4:11: `http.timeout` expected a time span such as `250ms`, `30s` or `5m`, found `5`
      config/default.toml:2:7: `database.min` must not be more than `max`
    ");
}

#[test]
fn mistakes_within_lists_and_maps_are_found() {
    let sources = Sources::complete().file(
        "config/default.toml",
        "[database.replicas.east]\nprot = 1\nport = \"x\"\n[http]\norigins = [\"a\", \"b\", 3, \"d\"]",
    );
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 5 mistakes
      config/default.toml:2:8: `database.replicas.east.prot` is unknown
        hint: did you mean `port`?
      config/default.toml:5:22: `http.origins.2` expected text, found `3`
      config/default.toml:5:11: `http.origins` must be at most 3 long, found a list
      `database.replicas.east.host` is missing, expected text
        hint: set it in `config/default.toml`, or with environment variable `SHOP__DATABASE__REPLICAS__EAST__HOST`
      config/default.toml:3:8: `database.replicas.east.port` expected a whole number from 0 to 65535, found `x`
    ");
}

#[test]
fn sections_have_prefixes_of_their_own() {
    let sections = [
        Section::of::<Http>("http"),
        Section::of::<Database>("http"),
        Section::of::<Database>("http.store"),
    ];
    let errors = Loader::new("shop")
        .with_environment(Default::default())
        .load(&sections)
        .expect_err("the prefixes overlap");
    let paths: Vec<_> = errors
        .iter()
        .map(|violation| (violation.path.as_str(), violation.kind))
        .collect();
    assert_eq!(
        paths,
        [
            ("http", ViolationKind::Conflict),
            ("http.store", ViolationKind::Conflict)
        ]
    );
}

#[test]
fn a_section_that_was_not_loaded_is_an_error() {
    let snapshot = Sources::complete().load().expect("a valid configuration");
    assert!(snapshot.get::<Http>("web").is_err());
    assert!(snapshot.get::<Database>("http").is_err());
}

/// What is set twice, in one layer or in two ways: nobody has to guess which one counts.
///
/// Proves: R-041.
#[test]
fn conflicting_keys_are_reported() {
    let sources = Sources::complete()
        .file("config/default.toml", "[http]\ntls = \"on\"\n")
        .file("config/dev.toml", "[http]\ntls.certificates = \"x\"\n")
        .profile("dev")
        .file("secrets/http.timeout", "1s")
        .secrets()
        .variable("SHOP__HTTP__LISTEN", "127.0.0.1:1")
        .variable("SHOP__HTTP__LISTEN_FILE", "x")
        .variable("SHOP__HTTP__MAX_BODY", "1MiB")
        .variable("SHOP__HTTP__max-body", "2MiB")
        .variable("SHOP__HTTP__TIMEOUT_FILE", "timeout")
        .variable("SHOP__DATABASE__REPLICAS", "{}")
        .variable("SHOP__DATABASE__REPLICAS__EAST__HOST", "e")
        .flag("http.log=off")
        .flag("http.log=short")
        .flag("database.replicas.east.host=e")
        .flag("database.replicas={}")
        .flag("database.replicas.west.host=w")
        .file("secrets/database.replicas", "{}")
        .file("secrets/database.replicas.east.host", "e");
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 8 mistakes
      config/default.toml:2:7: `http.tls` expected a table, found text
      secrets/database.replicas.east.host: `database.replicas.east.host` is set both here and in `secrets/database.replicas`
        hint: keep one of the two
      environment variable `SHOP__DATABASE__REPLICAS__EAST__HOST`: `database.replicas.east.host` is set both here and by `SHOP__DATABASE__REPLICAS`
        hint: keep one of the two
      environment variable `SHOP__HTTP__LISTEN_FILE`: `http.listen` is set both here and by `SHOP__HTTP__LISTEN`
        hint: keep one of the two
      environment variable `SHOP__HTTP__max-body`: `http.max-body` is set both here and by `SHOP__HTTP__MAX_BODY`
        hint: keep one of the two
      environment variable `SHOP__HTTP__TIMEOUT_FILE`: `http.timeout` is set both here and in `secrets/http.timeout`
        hint: keep one of the two
      flag `--set http.log`: `http.log` is set twice
        hint: keep one of the two
      flag `--set database.replicas`: `database.replicas` is set both here and by `--set database.replicas.east.host`
        hint: keep one of the two
    ");
}

/// One key twice in a file, two files for one layer, and a value where another file has a table.
///
/// Shows a part of: R-041.
#[test]
fn what_one_file_says_twice_is_reported() {
    let twice = [
        ("toml", "http.log = \"off\"\nhttp.log = \"short\"\n", "2:6"),
        ("toml", "http.tls.version = \"1.2\"\n[http]\n", "2:2"),
        ("yaml", "http:\n  log: off\n  log: short\n", "3:3"),
        ("json", "{\"http\": {\"log\": 1,\n\"log\": 2}}", "2:1"),
    ];
    for (extension, text, place) in twice {
        for name in ["default", "dev"] {
            let file = format!("config/{name}.{extension}");
            let sources = Sources::complete().file(&file, text);
            let sources = match name {
                "dev" => sources.file("config/default.toml", "").profile("dev"),
                _ => sources,
            };
            let language = extension.to_uppercase();
            assert_eq!(
                sources.report(),
                format!(
                    "the configuration has 1 mistake\n  {file}:{place}: not valid {language}: \
                     duplicate key\n    hint: keep one of the two"
                )
            );
        }
    }
    for (one, other) in [("toml", "yaml"), ("yaml", "yml"), ("toml", "json")] {
        for name in ["default", "dev"] {
            let sources = Sources::complete()
                .file("config/default.toml", "")
                .file(&format!("config/{name}.{one}"), "")
                .file(&format!("config/{name}.{other}"), "{}")
                .profile("dev");
            let report = sources.report();
            let told = format!(
                "config/{name}.{one}: there is `config/{name}.{other}` too, and only one of them \
                 can count\n    hint: move everything into one file and remove the other"
            );
            assert!(report.contains(&told) || name == "default", "{report}");
            assert!(report.contains("only one of them can count"), "{report}");
        }
    }
}

/// What nobody reads is an error wherever it stands, with its place and the nearest name.
///
/// Proves: R-041.
#[test]
fn unknown_keys_are_errors_in_every_source() {
    use crate::support::sections;

    let base = || Sources::complete().file("config/default.toml", "");
    let file = "`http.tiemout` is unknown\n    hint: did you mean `timeout`?";
    #[rustfmt::skip]
    let cases = [
        (Sources::complete().file("config/default.toml", "[http]\ntiemout = 1"), format!("config/default.toml:2:11: {file}")),
        (Sources::complete().file("config/default.yaml", "http:\n  tiemout: 1"), format!("config/default.yaml:2:12: {file}")),
        (Sources::complete().file("config/default.json", "{\"http\":\n{\"tiemout\": 1}}"), format!("config/default.json:2:13: {file}")),
        (base().file("config/dev.toml", "http.tiemout = 1").profile("dev"), format!("config/dev.toml:1:16: {file}")),
        (base().file("config/default.toml", "htpp.timeout = 1"), "config/default.toml:1:1: `htpp` is unknown\n    hint: did you mean `http`?".to_owned()),
        (base().file("config/default.toml", "http.tls.certificates = \"x\"\nhttp.tls.verison = 1"), "config/default.toml:2:20: `http.tls.verison` is unknown\n    hint: did you mean `version`?".to_owned()),
        (base().file("config/default.toml", "database.replicas.a = { host = \"x\", prot = 1 }"), "config/default.toml:1:44: `database.replicas.a.prot` is unknown\n    hint: did you mean `port`?".to_owned()),
        (base().file("secrets/http.tiemout", "1").secrets(), "secrets/http.tiemout: `http.tiemout` is the name of no value\n    hint: did you mean `http.timeout`?".to_owned()),
        (base().variable("SHOP__HTTP__TIEMOUT", "1"), "environment variable `SHOP__HTTP__TIEMOUT`: sets nothing this service knows\n    hint: did you mean `SHOP__HTTP__TIMEOUT`?".to_owned()),
        (base().variable("SHOP__HTTP__TIEMOUT_FILE", "x"), "environment variable `SHOP__HTTP__TIEMOUT_FILE`: sets nothing this service knows\n    hint: did you mean `SHOP__HTTP__TIMEOUT_FILE`?".to_owned()),
        (base().flag("http.tiemout=1"), "flag `--set http.tiemout`: `http.tiemout` is unknown\n    hint: did you mean `http.timeout`?".to_owned()),
        (base().value("http.tiemout", "1"), "set by the program: `http.tiemout` is unknown\n    hint: did you mean `http.timeout`?".to_owned()),
    ];
    for (sources, told) in cases {
        let expected = format!("the configuration has 1 mistake\n  {told}");
        assert_eq!(sources.report(), expected);
    }
    // Of a tenant, beside those of all.
    let sources = base().file("config/tenants/acme.toml", "http.tiemout = 1");
    let snapshot = sources.load().expect("it is a tenant's mistake");
    let errors = sources.loader().load_tenant(&snapshot, "acme");
    let report = sources.relative(errors.expect_err("it is unknown"));
    assert!(
        report.ends_with(&format!("acme.toml:1:16: {file}")),
        "{report}"
    );
    // Of an instance.
    let sources =
        Sources::complete().file("config/default.toml", "http.instances.admin.tiemout = 1");
    let mut sections = sections();
    sections.push(Section::of::<Http>("http").instance("admin"));
    let report = sources.relative(sources.loader().load(&sections).expect_err("it is unknown"));
    assert!(
        report.ends_with(
            "`http.instances.admin.tiemout` is unknown\n    hint: did you mean `timeout`?"
        ),
        "{report}"
    );
}

/// A key in another spelling is no key, and the right one is named.
#[test]
fn another_spelling_of_a_key_is_unknown() {
    let sources = Sources::complete().file(
        "config/default.toml",
        "[http]\nmax_body = 1\nmaxBody = 2\nTimeout = 3\n",
    );
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 3 mistakes
      config/default.toml:4:11: `http.Timeout` is unknown
        hint: did you mean `timeout`?
      config/default.toml:3:11: `http.maxBody` is unknown
        hint: did you mean `max-body`?
      config/default.toml:2:12: `http.max_body` is unknown
        hint: did you mean `max-body`?
    ");
}

/// Every kind of limit, on the value of every shape it is for.
///
/// Shows a part of: R-040.
#[test]
fn limits_are_kept() {
    /// Limits.
    #[expect(dead_code, reason = "the values are of no interest")]
    #[derive(Config)]
    struct Limits {
        /// A name.
        #[config(default = "shop", pattern = "[a-z]+|[0-9]+")]
        name: String,
        /// A code.
        #[config(length(min = 2, max = 3))]
        code: Option<String>,
        /// A token.
        #[config(pattern = "t-[0-9]+")]
        token: Option<Secret<String>>,
        /// A number.
        #[config(default = 1.5, range(min = 1, max = 2.5))]
        number: f64,
        /// A kind.
        #[config(one_of(1, 2, 4))]
        kind: Option<u8>,
    }
    let sources = Sources::new().file(
        "config/default.toml",
        "[limits]\nname = \"abc1\"\ncode = \"äöüß\"\ntoken = \"t-hunter2\"\nnumber = 3\nkind = 3",
    );
    let load = || sources.loader().load(&[Section::of::<Limits>("limits")]);
    let errors = load().expect_err("nothing is kept");
    insta::assert_snapshot!(sources.relative(errors), @r"
    the configuration has 5 mistakes
      config/default.toml:2:8: `limits.name` must be like the regular expression `[a-z]+|[0-9]+`, found `abc1`
      config/default.toml:3:8: `limits.code` must be from 2 to 3 long, found `äöüß`
      config/default.toml:4:9: `limits.token` must be like the regular expression `t-[0-9]+`, which the value, not shown here, is not
      config/default.toml:5:10: `limits.number` must be from 1 to 2.5, found `3`
      config/default.toml:6:8: `limits.kind` must be `1`, `2` or `4`, found `3`
    ");
}

proptest::proptest! {
    /// Whatever stands in a file or a variable is loaded or reported, and never a panic.
    #[test]
    fn nothing_panics(text in ".{0,200}", value in ".{0,40}") {
        let sources = Sources::complete()
            .file("config/default.toml", &text)
            .file("config/dev.toml", &format!("http.timeout = {value}\n[database]\nreplicas = {value}"))
            .profile("dev")
            .variable("SHOP__HTTP__ORIGINS", &value)
            .variable("SHOP__DATABASE__REPLICAS", &value)
            .flag(&value);
        let _ = sources.load();
    }
}

/// Limits of several kinds.
#[derive(Debug, Config)]
#[allow(dead_code, reason = "it is never loaded")]
struct Limited {
    /// Exactly so long.
    #[config(length(min = 2, max = 2))]
    country: String,
    /// Long enough, and never shown.
    #[config(length(min = 16))]
    token: Secret<String>,
    /// Not too long.
    #[config(length(max = 1))]
    letter: String,
    /// Within limits.
    #[config(range(min = 1, max = 1024))]
    readers: u32,
    /// At least one.
    #[config(range(min = 1))]
    writers: u8,
    /// One or two.
    #[config(length(min = 1, max = 2))]
    names: Vec<String>,
}

/// What is expected is as narrow as the field's own rules, not as wide as its type.
///
/// Shows a part of: R-009.
#[test]
fn what_is_expected_is_what_the_field_takes() {
    let loader = |variables: &[(&str, &str)]| {
        let variables = variables.iter().copied();
        Loader::new("shop").with_environment(formwork_config::Environment::of(variables))
    };
    let sections = [Section::of::<Limited>("limited")];
    let told = |loader: Loader| {
        let errors = loader.load(&sections).expect_err("it is wrong");
        let told = errors
            .iter()
            .map(|it| format!("{}: {}", it.path, it.message));
        told.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(told(loader(&[])), @r"
    limited.country: is missing, expected text of exactly 2 characters
    limited.token: is missing, expected text of at least 16 characters
    limited.letter: is missing, expected text of at most 1 character
    limited.readers: is missing, expected a whole number from 1 to 1024
    limited.writers: is missing, expected a whole number from 1 to 255
    limited.names: is missing, expected a list of 1 to 2 items
    ");
    let wrong = loader(&[
        ("SHOP__LIMITED__READERS", "many"),
        ("SHOP__LIMITED__WRITERS", "-1"),
        ("SHOP__LIMITED__COUNTRY", "DE"),
        ("SHOP__LIMITED__TOKEN", "0123456789abcdef"),
        ("SHOP__LIMITED__LETTER", "a"),
        ("SHOP__LIMITED__NAMES", "a"),
    ]);
    insta::assert_snapshot!(told(wrong), @r"
    limited.readers: expected a whole number from 1 to 1024, found `many`
    limited.writers: expected a whole number from 1 to 255, found `-1`
    ");
}
