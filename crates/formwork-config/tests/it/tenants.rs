//! Values of single tenants.

use std::collections::BTreeMap;
use std::sync::Arc;

use formwork_config::{Config, Errors, OriginKind, Secret, Section, Snapshot};

use crate::support::{Http, Sources};

/// A shop.
#[derive(Debug, Config)]
struct Shop {
    /// What it is called.
    #[config(default = "shop", tenant, dynamic, pattern = "[a-z ]+")]
    title: String,
    /// How many orders.
    #[config(default = 10, range(max = 100), tenant)]
    limit: u32,
    /// How many threads.
    #[config(default = 4)]
    threads: u32,
    /// The payment provider's key.
    #[config(tenant)]
    key: Option<Secret<String>>,
    /// Features by name.
    #[config(tenant, nested)]
    features: Option<BTreeMap<String, Feature>>,
    /// Mail.
    #[config(nested)]
    mail: Mail,
}

/// A feature.
#[derive(Debug, Config)]
struct Feature {
    /// Whether it is on.
    on: bool,
}

/// Mail.
#[derive(Debug, Config)]
struct Mail {
    /// The server.
    #[config(default = "mail")]
    server: String,
    /// The sender.
    #[config(default = "us", tenant)]
    sender: String,
}

fn load(sources: &Sources) -> Snapshot {
    let sections = [Section::of::<Shop>("shop"), Section::of::<Http>("http")];
    let snapshot = sources.loader().load(&sections);
    snapshot.expect("a valid configuration")
}

fn tenant(sources: &Sources, base: &Snapshot, tenant: &str) -> Result<Snapshot, Errors> {
    sources.loader().load_tenant(base, tenant)
}

fn shop(snapshot: &Snapshot) -> Arc<Shop> {
    snapshot.shared("shop").expect("the section was loaded")
}

/// A tenant's file lies over the other files and under everything else, and touches nobody else.
///
/// Proves: R-015.
#[test]
fn a_tenant_has_values_of_its_own() {
    let sources = Sources::new()
        .file("config/default.toml", "[shop]\ntitle = \"base\"\nlimit = 20\nfeatures.a.on = true")
        .file(
            "config/tenants/acme.toml",
            "[shop]\ntitle = \"acme\"\nlimit = 30\nkey = \"hunter2\"\nmail.sender = \"them\"\nfeatures.b.on = false",
        )
        .variable("SHOP__SHOP__LIMIT", "40");
    let base = load(&sources);
    let acme = tenant(&sources, &base, "acme").expect("a valid configuration");
    let (own, all) = (shop(&acme), shop(&base));
    assert_eq!((own.title.as_str(), all.title.as_str()), ("acme", "base"));
    assert_eq!((own.limit, all.limit), (40, 40), "a variable is stronger");
    assert_eq!((own.threads, own.mail.server.as_str()), (4, "mail"));
    assert_eq!(own.key, Some(Secret::new("hunter2".to_owned())));
    assert_eq!(all.key, None);
    assert_eq!(
        (own.mail.sender.as_str(), all.mail.sender.as_str()),
        ("them", "us")
    );
    let features = own.features.as_ref().expect("there are features");
    let features: Vec<_> = features
        .iter()
        .map(|(name, it)| (name.as_str(), it.on))
        .collect();
    assert_eq!(features, [("a", true), ("b", false)]);

    assert_eq!((acme.tenant(), base.tenant()), (Some("acme"), None));
    assert_eq!(acme.generation(), base.generation());
    assert_ne!(acme.hash(), base.hash());
    let paths: Vec<_> = base.changes(&acme).into_iter().map(|it| it.path).collect();
    assert_eq!(
        paths,
        [
            "shop.title",
            "shop.key",
            "shop.mail.sender",
            "shop.features.b.on"
        ]
    );
    let rows = acme.explain().rows;
    let title = rows.iter().find(|row| row.path == "shop.title");
    let title = title.expect("it is explained");
    let origin = title.origin.as_ref().expect("it has an origin");
    assert_eq!(origin.kind, OriginKind::TenantFile);
    assert_eq!(origin.position.map(|it| (it.line, it.column)), Some((2, 9)));
    assert!(title.of_tenants);
}

/// Sections that the file does not touch are the same ones: hundreds of tenants cost little.
#[test]
fn tenants_share_what_they_do_not_set() {
    let sources = Sources::new()
        .file("config/default.toml", "")
        .file("config/tenants/acme.yaml", "shop:\n  title: acme\n");
    let base = load(&sources);
    let acme = tenant(&sources, &base, "acme").expect("a valid configuration");
    let none = tenant(&sources, &base, "none").expect("a tenant needs no file");
    let http = |snapshot: &Snapshot| snapshot.shared::<Http>("http").expect("it was loaded");
    assert!(Arc::ptr_eq(&http(&base), &http(&acme)));
    assert!(!Arc::ptr_eq(&shop(&base), &shop(&acme)));
    assert!(Arc::ptr_eq(&shop(&base), &shop(&none)));
    let file = sources.path("config/tenants/none.toml");
    let watched = none.sources().iter().any(|source| source.path == file);
    assert!(watched, "it may appear");
}

/// A bad file of a tenant is an error of that tenant only, with every mistake.
///
/// Proves: R-015.
#[test]
fn mistakes_of_a_tenant_are_its_own() {
    let sources = Sources::new()
        .file("config/default.toml", "")
        .file("config/tenants/good.json", r#"{"shop": {"limit": 1}}"#)
        .file(
            "config/tenants/bad.toml",
            "[shop]\ntitle = \"NO\"\nlimit = 1000\nthreads = 9\nmail.server = \"x\"\nkye = \"hunter2\"\n[http]\ncompress = false\n[web]\nx = 1",
        );
    let base = load(&sources);
    let errors = tenant(&sources, &base, "bad").expect_err("there are mistakes");
    insta::assert_snapshot!(sources.relative(errors), @r"
    the configuration has 7 mistakes
      config/tenants/bad.toml:6:7: `shop.kye` is unknown
        hint: did you mean `key`?
      config/tenants/bad.toml:9:1: `web` is unknown
        hint: there is `http`, `shop`
      config/tenants/bad.toml:8:12: `http.compress` is the same for all tenants
        hint: take it out of the tenant's file; nothing beside it may differ
      config/tenants/bad.toml:5:15: `shop.mail.server` is the same for all tenants
        hint: take it out of the tenant's file; `sender` may differ
      config/tenants/bad.toml:4:11: `shop.threads` is the same for all tenants
        hint: take it out of the tenant's file; `title`, `limit`, `key`, `features` may differ
      config/tenants/bad.toml:2:9: `shop.title` must be like the regular expression `[a-z ]+`, found `NO`
      config/tenants/bad.toml:3:9: `shop.limit` must be at most 100, found `1000`
    ");
    let good = tenant(&sources, &base, "good").expect("a valid configuration");
    assert_eq!(shop(&good).limit, 1);
    assert_eq!(shop(&base).limit, 10);

    let broken = sources.file("config/tenants/half.toml", "[shop]\nkey = \"hunter2");
    let errors = tenant(&broken, &base, "half").expect_err("it is half-written");
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
}

/// When a shop is open. A tenant may open it later, but not after it has closed for all.
#[derive(Debug, Config)]
#[config(check = "Hours::check")]
struct Hours {
    /// The hour it opens.
    #[config(default = 8, range(max = 23), tenant)]
    opens: u32,
    /// The hour it closes.
    #[config(default = 18, range(max = 23))]
    closes: u32,
    /// What is written on the door.
    #[config(default = "open", length(max = 5), tenant)]
    sign: String,
}

impl Hours {
    fn check(&self, checks: &mut formwork_config::Checks) {
        if self.opens >= self.closes {
            checks.refuse("opens", format!("must be before {}", self.closes));
        }
    }
}

/// Types, limits, and what does not go together: a tenant's values are checked with those of all.
///
/// Proves: R-015.
#[test]
fn a_tenants_values_are_validated_together_with_those_of_all() {
    let sources = Sources::new()
        .file("config/default.toml", "[hours]\ncloses = 12")
        .file("config/tenants/early.toml", "[hours]\nopens = 11")
        .file("config/tenants/late.toml", "[hours]\nopens = 14")
        .file(
            "config/tenants/wrong.toml",
            "[hours]\nopens = \"noon\"\nsign = \"closed\"",
        );
    let loader = sources.loader();
    let base = loader.load(&[Section::of::<Hours>("hours")]);
    let base = base.expect("a valid configuration");
    let early = sources.loader().load_tenant(&base, "early");
    let early = early.expect("a valid configuration");
    let early = early.shared::<Hours>("hours").expect("it was loaded");
    assert_eq!((early.opens, &*early.sign), (11, "open"));
    let refused = |name: &str| {
        let errors = sources.loader().load_tenant(&base, name);
        sources.relative(errors.expect_err("there are mistakes"))
    };
    insta::assert_snapshot!(refused("late"), @r"
    the configuration has 1 mistake
      config/tenants/late.toml:2:9: `hours.opens` must be before 12
    ");
    let wrong = refused("wrong");
    for said in [
        "the configuration has 2 mistakes",
        "config/tenants/wrong.toml:2:9: `hours.opens`",
        "config/tenants/wrong.toml:3:8: `hours.sign`",
    ] {
        assert!(wrong.contains(said), "{said}: {wrong}");
    }
}

/// A tenant's name never leads out of the directory.
#[test]
fn the_name_of_a_tenant_is_no_path() {
    let sources = Sources::new()
        .file("config/default.toml", "")
        .file("config/secret.toml", "[shop]\ntitle = \"stolen\"");
    let base = load(&sources);
    for name in [
        "../secret",
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\0b",
        "/etc/passwd",
        "a b",
    ] {
        let errors = tenant(&sources, &base, name).expect_err("it is no name");
        assert_eq!(errors.iter().count(), 1, "{name:?}: {errors}");
    }
}
