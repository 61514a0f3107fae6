//! The life of a project at the command line: adding, removing, answering anew, syncing, and conflicts to their end.

use std::fs;

use serde_json::Value;

use crate::json::check;
use crate::support::{Place, files};

/// The changed files of a document as `change path`, without those of the runtime.
fn changes(document: &Value) -> Vec<String> {
    let files = document["files"].as_array().expect("files are listed");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    files
        .iter()
        .filter(|file| !text(&file["path"]).starts_with("vendor/"))
        .map(|file| format!("{} {}", text(&file["change"]), text(&file["path"])))
        .collect()
}

/// Shows a part of: C-20, C-31, C-33.
#[test]
fn a_feature_comes_and_goes_and_leaves_nothing() {
    let place = Place::new();
    place.shop(&[]).well();
    let before = files(&place.join("shop"));
    let add = ["add", "nats", "openapi", "--project", "shop", "--json"];

    let planned = place
        .run(&[&add[..], &["--dry-run"]].concat())
        .well()
        .json();
    check(&place, "change", &planned);
    assert_eq!(
        files(&place.join("shop")),
        before,
        "a dry run writes nothing"
    );
    let made = place.run(&add).well().json();
    check(&place, "change", &made);
    assert_eq!(planned["files"], made["files"]);
    assert_eq!(planned["tree-hash"], made["tree-hash"]);
    assert_eq!(made["features"]["added"]["nats"], "1.0.0");
    assert_eq!(made["features"]["removed"]["in-process-broker"], "1.0.0");
    assert!(changes(&made).contains(&"follow service/src/app.rs".to_owned()));
    place.run(&["check", "shop", "--deny", "drift"]).well();

    let again = place.run(&["add", "nats", "--project", "shop"]).well();
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    assert!(
        again.stderr.contains("is part of the project"),
        "{}",
        again.stderr
    );

    let run = place
        .run(&["remove", "nats", "openapi", "--project", "shop"])
        .well();
    assert!(run.stdout.contains("- nats 1.0.0"), "{}", run.stdout);
    assert_eq!(files(&place.join("shop")), before);
}

/// Shows a part of: C-12, C-13, C-54.
#[test]
fn what_others_need_is_explained_with_fixes_that_work() {
    let place = Place::new();
    place
        .shop(&[
            "--answer",
            "database=postgres",
            "--answer",
            "notifier=listen-notify",
        ])
        .well();
    let before = files(place.path());
    let remove = ["remove", "postgres", "--project", "shop"];
    let run = place.run(&remove);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stderr.contains("needs the capability"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("hint: --fix 1 to "), "{}", run.stderr);
    assert_eq!(files(place.path()), before);
    let fixes = run.stderr.matches("hint: --fix").count();
    for fix in 1..=fixes {
        let number = fix.to_string();
        let fixed = [&remove[..], &["--fix", &number, "--dry-run", "--json"]].concat();
        check(&place, "change", &place.run(&fixed).well().json());
    }
    let run = place.run(&[
        "remove",
        "core",
        "sqlit",
        "memory-cache",
        "nats",
        "--project",
        "shop",
    ]);
    assert_eq!(run.code, 3);
    for words in [
        "`core` cannot be removed",
        "did you mean `sqlite`?",
        "`nats` is not part of the project",
        "3 mistakes",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }

    // What nobody needs, but something recommends, is refused from now on.
    place
        .run(&["remove", "memory-cache", "--project", "shop"])
        .well();
    let recipe = fs::read_to_string(place.join("shop/formwork.toml")).expect("the recipe");
    assert!(
        recipe.contains("without = [\n    \"memory-cache\",\n]"),
        "{recipe}"
    );
    place
        .run(&["add", "memory-cache", "--project", "shop"])
        .well();
    let after = files(place.path());
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    assert_eq!(after, before);
}

/// Shows a part of: C-30, C-31.
#[test]
fn answers_tiers_and_edits_of_recipe_and_model_are_followed() {
    let place = Place::new();
    place.shop(&[]).well();
    let text = |path: &str| fs::read_to_string(place.join(path)).expect("the file is there");
    let run = |arguments: &[&str]| {
        let arguments = [arguments, &["--project", "shop", "--json"]].concat();
        let document = place.run(&arguments).well().json();
        check(&place, "change", &document);
        document
    };
    run(&["set", "database=postgres", "memory-cache.capacity=77"]);
    assert!(text("shop/config/default.toml").contains("77"));
    assert!(text("shop/formwork.toml").contains("database = \"postgres\""));
    assert!(text("shop/formwork.lock").contains("id = \"postgres\""));
    run(&["tier", "advanced"]);
    assert!(text("shop/formwork.toml").contains("\ntier = \"advanced\"\n"));
    assert!(text("shop/formwork.lock").contains("id = \"prometheus\""));

    // A recipe edited by hand keeps its comments, and what was taken out of it goes.
    let recipe = text("shop/formwork.toml")
        .replace("\ntier = \"advanced\"\n", "\n# Why basic: it is a toy.\n")
        .replace("title = \"Shop\"", "title = \"Corner shop\"");
    fs::write(place.join("shop/formwork.toml"), &recipe).expect("it is written");
    let found = place.run(&["check", "shop"]);
    assert_eq!(found.code, 1, "{found:?}");
    let shown = place.run(&["diff", "shop"]).well().stdout;
    assert!(
        shown.contains("--- a/README.md\n+++ b/README.md\n@@ "),
        "{shown}"
    );
    assert!(shown.contains("\n+# Corner shop\n"), "{shown}");
    let document = place.run(&["diff", "shop", "--json"]).well().json();
    check(&place, "diff", &document);
    let before = files(place.path());
    let synced = run(&["sync"]);
    assert_eq!(synced["features"]["removed"]["prometheus"], "1.0.0");
    assert_eq!(changes(&synced), changes(&document));
    assert_eq!(text("shop/formwork.toml"), recipe);
    assert_ne!(files(place.path()), before);
    place.run(&["check", "shop"]).well();
    assert_eq!(place.run(&["diff", "shop"]).well().stdout, "");

    // The diff is one that `patch` could apply, had it not been applied already: every line it adds is there.
    for line in shown.lines().filter_map(|line| line.strip_prefix('+')) {
        let there = |(_, bytes): (String, Vec<u8>)| String::from_utf8_lossy(&bytes).contains(line);
        assert!(
            line.starts_with("++ ") || files(&place.join("shop")).into_iter().any(there),
            "{line}"
        );
    }

    let model = text("shop/model/stock-item.toml");
    let edited = model.replacen("summary = \"", "summary = \"Anew: ", 1);
    assert_ne!(model, edited);
    fs::write(place.join("shop/model/stock-item.toml"), edited).expect("it is written");
    let synced = run(&["sync"]);
    assert!(
        changes(&synced)
            .iter()
            .any(|change| change.starts_with("follow domain/src/")),
        "{synced}"
    );
    fs::write(place.join("shop/model/stock-item.toml"), "nonsense").expect("it is written");
    let refused = place.run(&["sync", "--project", "shop"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(
        refused.stderr.contains("stock-item.toml:1:"),
        "{}",
        refused.stderr
    );

    for (arguments, words) in [
        (["set", "database"], "write `set database=postgres`"),
        (["tier", "advancd"], "did you mean `advanced`?"),
        (["add", "sqlit"], "did you mean `sqlite`?"),
    ] {
        let run = place.run(&[&arguments[..], &["--project", "shop"]].concat());
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
}

/// Shows a part of: C-32, C-33.
#[test]
fn a_conflict_is_reported_once_settled_or_taken_back() {
    let place = Place::new();
    place.shop(&[]).well();
    let path = place.join("shop/config/default.toml");
    let config = fs::read_to_string(&path).expect("the configuration");
    let (line, _) = config
        .lines()
        .enumerate()
        .find(|(_, line)| line.starts_with("[cache]"))
        .map(|(index, line)| (index + 1, line))
        .expect("the cache has settings");
    let mut lines: Vec<_> = config.lines().map(str::to_owned).collect();
    let setting = (line..lines.len())
        .find(|index| lines[*index].starts_with("capacity"))
        .expect("the cache has a capacity");
    lines[setting] = "capacity = 123".to_owned();
    fs::write(&path, lines.join("\n") + "\n").expect("it is written");
    let before = files(place.path());

    let set = [
        "set",
        "memory-cache.capacity=77",
        "--project",
        "shop",
        "--json",
    ];
    let run = place.run(&set);
    assert_eq!(run.code, 1, "{run:?}");
    let document = run.json();
    check(&place, "change", &document);
    assert_eq!(document["waiting"], true);
    assert_eq!(changes(&document), ["conflict config/default.toml"]);
    assert!(
        run.stderr.contains("config/default.toml: lines "),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("formwork continue"), "{}", run.stderr);
    assert!(run.stderr.contains("formwork abort"), "{}", run.stderr);
    let marked = fs::read_to_string(&path).expect("the configuration");
    for part in [
        "<<<<<<< ",
        "capacity = 77",
        "||||||| ",
        "=======",
        "capacity = 123",
        ">>>>>>> ",
    ] {
        assert!(marked.contains(part), "{part}: {marked}");
    }

    // Nothing else begins before this is over.
    for arguments in [&["sync"][..], &["add", "nats"], &["tier", "advanced"]] {
        let run = place.run(&[arguments, &["--project", "shop"]].concat());
        assert_eq!(run.code, 1, "{run:?}");
        assert!(
            run.stderr.contains("waits for its conflicts"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    }
    // Nor does a check for CI hold.
    let run = place.run(&["check", "shop"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stdout.contains("waits for conflicts to be settled"),
        "{}",
        run.stdout
    );
    let run = place.run(&["continue", "shop"]);
    assert_eq!(run.code, 1, "{run:?}");
    let first = marked.lines().position(|line| line.starts_with("<<<<<<<"));
    let first = format!("config/default.toml:{}", first.expect("a marker") + 1);
    assert!(run.stderr.contains(&first), "{first}: {}", run.stderr);

    let taken_back = place.run(&["abort", "shop", "--json"]).well().json();
    check(&place, "change", &taken_back);
    assert_eq!(files(place.path()), before);

    place.run(&set);
    let settled = marked
        .lines()
        .filter(|line| {
            !["<<<<<<<", "|||||||", "=======", ">>>>>>>"]
                .iter()
                .any(|mark| line.starts_with(mark))
        })
        .filter(|line| !line.starts_with("capacity = ") || *line == "capacity = 123")
        .collect::<Vec<_>>();
    fs::write(&path, settled.join("\n") + "\n").expect("it is written");
    place
        .run(&["sync", "--continue", "--project", "shop"])
        .well();
    let run = place.run(&["sync", "--project", "shop"]).well();
    assert!(run.stdout.contains("nothing to do"), "{}", run.stdout);
    assert_eq!(place.run(&["continue", "shop"]).code, 3);
    assert_eq!(place.run(&["abort", "shop"]).code, 3);
}

/// Shows a part of: C-30, C-54.
#[test]
fn whatever_is_wrong_with_a_project_has_a_way_out() {
    let place = Place::new();
    place.shop(&[]).well();
    let shop = place.join("shop");
    let before = files(&shop);
    let sync = ["sync", "--project", "shop"];
    let refused = |code: i32, words: &[&str]| {
        let held = files(&shop);
        let run = place.run(&sync);
        assert_eq!(run.code, code, "{run:?}");
        for words in words {
            assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        }
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
        assert_eq!(files(&shop), held, "nothing is lost");
    };
    let restore = |path: &str| fs::write(shop.join(path), &before[path]).expect("it is written");

    // A lock of a later time.
    let lock = String::from_utf8(before["formwork.lock"].clone()).expect("a text");
    let later = lock
        .replace("format = 2", "format = 7\nwhat-nobody-knows = true")
        .replace("generator = \"0.1.0\"", "generator = \"3.2.1\"");
    fs::write(shop.join("formwork.lock"), later).expect("it is written");
    refused(
        3,
        &[
            "has the format 7, written by formwork 3.2.1",
            "use formwork 3.2.1 or newer",
        ],
    );
    fs::write(shop.join("formwork.lock"), "nonsense").expect("it is written");
    refused(3, &["is not valid", "from version control"]);
    fs::remove_file(shop.join("formwork.lock")).expect("it is removed");
    refused(3, &["has no `formwork.lock`"]);
    restore("formwork.lock");

    // A recipe that contradicts itself, or is none.
    let recipe = String::from_utf8(before["formwork.toml"].clone()).expect("a text");
    let answers = recipe.replace(
        "[answers]\n",
        "[answers]\ndatabase = \"sqlite\"\nnotifier = \"listen-notify\"\n",
    );
    fs::write(shop.join("formwork.toml"), answers).expect("it is written");
    refused(1, &["cannot hold together", "--fix 1 to "]);
    fs::write(
        shop.join("formwork.toml"),
        recipe.replace("[wishes]", "[wishs]"),
    )
    .expect("it is written");
    refused(3, &["formwork.toml:10:2", "did you mean `wishes`?"]);
    restore("formwork.toml");

    // A base that is damaged or gone is made again, byte for byte.
    let pack = before
        .keys()
        .find(|path| path.ends_with(".pack"))
        .expect("a base");
    for damage in [&b"damaged"[..], b""] {
        fs::write(shop.join(pack), damage).expect("it is written");
        let run = place.run(&sync).well();
        assert!(
            run.stderr.contains("made again, byte for byte"),
            "{}",
            run.stderr
        );
        assert_eq!(files(&shop), before);
    }
    fs::remove_file(shop.join(pack)).expect("it is removed");
    place.run(&sync).well();
    assert_eq!(files(&shop), before);

    // Unless what made it is not here any more: then there is a way without it.
    fs::remove_file(shop.join(pack)).expect("it is removed");
    let other = lock.replace("tree = \"", "tree = \"0");
    fs::write(shop.join("formwork.lock"), other).expect("it is written");
    fs::write(shop.join("README.md"), "# Mine\n").expect("it is written");
    refused(
        4,
        &["could not read", "from version control", "--without-base"],
    );
    let run = place.run(&["sync", "--without-base", "--project", "shop"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("README.md"), "{}", run.stderr);
    let text = fs::read_to_string(shop.join("README.md")).expect("it is there");
    assert!(
        text.contains("# Mine\n") && text.contains("<<<<<<< "),
        "{text}"
    );
    restore("README.md");
    place.run(&["continue", "shop"]).well();
    assert_eq!(files(&shop), before);

    // A folder where a file has to change.
    fs::remove_file(shop.join("service/src/app.rs")).expect("it is removed");
    fs::create_dir(shop.join("service/src/app.rs")).expect("a folder");
    place.run(&sync).well();
    let add = place.run(&["add", "nats", "--project", "shop"]);
    assert_eq!(add.code, 3, "{add:?}");
    assert!(
        add.stderr
            .contains("a folder is in the way at `service/src/app.rs`"),
        "{}",
        add.stderr
    );
    assert!(add.stderr.contains("hint: move"), "{}", add.stderr);
    fs::remove_dir(shop.join("service/src/app.rs")).expect("it is removed");
    restore("service/src/app.rs");
    assert_eq!(files(&shop), before);

    // No git is needed, nor anything else that could be on the path.
    let output = place
        .command()
        .env_clear()
        .args(["add", "nats", "--project", "shop"])
        .output()
        .expect("the binary runs");
    assert!(output.status.success());
}

/// Shows a part of: C-35.
#[test]
fn an_aggregate_comes_with_all_its_layers_and_goes_without_a_trace() {
    let place = Place::new();
    place.shop(&[]).well();
    let before = files(&place.join("shop"));
    let run = |arguments: &[&str]| {
        let arguments = [arguments, &["--project", "shop", "--json"]].concat();
        let document = place.run(&arguments);
        check(&place, "change", &document.json());
        document
    };
    let added = run(&["aggregate", "add", "product-review"]).well().json();
    let changes = changes(&added);
    for path in [
        "create model/product-review.toml",
        "create domain/src/product_review/mod.rs",
        "create application/src/product_review/mod.rs",
        "follow domain/src/lib.rs",
    ] {
        assert!(changes.contains(&path.to_owned()), "{path}: {changes:?}");
    }
    place.run(&["check", "shop"]).well();
    let again = run(&["aggregate", "add", "product-review"]);
    assert_eq!(again.code, 3, "{again:?}");

    // What an owner made of the file counts for nothing: the aggregate is to go.
    let path = place.join("shop/model/product-review.toml");
    let model = fs::read_to_string(&path).expect("the model");
    fs::write(&path, model.replace("max = 120", "max = 99")).expect("it is written");
    run(&["sync"]).well();
    run(&["aggregate", "remove", "product-review"]).well();
    assert_eq!(files(&place.join("shop")), before);

    // What others refer to stays until they do not any more; every place is named.
    let refused = run(&["aggregate", "remove", "order"]);
    assert_eq!(refused.code, 3);
    assert!(
        refused.stderr.contains("model/payment.toml:5:36"),
        "{}",
        refused.stderr
    );
    for (arguments, words) in [
        (["aggregate", "remove", "ordr"], "did you mean `order`?"),
        (["aggregate", "add", "../up"], "as in `stock-item`"),
        (["aggregate", "add", "Order"], "as in `stock-item`"),
    ] {
        let run = run(&arguments);
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    assert_eq!(files(&place.join("shop")), before);

    let updated = run(&["update"]).well().json();
    assert_eq!(
        updated["files"].as_array().map(Vec::len),
        Some(0),
        "all is new"
    );
}
