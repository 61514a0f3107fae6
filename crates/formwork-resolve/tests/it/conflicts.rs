//! Conflicts: minimal, told as a derivation, with fixes that were tried out.

use formwork_resolve::unselectable;
use insta::assert_snapshot;

use crate::toy::{catalog, report};

/// Shows a part of: C-12, C-13.
#[test]
fn an_exclusive_capability_is_told_from_wish_to_wish() {
    let catalog = catalog(
        "
        capability database exactly-one =sqlite
        capability notifier at-most-one =polling
        capability postgres-wire any
        core 1.0.0
        sqlite 1.0.0 : +database core
        postgres 1.0.0 : +database +postgres-wire core
        polling 1.0.0 : +notifier core
        listen-notify 1.0.0 : +notifier postgres-wire core
    ",
    );
    assert_snapshot!(report(&catalog, "listen-notify database=sqlite"), @r"
    the wishes cannot hold together:
      you asked for `listen-notify`
      it needs the capability `postgres-wire`; only `postgres` provides it
      you chose `sqlite` for `database`
      only one `database` is allowed
    hint: fix 1: answer `database=postgres` (adds `core`, `listen-notify`, `postgres`)
    hint: fix 2: take `polling` instead of `listen-notify` (adds `core`, `polling`, `sqlite`)
    hint: fix 3: drop `listen-notify` (adds `core`, `sqlite`)
    ");
    assert_snapshot!(report(&catalog, "listen-notify postgres sqlite"), @r"
    the wishes cannot hold together:
      you asked for `postgres`
      you asked for `sqlite`
      only one `database` is allowed
    hint: fix 1: drop `sqlite`
    ");
    assert_snapshot!(report(&catalog, "listen-notify !postgres"), @r"
    the wishes cannot hold together:
      you asked for `listen-notify`
      it needs the capability `postgres-wire`; only `postgres` provides it
      you refused `postgres`
    hint: fix 1: take `polling` instead of `listen-notify` (adds `core`, `polling`, `sqlite`)
    hint: fix 2: drop `listen-notify`
    hint: fix 3: allow `postgres` (adds `core`, `listen-notify`, `postgres`)
    ");
}

/// Shows a part of: C-12, C-13.
#[test]
fn versions_that_do_not_meet_are_told_by_their_ranges() {
    let catalog = catalog(
        "
        core 1.0.0
        core 1.1.0
        core 2.0.0
        core 2.1.0
        a 1.0.0 : core^1
        a 2.0.0 : core^2
        b 1.0.0 : core^2
    ",
    );
    assert_snapshot!(report(&catalog, "a^1 b"), @r"
    the wishes cannot hold together:
      you asked for `b`
      it needs `core` ^2
      you asked for `a` ^1
      it needs `core` ^1
      only one version of `core` is possible
    hint: fix 1: take `a` ^2.0.0 (adds `a`, `b`, `core`)
    hint: fix 2: drop `a` ^1 (adds `b`, `core`)
    hint: fix 3: drop `b` (adds `a`, `core`)
    ");
    assert_snapshot!(report(&catalog, "a^3"), @r"
    the wishes cannot hold together:
      you asked for `a` ^3, but there is only 2.0.0, 1.0.0
    hint: fix 1: take `a` ^2.0.0 (adds `a`, `core`)
    hint: fix 2: drop `a` ^3
    ");
    assert_snapshot!(report(&catalog, "a==1.0.0 b a"), @r"
    the wishes cannot hold together:
      you asked for `a`
      you pinned `a` to 1.0.0
      `a` needs `core` ^1
      you asked for `b`
      it needs `core` ^2
      only one version of `core` is possible
    hint: fix 1: take `a` at exactly 2.0.0 (adds `a`, `b`, `core`)
    hint: fix 2: drop `b` (adds `a`, `core`)
    hint: fix 3: drop `a` (adds `b`, `core`)
    ");
}

/// Shows a part of: C-12, C-13.
#[test]
fn a_case_distinction_is_told_case_by_case() {
    let catalog = catalog(
        "
        core 1.0.0
        a 1.0.0 : x|y
        x 1.0.0 : !b
        y 1.0.0 : !c
        b 1.0.0
        c 1.0.0
    ",
    );
    assert_snapshot!(report(&catalog, "a b c"), @r"
    the wishes cannot hold together:
      you asked for `b`
      `x` cannot be together with `b` (they clash)
      you asked for `a`
      it needs `x` or `y`; only `y` is left
      you asked for `c`
      `y` cannot be together with `c` (they clash)
    hint: fix 1: drop `a` (adds `b`, `c`)
    hint: fix 2: drop `b` (adds `a`, `c`, `x`)
    hint: fix 3: drop `c` (adds `a`, `b`, `y`)
    ");
}

/// Shows a part of: C-04, C-12.
#[test]
fn a_derivation_without_a_straight_line_goes_case_by_case() {
    let catalog = catalog(
        "
        core 1.0.0
        a 1.0.0 : x|y z|w
        x 1.0.0 : !z !w
        y 1.0.0 : !z !w
        z 1.0.0
        w 1.0.0
    ",
    );
    assert_snapshot!(report(&catalog, "a core"), @r"
    the wishes cannot hold together:
      you asked for `a`
      it needs `x` or `y`
      either way:
        with `x`: `x` cannot be together with `z` (they clash)
          `a` needs `z` or `w`; only `w` is left
          `x` cannot be together with `w` (they clash)
        with `y`: `y` cannot be together with `z` (they clash)
          `a` needs `z` or `w`; only `w` is left
          `y` cannot be together with `w` (they clash)
    hint: fix 1: drop `a`
    ");
    let never = unselectable(&catalog).expect("the catalog can be searched");
    let ids: Vec<_> = never.iter().map(|it| it.feature.as_str()).collect();
    assert_eq!(ids, ["a"]);
}

/// Shows a part of: C-10.
#[test]
fn a_capability_can_be_wished_refused_or_answered_with_none() {
    let catalog = catalog(
        "
        capability cache at-most-one =memory
        core 1.0.0
        memory 1.0.0 : +cache core
        redis 1.0.0 : +cache core
        sessions 1.0.0 : cache core
    ",
    );
    assert_snapshot!(report(&catalog, "cache"), @r"
    core 1.0.0: memory needs it
    memory 1.0.0: wished
    ");
    assert_snapshot!(report(&catalog, "cache !memory"), @r"
    core 1.0.0: redis needs it
    redis 1.0.0: wished
    ");
    assert_snapshot!(report(&catalog, "sessions cache=none"), @r"
    the wishes cannot hold together:
      you chose `none` for `cache`
      you asked for `sessions`
      it needs the capability `cache`, which nothing is left to provide
    hint: fix 1: answer `cache=memory` (adds `core`, `memory`, `sessions`)
    hint: fix 2: answer `cache=redis` (adds `core`, `redis`, `sessions`)
    hint: fix 3: drop `sessions`
    ");
    assert_snapshot!(report(&catalog, "core sessions !cache"), @r"
    the wishes cannot hold together:
      you refused `cache`
      you asked for `sessions`
      it needs the capability `cache`, which nothing is left to provide
    hint: fix 1: drop `sessions`
    hint: fix 2: allow `cache` (adds `memory`, `sessions`)
    ");
}

/// Shows a part of: C-12, C-13.
#[test]
fn independent_conflicts_are_told_one_after_the_other() {
    let catalog = catalog(
        "
        core 1.0.0 : #advanced:m
        a 1.0.0 : !b
        b 1.0.0
        c 1.0.0 : !d
        d 1.0.0
        m 1.0.0 : !n
        n 1.0.0
    ",
    );
    assert_snapshot!(report(&catalog, "a b c d"), @r"
    2 conflicts; the first:
      you asked for `a`
      you asked for `b`
      `a` cannot be together with `b` (they clash)
    and independently:
      you asked for `c`
      you asked for `d`
      `c` cannot be together with `d` (they clash)
    hint: fix 1: drop `a` and drop `c` (adds `b`, `d`)
    hint: fix 2: drop `a` and drop `d` (adds `b`, `c`)
    hint: fix 3: drop `b` and drop `c` (adds `a`, `d`)
    hint: fix 4: drop `b` and drop `d` (adds `a`, `c`)
    ");
    assert_snapshot!(report(&catalog, "core n #advanced"), @r"
    the wishes cannot hold together:
      you asked for `core`
      you asked for the tier `advanced`
      the tier `advanced` asks for `m`
      you asked for `n`
      `m` cannot be together with `n` (they clash)
    hint: fix 1: ask for the tier `intermediate` only (adds `core`, `n`)
    hint: fix 2: drop `core` (adds `n`)
    hint: fix 3: drop `n` (adds `core`, `m`)
    ");
}

/// Shows a part of: C-12.
#[test]
fn an_answer_can_be_part_of_a_conflict() {
    let catalog = catalog(
        "
        core 1.0.0 : mode[plain,secure] tls?mode=secure
        tls 1.0.0 : !legacy
        legacy 1.0.0
    ",
    );
    assert_snapshot!(report(&catalog, "core legacy mode=secure"), @r"
    the wishes cannot hold together:
      you asked for `core`
      you chose `secure` for `mode`
      `core` needs `tls`
      you asked for `legacy`
      `tls` cannot be together with `legacy` (they clash)
    hint: fix 1: answer `mode=plain` (adds `core`, `legacy`)
    hint: fix 2: drop `core` (adds `legacy`)
    hint: fix 3: drop `legacy` (adds `core`, `tls`)
    ");
}
