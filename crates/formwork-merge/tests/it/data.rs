//! TOML, YAML, JSON, environment files.

use insta::assert_snapshot;

use crate::merged;

const MANIFEST: &str = r#"[package]
name = "shop"
version = "0.1.0"

[dependencies]
axum = "0.8"
serde = { version = "1", features = ["derive"] }
tokio = "1"

[dev-dependencies]
insta = "1"
"#;

/// Shows a part of: C-32.
#[test]
fn dependencies_of_both_sides_are_kept() {
    let ours = MANIFEST
        .replace(
            "axum = \"0.8\"\n",
            "async-nats = \"0.51\"\naxum = \"0.8\"\n",
        )
        .replace("[\"derive\"]", "[\"derive\", \"rc\"]")
        .replace("tokio = \"1\"\n", "tokio = \"1\"\nuuid = \"1\"\n")
        .replace("\n[dev-", "\n[features]\nnats = []\n\n[dev-");
    let theirs = MANIFEST
        .replace(
            "version = \"0.1.0\"\n",
            "version = \"0.1.0\"\n# Ours alone.\npublish = false\n",
        )
        .replace(
            "[\"derive\"]",
            "[\n    \"derive\",\n    \"alloc\", # mine\n]",
        )
        .replace(
            "tokio = \"1\"\n",
            "tokio   = \"1\" # pinned below\nmine = { path = \"../mine\" }\n",
        )
        .replace(
            "insta = \"1\"\n",
            "insta = \"1\"\n\n[profile.release]\nlto = true\n",
        );
    assert_snapshot!(merged("Cargo.toml", MANIFEST, &ours, &theirs));
}

/// Shows a part of: C-32.
#[test]
fn one_key_of_a_table_is_a_conflict() {
    let ours = MANIFEST.replace("axum = \"0.8\"", "axum = \"0.9\"");
    let theirs = MANIFEST.replace("axum = \"0.8\"", "axum = \"=0.8.4\"");
    assert_snapshot!(merged("Cargo.toml", MANIFEST, &ours, &theirs), @r#"
        [package]
        name = "shop"
        version = "0.1.0"

        [dependencies]
        <<<<<<< generated now
        axum = "0.9"
        ||||||| generated before
        axum = "0.8"
        =======
        axum = "=0.8.4"
        >>>>>>> yours
        serde = { version = "1", features = ["derive"] }
        tokio = "1"

        [dev-dependencies]
        insta = "1"
        ! lines 6–12: both sides changed this (`[dependencies] › axum`)
        "#);
    // Two places of one value are two things.
    let ours = MANIFEST.replace(
        "\"1\", features = [\"derive\"]",
        "\"1.5\", features = [\"derive\"]",
    );
    let theirs = MANIFEST.replace("[\"derive\"]", "[\"derive\", \"rc\"]");
    assert_snapshot!(merged("Cargo.toml", MANIFEST, &ours, &theirs), @r#"
        [package]
        name = "shop"
        version = "0.1.0"

        [dependencies]
        axum = "0.8"
        serde = { version = "1.5", features = ["derive", "rc"] }
        tokio = "1"

        [dev-dependencies]
        insta = "1"
        "#);
}

/// Shows a part of: C-32.
#[test]
fn tables_are_added_removed_and_moved() {
    let ours = MANIFEST
        .replace("\n[dev-dependencies]\ninsta = \"1\"\n", "")
        .replace("tokio = \"1\"\n", "");
    let theirs = "[dependencies]\naxum = \"0.8\"\nserde = { version = \"1\", features = [\"derive\"] }\ntokio = \"1\"\nmine = \"1\"\n\n[package]\nname = \"shop\"\nversion = \"0.1.0\"\n\n[dev-dependencies]\ninsta = \"1\"\n";
    assert_snapshot!(merged("Cargo.toml", MANIFEST, &ours, theirs), @r#"
        [dependencies]
        axum = "0.8"
        serde = { version = "1", features = ["derive"] }
        mine = "1"

        [package]
        name = "shop"
        version = "0.1.0"
        "#);
    let theirs = MANIFEST.replace("insta = \"1\"", "insta = \"1\"\nmine = \"1\"");
    assert_snapshot!(merged("Cargo.toml", MANIFEST, &ours, &theirs), @r#"
        [package]
        name = "shop"
        version = "0.1.0"

        [dependencies]
        axum = "0.8"
        serde = { version = "1", features = ["derive"] }
        <<<<<<< generated now
        ||||||| generated before

        [dev-dependencies]
        insta = "1"
        =======

        [dev-dependencies]
        insta = "1"
        mine = "1"
        >>>>>>> yours
        ! lines 8–18: you changed what is no longer generated (`[dev-dependencies]`)
        "#);
}

const COMPOSE: &str = "# The services beside ours.
services:
  postgres:
    image: postgres:17
    environment:
      POSTGRES_USER: shop
    ports:
      - \"5432:5432\"

  nats:
    image: nats:2
    command: [\"-js\"]

volumes:
  data: {}
";

/// Shows a part of: C-32.
#[test]
fn services_of_both_sides_are_kept() {
    let ours = COMPOSE
        .replace("\nvolumes:", "\n  redis:\n    image: redis:8\n\nvolumes:")
        .replace("postgres:17", "postgres:18")
        .replace(
            "      POSTGRES_USER: shop\n",
            "      POSTGRES_USER: shop\n      POSTGRES_DB: shop\n",
        );
    let theirs = COMPOSE
        .replace("\nvolumes:", "\n  # Mail, for now.\n  mailpit:\n    image: mailpit\n    ports: [\"8025:8025\"]\n\nvolumes:")
        .replace("      - \"5432:5432\"", "      - \"15432:5432\"  # taken here")
        .replace("[\"-js\"]", "[\"-js\", \"-m\", \"8222\"]");
    assert_snapshot!(merged("compose.yaml", COMPOSE, &ours, &theirs));
}

/// Shows a part of: C-32.
#[test]
fn an_owner_indents_yaml_as_he_likes() {
    let base = "a:\n  b:\n    - name: x\n      run: one\n    - name: y\n      run: two\n";
    let ours = "a:\n  b:\n    - name: x\n      run: one\n      with: more\n    - name: y\n      run: two\n    - name: z\n      run: |\n        three\n          four\n  c: 1\n";
    let theirs = "a:\n    b:\n    - name: x\n      run: one\n    - name: y\n      run: two\n      env: mine\n";
    assert_snapshot!(merged("ci.yml", base, ours, theirs), @r"
        a:
            b:
            - name: x
              run: one
              with: more
            - name: y
              run: two
              env: mine
            - name: z
              run: |
                three
                  four
            c: 1
        ");
}

/// Shows a part of: C-32.
#[test]
fn objects_of_documents_are_told_apart() {
    let base = "---\nkind: Service\nmetadata:\n  name: shop\nspec:\n  port: 80\n---\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n  replicas: 1\n";
    let ours =
        base.replace("port: 80", "port: 8080") + "---\nkind: ConfigMap\nmetadata:\n  name: shop\n";
    let theirs = base.replace("replicas: 1", "replicas: 3");
    assert_snapshot!(merged("all.yaml", base, &ours, &theirs), @r"
        ---
        kind: Service
        metadata:
          name: shop
        spec:
          port: 8080
        ---
        kind: Deployment
        metadata:
          name: shop
        spec:
          replicas: 3
        ---
        kind: ConfigMap
        metadata:
          name: shop
        ");
}

/// Shows a part of: C-32.
#[test]
fn keys_of_json_are_merged() {
    let base =
        "{\n  \"name\": \"shop\",\n  \"tags\": [\"a\"],\n  \"paths\": {\n    \"/a\": {}\n  }\n}\n";
    let ours = "{\n  \"name\": \"shop\",\n  \"tags\": [\"a\", \"b\"],\n  \"paths\": {\n    \"/a\": {},\n    \"/b\": {\n      \"get\": 1\n    }\n  }\n}\n";
    let theirs = "{\n    \"name\": \"mine\",\n    \"tags\": [\n        \"a\",\n        \"c\"\n    ],\n    \"paths\": {\n        \"/a\": {},\n        \"/c\": {}\n    },\n    \"more\": true\n}\n";
    assert_snapshot!(merged("openapi.json", base, ours, theirs), @r#"
        {
            "name": "mine",
            "tags": [
                "a",
                "b",
                "c"
            ],
            "paths": {
                "/a": {},
                "/b": {
                  "get": 1
                },
                "/c": {}
            },
            "more": true
        }
        "#);
    assert_snapshot!(merged("a.json", "{\"a\": 1, \"b\": 2}\n", "{\"a\": 1, \"b\": 3}\n", "{\"a\": 1}\n"), @r#"
        <<<<<<< generated now
        {"a": 1, "b": 3}
        ||||||| generated before
        {"a": 1, "b": 2}
        =======
        {"a": 1}
        >>>>>>> yours
        ! lines 1–7: both sides changed this
        "#);
}

/// Shows a part of: C-32.
#[test]
fn variables_are_merged() {
    let base = "# The database.\nDATABASE_URL=sqlite:shop.db\n\n# Logs.\nLOG=info\n";
    let ours = "# The database.\nDATABASE_URL=postgres://shop\n\n# Logs.\nLOG=info\n\n# The broker.\nNATS_URL=nats://localhost\n";
    let theirs =
        "MINE=1\n# The database.\nDATABASE_URL=sqlite:shop.db\n\n# Logs.\nLOG=debug\nOTHER=2\n";
    assert_snapshot!(merged(".env.example", base, ours, theirs), @r"
        MINE=1
        # The database.
        DATABASE_URL=postgres://shop

        # Logs.
        LOG=debug

        # The broker.
        NATS_URL=nats://localhost
        OTHER=2
        ");
}
