//! Every mistake in the wiring at once, and who gets what.

use std::sync::Arc;

use formwork_app::{App, Declaration, Module, Provision, StartError, WireError};
use formwork_config::Config;
use formwork_domain::{Clock, Timestamp};

use crate::support::{Journal, Named, app, module, report, set};

trait Store: Send + Sync {
    fn owner(&self) -> &'static str;
}

struct Owned(&'static str);

impl Store for Owned {
    fn owner(&self) -> &'static str {
        self.0
    }
}

trait Stores: Send + Sync {}
struct Routes(&'static str);

/// Provides a `dyn Store` as described.
fn store(
    name: &'static str,
    journal: &Journal,
    provision: fn(Provision) -> Provision,
) -> impl Module {
    let described = provision(Provision::of::<dyn Store>());
    let named = format!("{described:?}").contains("Some(");
    module(name, journal)
        .declare(move |it| it.offers(described.clone()))
        .wire(move |wiring| {
            let store: Arc<dyn Store> = Arc::new(Owned(name));
            if named {
                wiring.provide_named(name, store)
            } else {
                wiring.provide(store)
            }
        })
}

/// Takes a `dyn Store` and writes down whose it is.
fn user(journal: &Journal) -> impl Module {
    let writer = journal.clone();
    module("user", journal)
        .declare(|it| it.needs::<dyn Store>())
        .wire(move |wiring| {
            writer.write(format!("got {}", wiring.get::<dyn Store>()?.owner()));
            Ok(())
        })
}

/// Missing providers with who needs the one that needs it, near misses, duplicates with their
/// owners, all in one run; the graph marks the modules that have a problem.
///
/// Shows a part of: R-034.
#[test]
fn every_problem_is_reported_in_one_run() {
    let journal = Journal::default();
    let app = app()
        .module(
            module("orders", &journal)
                .declare(|it| it.needs::<dyn Stores>().provides::<Routes>().version("one")),
        )
        .module(module("http", &journal).declare(|it| it.needs::<Routes>()))
        .module(module("admin", &journal).declare(|it| it.needs::<Routes>()))
        .module(store("sqlite", &journal, |it| it))
        .module(store("postgres", &journal, |it| it))
        .module(module("mail", &journal).declare(|it| it.minimum_core("99.0.0")))
        .module(module("mail", &journal))
        .module(module("a", &journal).declare(|it| it.needs::<u8>().contributes::<u16>()))
        .module(module("b", &journal).declare(|it| it.collects::<u16>().provides::<u8>()))
        .module(module("named", &journal).declare(|it| it.needs_named::<dyn Store>("east")))
        .module(module("first", &journal).declare(|it| it.config::<First>("same")))
        .module(module("second", &journal).declare(|it| it.config::<First>("same")))
        .module(module("own", &journal).declare(|it| it.config::<First>("app")))
        .override_module(module("nobody", &journal));
    let error = app.check().expect_err("there are problems");
    insta::assert_snapshot!(error, @r#"
    the wiring has 10 problems
      there is no module `nobody` to override
        hint: add it with `App::module`
      the name `mail` is taken by `it::support::Scripted` and `it::support::Scripted`
        hint: remove one, or replace it with `App::override_module`
      `mail` needs formwork-app 99.0.0 or newer, this is 0.1.0
        hint: update formwork-app
      `one` of `orders` is no version
        hint: write it as `1.2.3`; `env!("CARGO_PKG_VERSION")` is one
      the configuration under `app` belongs to `the application` and `own`
        hint: give each module its own prefix
      the configuration under `same` belongs to `first` and `second`
        hint: give each module its own prefix
      `dyn Store` is provided by `postgres` and `sqlite`
        hint: remove one, name them, or give one a higher priority
      nobody provides the `dyn Store named east` that `named` needs
        hint: did you mean `dyn Store` of `postgres` or `dyn Store` of `sqlite`?
      nobody provides the `dyn Stores` that `orders` needs, which `admin` needs
        hint: did you mean `dyn Store` of `postgres` or `dyn Store` of `sqlite`?
      modules depend on each other
        `a` needs `u8` of `b`
        `b` collects `u16` from `a`, which closes the cycle
        hint: turn one of the needs into a contribution, or split a module
    "#);
    let StartError::Wiring(errors) = error else {
        panic!("not a problem of the wiring: {error}");
    };
    let nodes = errors.graph.nodes.iter();
    let failed: Vec<_> = nodes
        .filter(|node| node.failed)
        .map(|node| node.name.as_str())
        .collect();
    insta::assert_snapshot!(failed.join(" "), @"first mail mail named orders own postgres second sqlite a b");
    assert!(
        journal.lines().is_empty(),
        "nothing is wired when the plan fails"
    );

    let unused = self::app().module(store("lonely", &journal, |it| it));
    let warnings = unused.check().expect("the wiring is fine").warnings;
    assert_eq!(
        warnings,
        ["nobody takes the `dyn Store` that `lonely` provides"]
    );
    let extra = self::app().module(store("extra", &journal, Provision::extra));
    let warnings = extra.check().expect("the wiring is fine").warnings;
    assert_eq!(warnings, Vec::<String>::new());
}

/// A section.
#[derive(Debug, Config)]
struct First {
    /// How large.
    #[config(default = 1)]
    #[expect(dead_code, reason = "it is only printed")]
    size: u32,
}

/// Another.
#[derive(Debug, Config)]
struct Second {}

/// The whole chain, the kind of each step, and the one that closes it.
///
/// Proves: R-003.
/// Shows a part of: R-034.
#[test]
fn cycles_are_found_before_anything_is_wired() {
    let journal = Journal::default();
    let app = app()
        .module(module("a", &journal).declare(|it| it.needs::<u16>().provides::<u8>()))
        .module(module("b", &journal).declare(|it| it.collects::<u32>().provides::<u16>()))
        .module(module("c", &journal).declare(|it| it.needs::<u8>().contributes::<u32>()))
        .module(module("d", &journal).declare(|it| it.needs::<u8>()));
    let error = app.check().expect_err("there is a cycle");
    insta::assert_snapshot!(error, @r"
    the wiring has 1 problem
      modules depend on each other
        `a` needs `u16` of `b`
        `b` collects `u32` from `c`
        `c` needs `u8` of `a`, which closes the cycle
        hint: turn one of the needs into a contribution, or split a module
    ");
    let StartError::Wiring(errors) = error else {
        panic!("not a problem of the wiring: {error}");
    };
    insta::assert_snapshot!(errors.graph.to_mermaid(), @r#"
    graph LR
        m0["a"]:::failed
        m1["b"]:::failed
        m2["c"]:::failed
        m3["d"]
        m0 -->|"needs u16"| m1
        m1 -->|"collects u32"| m2
        m2 -->|"needs u8"| m0
        m3 -->|"needs u8"| m0
        classDef failed stroke:#c00,stroke-width:3px
    "#);
    assert!(journal.lines().is_empty());
}

/// An optional need orders the modules when its provider is there, is no problem when it is not,
/// and never closes a cycle.
///
/// Proves: R-033.
#[test]
fn optional_needs_never_block() {
    let journal = Journal::default();
    let user = || {
        let writer = journal.clone();
        module("a-user", &journal)
            .declare(|it| it.wants::<dyn Store>().provides::<u8>())
            .wire(move |wiring| {
                let store = wiring.find::<dyn Store>();
                writer.write(format!("got {}", store.map_or("nothing", |it| it.owner())));
                wiring.provide(Arc::new(1_u8))
            })
    };
    app().module(user()).check().expect("the wiring is fine");
    assert_eq!(journal.of("got"), ["nothing"]);

    let both = app()
        .module(user())
        .module(store("store", &journal, |it| it));
    both.check().expect("the wiring is fine");
    assert_eq!(journal.of("wire")[1..], ["store", "a-user"]);
    assert_eq!(journal.of("got"), ["nothing", "store"]);

    let circle = app().module(user()).module(
        module("store", &journal)
            .declare(|it| it.needs::<u8>().provides::<dyn Store>())
            .wire(|wiring| wiring.provide::<dyn Store>(Arc::new(Owned("store")))),
    );
    let checked = circle.check().expect("the wiring is fine");
    assert_eq!(journal.of("got")[2], "nothing");
    insta::assert_snapshot!(checked.warnings.join("\n"), @r"
    `a-user` wants `dyn Store`, but its provider `store` starts later; it goes without
    nobody takes the `dyn Store` that `store` provides
    ");
}

/// The exact name, then the priority, then the earliest registration decides, which goes by the
/// names of the modules.
///
/// Proves: R-044.
#[test]
fn of_several_providers_one_is_chosen_by_rule() {
    let chosen = |modules: &dyn Fn(App, &Journal) -> App| {
        let journal = Journal::default();
        let app = modules(app(), &journal).module(user(&journal));
        app.check().expect("the wiring is fine");
        journal.of("got").concat()
    };
    let unnamed_beats_named = chosen(&|app, journal| {
        app.module(store("low", journal, |it| it))
            .module(store("high", journal, |it| it.named("high").priority(9)))
    });
    assert_eq!(unnamed_beats_named, "low");
    let higher_priority = chosen(&|app, journal| {
        app.module(store("low", journal, |it| it))
            .module(store("high", journal, |it| it.priority(1)))
    });
    assert_eq!(higher_priority, "high");
    let higher_of_named = chosen(&|app, journal| {
        app.module(store("low", journal, |it| it.named("low")))
            .module(store("high", journal, |it| it.named("high").priority(1)))
    });
    assert_eq!(higher_of_named, "high");
    let first_by_name = chosen(&|app, journal| {
        app.module(store("z", journal, |it| it.named("z")))
            .module(store("a", journal, |it| it.named("a")))
    });
    assert_eq!(first_by_name, "a");
}

/// Proves: R-044.
#[test]
fn what_nothing_decides_is_an_error_with_the_candidates() {
    let journal = Journal::default();
    let both = module("both", &journal).declare(|it| {
        it.provides_named::<dyn Store>("a")
            .provides_named::<dyn Store>("b")
    });
    let app = app().module(both).module(user(&journal));
    insta::assert_snapshot!(report(app), @r"
    the wiring has 1 problem
      nothing decides which `dyn Store` `user` gets: `dyn Store named a` of `both`, `dyn Store named b` of `both`
        hint: ask for one by name
    ");
}

/// A thousand boots, each with another order of registration, in cases that the exact name, the
/// priority and the earliest registration decide. The framework this one descends from looks
/// providers up in an unordered map and takes whichever comes first.
///
/// Proves: R-044.
#[test]
fn ambiguous_providers_are_not_picked_at_random() {
    type Provide = fn(Provision) -> Provision;
    let cases: [(&str, [Provide; 5]); 3] = [
        // The exact name, here none, and among those the priority.
        (
            "c",
            [
                |it| it.priority(1),
                |it| it.priority(2),
                |it| it.priority(5),
                |it| it.named("d").priority(9),
                |it| it.priority(-1),
            ],
        ),
        // Only the priority.
        (
            "d",
            [
                |it| it.named("a").priority(1),
                |it| it.named("b").priority(2),
                |it| it.named("c").priority(5),
                |it| it.named("d").priority(9),
                |it| it.named("e").priority(8),
            ],
        ),
        // Nothing but the earliest registration.
        (
            "b",
            [
                |it| it.named("a").priority(-1),
                |it| it.named("b"),
                |it| it.named("c"),
                |it| it.named("d"),
                |it| it.named("e"),
            ],
        ),
    ];
    let names = ["a", "b", "c", "d", "e"];
    for (expected, provisions) in cases {
        let mut order: Vec<usize> = (0..names.len()).collect();
        let mut seed = 7_usize;
        for _ in 0..1_000 {
            for index in (1..order.len()).rev() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                order.swap(index, (seed >> 33) % (index + 1));
            }
            let journal = Journal::default();
            let app = order.iter().fold(app().module(user(&journal)), |app, &it| {
                app.module(store(names[it], &journal, provisions[it]))
            });
            app.check().expect("the wiring is fine");
            assert_eq!(journal.of("got"), [expected], "{order:?}");
        }
    }
}

/// Who gets a provider only because of a name is told.
///
/// Shows a part of: R-044.
#[test]
fn a_choice_by_registration_alone_is_a_warning() {
    let journal = Journal::default();
    let app = app()
        .module(user(&journal))
        .module(store("west", &journal, |it| it.named("west")))
        .module(store("east", &journal, |it| it.named("east").extra()));
    let warnings = app.check().expect("the wiring is fine").warnings;
    insta::assert_snapshot!(warnings.join("\n"), @r"
    `user` needs `dyn Store`, which several provide under names; it gets that of `east`, the first by name: give a name or a priority
    nobody takes the `dyn Store named west` that `west` provides
    ");
}

/// A module that provides what it needs wraps the provider after it.
#[test]
fn a_module_wraps_the_provider_of_lower_priority() {
    struct Counting(Arc<dyn Store>);
    impl Store for Counting {
        fn owner(&self) -> &'static str {
            if self.0.owner() == "inner" {
                "wrapped"
            } else {
                "lost"
            }
        }
    }
    let journal = Journal::default();
    let wrapper = module("wrapper", &journal)
        .declare(|it| {
            it.needs::<dyn Store>()
                .offers(Provision::of::<dyn Store>().priority(1))
        })
        .wire(|wiring| {
            let inner = wiring.get::<dyn Store>()?;
            wiring.provide::<dyn Store>(Arc::new(Counting(inner)))
        });
    let app = app()
        .module(user(&journal))
        .module(wrapper)
        .module(store("inner", &journal, |it| it));
    app.check().expect("the wiring is fine");
    assert_eq!(journal.of("got"), ["wrapped"]);
}

/// Duplicates name both owners; an override is explicit.
///
/// Proves: R-036.
#[test]
fn duplicates_are_errors_unless_an_override_is_explicit() {
    let journal = Journal::default();
    let twice = app()
        .module(store("sqlite", &journal, |it| it))
        .module(store("memory", &journal, |it| it))
        .module(module("sqlite", &journal));
    insta::assert_snapshot!(report(twice), @r"
    the wiring has 2 problems
      the name `sqlite` is taken by `it::support::Scripted` and `it::support::Scripted`
        hint: remove one, or replace it with `App::override_module`
      `dyn Store` is provided by `memory` and `sqlite`
        hint: remove one, name them, or give one a higher priority
    ");
    assert!(journal.lines().is_empty(), "all or nothing");

    let overridden = app()
        .module(user(&journal))
        .module(store("sqlite", &journal, |it| it))
        .override_module(
            module("sqlite", &journal)
                .declare(|it| it.provides::<dyn Store>())
                .wire(|wiring| wiring.provide::<dyn Store>(Arc::new(Owned("double")))),
        );
    overridden.check().expect("the wiring is fine");
    assert_eq!(journal.of("got"), ["double"]);

    let before = self::app()
        .override_module(module("sqlite", &journal))
        .module(module("sqlite", &journal));
    before.check().expect("the order does not matter");
    let twice = self::app()
        .module(module("sqlite", &journal))
        .override_module(module("sqlite", &journal))
        .override_module(module("sqlite", &journal));
    insta::assert_snapshot!(report(twice), @r"
    the wiring has 1 problem
      the name `sqlite` is taken by `it::support::Scripted` and `it::support::Scripted`
        hint: remove one, or replace it with `App::override_module`
    ");
}

#[test]
fn mistakes_of_modules_while_wiring_are_gathered() {
    let journal = Journal::default();
    let app = app()
        .module(module("a-panics", &journal).wire(|_| panic!("oh no")))
        .module(module("b-undeclared", &journal).wire(|wiring| wiring.get::<u8>().map(|_| ())))
        .module(module("c-finds", &journal).wire(|wiring| {
            assert!(wiring.find::<u8>().is_none());
            Ok(())
        }))
        .module(module("d-collects", &journal).wire(|wiring| {
            assert!(wiring.all::<u8>().is_empty());
            Ok(())
        }))
        .module(module("e-provides", &journal).wire(|wiring| wiring.provide(Arc::new(1_u8))))
        .module(module("f-contributes", &journal).wire(|wiring| wiring.contribute(Arc::new(1_u8))))
        .module(module("g-forgets", &journal).declare(|it| it.provides::<u16>()))
        .module(
            module("h-depends", &journal)
                .declare(|it| it.needs::<u16>())
                .wire(|wiring| wiring.get::<u16>().map(|_| ())),
        )
        .module(
            module("i-twice", &journal)
                .declare(|it| it.provides::<u32>())
                .wire(|wiring| {
                    wiring.provide(Arc::new(1_u32))?;
                    wiring.provide(Arc::new(2_u32))
                }),
        )
        .module(module("j-config", &journal).wire(|wiring| wiring.config::<First>().map(|_| ())))
        .module(module("k-own", &journal).wire(|_| {
            let cause = std::io::Error::other("not a directory");
            let error = formwork_app::Error::config("cannot use `data`").because(cause);
            Err(WireError::from(error))
        }));
    insta::assert_snapshot!(report(app), @r"
    the wiring has 10 problems
      `a-panics` could not be wired: panicked: oh no
      `b-undeclared` could not be wired: asks for `u8` without declaring that it needs it
      `c-finds` could not be wired: asks for `u8` without declaring that it needs it
      `d-collects` could not be wired: asks for `u8` without declaring that it needs it
      `e-provides` could not be wired: hands over `u8` without declaring that it provides it
      `f-contributes` could not be wired: hands over `u8` without declaring that it provides it
      `g-forgets` could not be wired: declares that it provides `u16` and does not hand it over
      `i-twice` could not be wired: hands over `u32` twice
      `j-config` could not be wired: reads its configuration as `it::wiring::First`, which is not what it declared
      `k-own` could not be wired: cannot use `data`: not a directory
    ");
}

/// A module has one struct, which it gets as the type it declared and as no other; several are a
/// problem of the wiring.
///
/// Proves: R-006.
#[test]
fn a_module_has_one_typed_struct() {
    let journal = Journal::default();
    let writer = journal.clone();
    let typed = module("typed", &journal)
        .declare(|it| it.config::<First>("typed"))
        .wire(move |wiring| {
            let config: First = wiring.config()?;
            let live = wiring.live::<First>()?.load();
            writer.write(format!("got {config:?} {live:?}"));
            let other = wiring.config::<Second>().map(drop);
            let error = other.expect_err("it is another type");
            writer.write(format!("refused {error}"));
            Ok(())
        });
    let bare = module("bare", &journal).wire(|wiring| {
        assert!(wiring.config::<First>().is_err(), "it declared none");
        Ok(())
    });
    let both = set(app().module(typed).module(bare), "typed.size", "7");
    both.check().expect("all is well");
    assert_eq!(journal.of("got"), ["First { size: 7 } First { size: 7 }"]);
    assert_eq!(
        journal.of("refused"),
        ["reads its configuration as `it::wiring::Second`, which is not what it declared"]
    );

    let several =
        module("several", &journal).declare(|it| it.config::<First>("one").config::<Second>("two"));
    insta::assert_snapshot!(report(app().module(several)), @r"
    the wiring has 1 problem
      `several` declares several structs of configuration, under `one` and `two`
        hint: declare one, with the others as structs within it, or split the module
    ");
}

#[test]
fn contributions_come_in_the_order_of_the_modules() {
    let journal = Journal::default();
    let contributor = |name: &'static str| {
        module(name, &journal)
            .declare(|it| it.contributes::<Routes>())
            .wire(move |wiring| {
                wiring.contribute(Arc::new(Routes(name)))?;
                wiring.contribute(Arc::new(Routes("more")))
            })
    };
    let writer = journal.clone();
    let collector = module("a-collector", &journal)
        .declare(|it| it.collects::<Routes>())
        .wire(move |wiring| {
            let routes = wiring.all::<Routes>();
            let names: Vec<_> = routes.iter().map(|routes| routes.0).collect();
            writer.write(format!("got {}", names.join(" ")));
            Ok(())
        });
    let app = app()
        .module(contributor("z"))
        .module(collector)
        .module(contributor("b"));
    app.check().expect("the wiring is fine");
    assert_eq!(journal.of("got"), ["b more z more"]);
}

#[test]
fn the_application_provides_a_clock_that_tests_replace() {
    struct Stopped;
    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(42)
        }
    }
    let journal = Journal::default();
    let user = || {
        let writer = journal.clone();
        module("user", &journal)
            .declare(|it| it.needs::<dyn Clock>())
            .wire(move |wiring| {
                let now = wiring.get::<dyn Clock>()?.now();
                writer.write(format!("got {}", now.as_micros() == 42));
                Ok(())
            })
    };
    app().module(user()).check().expect("the wiring is fine");
    let app = app().provide::<dyn Clock>(Arc::new(Stopped)).module(user());
    app.check().expect("the wiring is fine");
    assert_eq!(journal.of("got"), ["false", "true"]);
}

/// By concrete type, by trait, and by trait and name; from outside as from within. After wiring,
/// any thread looks up what never changes again.
///
/// Proves: R-004.
#[tokio::test]
async fn services_are_found_by_type_and_by_name() {
    let journal = Journal::default();
    let provider = module("provider", &journal)
        .declare(|it: Declaration| {
            it.provides::<Owned>()
                .provides::<dyn Store>()
                .provides_named::<dyn Named>("east")
                .provides_named::<dyn Named>("west")
        })
        .wire(|wiring| {
            wiring.provide(Arc::new(Owned("concrete")))?;
            wiring.provide::<dyn Store>(Arc::new(Owned("trait")))?;
            wiring.provide_named::<dyn Named>("east", Arc::new("e".to_owned()))?;
            wiring.provide_named::<dyn Named>("west", Arc::new("w".to_owned()))
        });
    let writer = journal.clone();
    let user = module("user", &journal)
        .declare(|it| it.needs::<Owned>().needs_named::<dyn Named>("west"))
        .wire(move |wiring| {
            let owned = wiring.get::<Owned>()?;
            let west = wiring.get_named::<dyn Named>("west")?;
            writer.write(format!("got {} {}", owned.0, west.name()));
            assert!(
                wiring.get_named::<dyn Named>("east").is_err(),
                "it is not declared"
            );
            Ok(())
        });
    let running = app().module(user).module(provider).start().await;
    let running = running.expect("the application starts");
    assert_eq!(journal.of("got"), ["concrete w"]);
    assert_eq!(
        running.get::<dyn Store>().expect("there is one").owner(),
        "trait"
    );
    let east = running
        .get_named::<dyn Named>("east")
        .expect("there is one");
    assert_eq!(east.name(), "e");
    assert!(
        running.get::<dyn Named>().is_err(),
        "nothing decides between two names"
    );
    assert!(running.get::<Routes>().is_err());
    let services = running.services().clone();
    std::thread::scope(|scope| {
        let look_up = || {
            let one = services.get::<dyn Store>().expect("there is one");
            let borrowed = services.borrow::<dyn Store>().expect("there is one");
            assert!(Arc::ptr_eq(&one, borrowed));
            borrowed.owner()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(look_up)).collect();
        for thread in threads {
            assert_eq!(thread.join().expect("no panic"), "trait");
        }
    });
    running.stop().await.expect("the application stops");
}

#[test]
fn a_check_reports_configuration_and_wiring_together() {
    let journal = Journal::default();
    let app = set(app(), "app.drain-timeout", "soon")
        .module(module("a", &journal).declare(|it| it.needs::<u8>()));
    insta::assert_snapshot!(report(app), @r"
    the configuration has 1 mistake
      set by the program: `app.drain-timeout` expected a time span such as `250ms`, `30s` or `5m`, found `soon`
    the wiring has 1 problem
      nobody provides the `u8` that `a` needs
        hint: add a module that provides it
    ");
}

/// A name stands in graphs, metrics and log lines; one with an `@` would pass for an instance.
#[test]
fn names_of_modules_are_in_kebab_case() {
    let journal = Journal::default();
    let names = [
        "",
        "Store",
        "a b",
        "a\n\"]; end",
        "store@east",
        "store_2",
        "lager-ö",
    ];
    let app = names
        .iter()
        .fold(app(), |app, name| app.module(module(name, &journal)));
    let app = app
        .module(module("store-2", &journal))
        .instance("east", module("store", &journal));
    insta::assert_snapshot!(report(app), @r#"
    the wiring has 8 problems
      the name `store@east` is taken by `it::support::Scripted` and `it::support::Scripted`
        hint: remove one, or replace it with `App::override_module`
      the name `Store` is not in kebab-case
        hint: use lower-case letters, digits and hyphens, as in `reports`
      the name `` is not in kebab-case
        hint: use lower-case letters, digits and hyphens, as in `reports`
      the name `a b` is not in kebab-case
        hint: use lower-case letters, digits and hyphens, as in `reports`
      the name `a\n\"]; end` is not in kebab-case
        hint: use lower-case letters, digits and hyphens, as in `reports`
      the name `lager-ö` is not in kebab-case
        hint: use lower-case letters, digits and hyphens, as in `reports`
      the name `store@east` is not in kebab-case
        hint: use lower-case letters, digits and hyphens, as in `reports`
      the name `store_2` is not in kebab-case
        hint: use lower-case letters, digits and hyphens, as in `reports`
    "#);
}

/// Ten thousand modules, each of which needs the one before: the stack does not grow with the chain.
#[test]
fn ten_thousand_modules_in_a_chain() {
    let journal = Journal::default();
    let name = |index: usize| format!("m{index:05}");
    let chain = (0..10_000).map(|index| {
        let needs: Vec<_> = (index > 0).then(|| name(index - 1)).into_iter().collect();
        crate::support::link(&name(index), &needs, &journal)
    });
    let checked = chain
        .fold(app(), App::module)
        .check()
        .expect("the wiring is fine");
    assert_eq!(journal.of("wire").len(), 10_000);
    assert_eq!(journal.of("wire")[9_999], name(9_999));
    assert!(checked.warnings.len() <= 1, "{:?}", checked.warnings);
}
