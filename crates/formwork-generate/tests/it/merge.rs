//! Several features, one file.

use crate::toy::Pack;

/// Two features that contribute to one file, whose owner is the first.
fn merged(name: &str, owner: &str, contribution: &str) -> Pack {
    let merges = format!("[[merges]]\ninto = \"{name}\"\nfrom = \"merge/{name}\"\n");
    Pack::new()
        .feature("core", "")
        .file("core", &format!("files/{name}"), owner)
        .feature("rest", &merges)
        .file("rest", &format!("merge/{name}"), contribution)
}

/// Shows a part of: C-22.
#[test]
fn toml_is_united_deeply_with_its_comments_and_order() {
    let pack = merged(
        "default.toml",
        "# The service.\nname = \"shop\" # short\n\n[http]\n# Where it listens.\nlisten = \"127.0.0.1:8080\"\ntags = [\"a\"]\n\n[log]\nlevel = \"info\"\n",
        "# The API.\n[http]\ntags = [\"a\", \"b\"]\n# How long a request may take.\ntimeout = \"30s\"\n\n# Limits.\n[http.limits]\nbody = \"1MiB\"\n\n[log]\nlevel = \"info\"\n",
    );
    assert_eq!(
        pack.text("default.toml"),
        "# The service.\nname = \"shop\" # short\n\n[http]\n# Where it listens.\nlisten = \"127.0.0.1:8080\"\ntags = [\"a\", \"b\"]\n\
         # How long a request may take.\ntimeout = \"30s\"\n\n# Limits.\n[http.limits]\nbody = \"1MiB\"\n\n[log]\nlevel = \"info\"\n"
    );
}

/// Shows a part of: C-22.
#[test]
fn different_values_name_both_features_and_the_key_in_every_format() {
    for (name, owner, contribution, mistake) in [
        (
            "a.toml",
            "[http]\nport = 1\n",
            "[http]\nport = 2\n",
            "`a.toml`: the key `http.port` is 2 for `rest`, but 1 for `core`",
        ),
        (
            "a.yaml",
            "http:\n  port: 1\n",
            "http:\n  port: 2\n",
            "`a.yaml`: the key `http.port` is `2` for `rest`, but `1` for `core`",
        ),
        (
            "a.json",
            "{\"http\": {\"port\": 1}}",
            "{\"http\": {\"port\": 2}}",
            "`a.json`: the key `http.port` is 2 for `rest`, but 1 for `core`",
        ),
        (
            "a.env",
            "PORT=1\n",
            "PORT=2\n",
            "`a.env`: the key `PORT` is `2` for `rest`, but `1` for `core`",
        ),
    ] {
        assert_eq!(merged(name, owner, contribution).mistakes(), mistake);
    }
}

#[test]
fn what_is_not_well_formed_is_reported_with_its_place() {
    let mistakes = merged(
        "a.yaml",
        "a: 1\n\tb: 2\n",
        "services:\n  - one\n   two: 3\n",
    )
    .mistakes();
    assert_eq!(
        mistakes,
        "features/core/files/a.yaml: not valid YAML: line 2: a tab cannot indent (feature `core`, for `a.yaml`)\n\
         features/rest/merge/a.yaml: not valid YAML: line 3: `two: 3` does not belong to what stands above it (feature `rest`, for `a.yaml`)"
    );
    let mistakes = merged("a.json", "{", "{}").mistakes();
    assert!(
        mistakes.contains("not valid JSON: EOF while parsing"),
        "{mistakes}"
    );
}

/// Shows a part of: C-22.
#[test]
fn compose_files_are_united_with_their_comments_and_order() {
    let pack = merged(
        "compose.yaml",
        "# Everything on one machine.\nservices:\n  shop:\n    build: .\n    environment:\n      SHOP__HTTP__LISTEN: \"0.0.0.0:8080\" # all interfaces\n    ports: [\"8080:8080\"]\n    command: >\n      one\n        two\n\n      three\nvolumes:\n",
        "services:\n  # The database.\n  postgres:\n    image: postgres:17\n    healthcheck:\n      test: [\"CMD\", \"pg_isready\"]\n    ports:\n    - \"5432:5432\"\n    - target: 1\n      published: 2\n  shop:\n    environment:\n      SHOP__POSTGRES__URL: postgres://postgres/shop\n    depends_on:\n      postgres:\n        condition: service_healthy\nvolumes:\n  data: {}\n",
    );
    assert_eq!(
        pack.text("compose.yaml"),
        "# Everything on one machine.\nservices:\n  shop:\n    build: .\n    environment:\n      SHOP__HTTP__LISTEN: \"0.0.0.0:8080\" # all interfaces\n      SHOP__POSTGRES__URL: postgres://postgres/shop\n    ports: [\"8080:8080\"]\n    command: >\n      one\n        two\n\n      three\n    depends_on:\n      postgres:\n        condition: service_healthy\n  # The database.\n  postgres:\n    image: postgres:17\n    healthcheck:\n      test: [\"CMD\", \"pg_isready\"]\n    ports:\n      - \"5432:5432\"\n      - target: 1\n        published: 2\nvolumes:\n  data: {}\n"
    );
}

#[test]
fn sequences_are_united_in_order() {
    let pack = merged(
        "a.yaml",
        "list:\n  - one\n  - \"two\"\n",
        "list:\n- two\n- three\n",
    );
    assert_eq!(
        pack.text("a.yaml"),
        "list:\n  - one\n  - \"two\"\n  - three\n"
    );
}

#[test]
fn json_is_united_in_the_order_of_its_keys() {
    let pack = merged(
        "a.json",
        "{\"z\": [1, 2], \"a\": {\"b\": true}}",
        "{\"a\": {\"c\": null}, \"z\": [2, 3]}",
    );
    assert_eq!(
        pack.text("a.json"),
        "{\n  \"z\": [\n    1,\n    2,\n    3\n  ],\n  \"a\": {\n    \"b\": true,\n    \"c\": null\n  }\n}\n"
    );
}

#[test]
fn environment_files_are_united_with_their_comments() {
    let pack = merged(
        "a.env",
        "# The port.\nPORT=1\n",
        "# Again.\nPORT=1\n\n# The database.\nURL=x\n",
    );
    assert_eq!(
        pack.text("a.env"),
        "# The port.\nPORT=1\n\n# The database.\nURL=x\n"
    );
}

#[test]
fn contributions_without_an_owner_make_the_file() {
    let merges = "[[merges]]\ninto = \"a.toml\"\nfrom = \"merge/a.toml.j2\"\n";
    let pack = Pack::new()
        .feature("a", merges)
        .file("a", "merge/a.toml.j2", "[{{ feature.id }}]\nx = 1\n")
        .feature("b", merges)
        .file("b", "merge/a.toml.j2", "[{{ feature.id }}]\nx = 1\n");
    assert_eq!(pack.text("a.toml"), "[a]\nx = 1\n\n[b]\nx = 1\n");
    let composition = pack.composed();
    let entry = composition.tree.get("a.toml").expect("the file is there");
    assert_eq!(entry.features, ["a", "b"]);
}
