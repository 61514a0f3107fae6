//! From a plan to a tree.

use formwork_generate::{Class, RuntimeSources, compose};

use crate::toy::{Pack, lines, model, plan, project, text};

#[test]
fn templates_see_project_features_model_and_wiring() {
    let pack = Pack::new()
        .feature(
            "core",
            "[[capabilities]]\nid = \"database\"\ncardinality = \"at-most-one\"\n\
             [[wiring]]\nslot = \"app\"\norder = 20\ncode = \"second\"\n",
        )
        .file(
            "core",
            "files/summary.txt.j2",
            "{% import \"core/words.j2\" as words %}\n\
             {{ project.name }} {{ project.snake }} {{ project.title }} {{ tier }}\n\
             {{ feature.id }} {{ feature.version }} {{ features.sqlite.options.mode }}\n\
             {{ has(\"sqlite\") }} {{ has(\"postgres\") }} {{ provider(\"database\") }}\n\
             {% for line in wiring(\"app\") %}\n\
             {{ line.order }} {{ line.code }} of {{ line.feature }}\n\
             {% endfor %}\n\
             {% for aggregate in model.aggregates %}\n\
             {{ words.shout(aggregate.name) }} {{ aggregate.name|pascal }} {{ aggregate.name|rust_str }}\n\
             {% endfor %}\n",
        )
        .file("core", "macros/words.j2", "{% macro shout(word) %}{{ word|screaming }}!{% endmacro %}\n")
        .feature(
            "sqlite",
            "[[provides]]\ncapability = \"database\"\nversion = \"1.0.0\"\n\
             [[options]]\nkey = \"mode\"\ntype = \"choice\"\nprompt = \"Mode?\"\nchoices = [\"wal\", \"off\"]\ndefault = \"wal\"\n\
             [[wiring]]\nslot = \"app\"\norder = 10\ncode = \"first\"\n\
             [[wiring]]\nslot = \"app\"\norder = 20\ncode = \"third\"\n",
        );
    assert_eq!(
        pack.text("summary.txt"),
        "shop shop Shop basic\n\
         core 1.0.0 wal\n\
         true false sqlite\n\
         10 first of sqlite\n\
         20 second of core\n\
         20 third of sqlite\n\
         ORDER! Order \"order\"\n\
         STOCK_ITEM! StockItem \"stock-item\"\n"
    );
}

#[test]
fn files_are_rendered_copied_left_out_or_made_once_per_aggregate() {
    let pack = Pack::new()
        .feature("core", "")
        .file("core", "files/copied.txt", "{{ not a template }}")
        .file(
            "core",
            "files/empty.txt.j2",
            "{% if false %}x{% endif %}\n\n",
        )
        .file("core", "files/run.sh", "#!/bin/sh\n")
        .file(
            "core",
            "files/src/_aggregate_/mod.rs.j2",
            "//! {{ aggregate.summary }}\nfn {{ aggregate.plural|snake }}(⟦sig:a: A⟧) {}\n",
        );
    let composition = pack.composed();
    let paths: Vec<_> = composition.tree.iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        [
            "copied.txt",
            "run.sh",
            "src/order/mod.rs",
            "src/stock_item/mod.rs"
        ]
    );
    assert_eq!(text(&composition, "copied.txt"), "{{ not a template }}");
    // Marks in somebody's summary are text.
    assert_eq!(
        text(&composition, "src/stock_item/mod.rs"),
        "//! Summary ⟦of⟧ stock-item.\nfn stock_items(a: A) {}\n"
    );
    assert!(
        composition
            .tree
            .get("run.sh")
            .is_some_and(|entry| entry.executable)
    );
}

/// Shows a part of: C-21.
#[test]
fn every_failing_template_is_reported_with_its_line() {
    let pack = Pack::new()
        .feature("core", "")
        .file(
            "core",
            "macros/bad.j2",
            "{% macro bad(x) %}\n{{ x.missing.deeper }}{% endmacro %}\n",
        )
        .file("core", "files/a.txt.j2", "\n\n{{ undefined_thing }}\n")
        .file("core", "files/b.txt.j2", "{% if %}\n")
        .file(
            "core",
            "files/c.txt.j2",
            "{% import \"core/bad.j2\" as bad %}\n{{ bad.bad(project) }}\n",
        )
        .file("core", "files/d.rs.j2", "fn f() {\n    g(⟦call:a);\n}\n")
        .file(
            "core",
            "files/e.txt.j2",
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
        );
    assert_eq!(
        pack.mistakes(),
        "features/core/files/a.txt.j2:3: undefined value (feature `core`)\n\
         features/core/files/b.txt.j2:1: syntax error: unexpected end of block (feature `core`)\n\
         features/core/files/e.txt.j2:1: the template did not end after 20000000 steps (feature `core`)\n\
         features/core/macros/bad.j2:2: undefined value, called from features/core/files/c.txt.j2 (feature `core`)\n\
         features/core/files/d.rs.j2: `⟦` is not closed on its line in line 2 of `d.rs` as rendered, `g(⟦call:a);` (feature `core`)"
    );
}

/// Shows a part of: C-22.
#[test]
fn two_owners_of_one_path_are_both_named() {
    let pack = Pack::new()
        .feature("core", "")
        .feature("rest", "")
        .file("core", "files/src/_aggregate_/api.rs.j2", "mod a;\n")
        .file("rest", "files/src/order/api.rs", "mod b;\n")
        .file("core", "files/Docs.md", "a\n")
        .file("rest", "files/docs.md", "b\n")
        .file("core", "files/deploy", "a\n")
        .file("rest", "files/deploy/compose.yaml", "b: 1\n");
    assert_eq!(
        pack.mistakes(),
        "`src/order/api.rs` is written by both `core` and `rest`\n\
         `docs.md` and `Docs.md` (features `rest`, `core`) are one file where case does not count\n\
         `deploy` of `core` is a file, but `rest` has files below it"
    );
}

/// Proves: C-25.
#[test]
fn paths_that_leave_the_project_are_refused() {
    let pack = Pack::new()
        .feature("core", "")
        .file("core", "files/.git/hooks/post-checkout", "#!/bin/sh\n")
        .file("core", "files/aux.rs", "mod a;\n");
    let mistakes = pack.mistakes();
    assert_eq!(
        mistakes,
        "features/core/files/.git/hooks/post-checkout: the path `.git/hooks/post-checkout` cannot be in a project: \
         the folder belongs to another tool or to Formwork itself (feature `core`)\n\
         features/core/files/aux.rs: the path `aux.rs` cannot be in a project: a step is a reserved name on some systems (feature `core`)"
    );
}

#[test]
fn dependencies_are_united_by_layer_and_pinned_in_the_workspace() {
    let manifest = "{% for d in workspace_dependencies() %}\n{{ d.name }} = {{ d.spec }}\n{% endfor %}\n\
                    [infrastructure]\n{% for d in crates(\"infrastructure\") %}\n{{ d.name }} = {{ d.spec }}\n{% endfor %}\n\
                    [dev]\n{% for d in dev_crates(\"infrastructure\") %}\n{{ d.name }} = {{ d.spec }}\n{% endfor %}\n";
    let pack = Pack::new()
        .feature(
            "core",
            "[crates.infrastructure]\ntokio = { features = [\"rt\"] }\n\
             [dev-crates.infrastructure]\ntempfile = {}\n\
             [versions]\ntokio = { version = \"1\", default-features = false }\ntempfile = \"3\"\nunused = \"1\"\n",
        )
        .file("core", "files/deps.txt.j2", manifest)
        .feature(
            "sqlite",
            "[crates.infrastructure]\ntokio = { features = [\"fs\"] }\nsqlx = {}\n\
             [versions]\nsqlx = { version = \"0.9\", features = [\"sqlite\"] }\n\
             tokio = { version = \"1\", default-features = false }\n",
        );
    assert_eq!(
        pack.text("deps.txt"),
        "sqlx = { version = \"0.9\", features = [\"sqlite\"] }\n\
         tempfile = \"3\"\n\
         tokio = { version = \"1\", default-features = false }\n\
         [infrastructure]\n\
         sqlx = { workspace = true }\n\
         tokio = { workspace = true, features = [\"fs\", \"rt\"] }\n\
         [dev]\n\
         tempfile = { workspace = true }\n"
    );
}

/// Shows a part of: C-22.
#[test]
fn pins_that_differ_and_crates_without_one_are_reported() {
    let pack = Pack::new()
        .feature("a", "[[conflicts]]\nwith = \"b\"\nreason = \"No.\"\n[crates.domain]\ntokio = {}\nserde = {}\nformwork-http = {}\n[versions]\ntokio = \"1\"\n")
        .feature("b", "[crates.domain]\ntokio = {}\n[versions]\ntokio = \"2\"\n")
        .feature("c", "[crates.domain]\nserde = {}\n[versions]\nserde = \"1\"\n");
    let catalog = pack.catalog();
    let errors = compose(
        &catalog,
        &plan(&catalog, &["a", "b"]),
        &model(),
        &project(),
        &RuntimeSources::default(),
    )
    .expect_err("nothing of this works");
    assert_eq!(
        lines(&errors),
        "the crate `tokio` is pinned as `\"2\"` by `b`, but as `\"1\"` by `a`\n\
         the crate `serde` is used by `a`, but no feature of the plan pins its version\n\
         the runtime crate `formwork-http`, used by `a`, is not among the runtime sources"
    );
    assert!(
        errors
            .iter()
            .all(|error| error.hint().is_some() || error.to_string().contains("runtime"))
    );
}

/// Shows a part of: C-20.
#[test]
fn the_document_says_what_would_be_written_and_why() {
    let pack = Pack::new()
        .feature("core", "[[actions]]\nid = \"git-init\"\nrun = [\"git\", \"init\"]\nwhen = \"new\"\nsummary = \"Start a history.\"\n")
        .file("core", "files/README.md", "# Hello\n");
    let document = pack.composed().document;
    let json = document.to_json();
    assert_eq!(json["format"], 1);
    assert_eq!(json["project"]["name"], "shop");
    assert_eq!(json["features"][0]["id"], "core");
    assert_eq!(json["features"][0]["reason"]["why"], "wished");
    assert_eq!(json["files"][0]["path"], "README.md");
    assert_eq!(json["files"][0]["change"], "create");
    assert_eq!(json["files"][0]["class"], "managed");
    assert_eq!(json["actions"][0]["run"][1], "init");
    assert_eq!(json["probes"][0]["kind"], "file");
    assert_eq!(document.plan_hash.len(), 64);
    assert_eq!(document.tree_hash, pack.composed().tree.hash());
    let changed = Pack::new()
        .feature("core", "")
        .file("core", "files/README.md", "# Hello!\n")
        .composed();
    assert_ne!(document.plan_hash, changed.document.plan_hash);
    assert_ne!(document.tree_hash, changed.document.tree_hash);
}

/// Shows a part of: C-24.
#[test]
fn the_same_inputs_give_the_same_bytes_whatever_their_order_and_the_number_of_threads() {
    let features = ["a", "b", "c", "d", "e"];
    let build = |order: &[&str]| {
        let mut pack = Pack::new();
        for id in order {
            pack = pack
                .feature(
                    id,
                    &format!("[[wiring]]\nslot = \"s\"\norder = 10\ncode = \"{id}\"\n[[merges]]\ninto = \"config.toml\"\nfrom = \"merge/config.toml\"\n"),
                )
                .file(id, "merge/config.toml", &format!("[{id}]\nlist = [1, 2]\n"))
                .file(id, &format!("files/{id}/_aggregate_.txt.j2"), "{% for w in wiring(\"s\") %}{{ w.code }}{% endfor %}{{ aggregate.name }}");
        }
        pack
    };
    let first = build(&features).composed();
    let mut order = features;
    for round in 0..12 {
        order.rotate_left(1);
        order.swap(0, round % 5);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1 + round % 4)
            .build()
            .expect("threads can be started");
        let again = pool.install(|| build(&order).composed());
        assert_eq!(first.tree, again.tree);
        assert_eq!(first.document.plan_hash, again.document.plan_hash);
    }
}

#[test]
fn the_files_of_the_model_become_the_owners() {
    let pack = Pack::new().feature("core", "");
    let catalog = pack.catalog();
    let sources = [formwork_model::Source::new(
        "/somewhere/model/order.toml",
        "name = \"order\"\n",
    )];
    let composition = compose(
        &catalog,
        &plan(&catalog, &["core"]),
        &model(),
        &project().with_model(&sources),
        &RuntimeSources::default(),
    )
    .expect("it composes");
    let entry = composition
        .tree
        .get("model/order.toml")
        .expect("the file is there");
    assert_eq!(entry.class, Class::Seed);
}
