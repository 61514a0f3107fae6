//! What package managers learned the hard way, in the terms of features: choices between providers,
//! weak dependencies, versions that do not meet, backtracking.

use formwork_catalog::Catalog;
use formwork_resolve::{ResolveError, resolve};
use insta::assert_snapshot;

use crate::toy::{catalog, report, source, wishes};

/// The plan as `id version` words, or `conflict`.
fn plan(lines: &str, words: &str) -> String {
    let catalog = catalog(lines);
    match resolve(&catalog, &wishes(words)) {
        Ok(plan) => {
            let versions = plan.versions().into_iter();
            let words = versions.map(|(id, version)| format!("{id} {version}"));
            words.collect::<Vec<_>>().join(", ")
        }
        Err(ResolveError::Conflict(_)) => "conflict".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// The newest of one feature is given up for the newest of another, not the other way round
/// through many old versions.
///
/// Shows a part of: C-10, C-11.
#[test]
fn giving_way_does_not_end_in_the_oldest_version() {
    let mut lines =
        String::from("core 1.0.0\nstore 1.0.0\nstore 2.0.0\nlegacy 1.0.0\ndriver 1.0.0 : legacy\n");
    for patch in 0..10 {
        lines += &format!("driver 2.0.{patch} : store^1\n");
    }
    assert_eq!(plan(&lines, "store driver"), "driver 2.0.9, store 1.0.0");
    // The same one step further away.
    let lines = lines.replace("driver ", "wire ") + "driver 1.0.0 : wire\n";
    assert_eq!(
        plan(&lines, "store driver"),
        "driver 1.0.0, store 1.0.0, wire 2.0.9"
    );
}

/// Shows a part of: C-10, C-11.
#[test]
fn a_version_that_cannot_be_had_is_passed_over() {
    let lines = "
        core 1.0.0
        broken 1.0.0
        b 1.0.0
        b 2.0.0
        b 3.0.0 : broken
        a 1.0.0 : b>=2
    ";
    assert_eq!(plan(lines, "a !broken"), "a 1.0.0, b 2.0.0");
    let lines = "
        core 1.0.0
        gone 1.0.0
        a 1.0.0 : gone
        a 2.0.0
        b 1.0.0 : a=1.0.0
        b 2.0.0 : a=1.0.0
        b 3.0.0 : a=1.0.0
    ";
    assert_eq!(plan(lines, "a b !gone"), "conflict");
}

/// Shows a part of: C-10, C-12.
#[test]
fn versions_and_features_that_do_not_exist_are_told() {
    let catalog = catalog("core 1.0.0\na 0.1.0\na 1.0.0\nc 2.0.0\nc 3.0.0\n");
    assert_snapshot!(report(&catalog, "a^2"), @r"
    the wishes cannot hold together:
      you asked for `a` ^2, but there is only 1.0.0, 0.1.0
    hint: fix 1: take `a` ^1.0.0 (adds `a`)
    hint: fix 2: drop `a` ^2
    ");
    assert_snapshot!(report(&catalog, "a b"), @r"
    unknown feature `b`
    hint: did you mean `a`?
    ");
    let source = source("core 1.0.0\na 1.0.0 : b\n");
    let mistakes = Catalog::read(source).expect_err("there is no `b`");
    assert!(
        mistakes
            .to_string()
            .contains("unknown feature or capability `b`"),
        "{mistakes}"
    );
}

/// Shows a part of: C-10, C-11.
#[test]
fn the_one_version_everybody_accepts_is_found() {
    // Two needs on one feature meet in the middle of its versions.
    let lines = "
        core 1.0.0
        json 1.6.5
        json 1.7.7
        json 1.8.0
        kitchen 10.26.0 : json<1.8
        shelf 2.0.7 : json>=1.7.7
        app 1.0.0 : kitchen^10 shelf^2
    ";
    assert_eq!(
        plan(lines, "app"),
        "app 1.0.0, json 1.7.7, kitchen 10.26.0, shelf 2.0.7"
    );
    // Where no version suits both, the two exclude each other, and nothing can need both.
    let lines = lines.replace("json 1.7.7", "json 1.7.6");
    let mistakes = Catalog::read(source(&lines)).expect_err("`app` needs both");
    assert!(
        mistakes
            .to_string()
            .contains("`app` 1.0.0 can never be selected"),
        "{mistakes}"
    );
    let lines = lines.replace("app 1.0.0 : kitchen^10 shelf^2", "");
    assert_eq!(plan(&lines, "kitchen shelf"), "conflict");
}

/// Shows a part of: C-10, C-11.
#[test]
fn three_features_settle_on_a_shared_old_version() {
    let lines = "
        core 1.0.0
        net 1.0.0
        net 1.3.4
        net 2.0.0
        net 2.5.0
        s3 2.0.0 : net^2
        s3 1.0.1 : net^1.3
        s3 0.3.0 : net^1
        cargo 1.0.0 : net^1.3.4
        oauth 0.1.2 : net^1.3
        oauth 0.2.0 : net>=1.3
    ";
    assert_eq!(
        plan(lines, "s3 cargo oauth"),
        "cargo 1.0.0, net 1.3.4, oauth 0.2.0, s3 1.0.1"
    );
}

/// A need that is not one run of versions.
///
/// Shows a part of: C-10, C-11.
#[test]
fn a_hole_in_a_range_is_respected() {
    let lines = "
        core 1.0.0
        a 1.0.0
        a 1.0.1 : c
        a 1.0.2
        a 1.0.3 : c
        b 1.0.0 : a<1.0.2|a>1.0.2
        c 1.0.0
    ";
    // One further feature is the price of the newer version, and fewer features come first.
    assert_eq!(plan(lines, "a b"), "a 1.0.0, b 1.0.0");
    assert_eq!(plan(lines, "a b c"), "a 1.0.3, b 1.0.0, c 1.0.0");
}

/// Needs that run in a circle cannot be built, in whatever order.
///
/// Shows a part of: C-10.
#[test]
fn a_circle_of_needs_is_a_mistake_of_the_catalog() {
    let source = source("core 1.0.0\nfoo 1.0.0 : bar\nbar 1.0.0 : foo\n");
    let mistakes = Catalog::read(source).expect_err("it cannot be built");
    assert!(
        mistakes.to_string().contains("run in a circle"),
        "{mistakes}"
    );
}

/// Parts of a feature that are asked for by name: each is a feature that needs the whole.
///
/// Shows a part of: C-10, C-12.
#[test]
fn extras_bring_what_they_need_and_can_exclude_each_other() {
    let lines = "
        core 1.0.0
        b 1.0.0
        b 2.0.0
        a 1.0.0
        a-old 1.0.0 : a b=1.0.0
        a-new 1.0.0 : a b=2.0.0
        a-all 1.0.0 : a-plain a-extra
        a-plain 1.0.0 : a
        a-extra 1.0.0 : a b
    ";
    assert_eq!(plan(lines, "a"), "a 1.0.0");
    assert_eq!(plan(lines, "a-new"), "a 1.0.0, a-new 1.0.0, b 2.0.0");
    assert_eq!(
        plan(lines, "a-all"),
        "a 1.0.0, a-all 1.0.0, a-extra 1.0.0, a-plain 1.0.0, b 2.0.0"
    );
    assert_eq!(plan(lines, "a-old a-new"), "conflict");
    assert_eq!(plan(lines, "a-old b==2.0.0"), "conflict");
}

/// Whoever provides a capability will do: a default first, then the first by name.
///
/// Shows a part of: C-10, C-11.
#[test]
fn a_provider_is_chosen_by_default_then_by_name() {
    let lines = "
        capability cap-y any
        core 1.0.0
        b 1.0.0 : +cap-y
        a 1.0.0 : +cap-y
        x 1.0.0 : cap-y
    ";
    assert_eq!(plan(lines, "x"), "a 1.0.0, x 1.0.0");
    let lines = lines.replace("cap-y any", "cap-y any =b");
    assert_eq!(plan(&lines, "x"), "b 1.0.0, x 1.0.0");
}

/// A capability is provided in a version of its own, and only some versions of a feature have it.
///
/// Shows a part of: C-10.
#[test]
fn what_provides_a_capability_depends_on_versions() {
    let lines = "
        capability cap-p any
        core 1.0.0
        a 1.0.0 : +cap-p@1.0.0
        a 2.0.0
        anew 2.0.0 : +cap-p@2.0.0
        old 1.0.0 : cap-p^1
        new 1.0.0 : cap-p^2
        any 1.0.0 : cap-p
    ";
    assert_eq!(plan(lines, "old"), "a 1.0.0, old 1.0.0");
    assert_eq!(plan(lines, "new"), "anew 2.0.0, new 1.0.0");
    // A newer version that has lost it does not count; the other provider lets both be new.
    assert_eq!(plan(lines, "any a"), "a 1.0.0, any 1.0.0");
    assert_eq!(plan(lines, "any a^2"), "a 2.0.0, anew 2.0.0, any 1.0.0");
}

/// What is there already stays at its version, and is the provider where a wish moves it.
///
/// Shows a part of: C-11.
#[test]
fn a_locked_provider_is_moved_by_a_wish_only() {
    let lines = "
        capability cap-p any
        core 1.0.0
        b 1.0.0 : +cap-p@1.0.0
        b 2.0.0 : +cap-p@2.0.0
        c 2.0.0 : +cap-p@2.0.0
        a 2.0.0 : cap-p^2
        unrelated 1.0.0
        unrelated 2.0.0
    ";
    // Some package managers would move `b` unasked. Here the lock holds until a wish moves it.
    assert_eq!(
        plan(lines, "a b unrelated @b=1.0.0 @unrelated=1.0.0"),
        "a 2.0.0, b 1.0.0, c 2.0.0, unrelated 1.0.0"
    );
    assert_eq!(
        plan(lines, "a b^2 unrelated @b=1.0.0 @unrelated=1.0.0"),
        "a 2.0.0, b 2.0.0, unrelated 1.0.0"
    );
}

/// A need with a condition asks for nothing while the condition does not hold.
///
/// Shows a part of: C-10.
#[test]
fn a_condition_that_does_not_hold_brings_nothing() {
    let lines = "
        capability cap-p any
        core 1.0.0
        x 1.0.0
        a 1.0.0 : cap-p?x
        b 1.0.0 : +cap-p
        c 1.0.0 : +cap-p
    ";
    assert_eq!(plan(lines, "a"), "a 1.0.0");
    assert_eq!(plan(lines, "a x"), "a 1.0.0, b 1.0.0, x 1.0.0");
}

/// Recommendations: taken where they fit, never nested, never at the price of a wish, out where
/// they are refused.
///
/// Shows a part of: C-11, C-15.
#[test]
fn weak_dependencies_never_get_in_the_way() {
    let lines = "
        core 1.0.0
        a 1.0.0 : ~b
        b 1.0.0 : ~c
        c 1.0.0
        impossible 1.0.0 : !core
        d 1.0.0 : core ~impossible
        tied 1.0.0 : %a/c
        rival 1.0.0 : !b
    ";
    assert_eq!(plan(lines, "a"), "a 1.0.0, b 1.0.0");
    assert_eq!(plan(lines, "a !b"), "a 1.0.0");
    assert_eq!(plan(lines, "a rival"), "a 1.0.0, rival 1.0.0");
    assert_eq!(plan(lines, "d"), "core 1.0.0, d 1.0.0");
    assert_eq!(plan(lines, "a c"), "a 1.0.0, b 1.0.0, c 1.0.0, tied 1.0.0");
}

/// Alternatives need not all be possible, and what all of them exclude is told.
///
/// Shows a part of: C-10, C-12.
#[test]
fn an_alternative_that_is_ruled_out_leaves_the_other() {
    let lines = "
        core 1.0.0
        q 1.0.0 : a
        a 1.0.0 : c^2
        a 2.0.0 : b
        b 1.0.0 : x|y
        x 1.0.0 : !a^2
        y 1.0.0 : c^1
        c 1.0.0
        c 2.0.0
    ";
    assert_eq!(
        plan(lines, "q a^2"),
        "a 2.0.0, b 1.0.0, c 1.0.0, q 1.0.0, y 1.0.0"
    );
    assert_eq!(plan(lines, "q a^2 c^2"), "conflict");
    assert_eq!(plan(lines, "q c^2"), "a 1.0.0, c 2.0.0, q 1.0.0");
}
