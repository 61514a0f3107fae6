//! Rust.

use insta::assert_snapshot;

fn merged(base: &str, ours: &str, theirs: &str) -> String {
    crate::merged("src/main.rs", base, ours, theirs)
}

const APP: &str = r#"//! What the service is made of.

use formwork_app::{App, ServiceInfo};
use formwork_http::HttpModule;

use crate::{modules, own};

/// Adds every module the service is made of.
pub fn assemble(app: App) -> App {
    let app = app
        .module(LogModule::new())
        .module(modules::Persistence)
        .module(HttpModule::new());
    own::assemble(app)
}
"#;

/// Shows a part of: C-32.
#[test]
fn both_sides_add_an_import_and_a_module() {
    let ours = APP
        .replace(
            "use formwork_http::HttpModule;\n",
            "use formwork_http::HttpModule;\nuse formwork_nats::NatsModule;\n",
        )
        .replace(
            "        .module(HttpModule",
            "        .module(NatsModule::new())\n        .module(HttpModule",
        );
    let theirs = APP
        .replace(
            "use formwork_http::HttpModule;\n",
            "use formwork_http::{HttpModule, Limits};\nuse mine::Audit;\n",
        )
        .replace(
            "        .module(HttpModule",
            "        // Who did what.\n        .module(Audit::new())\n        .module(HttpModule",
        )
        .replace(
            "    own::assemble",
            "    tracing::info!(\"assembled\");\n    own::assemble",
        );
    assert_snapshot!(merged(APP, &ours, &theirs));
}

/// Shows a part of: C-32.
#[test]
fn names_of_one_import_are_merged() {
    let merged = |base: &str, ours: &str, theirs: &str| {
        merged(
            &format!("{base}\n"),
            &format!("{ours}\n"),
            &format!("{theirs}\n"),
        )
    };
    assert_snapshot!(merged("use a::{B, C};", "use a::{B, C, D};", "use a::{B, C, E};"), @"use a::{B, C, D, E};");
    assert_snapshot!(merged("use a::B;", "use a::{B, D};", "use a::{B, E};"), @"use a::{B, D, E};");
    assert_snapshot!(merged("use a::{B, C};", "use a::B;", "use a::{B, C, E};"), @"use a::{B, E};");
    assert_snapshot!(merged("use a::{B, C};", "use a::B;", "use a::C;"), @"use a::{};");
    assert_snapshot!(merged("use a::{b::{C}, D};", "use a::{b::{C, E}, D};", "use a::{b::{C, F}, D, G};"), @"use a::{b::{C, E, F}, D, G};");
    assert_snapshot!(merged("use a::{B, C};", "use a::{B, C, D};", "use a::{\n    B,\n    C,\n    // Mine.\n    E,\n};"), @r"
        use a::{
            B,
            C,
            D,
            // Mine.
            E,
        };
        ");
}

const ENUM: &str = "
/// An error.
#[derive(Debug, Clone)]
pub enum Error {
    /// Not there.
    Missing { id: u64 },
    Taken(String),
}

impl Error {
    fn status(&self) -> u16 {
        match self {
            Self::Missing { .. } => 404,
            Self::Taken(_) => {
                log();
                409
            }
        }
    }
}
";

/// Shows a part of: C-32.
#[test]
fn variants_arms_and_attributes_are_merged() {
    let ours = ENUM
        .replace("Debug, Clone", "Debug, Clone, PartialEq")
        .replace(
            "    Taken(String),\n",
            "    Taken(String),\n    /// Too late.\n    Stale,\n",
        )
        .replace(
            "                409\n            }\n",
            "                409\n            }\n            Self::Stale => 412,\n",
        );
    let theirs = ENUM
        .replace("Debug, Clone", "Debug, Clone, Eq")
        .replace("#[derive", "#[non_exhaustive]\n#[derive")
        .replace(
            "    Taken(String),\n",
            "    Taken(String),\n    Mine(u8),\n",
        )
        .replace("404", "410")
        .replace(
            "                409\n            }\n",
            "                409\n            }\n            Self::Mine(code) => 500 + code,\n",
        )
        .replace("log();", "log();\n                count();");
    assert_snapshot!(merged(ENUM, &ours, &theirs));
}

/// Shows a part of: C-32.
#[test]
fn formatting_is_no_edit() {
    let base = "fn a() {\n    let x = call(1, 2);\n    done(x);\n}\n\nfn b() {}\n";
    // We change what the owner only formatted.
    let ours = base.replace("done(x)", "done(x + 1)");
    let theirs = "fn a()\n{\n  let x = call(\n    1,\n    2,\n  );\n  done(x);\n}\nfn b() { }\n";
    assert_snapshot!(merged(base, &ours, theirs), @r"
        fn a()
        {
          let x = call(
            1,
            2,
          );
          done(x + 1);
        }
        fn b() { }
        ");
    // We format what the owner changed.
    let ours = base.replace("fn b() {}", "fn b() {\n}");
    let theirs = base.replace("fn b() {}", "fn b() {\n    mine();\n}");
    assert_eq!(merged(base, &ours, &theirs), theirs);
}

/// Shows a part of: C-32, C-33.
#[test]
fn an_owner_may_move_and_comment() {
    let base = "/// One.\nfn one() {\n    a();\n}\n\nfn two() {\n    b();\n}\n\nfn three() {}\n";
    let ours = base.replace("b();", "b();\n    c();");
    let theirs = "/// One.\n/// And only.\nfn one() {\n    a(); // why\n}\n\nfn three() {}\n\n// Mine now.\nfn two() {\n    b();\n}\n";
    assert_snapshot!(merged(base, &ours, theirs), @r"
        /// One.
        /// And only.
        fn one() {
            a(); // why
        }

        fn three() {}

        // Mine now.
        fn two() {
            b();
            c();
        }
        ");
}

/// Shows a part of: C-32.
#[test]
fn a_renamed_function_follows() {
    let base = "fn place(order: Order) -> Result<(), Error> {\n    let total = order.total();\n    check(total)?;\n    store(order)\n}\n";
    let ours = base.replace("check(total)?;", "check(total)?;\n    audit(total);");
    let theirs = base.replace("fn place", "fn place_order");
    assert_snapshot!(merged(base, &ours, &theirs), @r"
        fn place_order(order: Order) -> Result<(), Error> {
            let total = order.total();
            check(total)?;
            audit(total);
            store(order)
        }
        ");
}

/// Shows a part of: C-32.
#[test]
fn conflicts_are_as_small_as_they_can_be() {
    let base = "fn a() {\n    one();\n    let limit = 5;\n    two();\n}\n\nfn b() {}\n";
    let ours = base
        .replace("= 5", "= 10")
        .replace("fn b() {}", "fn b() {}\n\nfn c() {}");
    let theirs = base
        .replace("= 5", "= 7")
        .replace("two();", "two();\n    three();");
    assert_snapshot!(merged(base, &ours, &theirs), @r"
        fn a() {
            one();
        <<<<<<< generated now
            let limit = 10;
        ||||||| generated before
            let limit = 5;
        =======
            let limit = 7;
        >>>>>>> yours
            two();
            three();
        }

        fn b() {}

        fn c() {}
        ! lines 3–9: both sides changed this (`fn a › let limit`)
        ");
}

/// Shows a part of: C-32.
#[test]
fn what_one_side_deleted_and_the_other_changed_is_a_conflict() {
    let base = "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n";
    let ours = base.replace("two();", "two(2);");
    let theirs = "fn a() {\n    one();\n}\n";
    assert_snapshot!(merged(base, &ours, theirs), @r"
        fn a() {
            one();
        }
        <<<<<<< generated now

        fn b() {
            two(2);
        }
        ||||||| generated before

        fn b() {
            two();
        }
        =======
        >>>>>>> yours
        ! lines 4–15: you deleted what is now generated differently (`fn b`)
        ");
    assert_snapshot!(merged(base, theirs, &ours), @r"
        fn a() {
            one();
        }
        <<<<<<< generated now
        ||||||| generated before

        fn b() {
            two();
        }
        =======

        fn b() {
            two(2);
        }
        >>>>>>> yours
        ! lines 4–15: you changed what is no longer generated (`fn b`)
        ");
}

/// Shows a part of: C-32.
#[test]
fn both_sides_add_one_name() {
    let base = "struct A {\n    a: u8,\n}\n";
    let ours = "struct A {\n    a: u8,\n    b: u8,\n}\n\nfn c() {\n    ours();\n}\n";
    assert_eq!(
        merged(base, ours, &ours.replace("    b: u8,", "    b:u8,")),
        ours.replace("    b: u8,", "    b:u8,")
    );
    assert_snapshot!(merged(base, ours, "struct A {\n    a: u8,\n    b: u16,\n}\n\nfn c() {\n    mine();\n}\n"), @r"
        struct A {
            a: u8,
        <<<<<<< generated now
            b: u8,
        ||||||| generated before
        =======
            b: u16,
        >>>>>>> yours
        }
        <<<<<<< generated now

        fn c() {
            ours();
        }
        ||||||| generated before
        =======

        fn c() {
            mine();
        }
        >>>>>>> yours
        ! lines 3–8: both sides added something different here (`struct A › b`)
        ! lines 10–21: both sides added something different here (`fn c`)
        ");
}

/// Shows a part of: C-32.
#[test]
fn what_is_no_rust_is_merged_by_lines() {
    assert_eq!(
        merged("fn a( {\nb\nc\n", "fn a( {\nB\nc\n", "fn a( {\nb\nc\nd\n"),
        "fn a( {\nB\nc\nd\n"
    );
}
