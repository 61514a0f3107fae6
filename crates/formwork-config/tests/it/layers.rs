//! Which layer wins, and how one can tell.

use std::collections::BTreeMap;
use std::time::Duration;

use formwork_config::{
    ByteSize, Config, Environment, Errors, Loader, OriginKind, Secret, Section, Snapshot,
};

use crate::support::{Http, Log, Sources, Tls, database, http, sections};

#[test]
fn compiled_defaults_are_enough_for_what_is_not_required() {
    let snapshot = Sources::complete().load().expect("a valid configuration");
    assert_eq!(
        http(&snapshot),
        Http {
            listen: "127.0.0.1:8080".parse().expect("an address"),
            timeout: Duration::from_secs(30),
            max_body: ByteSize::bytes(1 << 20),
            origins: Vec::new(),
            compress: true,
            log: Log::Short,
            tls: None,
        }
    );
    assert_eq!(snapshot.generation(), 1);
}

/// Each layer beats all below it, for one and the same value.
///
/// Shows a part of: R-007, R-010.
#[test]
fn layers_lie_in_their_order() {
    let timeout = |snapshot: &Snapshot| {
        let explanation = snapshot.explain();
        let mut rows = explanation.rows.into_iter();
        let row = rows.find(|row| row.path == "http.timeout");
        let origin = row.and_then(|row| row.origin).expect("it has an origin");
        (http(snapshot).timeout.as_secs(), origin.kind)
    };
    let mut sources = Sources::complete();
    let mut check = |change: &dyn Fn(Sources) -> Sources, seconds, kind| {
        sources = change(std::mem::replace(&mut sources, Sources::new()));
        let snapshot = sources.load().expect("a valid configuration");
        assert_eq!(timeout(&snapshot), (seconds, kind));
    };
    check(&|it| it, 30, OriginKind::Default);
    check(
        &|it| it.file("config/default.toml", "[http]\ntimeout = \"1s\""),
        1,
        OriginKind::BaseFile,
    );
    check(
        &|it| {
            it.file("config/dev.toml", "http.timeout = \"2s\"")
                .profile("dev")
        },
        2,
        OriginKind::ProfileFile,
    );
    check(
        &|it| it.file("secrets/http.timeout", "3s\n").secrets(),
        3,
        OriginKind::SecretFile,
    );
    check(
        &|it| it.variable("SHOP__HTTP__TIMEOUT", "4s"),
        4,
        OriginKind::Environment,
    );
    check(&|it| it.flag("http.timeout=5s"), 5, OriginKind::Flag);
    check(&|it| it.value("http.timeout", "6s"), 6, OriginKind::Program);
}

#[test]
fn an_explicit_nothing_beats_a_default() {
    let sources = Sources::complete()
        .file(
            "config/default.toml",
            "[http]\ncompress = false\norigins = [\"a\"]\n[database]\nmin = 0\nload = 0",
        )
        .variable("SHOP__HTTP__ORIGINS", "");
    let snapshot = sources.load().expect("a valid configuration");
    assert!(!http(&snapshot).compress);
    assert!(http(&snapshot).origins.is_empty());
    assert_eq!(database(&snapshot).min, 0);
    assert_eq!(database(&snapshot).load, 0.0);

    let empty = Sources::new().variable("SHOP__DATABASE__URL", "");
    let snapshot = empty.load().expect("a valid configuration");
    assert_eq!(database(&snapshot).url, Secret::new(String::new()));
}

#[test]
fn tables_merge_and_lists_are_replaced() {
    let sources = Sources::complete()
        .file(
            "config/default.toml",
            r#"
            [http]
            origins = ["a", "b"]
            log = "full-detail"
            tls.certificates = "a.pem"
            [database.replicas]
            east = { host = "e" }
            west = { host = "w", port = 1 }
            "#,
        )
        .file(
            "config/dev.toml",
            r#"
            [http]
            origins = ["c"]
            tls.version = "1.2"
            [database]
            replicas.east.port = 2
            "#,
        )
        .profile("dev");
    let snapshot = sources.load().expect("a valid configuration");
    let http = http(&snapshot);
    assert_eq!(http.origins, ["c"]);
    assert_eq!(http.log, Log::FullDetail);
    assert_eq!(
        http.tls,
        Some(Tls {
            certificates: "a.pem".into(),
            version: "1.2".to_owned(),
        })
    );
    let replicas = database(&snapshot).replicas.expect("there are replicas");
    let ports: Vec<_> = replicas
        .iter()
        .map(|(name, replica)| (name.as_str(), replica.host.as_str(), replica.port))
        .collect();
    assert_eq!(ports, [("east", "e", 2), ("west", "w", 1)]);
}

#[test]
fn variables_are_read_in_the_type_of_the_value() {
    let snapshot = Sources::complete()
        .variable("SHOP__HTTP__LISTEN", "[::1]:80")
        .variable("SHOP__HTTP__MAX_BODY", "2048")
        .variable("SHOP__HTTP__COMPRESS", "false")
        .variable("SHOP__HTTP__ORIGINS", "a, b")
        .variable("SHOP__HTTP__TLS__CERTIFICATES", "12")
        .variable("SHOP__DATABASE__PASSWORDS", r#"["x,y", "z"]"#)
        .variable("SHOP__DATABASE__REPLICAS__EAST__HOST", "e")
        .variable("SHOPPING__HTTP__LISTEN", "not ours")
        .load()
        .expect("a valid configuration");
    let http = http(&snapshot);
    assert_eq!(http.listen.port(), 80);
    assert_eq!(http.max_body, ByteSize::bytes(2048));
    assert!(!http.compress);
    assert_eq!(http.origins, ["a", "b"]);
    let tls = http.tls.expect("there is transport security");
    assert_eq!(
        (tls.certificates, tls.version),
        ("12".into(), "1.3".to_owned())
    );
    let database = database(&snapshot);
    assert_eq!(database.passwords, ["x,y", "z"]);
    let replicas = database.replicas.expect("there are replicas");
    assert_eq!(replicas["east"].host, "e");
}

#[test]
fn a_single_file_may_be_named_in_place_of_the_directory() {
    let sources = Sources::complete()
        .file("etc/shop.toml", "http.timeout = \"7s\"")
        .file("etc/dev.toml", "http.compress = false");
    let load = |loader: Loader| http(&loader.load(&sections()).expect("a valid configuration"));
    let file = load(
        sources
            .loader()
            .with_location(sources.path("etc/shop.toml")),
    );
    assert_eq!((file.timeout.as_secs(), file.compress), (7, true));
    let both = sources.path("etc/shop.toml");
    let both = load(sources.loader().with_location(both).with_profile("dev"));
    assert_eq!((both.timeout.as_secs(), both.compress), (7, false));
}

#[test]
fn variables_choose_the_files_unless_the_program_does() {
    let sources = Sources::complete()
        .file("etc/default.toml", "http.timeout = \"7s\"")
        .file("etc/dev.toml", "http.compress = false");
    let sources = {
        let etc = sources.path("etc").display().to_string();
        sources
            .variable("SHOP_CONFIG", &etc)
            .variable("SHOP_PROFILE", "dev")
    };
    let http = http(&sources.load().expect("a valid configuration"));
    assert_eq!((http.timeout.as_secs(), http.compress), (7, false));
}

#[test]
fn a_reload_is_a_new_snapshot_and_leaves_the_old_one_alone() {
    let sources = Sources::complete().file("config/default.toml", "http.timeout = \"1s\"");
    let first = sources.load().expect("a valid configuration");
    let sources = sources.file("config/default.toml", "http.timeout = \"2s\"");
    let second = sources
        .loader()
        .reload(&first)
        .expect("a valid configuration");
    assert_eq!((first.generation(), second.generation()), (1, 2));
    assert_eq!(http(&first).timeout.as_secs(), 1);
    assert_eq!(http(&second).timeout.as_secs(), 2);
}

/// Every value with its redaction, its origin and whether it is dynamic.
///
/// Proves: R-008.
#[test]
fn every_value_can_be_explained() {
    let sources = Sources::complete()
        .file(
            "config/default.toml",
            "[http]\n  log = \"off\"\norigins = [\"a\"]\n[database]\nhello = \"SET x\"\nreplicas.east.host = \"e\"\n",
        )
        .file("secrets/database.passwords", "x,y")
        .secrets()
        .flag("database.max=20")
        .value("http.compress", "false");
    let snapshot = sources.load().expect("a valid configuration");
    insta::assert_snapshot!(sources.relative(snapshot.explain()), @r#"
    generation 1
    http.listen                  "127.0.0.1:8080"  compiled default
    http.timeout                 "30s"             compiled default  (dynamic)
    http.max-body                "1MiB"            compiled default
    http.origins                 ["a"]             config/default.toml:3:11
    http.compress                false             set by the program
    http.log                     "off"             config/default.toml:2:9
    http.tls                     -                 not set
    database.url                 <redacted>        environment variable `SHOP__DATABASE__URL`
    database.min                 1                 compiled default
    database.max                 20                flag `--set database.max`
    database.load                0.8               compiled default
    database.passwords           <redacted>        secrets/database.passwords
    database.replicas.east.host  "e"               config/default.toml:6:22
    database.replicas.east.port  5432              compiled default
    database.hello               <redacted>        config/default.toml:5:9
    "#);
    assert_eq!(
        snapshot.explain().rows[1].searched,
        [
            "http.timeout",
            "SHOP__HTTP__TIMEOUT_FILE",
            "SHOP__HTTP__TIMEOUT"
        ]
    );
}

/// Names of the owner's choosing.
#[derive(Debug, PartialEq, Config)]
struct Named {
    /// Of which tenants may have others.
    #[config(default = "x", tenant)]
    title: String,
    /// Anything.
    labels: Option<BTreeMap<String, String>>,
    /// Secrets.
    keys: Option<BTreeMap<String, Secret<String>>>,
}

fn named(text: &str, variables: &[(&str, &str)]) -> Result<Snapshot, Errors> {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("default.toml"), text).expect("it is ours");
    let loader = Loader::new("shop")
        .with_location(directory.path())
        .with_environment(Environment::of(variables.iter().copied()));
    loader.load(&[Section::of::<Named>("named")])
}

/// A variable beats the file also where the file spells a key as no variable can.
///
/// Shows a part of: R-007.
#[test]
fn variables_find_the_keys_of_maps() {
    let label = |text: &str, name: &str| {
        let snapshot = named(text, &[(name, "variable")]).expect("it is valid");
        let named: Named = snapshot.get("named").expect("it was loaded");
        let labels = named.labels.expect("they are set");
        labels.into_iter().collect::<Vec<_>>()
    };
    let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let spelled = label(
        "[named.labels]\nb_c = \"file\"\n",
        "SHOP__NAMED__LABELS__B_C",
    );
    assert_eq!(spelled, [set("b_c", "variable")]);
    let spelled = label("[named.labels]\nEU = \"file\"\n", "SHOP__NAMED__LABELS__EU");
    assert_eq!(spelled, [set("EU", "variable")]);
    // Kebab-case is what a variable means first of all.
    let text = "[named.labels]\nb_c = \"file\"\nb-c = \"file\"\n";
    let spelled = label(text, "SHOP__NAMED__LABELS__B_C");
    assert_eq!(spelled, [set("b-c", "variable"), set("b_c", "file")]);

    let text = "[named.labels]\nEU = \"file\"\nEu = \"file\"\n";
    let errors = named(text, &[("SHOP__NAMED__LABELS__EU", "variable")]);
    insta::assert_snapshot!(errors.expect_err("it is ambiguous"), @r"
    the configuration has 1 mistake
      environment variable `SHOP__NAMED__LABELS__EU`: `named.labels.eu` is about `EU` and `Eu`, and variables cannot tell them apart
        hint: set them in files, or rename one of them
    ");
}

/// In a map of secrets, too, a variable may name a file; the file's name is never the secret.
///
/// Proves: R-049.
#[test]
fn secrets_of_maps_come_from_files() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "hunter2\n").expect("it is ours");
    let path = file.path().display().to_string();
    let snapshot = named("", &[("SHOP__NAMED__KEYS__MAIN_FILE", &path)]).expect("it is valid");
    let named: Named = snapshot.get("named").expect("it was loaded");
    let keys = named.keys.expect("they are set");
    assert_eq!(keys.len(), 1);
    assert_eq!(keys["main"], Secret::new("hunter2".to_owned()));
}
