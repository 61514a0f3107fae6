//! Modules and services wrapped by others, and in which order.

use std::sync::Arc;

use formwork_app::{
    App, Context, Declaration, Error, Module, ModuleDecorator, StartError, WireError, Wiring,
};
use formwork_domain::{BoxFuture, Clock, Timestamp};

use crate::support::{Journal, Scripted, app, module, report};

trait Greeter: Send + Sync {
    fn greet(&self) -> String;
}

struct Plain(&'static str);

impl Greeter for Plain {
    fn greet(&self) -> String {
        self.0.to_owned()
    }
}

struct Wrapped(&'static str, Arc<dyn Greeter>);

impl Greeter for Wrapped {
    fn greet(&self) -> String {
        format!("{}({})", self.0, self.1.greet())
    }
}

fn provider(journal: &Journal) -> Scripted {
    module("provider", journal)
        .declare(|it| {
            it.provides::<dyn Greeter>()
                .provides_named::<dyn Greeter>("loud")
        })
        .wire(|wiring| {
            wiring.provide::<dyn Greeter>(Arc::new(Plain("hello")))?;
            wiring.provide_named::<dyn Greeter>("loud", Arc::new(Plain("HELLO")))
        })
}

fn decorator(name: &'static str, priority: i32, journal: &Journal) -> Scripted {
    module(name, journal)
        .declare(move |it| it.decorates_at::<dyn Greeter>(priority))
        .wire(move |wiring| {
            wiring.decorate::<dyn Greeter>(move |inner| Arc::new(Wrapped(name, inner)))
        })
}

/// Needs both and writes down what it got. Sorted before all others by its name.
fn user(journal: &Journal) -> Scripted {
    let writer = journal.clone();
    module("a-user", journal)
        .declare(|it| it.needs::<dyn Greeter>().needs_named::<dyn Greeter>("loud"))
        .wire(move |wiring| {
            let greeter = wiring.get::<dyn Greeter>()?;
            let loud = wiring.get_named::<dyn Greeter>("loud")?;
            writer.write(format!("got {} {}", greeter.greet(), loud.greet()));
            Ok(())
        })
}

/// Every order of three things.
const ORDERS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
];

/// Consumers get what the outermost decorator made, of every name; the first registered is the
/// innermost, in every order of registration of three.
///
/// Proves: R-018, R-019.
#[tokio::test]
async fn services_are_decorated_in_the_order_of_registration() {
    for order in ORDERS {
        let journal = Journal::default();
        let names = ["logging", "tenancy", "zeal"];
        let app = order.iter().fold(app().module(user(&journal)), |app, &it| {
            app.module(decorator(names[it], 0, &journal))
        });
        let app = app.module(provider(&journal));
        let running = app.start().await.expect("the application starts");
        let [inner, middle, outer] = order.map(|it| names[it]);
        let wrapped = |word: &str| format!("{outer}({middle}({inner}({word})))");
        assert_eq!(
            journal.of("got"),
            [format!("{} {}", wrapped("hello"), wrapped("HELLO"))]
        );
        let outside = running.get::<dyn Greeter>().expect("there is one");
        assert_eq!(outside.greet(), wrapped("hello"));
        let modules = running.modules();
        let provider = modules.iter().find(|module| module.name == "provider");
        let services = &provider.expect("it is there").services;
        assert_eq!(services[0].decorated_by, [inner, middle, outer]);
        running.stop().await.expect("the application stops");
    }
}

/// Proves: R-019.
#[test]
fn an_explicit_priority_changes_the_order_of_decorators() {
    for order in ORDERS {
        let journal = Journal::default();
        let decorators = [("logging", 9), ("tenancy", -1), ("zeal", 5)];
        let app = order.iter().fold(app().module(user(&journal)), |app, &it| {
            let (name, priority) = decorators[it];
            app.module(decorator(name, priority, &journal))
        });
        let app = app.module(provider(&journal));
        app.check().expect("the wiring is fine");
        assert_eq!(
            journal.of("got"),
            ["logging(zeal(tenancy(hello))) logging(zeal(tenancy(HELLO)))"]
        );
    }
}

/// Contributions are decorated too, one by one; a decorator's own are left alone.
///
/// Shows a part of: R-018.
#[test]
fn contributions_are_decorated() {
    let journal = Journal::default();
    let contributor = |name: &'static str| {
        module(name, &journal)
            .declare(|it| it.contributes::<dyn Greeter>())
            .wire(move |wiring| wiring.contribute::<dyn Greeter>(Arc::new(Plain(name))))
    };
    let decorator = module("decorator", &journal)
        .declare(|it| it.decorates::<dyn Greeter>().contributes::<dyn Greeter>())
        .wire(|wiring| {
            wiring.contribute::<dyn Greeter>(Arc::new(Plain("own")))?;
            wiring.decorate::<dyn Greeter>(|inner| Arc::new(Wrapped("wrapped", inner)))
        });
    let writer = journal.clone();
    let collector = module("a-collector", &journal)
        .declare(|it| it.collects::<dyn Greeter>())
        .wire(move |wiring| {
            let all = wiring.all::<dyn Greeter>();
            let words: Vec<_> = all.iter().map(|greeter| greeter.greet()).collect();
            writer.write(format!("got {}", words.join(" ")));
            Ok(())
        });
    let app = app()
        .module(collector)
        .module(decorator)
        .module(contributor("one"))
        .module(contributor("two"));
    app.check().expect("the wiring is fine");
    assert_eq!(journal.of("got"), ["wrapped(one) wrapped(two) own"]);
}

/// What the application itself provides, here its clock.
#[test]
fn services_of_the_application_are_decorated() {
    struct Late(Arc<dyn Clock>);
    impl Clock for Late {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.now().as_micros() + 1)
        }
    }
    struct Stopped;
    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(42)
        }
    }
    let journal = Journal::default();
    let writer = journal.clone();
    let user = module("a-user", &journal)
        .declare(|it| it.wants::<dyn Clock>())
        .wire(move |wiring| {
            let clock = wiring.find::<dyn Clock>().expect("there is one");
            writer.write(format!("got {}", clock.now().as_micros()));
            Ok(())
        });
    let late = module("late", &journal)
        .declare(|it| it.decorates::<dyn Clock>())
        .wire(|wiring| wiring.decorate::<dyn Clock>(|inner| Arc::new(Late(inner))));
    let app = app()
        .provide::<dyn Clock>(Arc::new(Stopped))
        .module(user)
        .module(late);
    app.check().expect("the wiring is fine");
    assert_eq!(journal.of("got"), ["43"]);
}

/// Shows a part of: R-034.
#[test]
fn mistakes_of_decorators_are_reported() {
    let journal = Journal::default();
    let app = app()
        .module(provider(&journal))
        .module(module("forgets", &journal).declare(|it| it.decorates::<dyn Greeter>()))
        .module(
            module("twice", &journal)
                .declare(|it| it.decorates::<dyn Greeter>())
                .wire(|wiring| {
                    wiring.decorate::<dyn Greeter>(|inner| inner)?;
                    wiring.decorate::<dyn Greeter>(|inner| inner)
                }),
        )
        .module(
            module("undeclared", &journal)
                .wire(|wiring| wiring.decorate::<dyn Greeter>(|inner| inner)),
        )
        .module(
            module("panics", &journal)
                .declare(|it| it.decorates::<dyn Clock>())
                .wire(|wiring| wiring.decorate::<dyn Clock>(|_| panic!("oh no"))),
        );
    insta::assert_snapshot!(report(app), @r"
    the wiring has 4 problems
      `undeclared` could not be wired: decorates `dyn Greeter` without declaring it
      `forgets` could not be wired: declares that it decorates `dyn Greeter` and does not
      `twice` could not be wired: decorates `dyn Greeter` twice
      `panics` could not be wired: panicked: oh no
    ");
    let nobody = self::app().decorate_module("nobody", Transparent);
    insta::assert_snapshot!(report(nobody), @r"
    the wiring has 1 problem
      there is no module `nobody` to decorate
        hint: add it with `App::module`
    ");
    let idle = self::app().module(decorator("idle", 0, &journal));
    let warnings = idle.check().expect("the wiring is fine").warnings;
    assert_eq!(
        warnings,
        ["nobody provides the `dyn Greeter` that `idle` decorates"]
    );
}

/// Writes down every call it hands on.
struct Verbs(&'static str, Journal, i32);

impl Verbs {
    fn write(&self, verb: &str, module: &str) {
        self.1.write(format!("{} {verb} {module}", self.0));
    }
}

impl ModuleDecorator for Verbs {
    fn priority(&self) -> i32 {
        self.2
    }

    fn start<'a>(
        &'a mut self,
        inner: &'a mut dyn Module,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.write("start", context.module());
        inner.start(context)
    }
}

/// A decorator that implements nothing.
struct Transparent;

impl ModuleDecorator for Transparent {}

/// Whatever a decorator does not implement reaches the module: declaration, wiring, start, drain,
/// stop, with their errors.
///
/// Proves: R-018.
#[tokio::test]
async fn a_module_decorator_hides_nothing() {
    let boot = |decorate: fn(App) -> App| async move {
        let journal = Journal::default();
        let app = decorate(
            app()
                .module(user(&journal))
                .module(provider(&journal))
                .module(decorator("logging", 0, &journal)),
        );
        let running = app.start().await.expect("the application starts");
        let modules = format!("{:?}", running.graph());
        running.stop().await.expect("the application stops");
        (journal.lines(), modules)
    };
    let bare = boot(|app| app).await;
    let wrapped = boot(|app| {
        app.decorate_modules(|_| Some(Transparent))
            .decorate_module("provider", Transparent)
    })
    .await;
    assert_eq!(bare, wrapped);
    for verb in ["wire", "start", "drain", "stop"] {
        assert!(bare.0.iter().any(|line| line.starts_with(verb)), "{verb}");
    }

    let journal = Journal::default();
    let failing = module("failing", &journal).start(crate::support::Act::Fail);
    let app = app()
        .module(failing)
        .decorate_modules(|_| Some(Transparent));
    let error = app.start().await.expect_err("it cannot start");
    assert!(matches!(error, StartError::Modules(_)), "{error}");
    insta::assert_snapshot!(error, @"module `failing` could not start: could not open the store: disk full");
}

/// The one registered last is called first, unless a priority says otherwise.
///
/// Proves: R-019.
#[tokio::test]
async fn modules_are_decorated_in_the_order_of_registration() {
    let boot = |order: [usize; 3], priorities: [i32; 3]| async move {
        let journal = Journal::default();
        let names = ["logging", "tenancy", "zeal"];
        let app = order
            .iter()
            .fold(app().module(module("orders", &journal)), |app, &it| {
                let (journal, name) = (journal.clone(), names[it]);
                let make = move || Verbs(name, journal.clone(), priorities[it]);
                // For one module as for all of them.
                if it == 1 {
                    app.decorate_module("orders", make())
                } else {
                    app.decorate_modules(move |_| Some(make()))
                }
            });
        let running = app.start().await.expect("the application starts");
        running.stop().await.expect("the application stops");
        let lines = journal.lines();
        let words = lines
            .iter()
            .filter_map(|line| line.strip_suffix(" start orders"));
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let names = ["logging", "tenancy", "zeal"];
    for order in ORDERS {
        let mut registered = order.map(|it| names[it]);
        registered.reverse();
        assert_eq!(boot(order, [0, 0, 0]).await, registered);
        assert_eq!(
            boot(order, [9, -1, 5]).await,
            ["logging", "zeal", "tenancy"]
        );
    }
}

/// A decorator may add needs, and may not rename.
#[test]
fn a_decorator_of_modules_may_add_needs() {
    struct Needs;
    impl ModuleDecorator for Needs {
        fn declare(&self, inner: &dyn Module) -> Declaration {
            inner.declare().needs::<dyn Clock>()
        }

        fn wire(
            &mut self,
            inner: &mut dyn Module,
            wiring: &mut Wiring<'_>,
        ) -> Result<(), WireError> {
            wiring.get::<dyn Clock>()?;
            inner.wire(wiring)
        }
    }
    struct Renames;
    impl ModuleDecorator for Renames {
        fn declare(&self, _inner: &dyn Module) -> Declaration {
            Declaration::new("other")
        }
    }
    let journal = Journal::default();
    let needs = app()
        .module(module("orders", &journal))
        .decorate_modules(|_| Some(Needs));
    needs.check().expect("the wiring is fine");
    assert_eq!(journal.of("wire"), ["orders"]);
    let renames = app()
        .module(module("orders", &journal))
        .decorate_module("orders", Renames);
    insta::assert_snapshot!(report(renames), @r"
    the wiring has 1 problem
      `orders` could not be wired: is called `other` by one of its decorators
    ");
}
