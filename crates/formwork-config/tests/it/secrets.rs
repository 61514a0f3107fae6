//! What is secret stays secret.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use formwork_config::{
    Class, Config, Environment, Errors, Loader, Secret, Section, Snapshot, Url, ViolationKind,
    reference,
};

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

/// Who may see what: everything of the classes is in this table.
#[derive(Debug, Config)]
#[expect(dead_code, reason = "the values are only looked for in output")]
struct Classes {
    /// For everyone, as without a class.
    #[config(class = "public")]
    shown: Option<String>,
    /// For the organisation.
    #[config(class = "internal")]
    inside: Option<String>,
    /// For few.
    #[config(class = "confidential")]
    closed: Option<String>,
    /// For nobody.
    #[config(class = "secret")]
    hidden: Option<String>,
    /// For nobody, by its type.
    typed: Option<Secret<String>>,
    /// For nobody, each of them.
    several: Option<Vec<Secret<String>>>,
    /// For nobody, by name.
    named: Option<BTreeMap<String, Secret<String>>>,
    /// For few, with all that is in it.
    #[config(nested, class = "confidential")]
    inner: Option<Inner>,
    /// An address.
    url: Option<Url>,
    /// Some addresses.
    urls: Option<Vec<Url>>,
}

/// Says nothing of classes.
#[derive(Debug, Config)]
#[expect(dead_code, reason = "the values are only looked for in output")]
struct Inner {
    /// A value.
    value: Option<String>,
}

const PATHS: [(&str, Class); 8] = [
    ("shown", Class::Public),
    ("inside", Class::Internal),
    ("closed", Class::Confidential),
    ("hidden", Class::Secret),
    ("typed", Class::Secret),
    ("several", Class::Secret),
    ("named.one", Class::Secret),
    ("inner.value", Class::Confidential),
];

fn classes(loader: Loader) -> Result<Snapshot, Errors> {
    let section = Section::of::<Classes>("all");
    let loader = loader.with_environment(Environment::default());
    loader.load(&[section.clone(), section.instance("one")])
}

/// Public and internal values are shown with their class; confidential and secret ones are not shown
/// at all, nor when they are wrong, and flags refuse them, for a section and for an instance.
///
/// Proves: R-049.
#[test]
fn each_class_is_kept() {
    for prefix in ["all", "all.instances.one"] {
        for (path, class) in PATHS {
            let path = format!("{prefix}.{path}");
            let value = || Loader::new("shop").with_value(&path, "hunter2");
            let snapshot = classes(value()).expect("it is valid");
            let rows = snapshot.explain().rows;
            let row = rows.iter().find(|row| path.starts_with(&row.path));
            let row = row.expect("it is explained");
            assert_eq!(row.class, class, "{path}");
            let open = class <= Class::Internal;
            let output = format!("{} {snapshot:?}", snapshot.explain());
            assert_eq!(output.contains("hunter2"), open, "{path}: {output}");
            assert_eq!(output.contains("<redacted>"), !open, "{path}: {output}");

            let flagged = classes(Loader::new("shop").with_flag(format!("{path}=hunter2")));
            let Err(errors) = flagged else {
                assert!(open, "{path} is accepted from a flag");
                continue;
            };
            assert!(!open, "{path}: {errors}");
            let variable = path.replace('.', "__").to_uppercase();
            assert_eq!(
                errors.to_string(),
                format!(
                    "the configuration has 1 mistake\n  flag `--set {path}`: `{path}` is secret, and \
                     everybody on the machine can read flags\n    hint: put it into a file and name \
                     that with environment variable `SHOP__{variable}_FILE`"
                )
            );
            let kinds: Vec<_> = errors.iter().map(|it| it.kind).collect();
            assert_eq!(kinds, [ViolationKind::Exposed]);
        }
    }
    assert!(Class::Public < Class::Internal && Class::Internal < Class::Confidential);
    assert!(Class::Confidential < Class::Secret);
}

/// An address is no secret; the password in it is, and flags refuse it.
///
/// Proves: R-049.
#[test]
fn flags_refuse_addresses_with_passwords() {
    for (path, plain, secret) in [
        ("all.url", "pg://user@host/db", "pg://user:hunter2@host/db"),
        (
            "all.url",
            "pg://host/db?x=1",
            "pg://host/db?password=hunter2",
        ),
        ("all.url", "pg://host/db", "user:hunter2@host/db"),
        ("all.urls", "pg://a,pg://b", "pg://a,pg://user:hunter2@b"),
    ] {
        let flag = |value| classes(Loader::new("shop").with_flag(format!("{path}={value}")));
        flag(plain).unwrap_or_else(|errors| panic!("{plain}: {errors}"));
        let errors = flag(secret).expect_err(secret);
        assert!(!errors.to_string().contains("hunter2"), "{errors}");
        let kinds: Vec<_> = errors.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [ViolationKind::Exposed], "{secret}");
    }
}

/// Wherever somebody is told how to set a secret, a file comes first.
///
/// Proves: R-049.
#[test]
fn files_are_preferred() {
    let report = Sources::new().report();
    assert!(
        report.contains(
            "name a file that holds it with environment variable `SHOP__DATABASE__URL_FILE`, or set `SHOP__DATABASE__URL`"
        ),
        "{report}"
    );
    let page = reference("shop", &crate::support::sections());
    assert!(
        page.contains("| `SHOP__DATABASE__URL_FILE`, or `SHOP__DATABASE__URL` |"),
        "{page}"
    );
    assert!(page.contains("| `SHOP__DATABASE__MIN` |"), "{page}");
}

/// Equality looks at every byte: what differs in the first one takes as long as what differs in the
/// last. Of many tries the quickest counts, as others use the machine too; an equality that stops at
/// the first difference is thousands of times quicker.
///
/// Proves: R-049.
#[test]
fn equality_takes_the_same_time_wherever_secrets_differ() {
    const SIZE: usize = 1 << 16;
    let secret = Secret::new(vec![7_u8; SIZE]);
    let other = |at: usize| {
        let mut bytes = vec![7_u8; SIZE];
        bytes[at] = 8;
        Secret::new(bytes)
    };
    let (first, last) = (other(0), other(SIZE - 1));
    assert!(secret != first && secret != last && secret == secret.clone());
    let quickest = |other: &Secret<Vec<u8>>| {
        let tries = (0..15).map(|_| {
            let begun = Instant::now();
            assert!(black_box(&secret) != black_box(other));
            begun.elapsed()
        });
        tries.min().expect("there are some")
    };
    let (early, late) = (quickest(&first), quickest(&last));
    assert!(early * 5 > late, "{early:?} and {late:?}");
}
