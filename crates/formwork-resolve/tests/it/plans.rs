//! Plans: what is in, why, and which of several.

use formwork_resolve::{WhyNot, degrade, resolve, why, why_not};
use insta::assert_snapshot;

use crate::toy::{catalog, report, wishes};

const SERVICE: &str = "
    capability database exactly-one =sqlite
    capability notifier at-most-one =polling
    capability cap-wire any
    core 1.0.0 : #advanced:metrics #enterprise:audit
    sqlite 1.0.0 : +database core^1 &backup journal[wal,delete] checkpoint?journal=wal
    checkpoint 1.0.0 : core
    postgres 1.0.0 : +database +cap-wire core^1 ~pool
    postgres 1.1.0 : +database +cap-wire core^1 ~pool
    pool 1.0.0 : postgres
    backup 1.0.0 : core
    outbox 1.0.0 : core notifier ~metrics ~listen-notify
    polling 1.0.0 : +notifier core
    listen-notify 1.0.0 : +notifier cap-wire
    metrics 1.0.0 : core metrics-outbox?outbox
    metrics-outbox 1.0.0 : core
    audit 1.0.0 : core tracing
    tracing 1.0.0 : core !metrics-outbox
    dashboards 1.0.0 : %outbox/metrics core
";

/// Shows a part of: C-10, C-11.
#[test]
fn needs_defaults_and_options_are_followed() {
    let catalog = catalog(SERVICE);
    assert_snapshot!(report(&catalog, "core journal=delete"), @r"
    core 1.0.0: wished
    sqlite 1.0.0: default database [journal=delete]
    try backup: suggested by sqlite
    ");
    assert_snapshot!(report(&catalog, "core"), @r"
    core 1.0.0: wished
    checkpoint 1.0.0: sqlite needs it
    sqlite 1.0.0: default database [journal=wal]
    try backup: suggested by sqlite
    ");
}

/// Shows a part of: C-11, C-15.
#[test]
fn recommendations_of_wished_features_are_taken_or_recorded() {
    let catalog = catalog(SERVICE);
    assert_snapshot!(report(&catalog, "outbox"), @r"
    core 1.0.0: outbox needs it
    checkpoint 1.0.0: sqlite needs it
    dashboards 1.0.0: recommended by outbox, metrics
    metrics-outbox 1.0.0: metrics needs it
    metrics 1.0.0: recommended by outbox
    polling 1.0.0: outbox needs notifier
    outbox 1.0.0: wished
    sqlite 1.0.0: default database [journal=wal]
    without listen-notify, recommended by outbox
    try backup: suggested by sqlite
    ");
    assert_snapshot!(report(&catalog, "outbox database=postgres !metrics"), @r"
    core 1.0.0: outbox needs it
    polling 1.0.0: outbox needs notifier
    outbox 1.0.0: wished
    postgres 1.1.0: wished
    pool 1.0.0: recommended by postgres
    without listen-notify, recommended by outbox
    ");
}

/// To answer with the default is to leave a question open, said aloud: the same plan, whose default
/// is told as wished. Another answer, or the name of the feature, brings what it recommends.
///
/// Shows a part of: C-11, C-16.
#[test]
fn an_answer_that_confirms_a_default_brings_no_recommendations() {
    let catalog = catalog(
        "
        capability database exactly-one =sqlite
        core 1.0.0
        sqlite 1.0.0 : +database ~backup
        postgres 1.0.0 : +database ~pool
        backup 1.0.0
        pool 1.0.0
        tie 1.0.0 : %sqlite/core
        ",
    );
    let versions = |words: &str| {
        let plan = resolve(&catalog, &wishes(words)).expect("there is a plan");
        plan.versions().into_keys().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(versions("core"), "core sqlite tie");
    assert_eq!(versions("core database=sqlite"), versions("core"));
    assert_eq!(versions("core sqlite"), "backup core sqlite tie");
    assert_eq!(
        versions("core sqlite database=sqlite"),
        "backup core sqlite tie"
    );
    assert_eq!(versions("core database=postgres"), "core pool postgres");
}

/// Every basis of a suggestion with its words; nothing that is in, refused, or cannot be added.
///
/// Shows a part of: C-15.
#[test]
fn suggestions_say_what_they_rest_on() {
    let catalog = catalog(
        "
        core 1.0.0 : !stranger
        jwt 1.0.0 : &rate-limit$security &stranger$security
        rate-limit 1.0.0
        stranger 1.0.0
        rest 1.0.0 : &cache$performance &docs
        cache 1.0.0
        docs 1.0.0
        slo 1.0.0 : *advanced
        audit 1.0.0 : *enterprise
        tracing 1.0.0
        example rest tracing
        example rest tracing jwt
        example rest
        example core
        ",
    );
    assert_snapshot!(report(&catalog, "core jwt rest #advanced"), @r"
    core 1.0.0: wished
    jwt 1.0.0: wished
    rest 1.0.0: wished
    try cache: for performance, says rest
    try docs: suggested by rest
    try rate-limit: for security, says jwt
    try slo: it is made for services from the tier `advanced` on
    try tracing: 2 of 3 examples with `rest` have it
    ");
    assert_snapshot!(report(&catalog, "core jwt rate-limit !tracing"), @r"
    core 1.0.0: wished
    jwt 1.0.0: wished
    rate-limit 1.0.0: wished
    try rest: 3 of 4 examples have it
    ");
}

/// Shows a part of: C-02, C-10.
#[test]
fn a_tier_asks_for_what_it_and_every_lower_one_demand() {
    let catalog = catalog(SERVICE);
    assert_snapshot!(report(&catalog, "core #advanced"), @r"
    core 1.0.0: wished
    checkpoint 1.0.0: sqlite needs it
    metrics 1.0.0: tier advanced
    sqlite 1.0.0: default database [journal=wal]
    try backup: suggested by sqlite
    ");
    assert_snapshot!(report(&catalog, "core #enterprise"), @r"
    core 1.0.0: wished
    tracing 1.0.0: audit needs it
    audit 1.0.0: tier enterprise
    checkpoint 1.0.0: sqlite needs it
    metrics 1.0.0: tier advanced
    sqlite 1.0.0: default database [journal=wal]
    try backup: suggested by sqlite
    ");
}

/// Shows a part of: C-11.
#[test]
fn what_is_locked_stays_unless_a_wish_moves_it() {
    let catalog = catalog(SERVICE);
    assert_snapshot!(report(&catalog, "core @core=1.0.0 @postgres=1.0.0"), @r"
    core 1.0.0: wished
    postgres 1.0.0: has to be a database
    try pool: recommended by postgres
    ");
    assert_snapshot!(report(&catalog, "core postgres==1.1.0 @core=1.0.0 @postgres=1.0.0"), @r"
    core 1.0.0: wished
    postgres 1.1.0: has to be a database
    try pool: recommended by postgres
    ");
    assert_snapshot!(report(&catalog, "core @metrics=1.0.0 @pool=1.0.0"), @r"
    core 1.0.0: wished
    checkpoint 1.0.0: sqlite needs it
    sqlite 1.0.0: default database [journal=wal]
    try backup: suggested by sqlite
    ");
}

/// Shows a part of: C-10.
#[test]
fn every_wish_that_makes_no_sense_is_told_at_once() {
    let catalog = catalog(SERVICE);
    let words = "postgers !tracng database=sqlit notifier=none journal=wall jornal=wal sqlite.x=1 core==2.0.0";
    assert_snapshot!(report(&catalog, words), @r"
    unknown feature `postgers`
    hint: did you mean `postgres`?
    unknown feature `tracng`
    hint: did you mean `tracing`?
    `sqlit` is no answer to `database`
    hint: did you mean `sqlite`?
    `journal`: `wall` is none of the choices, did you mean `wal`?
    nothing asks `jornal`
    hint: did you mean `journal`?
    `sqlite` has no option `x`
    `core` has no version 2.0.0
    hint: there is 1.0.0
    ");
}

/// Shows a part of: C-14.
#[test]
fn why_and_why_not_answer_in_words() {
    let catalog = catalog(SERVICE);
    let plan = resolve(&catalog, &wishes("core database=sqlite")).expect("there is a plan");
    assert_snapshot!(why(&plan, "checkpoint").expect("it is in"), @r"
    `checkpoint` is here because `sqlite` needs it
    `sqlite` is here because you asked for it
    ");
    assert!(why(&plan, "postgres").is_none());
    let answer = why_not(&catalog, &wishes("core database=sqlite"), "listen-notify");
    let Ok(WhyNot::Impossible { conflict }) = answer else {
        panic!("it cannot be in");
    };
    assert_snapshot!(conflict.cores[0].derivation, @r"you asked for `listen-notify`; it needs the capability `cap-wire`; only `postgres` provides it; you chose `sqlite` for `database`; only one `database` is allowed");
    let Ok(WhyNot::Possible { diff }) = why_not(&catalog, &wishes("core"), "listen-notify") else {
        panic!("it can be in");
    };
    assert_snapshot!(diff, @r"adds `listen-notify`, `postgres`; removes `checkpoint`, `sqlite`");
}

/// Shows a part of: C-13.
#[test]
fn the_largest_consistent_part_says_what_was_left_out() {
    let catalog = catalog(SERVICE);
    let degraded = degrade(
        &catalog,
        &wishes("sqlite listen-notify tracing metrics outbox"),
    )
    .expect("there is a part");
    let left: Vec<_> = degraded
        .left_out
        .iter()
        .map(|left| format!("{}: {}", left.wish, left.because.cores[0].derivation))
        .collect();
    assert_snapshot!(left.join("\n"), @r"
    `listen-notify`: you asked for `listen-notify`; it needs the capability `cap-wire`; only `postgres` provides it; you asked for `sqlite`; only one `database` is allowed
    `outbox`: you asked for `metrics`; you asked for `outbox`; `metrics` needs `metrics-outbox`; you asked for `tracing`; `tracing` cannot be together with `metrics-outbox` (they clash)
    ");
    assert!(degraded.plan.contains("sqlite"));
}

/// Shows a part of: C-11.
#[test]
fn fewest_then_newest_then_names_decide() {
    let catalog = catalog(
        "
        core 1.0.0
        a 1.0.0 : core
        b 1.0.0 : core
        b 2.0.0 : core
        c 1.0.0 : core a
        x 1.0.0 : c|b
        y 1.0.0 : b|a
        z 1.0.0 : b<2
        rc 1.0.0
        rc 1.1.0-rc.1
    ",
    );
    assert_snapshot!(report(&catalog, "x"), @r"
    core 1.0.0: b needs it
    b 2.0.0: x needs it
    x 1.0.0: wished
    ");
    assert_snapshot!(report(&catalog, "y"), @r"
    core 1.0.0: a needs it
    a 1.0.0: y needs it
    y 1.0.0: wished
    ");
    assert_snapshot!(report(&catalog, "x z"), @r"
    core 1.0.0: b needs it
    b 1.0.0: x needs it
    x 1.0.0: wished
    z 1.0.0: wished
    ");
    assert_snapshot!(report(&catalog, "rc"), @r"rc 1.0.0: wished");
}

/// A name means a kind only when nothing else has it, whatever kind the others are of.
///
/// Shows a part of: C-10.
#[test]
fn a_conflict_with_a_feature_named_like_a_kind_means_the_feature() {
    let catalog = catalog(
        "
        core 1.0.0
        core 2.0.0
        a 1.0.0 : core b !core^1
        b 1.0.0
    ",
    );
    assert_snapshot!(report(&catalog, "a"), @r"
    b 1.0.0: a needs it
    core 2.0.0: a needs it
    a 1.0.0: wished
    ");
}

/// Alternatives and conditions can close a circle that no catalog alone shows.
///
/// Shows a part of: C-10.
#[test]
fn needs_that_run_in_a_circle_are_told_with_the_plan() {
    let catalog = catalog(
        "
        core 1.0.0
        a 1.0.0 : b|x
        b 1.0.0 : c?a
        c 1.0.0 : a
        x 1.0.0
    ",
    );
    assert_snapshot!(report(&catalog, "a b"), @r"
    c 1.0.0: b needs it
    b 1.0.0: wished
    a 1.0.0: wished
    in a circle: a, b, c
    ");
    assert_snapshot!(report(&catalog, "a x"), @r"
    x 1.0.0: wished
    a 1.0.0: wished
    ");
    // One that has a role to fill and one that fills it do not need each other by name.
    let catalog = self::catalog("capability role any\ncore 1.0.0 : role\na 1.0.0 : +role core\n");
    assert_snapshot!(report(&catalog, "core"), @r"
    core 1.0.0: wished
    a 1.0.0: core needs role
    ");
}

/// Sparing an answer lets the default in, which can make up for it.
///
/// Shows a part of: C-12, C-16.
#[test]
fn an_answer_whose_default_fails_as_well_is_not_to_blame() {
    let catalog = catalog(
        "
        core 1.0.0 : mode[plain,secure] tls?mode=secure text?mode=plain
        tls 1.0.0 : !legacy
        text 1.0.0 : !legacy
        legacy 1.0.0
    ",
    );
    assert_snapshot!(report(&catalog, "core legacy mode=secure"), @r"
    the wishes cannot hold together:
      you asked for `core`
      it needs `text`
      you asked for `legacy`
      `text` cannot be together with `legacy` (they clash)
    hint: fix 1: drop `core` (adds `legacy`)
    hint: fix 2: drop `legacy` (adds `core`, `tls`)
    ");
}

/// Shows a part of: C-11.
#[test]
fn a_default_stands_only_where_a_plan_asks_for_the_capability() {
    let catalog = catalog(
        "
        capability cache at-most-one =memory
        core 1.0.0
        memory 1.0.0 : +cache core
        redis 1.0.0 : +cache core
        limits 1.0.0 : core ~redis
        sessions 1.0.0 : core cache
    ",
    );
    assert_snapshot!(report(&catalog, "limits"), @r"
    core 1.0.0: limits needs it
    limits 1.0.0: wished
    redis 1.0.0: recommended by limits
    ");
    assert_snapshot!(report(&catalog, "limits sessions"), @r"
    core 1.0.0: limits needs it
    limits 1.0.0: wished
    memory 1.0.0: sessions needs cache
    sessions 1.0.0: wished
    without redis, recommended by limits
    ");
    assert_snapshot!(report(&catalog, "limits sessions redis"), @r"
    core 1.0.0: limits needs it
    limits 1.0.0: wished
    redis 1.0.0: wished
    sessions 1.0.0: wished
    ");
}

/// The same inputs give the same plan, and the order of wishes is no input.
///
/// Shows a part of: C-11.
#[test]
fn the_order_of_wishes_changes_nothing() {
    let catalog = catalog(SERVICE);
    let plan = |words| resolve(&catalog, &wishes(words)).expect("there is a plan");
    let first = plan("outbox metrics database=postgres");
    assert_eq!(first, plan("database=postgres metrics outbox"));
    assert_eq!(first, plan("outbox metrics database=postgres"));
}
