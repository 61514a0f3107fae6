//! The compose file of a service, as far as it can be judged without an engine that runs it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Place, yaml};

/// A project called `shop` whose compose file has been looked at.
struct Composed {
    _place: Place,
    folder: PathBuf,
    file: Value,
}

impl Composed {
    fn new(choices: &[&str]) -> Self {
        let place = Place::new();
        place
            .shop(&[&["--with", "docker"], choices].concat())
            .well();
        let folder = place.join("shop");
        let text = fs::read_to_string(folder.join("compose.yaml")).expect("there is one");
        Self {
            _place: place,
            file: yaml::read(&text),
            folder,
        }
    }

    fn text(&self, path: &str) -> String {
        let text = fs::read_to_string(self.folder.join(path));
        text.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn services(&self) -> &serde_json::Map<String, Value> {
        self.file["services"].as_object().expect("services")
    }

    /// The variables of a service of the file.
    fn environment(&self, service: &str) -> BTreeMap<&str, &str> {
        let environment = self.services()[service]["environment"].as_object();
        let environment = environment.into_iter().flatten();
        environment
            .map(|(name, value)| {
                let value = value.as_str();
                (&**name, value.unwrap_or_else(|| panic!("{name} is a text")))
            })
            .collect()
    }

    /// The variables that `README.md` tells whoever starts the service by hand to set: those without
    /// which it does not start.
    fn required(&self) -> BTreeSet<String> {
        let readme = self.text("README.md");
        let lines = readme.lines();
        let exports = lines.filter_map(|line| line.strip_prefix("export "));
        exports
            .filter_map(|export| export.split_once('='))
            .map(|(name, _)| name.to_owned())
            .collect()
    }
}

/// What holds of every compose file.
#[track_caller]
fn check(composed: &Composed) {
    let services = composed.services();
    let environment = composed.environment("shop");

    // Every variable the service needs has a value; what only the owner knows stops `up` when it is
    // not set, and is never in the file.
    for name in composed.required() {
        let value = environment.get(&*name);
        let value = value.unwrap_or_else(|| panic!("{name} is not set: {environment:?}"));
        assert!(!value.is_empty(), "{name}");
        if value.starts_with("${") {
            assert!(
                value.starts_with(&format!("${{{name}:?")),
                "{name}: {value}"
            );
        }
    }
    // What the file sets is the service's to read.
    for name in environment.keys() {
        assert!(name.starts_with("SHOP__"), "{name}");
    }

    // Nobody is started before those it needs answer, and these say when they do.
    let mut reached = BTreeSet::from(["shop"]);
    for (name, service) in services {
        for (needed, how) in service["depends_on"].as_object().into_iter().flatten() {
            assert_eq!(how["condition"], "service_healthy", "{name} needs {needed}");
            let test = &services[needed]["healthcheck"]["test"];
            assert!(test.as_array().is_some_and(|it| it.len() > 1), "{needed}");
            reached.insert(needed);
        }
    }
    let all: BTreeSet<&str> = services.keys().map(String::as_str).collect();
    assert_eq!(reached, all, "everything is there for the service");

    // Who is spoken to is in the file.
    for (name, value) in &environment {
        let Some((_, rest)) = value.split_once("://") else {
            continue;
        };
        let host = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let host = host.split([':', '/']).next().unwrap_or_default();
        assert!(services.contains_key(host), "{name}: {value}");
        let needs = services["shop"]["depends_on"].as_object();
        assert!(
            needs.is_some_and(|it| it.contains_key(host)),
            "{name}: {value}"
        );
    }

    // Volumes are declared, and files that are mounted are part of the project.
    let declared = composed.file["volumes"].as_object();
    for (name, service) in services {
        assert!(
            service["image"].is_string() != service["build"].is_string(),
            "{name} is built or fetched"
        );
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let volume = volume.as_str().expect("a volume is a text");
            let (source, target) = volume.split_once(':').expect("a place");
            assert!(target.starts_with('/'), "{volume}");
            match source.strip_prefix("./") {
                Some(path) => assert!(composed.folder.join(path).exists(), "{volume}"),
                None => assert!(
                    declared.is_some_and(|it| it.contains_key(source)),
                    "{volume} is not declared"
                ),
            }
        }
    }
}

/// Every database, broker and feature that adds to the file.
#[test]
fn every_compose_file_has_what_the_service_needs() {
    let databases: &[&[&str]] = &[
        &[],
        &["--answer", "database=postgres"],
        &["--answer", "database=postgres", "--with", "tenancy"],
    ];
    let brokers: &[&[&str]] = &[&[], &["--answer", "broker=nats"]];
    let others: &[&[&str]] = &[&[], &["--with", "admin"]];
    for database in databases {
        for broker in brokers {
            for other in others {
                check(&Composed::new(&[*database, *broker, *other].concat()));
            }
        }
    }
}

/// The roles are made before the service starts, which is as long as the server answers on its
/// socket only; the service works as the one that owns nothing, the owner migrates.
///
/// Proves: R-038.
#[test]
fn with_tenants_the_roles_are_there_before_the_service() {
    let composed = Composed::new(&["--answer", "database=postgres", "--with", "tenancy"]);
    let environment = composed.environment("shop");
    let required = composed.required();
    for name in ["SHOP__POSTGRES__URL", "SHOP__POSTGRES__MIGRATIONS_URL"] {
        assert!(required.contains(name), "{name}: {required:?}");
    }
    let role = |name: &str| {
        let url = environment[name]
            .strip_prefix("postgres://")
            .expect("a URL");
        url.split_once('@').expect("a role").0
    };
    let service = role("SHOP__POSTGRES__URL");
    let owner = role("SHOP__POSTGRES__MIGRATIONS_URL");
    assert_eq!((service, owner), ("shop_service", "shop"));

    let server = &composed.services()["postgres"];
    let volumes = server["volumes"].as_array().expect("volumes");
    let mounted = "./deploy/postgres/roles.sql:/docker-entrypoint-initdb.d/roles.sql:ro";
    assert!(volumes.iter().any(|it| it == mounted), "{volumes:?}");
    // The scripts run while the server does not listen on the network yet.
    let health = server["healthcheck"]["test"].as_array().expect("a test");
    let over_network = health
        .windows(2)
        .any(|pair| pair[0] == "--host" && pair[1] == "127.0.0.1");
    assert!(over_network, "{health:?}");

    // The image makes the owner and the database of this name; the script what is missing.
    assert_eq!(composed.environment("postgres")["POSTGRES_USER"], owner);
    let roles = composed.text("deploy/postgres/roles.sql");
    for (role, password) in [
        (service, environment["SHOP__POSTGRES__PASSWORD"]),
        (owner, environment["SHOP__POSTGRES__MIGRATIONS_PASSWORD"]),
    ] {
        let made = format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'");
        assert!(roles.contains(&made), "{made}: {roles}");
        assert!(
            roles.contains(&format!("WHERE rolname = '{role}')")),
            "{roles}"
        );
    }
    assert!(roles.contains("NOSUPERUSER NOBYPASSRLS"), "{roles}");

    // Whoever starts it by hand is told of them.
    let readme = composed.text("README.md");
    assert!(
        readme.contains("psql -f deploy/postgres/roles.sql"),
        "{readme}"
    );
}

/// Secrets of the owner's are asked for, not written down.
#[test]
fn the_token_of_operators_is_not_in_the_file() {
    let composed = Composed::new(&["--with", "admin"]);
    let token = "SHOP__ADMIN__TOKEN";
    assert!(composed.required().contains(token));
    let value = composed.environment("shop")[token];
    assert!(value.starts_with("${SHOP__ADMIN__TOKEN:?"), "{value}");
}
