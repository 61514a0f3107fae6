//! Every mistake of a pack comes back at once, each with its place.

use insta::assert_snapshot;

use crate::pack::{manifest, pack, report};

/// Shows a part of: C-04.
#[test]
fn every_mistake_of_one_manifest_is_reported_at_once() {
    let mut source = pack(&[
        (
            "features/broken/feature.toml",
            r#"id = "Broken_one"
name = 7
version = "1.0"
kind = "storrage"
colour = "blue"
tier = "basic"

[[provides]]
capability = "database"

[[requires]]
any = ["sqlite ^x", 3]
reasn = "…"

[[requires]]
any = []

[[conflicts]]
with = "core"

[[options]]
key = "mode"
type = "choice"
prompt = "Mode?"
choices = ["wal", "delete"]
default = "wall"

[[options]]
key = "size"
type = "integer"
prompt = "Size?"
max = 10
default = 11

[crates.infra]
sqlx = {}

[crates.domain]
serde = "1"

[versions]
sqlx = { version = "zero" }

[[merges]]
into = "../config.toml"
from = "merge/confg.toml"

[[merges]]
into = "src/main.rs"
from = "merge/config.toml"

[[actions]]
id = "x"
when = "never"
summary = "X."

[[migrations]]
from = "2.0.0"
to = "1.0.0"
summary = "X."

[[probes]]
name = "a"
kind = "htp"
path = "/"

[[probes]]
name = "b"
kind = "http"
path = "/"
status = 99
json = { status = [] }
"#,
        ),
        ("features/syntax/feature.toml", "id = \"syntax\"\nname = \n"),
    ]);
    source.insert("features/broken/merge/config.toml", b"".to_vec());
    source.insert("features/broken/files/a.rs", b"".to_vec());
    source.insert("features/broken/files/a.rs.j2", b"".to_vec());
    assert_snapshot!(report(source), @r"
    features/broken/feature.toml:1:1: error: `a.rs` exists twice: `features/broken/files/a.rs` and `features/broken/files/a.rs.j2`
    features/broken/feature.toml:1:1: error: the manifest has no `summary`
    features/broken/feature.toml:1:6: error: the feature `Broken_one` lies in the folder `broken`
    hint: name the folder `Broken_one`, or `Broken_one@VERSION` beside another version
    features/broken/feature.toml:1:6: error: the feature id `Broken_one` is not kebab-case
    hint: use lower-case letters, digits and single hyphens, as in `listen-notify`
    features/broken/feature.toml:2:8: error: `name` must be a string, found integer
    features/broken/feature.toml:3:11: error: `1.0` is not a version: unexpected end of input while parsing minor version number
    hint: write all three numbers, as in `1.0.0`
    features/broken/feature.toml:4:8: error: unknown `kind`: `storrage`
    hint: did you mean `storage`?
    features/broken/feature.toml:5:1: warning: the manifest has an unknown key `colour`
    features/broken/feature.toml:8:1: error: [[provides]] has no `version`
    features/broken/feature.toml:9:14: error: unknown capability `database`
    features/broken/feature.toml:12:8: error: `^x` is not a version range: unexpected character 'x' while parsing major version number
    hint: write it as in `^1.2` or `>=1, <3`
    features/broken/feature.toml:12:8: error: unknown feature or capability `sqlite`
    features/broken/feature.toml:12:21: error: `any` holds strings, found integer
    features/broken/feature.toml:13:1: warning: [[requires]] has an unknown key `reasn`
    hint: did you mean `reason`?
    features/broken/feature.toml:16:7: error: `any` must be a list with at least one name, found array
    features/broken/feature.toml:18:1: error: [[conflicts]] has no `reason`
    features/broken/feature.toml:22:7: warning: nothing reads the option `mode` of `Broken_one`
    hint: use it in a template or a condition, or do not ask
    features/broken/feature.toml:26:11: error: the default `wall` is none of the choices, did you mean `wal`?
    features/broken/feature.toml:29:7: warning: nothing reads the option `size` of `Broken_one`
    hint: use it in a template or a condition, or do not ask
    features/broken/feature.toml:33:11: error: the default 11 is more than 10
    features/broken/feature.toml:35:9: error: unknown layer `infra`
    hint: known are domain, application, infrastructure, interfaces, service, workspace
    features/broken/feature.toml:39:1: error: `serde` must be a table, found string
    hint: write `{}` here and its version under `[versions]`
    features/broken/feature.toml:42:1: error: `zero` is not a version range: unexpected character 'z' while parsing major version number
    features/broken/feature.toml:45:8: error: `../config.toml` leaves the project through `..`
    features/broken/feature.toml:46:8: error: there is no file `features/broken/merge/confg.toml`
    hint: did you mean `merge/config.toml`?
    features/broken/feature.toml:49:8: error: `src/main.rs` is of no format that can be merged
    hint: toml, yaml, json and env files are merged
    features/broken/feature.toml:52:1: error: `run` must name a program
    features/broken/feature.toml:54:8: error: unknown `when`: `never`
    hint: known are new, change
    features/broken/feature.toml:57:1: error: a migration moves up, not from 2.0.0 to 1.0.0
    features/broken/feature.toml:64:8: error: unknown `kind`: `htp`
    hint: did you mean `http`?
    features/broken/feature.toml:71:10: error: 99 is no HTTP status
    features/broken/feature.toml:72:10: error: `status` is no JSON pointer
    hint: did you mean `/status`?
    features/broken/feature.toml:72:19: error: `status` must be a string, an integer, true or false, found array
    features/syntax/feature.toml:2:8: error: string values must be quoted, expected literal string
    ");
}

/// Shows a part of: C-04, C-10.
#[test]
fn every_mistake_between_manifests_is_reported_at_once() {
    let core = manifest(
        "core",
        r#"
[[capabilities]]
id = "database"
cardinality = "exactly-one"
default = "sqlit"

[[capabilities]]
id = "cache"
cardinality = "exactly-one"

[[capabilities]]
id = "core"
cardinality = "any"

[[tiers]]
tier = "advanced"
requires = [{ any = ["metricss"] }]

[versions]
serde = "1"
"#,
    );
    let sqlite = manifest(
        "sqlite",
        r#"
provides = [{ capability = "database", version = "1.0.0" }]
requires = [{ any = ["core ^1"] }, { any = ["posgres"] }, { any = ["database ^2"] }]
recommends = [{ feature = "databse", reason = "…" }]
suggests = [{ feature = "core ^7", reason = "…" }]

[versions]
serde = "2"

[[options]]
key = "journal-mode"
type = "text"
prompt = "Mode?"
default = "wal"

[[options]]
key = "pool"
type = "integer"
prompt = "Pool?"
default = 4
when = { answer = "jornal-mode=wal" }
"#,
    );
    let postgres = manifest(
        "postgres",
        r#"
provides = [{ capability = "databas", version = "1.0.0" }, { capability = "database", version = "1.0.0" }]
requires = [{ any = ["outbox"] }]
[crates.domain]
uuid = {}
"#,
    );
    let outbox = manifest("outbox", "requires = [{ any = [\"relay\"] }]\n");
    let relay = manifest("relay", "requires = [{ any = [\"postgres\"] }]\n");
    let torn = manifest(
        "torn",
        "requires = [{ any = [\"sqlite\"] }, { any = [\"postgres\"] }]\n\
         conflicts = [{ with = \"storrage\", reason = \"…\" }]\n",
    );
    let follower = manifest("follower", "requires = [{ any = [\"torn\"] }]\n");
    let mut source = pack(&[
        ("features/core/feature.toml", &core),
        ("features/sqlite/feature.toml", &sqlite),
        ("features/postgres/feature.toml", &postgres),
        ("features/postgres@1.0.0/feature.toml", &postgres),
        ("features/outbox/feature.toml", &outbox),
        ("features/relay/feature.toml", &relay),
        ("features/torn/feature.toml", &torn),
        ("features/follower/feature.toml", &follower),
    ]);
    for path in [
        "features/core/files/Cargo.toml.j2",
        "features/relay/files/Cargo.toml",
        "features/sqlite/files/src/database.rs",
        "features/postgres/files/src/database.rs",
    ] {
        source.insert(path, b"".to_vec());
    }
    assert_snapshot!(report(source), @r"
    features/core/feature.toml:9:6: error: the default `sqlit` does not provide `database`
    hint: did you mean `sqlite`?
    features/core/feature.toml:14:6: error: nothing provides the capability `cache`
    features/core/feature.toml:18:6: error: the capability `core` has the name of a feature
    features/core/feature.toml:18:6: warning: nothing provides the capability `core`
    features/core/feature.toml:23:22: error: unknown feature or capability `metricss`
    features/follower/feature.toml:1:6: error: `follower` 1.0.0 can never be selected: `torn` needs `postgres`, of which nothing is left
    features/postgres/feature.toml:8:28: error: unknown capability `databas`
    hint: did you mean `database`?
    features/postgres/feature.toml:9:13: error: requirements run in a circle: `outbox` → `relay` → `postgres` → `outbox`
    hint: `postgres` should not require `outbox`
    features/postgres/feature.toml:11:1: error: the crate `uuid` has no version
    hint: pin it under `[versions]`
    features/postgres@1.0.0/feature.toml:1:6: error: `postgres` 1.0.0 exists twice
    hint: the other one is in `features/postgres`
    features/postgres@1.0.0/feature.toml:8:28: error: unknown capability `databas`
    hint: did you mean `database`?
    features/postgres@1.0.0/feature.toml:11:1: error: the crate `uuid` has no version
    hint: pin it under `[versions]`
    features/relay/files/Cargo.toml:1:1: error: `core` and `relay` both own the file `Cargo.toml`
    hint: leave it to one of them, or merge into it
    features/sqlite/feature.toml:9:45: error: unknown feature or capability `posgres`
    hint: did you mean `postgres`?
    features/sqlite/feature.toml:9:68: error: no version of `database` matches `^2`
    hint: there is 1.0.0
    features/sqlite/feature.toml:10:27: error: unknown feature `databse`
    features/sqlite/feature.toml:11:25: error: no version of `core` matches `^7`
    hint: there is 1.0.0
    features/sqlite/feature.toml:14:1: error: `core` and `sqlite` pin the crate `serde` differently
    hint: the other pin is at features/core/feature.toml:26:1
    features/sqlite/feature.toml:17:7: warning: nothing reads the option `journal-mode` of `sqlite`
    hint: use it in a template or a condition, or do not ask
    features/sqlite/feature.toml:23:7: warning: nothing reads the option `pool` of `sqlite`
    hint: use it in a template or a condition, or do not ask
    features/sqlite/feature.toml:27:19: error: `sqlite` has no option `jornal-mode`
    hint: did you mean `journal-mode`?
    features/torn/feature.toml:1:6: error: `torn` 1.0.0 can never be selected: `torn` needs `postgres`, of which nothing is left
    features/torn/feature.toml:8:23: error: unknown feature, capability or kind `storrage`
    hint: did you mean `storage`?
    ");
}

#[test]
fn wiring_needs_a_slot_in_some_template() {
    let wired = manifest(
        "wired",
        "[[wiring]]\nslot = \"app.module\"\norder = 1\ncode = \"Wired\"\n",
    );
    let mut source = pack(&[("features/wired/feature.toml", &wired)]);
    source.insert(
        "features/wired/files/app.rs.j2",
        b"{% for w in wiring(\"app.modules\") %}{{ w.code }}{% endfor %}".to_vec(),
    );
    let text = report(source);
    assert!(
        text.contains("no template has a slot `app.module`"),
        "{text}"
    );
    assert!(text.contains("hint: did you mean `app.modules`?"), "{text}");
}
