//! Wrong and impossible choices, and choices from files.

use std::fs;

use crate::support::{Place, files};

/// Shows a part of: C-54.
#[test]
fn an_unknown_feature_is_answered_with_the_nearest_name() {
    let place = Place::new();
    let run = place.shop(&["--with", "sqlit"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("error: "), "{}", run.stderr);
    assert!(run.stderr.contains("`sqlit`"), "{}", run.stderr);
    assert!(
        run.stderr.contains("hint: did you mean `sqlite`?"),
        "{}",
        run.stderr
    );
    assert_eq!(files(place.path()).len(), 0);
}

/// What a project needs before it starts is said with the exact variables, in the order in which they
/// are needed; a project that needs nothing says nothing.
#[test]
fn what_must_be_set_first_is_said() {
    let firsts = |with: &[&str]| {
        let place = Place::new();
        let run = place.shop(with);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let lines = run.stderr.lines().map(str::to_owned);
        let lines = lines.filter(|line| line.starts_with("first ") || line.starts_with("next "));
        lines.collect::<Vec<_>>()
    };
    let plain = firsts(&[]);
    assert_eq!(plain.len(), 1, "{plain:?}");
    let served = firsts(&["--with", "postgres", "--with", "admin"]);
    assert_eq!(
        served[..2],
        [
            "first   export SHOP__POSTGRES__URL=…",
            "first   export SHOP__ADMIN__TOKEN=$(openssl rand -hex 16)",
        ]
    );
    assert!(served[2].starts_with("next    cd "), "{served:?}");
    assert_eq!(served.len(), 3, "{served:?}");
}

#[test]
fn an_unknown_answer_is_answered_with_the_nearest_name() {
    let place = Place::new();
    let run = place.shop(&["--answer", "database=postgress"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("`postgres`"), "{}", run.stderr);
}

/// Shows a part of: C-54.
#[test]
fn every_mistake_of_the_choices_is_reported_at_once() {
    let place = Place::new();
    let run = place.shop(&[
        "--with",
        "sqlite@one",
        "--answer",
        "database",
        "--set",
        "x=1",
        "--tier",
        "entreprise",
    ]);
    assert_eq!(run.code, 3);
    for part in [
        "`one` is no range of versions",
        "`database` is no answer",
        "`x=1` is no answer",
        "did you mean `enterprise`?",
        "4 mistakes",
    ] {
        assert!(
            run.stderr.contains(part),
            "{part} is missing in {}",
            run.stderr
        );
    }
}

/// Shows a part of: C-12, C-13.
#[test]
fn a_conflict_says_why_and_numbers_its_fixes() {
    let place = Place::new();
    let run = place.shop(&[
        "--answer",
        "database=sqlite",
        "--answer",
        "notifier=listen-notify",
    ]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr
            .contains("error: these choices cannot hold together"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("listen-notify"), "{}", run.stderr);
    assert!(run.stderr.contains("hint: --fix 1 to "), "{}", run.stderr);
    assert_eq!(files(place.path()).len(), 0);
}

/// Shows a part of: C-13.
#[test]
fn every_fix_can_be_applied_by_its_number() {
    let place = Place::new();
    let conflicting = [
        "--answer",
        "database=sqlite",
        "--answer",
        "notifier=listen-notify",
    ];
    let fixes = place
        .shop(&conflicting)
        .stderr
        .matches("hint: --fix ")
        .count();
    assert!(fixes > 0);
    for fix in 1..=fixes {
        let number = fix.to_string();
        let mut arguments = conflicting.to_vec();
        arguments.extend(["--fix", &number, "--dry-run"]);
        place.shop(&arguments).well();
    }
    let mut arguments = conflicting.to_vec();
    arguments.extend(["--fix", "99"]);
    assert_eq!(place.shop(&arguments).code, 3);
}

#[test]
fn names_that_are_no_crate_names_are_refused_with_a_neighbour() {
    let place = Place::new();
    for (name, neighbour) in [
        ("2shop", "shop"),
        ("test", "test-service"),
        ("fn", "fn-service"),
        ("../../etc", "etc"),
        ("My Shop", "my-shop"),
        ("tokio", "tokio-service"),
    ] {
        let run = place.run(&["new", name, "--yes"]);
        assert_eq!(run.code, 3, "{name}");
        assert!(
            run.stderr.contains(&format!("hint: try `{neighbour}`")),
            "{}",
            run.stderr
        );
    }
    assert_eq!(files(place.path()).len(), 0);
}

#[test]
fn a_broken_model_is_reported_with_its_places() {
    let place = Place::new();
    fs::create_dir(place.join("model")).expect("the folder can be made");
    fs::write(place.join("model/order.toml"), "name = \"order\"\nsummary = \"An order.\"\n[fields]\ntotal = { type = \"mony\" }\nnote = { type = \"txt\" }\n")
        .expect("the file can be written");
    let run = place.run(&["new", "shop", "--yes", "--model", "model"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("order.toml:4:"), "{}", run.stderr);
    assert!(run.stderr.contains("order.toml:5:"), "{}", run.stderr);
    assert!(!place.join("shop").exists());
}

#[test]
fn usage_mistakes_have_their_own_exit_code() {
    let place = Place::new();
    assert_eq!(place.run(&["new"]).code, 2);
    assert_eq!(place.run(&["unheard-of"]).code, 2);
    assert_eq!(place.shop(&["--model", "model"]).code, 2);
}

/// Shows a part of: C-14.
#[test]
fn why_and_why_not_explain() {
    let place = Place::new();
    let why = place
        .run(&["why", "sqlite", "--preset", "ecommerce"])
        .well();
    let expected = "`sqlite` is part of the plan because";
    assert!(why.stdout.starts_with(expected), "{}", why.stdout);
    let why = place
        .run(&["why", "health-advanced", "--tier", "advanced"])
        .well();
    let expected = "because the tier `advanced` asks for it";
    assert!(why.stdout.contains(expected), "{}", why.stdout);
    let why_not = place
        .run(&[
            "why-not",
            "listen-notify",
            "--preset",
            "ecommerce",
            "--answer",
            "database=sqlite",
        ])
        .well();
    assert!(
        why_not.stdout.contains("listen-notify-protocol")
            && why_not.stdout.contains("you chose `sqlite`"),
        "{}",
        why_not.stdout
    );
    assert_eq!(place.run(&["why", "sqlit"]).code, 3);
}

/// Our own features need nobody in a circle, at any tier and with any answer of a question.
///
/// Shows a part of: C-04.
#[test]
fn no_plan_of_ours_runs_in_a_circle() {
    let place = Place::new();
    for choice in [
        &["--tier", "enterprise"][..],
        &["--answer", "database=postgres", "--with", "tenancy"],
        &["--answer", "broker=nats", "--tier", "advanced"],
    ] {
        let plan = place.run(&[&["plan", "--json"], choice].concat()).well();
        assert!(plan.json().get("circles").is_none(), "{choice:?}");
    }
}

/// Every form of a choice; what comes in says why, what must go and what stands against it are told.
///
/// Shows a part of: C-14.
#[test]
fn what_if_tells_what_a_choice_would_change() {
    let place = Place::new();
    let what_if = |words: &[&str]| place.run(&[&["what-if"], words].concat());
    let lines = |words: &[&str]| what_if(words).well().stdout;
    let text = lines(&["database=postgres"]);
    assert!(
        text.contains("adds `postgres` 1.0.0: you asked for it\n"),
        "{text}"
    );
    assert!(text.contains("removes `sqlite` 1.0.0\n"), "{text}");
    // What is asked about takes the place of an earlier answer.
    assert_eq!(
        lines(&["database=postgres", "--answer", "database=sqlite"]),
        text
    );
    let text = lines(&["tier=advanced"]);
    assert!(
        text.contains("`health-advanced` 1.0.0: the tier `advanced` asks for it"),
        "{text}"
    );
    let text = lines(&["without=memory-cache"]);
    assert!(text.contains("removes `memory-cache`"), "{text}");
    let text = lines(&[
        "memory-cache.capacity=5000",
        "--set",
        "memory-cache.capacity=70",
    ]);
    assert_eq!(text, "sets `memory-cache.capacity` to 5000, now 70\n");
    assert_eq!(lines(&["sqlite"]), "changes nothing\n");
    let text = lines(&["listen-notify", "--answer", "database=sqlite"]);
    assert!(
        text.starts_with("this cannot be:\n  you chose")
            || text.starts_with("this cannot be:\n  you asked"),
        "{text}"
    );
    assert!(
        text.contains("\n1. answer `database=postgres` (adds "),
        "{text}"
    );
    let answer = what_if(&["nats", "--json"]).well().json();
    assert_eq!(answer["possible"], true);
    assert_eq!(answer["would-change"]["added"]["nats"], "1.0.0");
    assert_eq!(what_if(&["nonsense"]).code, 3);
    assert_eq!(what_if(&["database=nonsense"]).code, 3);
    assert_eq!(what_if(&[]).code, 2);
}

/// Shows a part of: S-02, S-03.
#[test]
fn a_project_carries_the_runtime_crates_it_needs_and_no_others() {
    let place = Place::new();
    let vendored = |more: &[&str]| -> Vec<String> {
        let new = ["--dry-run", "--json", "--answer", "database=postgres"];
        let plan = place.shop(&[&new[..], more].concat()).well().json();
        let files = plan["plan"]["files"].as_array().expect("files are listed");
        let paths = files.iter().filter_map(|file| file["path"].as_str());
        paths
            .filter_map(|path| path.strip_prefix("vendor/")?.strip_suffix("/Cargo.toml"))
            .map(str::to_owned)
            .collect()
    };
    let (without, with) = (vendored(&[]), vendored(&["--with", "tenancy"]));
    let more: Vec<_> = with.iter().filter(|name| !without.contains(name)).collect();
    assert_eq!(more, ["formwork-tenancy"]);
    for name in ["formwork-nats", "formwork-sqlite"] {
        assert!(!with.contains(&name.to_owned()), "{name}");
    }
}

/// Shows a part of: S-10.
#[test]
fn tenants_need_a_database_that_keeps_rows_apart() {
    let place = Place::new();
    let run = place.shop(&["--with", "tenancy", "--answer", "database=sqlite"]);
    assert_eq!(run.code, 1, "{run:?}");
    let reason = "it needs the capability `row-level-security`; only `postgres` provides it";
    assert!(run.stderr.contains(reason), "{}", run.stderr);
    assert!(run.stderr.contains("hint: --fix 1"), "{}", run.stderr);
    // Where nothing is said about the database, it is the one that can.
    let plan = place.shop(&["--with", "tenancy", "--dry-run", "--json"]);
    let features = &plan.well().json()["plan"]["features"];
    let ids: Vec<_> = features
        .as_array()
        .expect("features are listed")
        .iter()
        .filter_map(|feature| feature["id"].as_str())
        .collect();
    assert!(ids.contains(&"postgres"), "{ids:?}");
}

/// Shows a part of: C-02.
#[test]
fn the_configuration_reloads_from_the_intermediate_tier_on() {
    let place = Place::new();
    for (tier, taken) in [
        ("basic", false),
        ("intermediate", true),
        ("enterprise", true),
    ] {
        let plan = place.shop(&["--tier", tier, "--dry-run", "--json"]).well();
        let features = plan.json()["plan"]["features"].clone();
        let features = features.as_array().expect("features are listed");
        let found = features
            .iter()
            .any(|feature| feature["id"] == "config-reload");
        assert_eq!(found, taken, "{tier}");
    }
}
