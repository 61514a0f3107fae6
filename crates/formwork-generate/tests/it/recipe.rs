//! The recipe: what people write, and what they write wrong.

use std::collections::BTreeMap;

use formwork_catalog::Tier;
use formwork_generate::{Project, Recipe, RuntimeFrom};
use formwork_resolve::Wishes;

use crate::toy::project;

fn recipe() -> Recipe {
    let wishes = Wishes::new()
        .want("rest")
        .want_range("sqlite", "^1.2".parse().expect("a range"))
        .refuse("nats")
        .tier(Tier::Advanced)
        .answer("database", "sqlite")
        .answer("sqlite.journal-mode", "wal")
        .pin("core", semver::Version::new(1, 0, 0));
    Recipe::new(project().with_summary("Sells \"things\"."), &wishes)
}

/// Shows a part of: C-30.
#[test]
fn a_recipe_is_written_for_people_and_read_back_as_it_was() {
    let recipe = recipe();
    let text = recipe.to_toml();
    assert_eq!(
        text,
        "# What this project is made of. `formwork check` says whether it still is that.\n\n\
         [project]\nname = \"shop\"\ntitle = \"Shop\"\nsummary = 'Sells \"things\".'\n# One file per aggregate.\nmodel = \"model\"\n\n\
         [wishes]\n# basic, intermediate, advanced or enterprise: what operations demand.\ntier = \"advanced\"\n\
         # What is asked for; what that needs comes along. A range may follow: \"rest ^1\".\n\
         features = [\n    \"rest\",\n    \"sqlite ^1.2\",\n]\n# What must stay out.\nwithout = [\n    \"nats\",\n]\n\n\
         # Answers: to a question (`database = \"sqlite\"`) or to an option of a feature\n\
         # (`memory-cache.capacity = 5000`). What is not answered keeps its default.\n\
         [answers]\ndatabase = \"sqlite\"\nsqlite.journal-mode = \"wal\"\n\n# Exact versions.\n[pins]\ncore = \"1.0.0\"\n\n\
         # Where the runtime crates come from: `vendor` keeps their sources in this project; or\n\
         # `registry` with `version`, `git` with `url` and `rev`, `path` with `path`.\n[runtime]\nfrom = \"vendor\"\n"
    );
    let again = Recipe::parse(&text).expect("what is written can be read");
    assert_eq!(again, recipe);
    assert_eq!(again.wishes(BTreeMap::new()).list.len(), 7);
}

#[test]
fn every_source_of_the_runtime_can_be_written_down() {
    for from in [
        RuntimeFrom::Registry {
            version: "0.1".to_owned(),
        },
        RuntimeFrom::Git {
            url: "https://example.org".to_owned(),
            rev: "abc".to_owned(),
        },
        RuntimeFrom::Path {
            path: "../crates".to_owned(),
        },
    ] {
        let recipe = Recipe::new(project().with_runtime(from), &Wishes::new());
        assert_eq!(Recipe::parse(&recipe.to_toml()), Ok(recipe));
    }
}

#[test]
fn every_mistake_is_reported_with_its_place() {
    let text = "[project]\nname = \"Shop!\"\ntitel = \"Shop\"\n\n[wishes]\ntier = \"advance\"\nfeatures = [\"rest ^x\", 3]\n\n\
                [answers]\ndatabase = [1]\n\n[pins]\ncore = \"one\"\n\n[runtime]\nfrom = \"git\"\nversion = \"1\"\n\n[wish]\n";
    let mistakes = Recipe::parse(text).expect_err("everything is wrong");
    let lines: Vec<_> = mistakes
        .iter()
        .map(|mistake| match &mistake.hint {
            Some(hint) => format!("{mistake} ({hint})"),
            None => mistake.to_string(),
        })
        .collect();
    assert_eq!(
        lines.join("\n"),
        "2:8: `Shop!` cannot be the name of a project: it must start with a lower-case letter (`shop` would do)\n\
         3:1: unknown key `titel` in `[project]` (did you mean `title`?)\n\
         6:8: unknown tier `advance`: expected basic, intermediate, advanced, enterprise (did you mean `advanced`?)\n\
         7:13: `rest ^x` has no valid range: unexpected character 'x' while parsing major version number (a range is written as in `rest ^1` or `rest >=1.2, <2`)\n\
         7:24: `features` must hold texts, found integer\n\
         10:12: the answer to `database` must be a text, an integer or a boolean, found array\n\
         13:8: `one` is no exact version: unexpected character 'o' while parsing major version number\n\
         15:1: the runtime from `git` needs `rev`\n\
         15:1: the runtime from `git` needs `url`\n\
         17:1: unknown key `version` in `[runtime]`\n\
         19:2: unknown key `wish` (did you mean `wishes`?)"
    );
    let mistakes = Recipe::parse("[project\n").expect_err("this is no TOML");
    assert_eq!(mistakes.len(), 1);
}

#[test]
fn names_of_projects_are_names_of_crates() {
    for (name, nearest) in [
        ("", None),
        ("My Shop", Some("my-shop")),
        ("shop_", Some("shop")),
        ("1shop", Some("shop")),
        ("fn", None),
        ("domain", None),
        ("formwork-http", None),
        ("../shop", Some("shop")),
        ("shøp", None),
    ] {
        let error = Project::new(name).expect_err(name);
        if nearest.is_some() {
            assert_eq!(error.nearest.as_deref(), nearest, "{name}");
        }
    }
    for name in ["shop", "shop-2", "a"] {
        assert!(Project::new(name).is_ok(), "{name}");
    }
}
