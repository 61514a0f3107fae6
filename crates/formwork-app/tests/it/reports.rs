//! The reports of wirings that fail, each kind of problem on its own, as golden texts.

use formwork_app::{App, Declaration, StartError, WiringErrors};

use semver::Version;

use crate::support::{Journal, Scripted, app, module, report};

trait Store: Send + Sync {}
trait Stores: Send + Sync {}
struct Routes;

type Described = fn(Declaration) -> Declaration;

/// An application of modules that only declare.
fn of(modules: &[(&'static str, Described)]) -> App {
    let journal = Journal::default();
    modules.iter().fold(app(), |app, &(name, declare)| {
        app.module(module(name, &journal).declare(declare))
    })
}

fn app_of(modules: [Scripted; 2]) -> App {
    modules.into_iter().fold(app(), App::module)
}

#[track_caller]
fn errors(app: App) -> WiringErrors {
    match app.check() {
        Err(StartError::Wiring(errors)) => errors,
        Err(other) => panic!("not a problem of the wiring: {other}"),
        Ok(_) => panic!("the application was wired"),
    }
}

/// Who needs it, and who needs that, up to the top.
///
/// Shows a part of: R-034.
#[test]
fn missing() {
    let app = of(&[
        ("orders", |it| it.needs::<dyn Store>().provides::<Routes>()),
        ("http", |it| it.needs::<Routes>().provides::<u8>()),
        ("gateway", |it| it.needs::<u8>()),
        ("log", |it| it),
    ]);
    let errors = errors(app);
    insta::assert_snapshot!(errors, @r"
    the wiring has 1 problem
      nobody provides the `dyn Store` that `orders` needs, which `http` needs, which `gateway` needs
        hint: add a module that provides it
    ");
    insta::assert_snapshot!(errors.graph.to_text(), @r"
    0 log 0.0.0
    0 orders 0.0.0  <- failed
    1 http 0.0.0
        needs `Routes` of `orders`
    2 gateway 0.0.0
        needs `u8` of `http`
    ");
    insta::assert_snapshot!(errors.graph.to_mermaid(), @r#"
    graph LR
        m0["log"]
        m1["orders"]:::failed
        m2["http"]
        m3["gateway"]
        m3 -->|"needs u8"| m2
        m2 -->|"needs Routes"| m1
        classDef failed stroke:#c00,stroke-width:3px
    "#);
    insta::assert_snapshot!(errors.graph.to_dot(), @r##"
    digraph modules {
        rankdir=LR
        node [shape=box]
        "log" [tooltip="0.0.0"]
        "orders" [tooltip="0.0.0", color="#cc0000", fontcolor="#cc0000", penwidth=3]
        "http" [tooltip="0.0.0"]
        "gateway" [tooltip="0.0.0"]
        "gateway" -> "http" [label="needs u8"]
        "http" -> "orders" [label="needs Routes"]
    }
    "##);
}

/// Another type whose name looks like it, and the same type under another name.
///
/// Shows a part of: R-034.
#[test]
fn near_miss() {
    let app = of(&[
        ("orders", |it| it.needs::<dyn Stores>()),
        ("reports", |it| it.needs_named::<dyn Store>("reprots")),
        ("sqlite", |it| it.provides_named::<dyn Store>("reports")),
    ]);
    insta::assert_snapshot!(report(app), @r"
    the wiring has 2 problems
      nobody provides the `dyn Store named reprots` that `reports` needs
        hint: did you mean `dyn Store named reports` of `sqlite`?
      nobody provides the `dyn Stores` that `orders` needs
        hint: did you mean `dyn Store named reports` of `sqlite`?
    ");
}

/// Both owners.
///
/// Shows a part of: R-034, R-036.
#[test]
fn duplicate() {
    let app = of(&[
        ("sqlite", |it| it.provides::<dyn Store>()),
        ("postgres", |it| it.provides::<dyn Store>()),
        ("log", |it| it),
        ("log", |it| it),
    ]);
    insta::assert_snapshot!(report(app), @r"
    the wiring has 2 problems
      the name `log` is taken by `it::support::Scripted` and `it::support::Scripted`
        hint: remove one, or replace it with `App::override_module`
      `dyn Store` is provided by `postgres` and `sqlite`
        hint: remove one, name them, or give one a higher priority
    ");
}

/// The whole chain with the kind of each edge and the place that closes it, over every kind of
/// edge there is.
///
/// Shows a part of: R-003, R-034.
#[test]
fn cycle() {
    let app = of(&[
        ("a", |it| it.needs::<u8>().contributes::<u16>()),
        ("b", |it| it.collects::<u16>().provides::<u8>()),
        ("aside", |it| it.needs::<u8>()),
    ]);
    insta::assert_snapshot!(report(app), @r"
    the wiring has 1 problem
      modules depend on each other
        `a` needs `u8` of `b`
        `b` collects `u16` from `a`, which closes the cycle
        hint: turn one of the needs into a contribution, or split a module
    ");
    let decorated = of(&[
        ("cache", |it| it.decorates::<dyn Store>().needs::<u8>()),
        ("orders", |it| it.needs::<dyn Store>().provides::<u8>()),
        ("sqlite", |it| it.provides::<dyn Store>()),
    ]);
    let errors = errors(decorated);
    insta::assert_snapshot!(errors, @r"
    the wiring has 1 problem
      modules depend on each other
        `cache` needs `u8` of `orders`
        `orders` gets `dyn Store` through `cache`, which closes the cycle
        hint: turn one of the needs into a contribution, or split a module
    ");
    insta::assert_snapshot!(errors.graph.to_dot(), @r##"
    digraph modules {
        rankdir=LR
        node [shape=box]
        "sqlite" [tooltip="0.0.0"]
        "cache" [tooltip="0.0.0", color="#cc0000", fontcolor="#cc0000", penwidth=3]
        "orders" [tooltip="0.0.0", color="#cc0000", fontcolor="#cc0000", penwidth=3]
        "cache" -> "orders" [label="needs u8"]
        "cache" -> "sqlite" [label="decorates dyn Store"]
        "orders" -> "cache" [label="through dyn Store"]
        "orders" -> "sqlite" [label="needs dyn Store"]
    }
    "##);
    let first = of(&[
        ("log", |it| it.starts_first().needs::<u8>()),
        ("settings", |it| it.provides::<u8>()),
    ]);
    insta::assert_snapshot!(report(first), @r"
    the wiring has 1 problem
      modules depend on each other
        `log` needs `u8` of `settings`
        `settings` starts after `log`, which closes the cycle
        hint: turn one of the needs into a contribution, or split a module
    ");
}

/// Shows a part of: R-034, R-044.
#[test]
fn ambiguous() {
    let app = of(&[
        ("both", |it| {
            it.provides_named::<dyn Store>("east")
                .provides_named::<dyn Store>("west")
        }),
        ("orders", |it| it.needs::<dyn Store>()),
    ]);
    insta::assert_snapshot!(report(app), @r"
    the wiring has 1 problem
      nothing decides which `dyn Store` `orders` gets: `dyn Store named east` of `both`, `dyn Store named west` of `both`
        hint: ask for one by name
    ");
}

/// Versions are semantic ones, of the core and of every module; a module that asks for a newer core
/// is refused, and then nothing at all is wired.
///
/// Proves: R-050.
#[test]
fn wrong_version() {
    let app = of(&[
        ("future", |it| it.minimum_core("99.0.0")),
        ("fits", |it| it.minimum_core(env!("CARGO_PKG_VERSION"))),
        ("older", |it| it.minimum_core("0.0.1")),
        ("vague", |it| it.minimum_core("1")),
        ("wordy", |it| it.version("one")),
    ]);
    insta::assert_snapshot!(report(app), @r#"
    the wiring has 3 problems
      `1` of `vague` is no version
        hint: write it as `1.2.3`; `env!("CARGO_PKG_VERSION")` is one
      `future` needs formwork-app 99.0.0 or newer, this is 0.1.0
        hint: update formwork-app
      `one` of `wordy` is no version
        hint: write it as `1.2.3`; `env!("CARGO_PKG_VERSION")` is one
    "#);

    let core = Version::parse(env!("CARGO_PKG_VERSION")).expect("Cargo says so");
    let (major, minor, patch) = (core.major, core.minor, core.patch);
    for (minimum, fits) in [
        (core.to_string(), true),
        (format!("{core}-rc.1"), true),
        (format!("{major}.{minor}.{}", patch + 1), false),
        (format!("{major}.{minor}.{}-rc.1", patch + 1), false),
        (format!("{major}.{}.0", minor + 1), false),
        // Not by its letters.
        (format!("{major}.{}0.0", minor + 1), false),
        (format!("{}.0.0", major + 1), false),
        ("0.0.99".to_owned(), true),
    ] {
        let journal = Journal::default();
        let wired = |name: &str| {
            let journal_of = journal.clone();
            let line = format!("wired {name}");
            module(name, &journal).wire(move |_| {
                journal_of.write(&line);
                Ok(())
            })
        };
        let asks = minimum.clone();
        let asking = wired("asking").declare(move |it| it.minimum_core(asks.clone()));
        let checked = app_of([wired("other"), asking]).check();
        assert_eq!(checked.is_ok(), fits, "{minimum}: {checked:?}");
        let lines = journal.of("wired").len();
        assert_eq!(lines, if fits { 2 } else { 0 }, "{minimum}");
    }
}

/// The order of registration does not show, not even in what is wrong.
///
/// Proves: R-034.
#[test]
fn all_together_in_any_order() {
    let mut modules: Vec<(&'static str, Described)> = vec![
        ("orders", |it| it.needs::<dyn Stores>().provides::<Routes>()),
        ("http", |it| it.needs::<Routes>()),
        ("sqlite", |it| it.provides::<dyn Store>()),
        ("postgres", |it| it.provides::<dyn Store>()),
        ("mail", |it| it.minimum_core("99.0.0")),
        ("a", |it| it.needs::<u8>().contributes::<u16>()),
        ("b", |it| it.collects::<u16>().provides::<u8>()),
        ("both", |it| {
            it.provides_named::<u32>("x").provides_named::<u32>("y")
        }),
        ("asks", |it| it.needs::<u32>()),
    ];
    let golden = report(of(&modules));
    insta::assert_snapshot!(golden, @r"
    the wiring has 5 problems
      `mail` needs formwork-app 99.0.0 or newer, this is 0.1.0
        hint: update formwork-app
      `dyn Store` is provided by `postgres` and `sqlite`
        hint: remove one, name them, or give one a higher priority
      nobody provides the `dyn Stores` that `orders` needs, which `http` needs
        hint: did you mean `dyn Store` of `postgres` or `dyn Store` of `sqlite`?
      nothing decides which `u32` `asks` gets: `u32 named x` of `both`, `u32 named y` of `both`
        hint: ask for one by name
      modules depend on each other
        `a` needs `u8` of `b`
        `b` collects `u16` from `a`, which closes the cycle
        hint: turn one of the needs into a contribution, or split a module
    ");
    for turn in 0..modules.len() {
        modules.rotate_left(1);
        if turn % 2 == 0 {
            modules.reverse();
        }
        assert_eq!(report(of(&modules)), golden);
    }
}
