//! A marker in every secret, in every layer, with every mistake: it is in no output.

use std::collections::BTreeMap;
use std::sync::Arc;

use formwork_config::{
    Checks, Config, Environment, Loader, Secret, Section, Snapshot, Url, json_schema, reference,
    sample,
};

use proptest::prelude::*;

use crate::support::Sources;

const CANARY: &str = "c4n4ry/7?+=x";

/// Where secrets may be.
#[expect(dead_code, reason = "some values are only looked for in output")]
#[derive(Debug, Config)]
#[config(check = "Vault::check")]
struct Vault {
    /// A secret.
    password: Secret<String>,
    /// By its class.
    #[config(class = "secret", length(max = 100))]
    key: Option<String>,
    /// Confidential.
    #[config(class = "confidential")]
    note: Option<String>,
    /// A secret that has a form.
    #[config(pattern = "[a-z]{40}")]
    token: Option<Secret<String>>,
    /// A secret that is a number.
    #[config(secret, range(max = 10))]
    pin: Option<u32>,
    /// Several.
    #[config(default = [])]
    old: Vec<Secret<String>>,
    /// By name.
    named: Option<BTreeMap<String, Secret<String>>>,
    /// An address.
    url: Option<Url>,
    /// Several addresses.
    #[config(default = [])]
    hosts: Vec<Url>,
    /// Within a secret table.
    #[config(nested, secret)]
    inner: Option<Inner>,
    /// Within tables of a list.
    #[config(nested, default = [])]
    list: Vec<Inner>,
    /// No secret.
    #[config(default = 1, tenant)]
    size: u32,
    /// Of tenants.
    #[config(tenant)]
    own: Option<Secret<String>>,
}

/// A table.
#[expect(dead_code, reason = "the values are only looked for in output")]
#[derive(Debug, Config)]
struct Inner {
    /// A value.
    value: Option<String>,
    /// A secret.
    secret: Option<Secret<String>>,
}

impl Vault {
    /// A careless check, which tells what it saw.
    fn check(&self, checks: &mut Checks) {
        if self.size != 1 {
            checks.refuse("password", format!("is {}", self.password.expose()));
        }
    }
}

fn sections() -> Vec<Section> {
    vec![
        Section::of::<Vault>("vault"),
        Section::of::<Vault>("vault").instance("other"),
    ]
}

/// Everything that is ever printed or answered.
fn output(loader: &Loader) -> String {
    let of = |snapshot: &Snapshot| {
        let explanation = snapshot.explain();
        let json = serde_json::to_string(&explanation).expect("it can be serialised");
        let changes = snapshot.changes(snapshot);
        let typed: Arc<Vault> = snapshot.shared("vault").expect("it was loaded");
        format!(
            "{explanation}{explanation:?}{json}{snapshot:?}{:?}{changes:?}{:?}{:?}",
            snapshot.sources(),
            snapshot.hash(),
            (
                &typed.password,
                &typed.token,
                &typed.old,
                &typed.named,
                &typed.url,
                &typed.hosts
            ),
        )
    };
    let result = match loader.load(&sections()) {
        Ok(snapshot) => {
            let tenant = match loader.load_tenant(&snapshot, "acme") {
                Ok(tenant) => of(&tenant),
                Err(errors) => format!("{errors}{errors:?}"),
            };
            format!("{}{tenant}", of(&snapshot))
        }
        Err(errors) => {
            let json = serde_json::to_string(&errors).expect("it can be serialised");
            format!("{errors}{errors:?}{json}")
        }
    };
    format!("{result}{loader:?}")
}

#[track_caller]
fn check(case: &str, loader: &Loader) {
    let output = output(loader);
    for marker in markers() {
        assert!(!output.contains(&marker), "{case}: `{marker}` in {output}");
    }
}

/// The marker as it is, as debug output and JSON write it, in base64 and URL-encoded.
fn markers() -> Vec<String> {
    let debug = format!("{CANARY:?}");
    vec![
        "c4n4ry".to_owned(),
        debug.trim_matches('"').to_owned(),
        base64(CANARY.as_bytes()),
        "c4n4ry%2F7%3F%2B%3Dx".to_owned(),
    ]
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| DIGITS[(bits & 63) as usize] as char;
    let groups = bytes.chunks_exact(3).map(|group| {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        [bits >> 18, bits >> 12, bits >> 6, bits].map(digit)
    });
    groups.flatten().collect()
}

const PATHS: [&str; 17] = [
    "vault.password",
    "vault.key",
    "vault.note",
    "vault.token",
    "vault.pin",
    "vault.old",
    "vault.named.a",
    "vault.url",
    "vault.hosts",
    "vault.inner.value",
    "vault.inner.secret",
    "vault.own",
    "vault.instances.other.password",
    "vault.instances.other.url",
    // Mistyped.
    "vault.pasword",
    "vault.inner.secert",
    "valt.password",
];

/// How a value may be written, rightly and wrongly, with the marker in it.
const VALUES: [&str; 16] = [
    "\"CANARY\"",
    "CANARY",
    "'CANARY'",
    "\"CANARY",
    "[\"CANARY\"]",
    "[\"CANARY\", 1, {\"a\": \"CANARY\"}]",
    "{value = \"CANARY\"}",
    "{\"value\": \"CANARY\", \"b\": [\"CANARY\"]}",
    "[{secret = \"CANARY\"}, {secrte = \"CANARY\"}]",
    "\"pg://user:CANARY@host/db\"",
    "pg://user:CANARY@host/db",
    "\"pg://host/db?password=CANARY\"",
    "\"host=x password=CANARY\"",
    "\"CANARY\\n\\u0000\\q\"",
    "\"\"\"\nCANARY\n\"\"\"",
    "CANARY=",
];

/// All layers, all places, all ways to write it: some thousand loads.
///
/// Proves: R-049.
#[test]
fn no_layer_and_no_mistake_shows_a_secret() {
    let sources = Sources::new().file("config/default.toml", "");
    let bare = || sources.loader();
    let full = || bare().with_value("vault.password", CANARY);
    let write = |name: &str, text: &str| {
        let path = sources.path(name);
        let parent = path.parent().expect("a file has a directory");
        std::fs::create_dir_all(parent).expect("the directory can be made");
        std::fs::write(&path, text).expect("the file can be written");
        path
    };
    for path in PATHS {
        for value in VALUES {
            let value = value.replace("CANARY", CANARY);
            let case = format!("{path} = {value}");
            let keys: Vec<_> = path.split('.').collect();

            // Files, alone and below what makes them whole.
            let file = write("a.toml", &case);
            check(&case, &bare().with_location(&file));
            check(&case, &full().with_location(&file));
            let file = write("b.toml", &format!("{case}\nvault.size = 2"));
            check(&case, &full().with_location(file));
            let mut yaml = String::new();
            for (depth, key) in keys.iter().enumerate() {
                yaml.push_str(&format!("{}{key}:\n", "  ".repeat(depth)));
            }
            let yaml = format!("{} {value}\n", yaml.trim_end());
            check(&yaml, &full().with_location(write("c.yaml", &yaml)));
            let json = format!(
                "{{\"{}\": {value}{}",
                keys.join("\": {\""),
                "}".repeat(keys.len())
            );
            write("config/dev.json", &json);
            check(&json, &full().with_profile("dev"));
            let tenant = write("config/tenants/acme.toml", &case);
            check(&case, &full());
            let secret = write(&format!("secrets/{path}"), &value);
            check(&case, &bare().with_secrets(sources.path("secrets")));
            std::fs::remove_file(tenant).expect("it is there");
            std::fs::remove_file(secret).expect("it is there");

            // Everything else.
            let variable = format!("SHOP__{}", path.to_uppercase().replace('.', "__"));
            let file_variable = format!("{variable}_FILE");
            for text in [value.as_str(), value.trim_matches('"')] {
                for name in [&variable, &file_variable] {
                    let environment = Environment::of([(name, text)]);
                    check(&case, &bare().with_environment(environment));
                }
                check(&case, &bare().with_flag(format!("{path}={text}")));
                check(&case, &bare().with_flag(text));
                check(&case, &full().with_value(path, text));
            }
        }
    }
}

proptest! {
    /// Anything at all, in any of the layers that take text.
    #[test]
    fn any_structure_is_answered_and_shows_no_secret(
        settings in prop::collection::vec(
            (
                0..4_u8,
                prop::sample::select(PATHS.to_vec()),
                prop_oneof![
                    prop::sample::select(VALUES.to_vec()).prop_map(str::to_owned),
                    "[\\[{\"',= a-z0-9]{0,20}CANARY[\\]}\"',= a-z0-9]{0,20}",
                ],
            ),
            0..8,
        ),
    ) {
        let mut loader = Loader::new("shop");
        let mut variables = Vec::new();
        for (layer, path, value) in &settings {
            let value = value.replace("CANARY", CANARY);
            let variable = format!("SHOP__{}", path.to_uppercase().replace('.', "__"));
            match layer {
                0 => loader = loader.with_flag(format!("{path}={value}")),
                1 => loader = loader.with_value(*path, value),
                2 => variables.push((variable, value)),
                _ => variables.push((format!("{variable}_FILE"), value)),
            }
        }
        let loader = loader.with_environment(Environment::of(variables));
        check(&format!("{settings:?}"), &loader);
    }
}

/// The pages are written from the structs alone.
#[test]
fn pages_hold_no_values() {
    let sources = Sources::new().value("vault.password", CANARY);
    let snapshot = sources.loader().load(&sections());
    snapshot.expect("a valid configuration");
    let schema = json_schema(&sections()).to_string();
    let pages = format!(
        "{}{}{schema}",
        sample(&sections()),
        reference("shop", &sections())
    );
    for marker in markers() {
        assert!(!pages.contains(&marker), "{marker}");
    }
}

/// A careless check cannot tell a secret either.
#[test]
fn a_check_that_tells_a_secret_is_redacted() {
    let sources = Sources::new()
        .value("vault.password", CANARY)
        .value("vault.size", "2");
    let errors = sources
        .loader()
        .load(&sections())
        .expect_err("the check refuses it");
    let text = errors.to_string();
    assert!(text.contains("`vault.password` is <redacted>"), "{text}");
}

/// What a very careless check looks at.
#[derive(Debug, Config)]
#[config(check = "Careless::check")]
struct Careless {
    /// A secret.
    password: Secret<String>,
    /// An address.
    url: Url,
}

impl Careless {
    fn check(&self, checks: &mut Checks) {
        checks.refuse("password", format!("is {:?}", self.password.expose()));
        let address = self.url.expose();
        let login = address.split('@').next().unwrap_or_default();
        checks.refuse("url", format!("logs in with {login}"));
        let query = address.split('?').next_back().unwrap_or_default();
        checks.refuse("url", format!("asks for {query}"));
    }
}

/// Nor when it writes it otherwise, or tells a piece of an address.
#[test]
fn a_check_that_tells_a_piece_of_a_secret_is_redacted() {
    let loader = Loader::new("shop")
        .with_environment(Environment::default())
        .with_value("careless.password", "c4n4ry\"\\x")
        .with_value("careless.url", "pg://u:c4n4ry%2Fx@h/d?token=c4n4ry%2Fy");
    let errors = loader
        .load(&[Section::of::<Careless>("careless")])
        .expect_err("the check refuses it");
    let text = errors.to_string();
    assert!(!text.contains("c4n4ry"), "{text}");
    assert_eq!(text.matches("<redacted>").count(), 3, "{text}");
}

/// Addresses show everything but their secrets.
#[test]
fn addresses_are_shown_without_passwords() {
    let sources = Sources::new()
        .value("vault.password", CANARY)
        .value(
            "vault.url",
            "pg://user:hunter2@host:5432/db?sslkey=hunter2&x=1",
        )
        .value("vault.hosts", "nats://a:hunter2@one,nats://two");
    let snapshot = sources
        .loader()
        .load(&sections())
        .expect("a valid configuration");
    let rows = snapshot.explain().rows;
    let value = |path: &str| {
        let row = rows.iter().find(|row| row.path == path);
        row.expect("it is explained").value.clone()
    };
    assert_eq!(
        value("vault.url"),
        "\"pg://user:<redacted>@host:5432/db?sslkey=<redacted>&x=1\""
    );
    assert_eq!(
        value("vault.hosts"),
        "[\"nats://a:<redacted>@one\", \"nats://two\"]"
    );
    let vault: Vault = snapshot.get("vault").expect("it was loaded");
    let url = vault.url.expect("it is set");
    assert_eq!(
        url.password().map(|it| it.expose().clone()).as_deref(),
        Some("hunter2")
    );

    let flags = Sources::new()
        .flag("vault.url=pg://user:hunter2@host/db")
        .flag("vault.hosts=nats://one,nats://a:hunter2@two");
    let errors = flags
        .loader()
        .load(&sections())
        .expect_err("flags are seen by all");
    let exposed = errors.iter().filter(|it| it.message.contains("everybody"));
    assert_eq!(exposed.count(), 2, "{errors}");
    let plain = Sources::new()
        .value("vault.password", "x")
        .flag("vault.url=pg://user@host/db");
    assert!(plain.loader().load(&sections()).is_ok());
}
