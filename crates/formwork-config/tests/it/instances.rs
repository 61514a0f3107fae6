//! Several instances of one module, each with its own values.

use formwork_config::{Config, Environment, Errors, Loader, OriginKind, Section, Snapshot};

use crate::support::{Database, Http, Sources};

/// A connection.
#[derive(Debug, PartialEq, Config)]
struct Pool {
    /// Where to.
    url: String,
    /// How many.
    #[config(default = 10, range(max = 100), dynamic)]
    size: u32,
}

fn sections() -> Vec<Section> {
    vec![
        Section::of::<Pool>("pool"),
        Section::of::<Pool>("pool").instance("reports"),
        Section::of::<Pool>("pool").instance("time-series"),
    ]
}

fn load(sources: &Sources) -> Result<Snapshot, Errors> {
    sources.loader().load(&sections())
}

fn pool(snapshot: &Snapshot, prefix: &str) -> (String, u32) {
    let pool: Pool = snapshot.get(prefix).expect("the section was loaded");
    (pool.url, pool.size)
}

/// An instance has the shared values, overlaid by its own from any source.
///
/// Shows a part of: R-016.
#[test]
fn an_instance_overlays_the_shared_values() {
    let sources = Sources::new()
        .file(
            "config/default.toml",
            "[pool]\nurl = \"main\"\nsize = 20\n[pool.instances.reports]\nurl = \"reports\"\n",
        )
        .variable("SHOP__POOL__INSTANCES__TIME_SERIES__SIZE", "0")
        .variable("SHOP__POOL__URL", "other");
    let snapshot = load(&sources).expect("a valid configuration");
    assert_eq!(pool(&snapshot, "pool"), ("other".to_owned(), 20));
    assert_eq!(
        pool(&snapshot, "pool.instances.reports"),
        ("reports".to_owned(), 20),
        "the instance's own value beats a shared one, whatever the source"
    );
    assert_eq!(
        pool(&snapshot, "pool.instances.time-series"),
        ("other".to_owned(), 0)
    );
    let section = &snapshot.sections()[2];
    assert_eq!(
        (section.prefix(), section.base(), section.instance_name()),
        ("pool.instances.time-series", "pool", Some("time-series"))
    );
    insta::assert_snapshot!(sources.relative(snapshot.explain()), @r#"
    generation 1
    pool.url                         "other"    environment variable `SHOP__POOL__URL`
    pool.size                        20         config/default.toml:3:8  (dynamic)
    pool.instances.reports.url       "reports"  config/default.toml:5:7
    pool.instances.reports.size      20         config/default.toml:3:8  (dynamic)
    pool.instances.time-series.url   "other"    environment variable `SHOP__POOL__URL`
    pool.instances.time-series.size  0          environment variable `SHOP__POOL__INSTANCES__TIME_SERIES__SIZE`  (dynamic)
    "#);
    assert_eq!(
        snapshot.explain().rows[2].searched,
        [
            "pool.url",
            "SHOP__POOL__URL_FILE",
            "SHOP__POOL__URL",
            "pool.instances.reports.url",
            "SHOP__POOL__INSTANCES__REPORTS__URL_FILE",
            "SHOP__POOL__INSTANCES__REPORTS__URL",
        ]
    );
}

/// Among an instance's own values the order of layers applies.
///
/// Shows a part of: R-007, R-016.
#[test]
fn layers_lie_in_their_order_within_an_instance() {
    let kind = |sources: &Sources| {
        let snapshot = load(sources).expect("a valid configuration");
        let rows = snapshot.explain().rows;
        let origin = rows[3].origin.clone().expect("it has an origin");
        (pool(&snapshot, "pool.instances.reports").1, origin.kind)
    };
    let sources = Sources::new()
        .value("pool.url", "x")
        .file("config/default.toml", "[pool.instances.reports]\nsize = 1");
    assert_eq!(kind(&sources), (1, OriginKind::BaseFile));
    let sources = sources
        .file("config/dev.toml", "pool.instances.reports.size = 2")
        .profile("dev");
    assert_eq!(kind(&sources), (2, OriginKind::ProfileFile));
    let sources = sources
        .file("secrets/pool.instances.reports.size", "3")
        .secrets();
    assert_eq!(kind(&sources), (3, OriginKind::SecretFile));
    let sources = sources.variable("SHOP__POOL__INSTANCES__REPORTS__SIZE", "4");
    assert_eq!(kind(&sources), (4, OriginKind::Environment));
    let sources = sources.flag("pool.instances.reports.size=5");
    assert_eq!(kind(&sources), (5, OriginKind::Flag));
    let sources = sources.value("pool.instances.reports.size", "6");
    assert_eq!(kind(&sources), (6, OriginKind::Program));
}

/// A wrong shared value is reported once, the instances' own mistakes where they are.
#[test]
fn mistakes_of_instances_are_reported_where_they_are() {
    let sources = Sources::new().file(
        "config/default.toml",
        "[pool]\nsize = 200\n[pool.instances.reports]\nurl = \"x\"\nsiez = 1\n[pool.instances.reprots]\nurl = \"y\"\n[pool.instances]\ntime-series = 3",
    );
    let errors = load(&sources).expect_err("there are mistakes");
    insta::assert_snapshot!(sources.relative(errors), @r"
    the configuration has 5 mistakes
      config/default.toml:5:8: `pool.instances.reports.siez` is unknown
        hint: did you mean `size`?
      config/default.toml:6:1: `pool.instances.reprots` is unknown
        hint: did you mean `reports`?
      config/default.toml:9:15: `pool.instances.time-series` expected a table, found a number
      `pool.url` is missing, expected text
        hint: set it in `config/default.toml`, or with environment variable `SHOP__POOL__URL`
      config/default.toml:2:8: `pool.size` must be at most 100, found `200`
    ");
}

/// Without the plain section, nothing is required of it; its values are still shared.
#[test]
fn instances_do_not_need_a_plain_section() {
    let sections = [Section::of::<Pool>("pool").instance("reports")];
    let sources = Sources::new().file(
        "config/default.toml",
        "[pool]\nsize = 7\ninstances.reports.url = \"r\"",
    );
    let snapshot = sources.loader().load(&sections);
    let snapshot = snapshot.expect("a valid configuration");
    assert_eq!(
        pool(&snapshot, "pool.instances.reports"),
        ("r".to_owned(), 7)
    );
    assert!(snapshot.get::<Pool>("pool").is_err());
}

/// A table called `instances` means something only where there are some.
#[test]
fn instances_nobody_declared_are_unknown() {
    let sources = Sources::complete().file(
        "config/default.toml",
        "[http.instances.admin]\ncompress = false",
    );
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 1 mistake
      config/default.toml:1:7: `http.instances` is unknown
        hint: there is `listen`, `timeout`, `max-body`, `origins`, `compress`, `log`, `tls`
    ");
}

#[test]
fn instances_have_names_of_their_own_and_one_type() {
    let load = |sections: &[Section]| {
        let loader = Loader::new("shop").with_environment(Environment::default());
        loader.load(sections).expect_err("the prefixes overlap")
    };
    let twice = Section::of::<Pool>("pool").instance("one");
    let errors = load(&[twice.clone(), twice]);
    assert_eq!(errors.iter().count(), 1);
    let other = Section::of::<Http>("pool").instance("one");
    let errors = load(&[Section::of::<Pool>("pool"), other]);
    assert_eq!(errors.iter().count(), 1);
    let within = Section::of::<Database>("pool.instances.one");
    let errors = load(&[Section::of::<Pool>("pool").instance("one"), within]);
    assert_eq!(errors.iter().count(), 1);
}
