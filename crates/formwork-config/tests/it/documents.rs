//! The pages written from the structs.

use formwork_config::{Config, Section, Url, json_schema, reference, sample};

use crate::support::{Database, Sources, database, http, sections};

/// Proves: R-021.
#[test]
fn pages_are_written_from_the_structs() {
    insta::assert_snapshot!(sample(&sections()), @r#"
    # The HTTP server.
    [http]

    # Where to listen.
    #listen = "127.0.0.1:8080"

    # How long a request may take.
    # from 1ms to 10m; a change is taken over without a restart
    #timeout = "30s"

    # The largest body.
    # at most 64MiB
    #max-body = "1MiB"

    # Who may call from a browser.
    # at most 3 long
    #origins = []

    # Compress answers.
    #compress = true

    # What to log of each request.
    # `off`, `short`, `full-detail`
    #log = "short"

    # Transport security.
    #[http.tls]

    # The certificates.
    # required
    #certificates =

    # The version of the protocol.
    # `1.2` or `1.3`
    #version = "1.3"

    # The database.
    [database]

    # Where it is, with the password.
    # required; secret: keep it out of files under version control
    #url =

    # Connections kept open.
    #min = 1

    # Connections at most.
    # from 1 to 100
    #max = 10

    # How much of the connections to use.
    # from 0.0 to 1.0
    #load = 0.8

    # Passwords of other users.
    # secret: keep it out of files under version control
    #passwords = []

    # What to run on every connection.
    # confidential: keep it out of files under version control
    #hello =

    # Read replicas, by name.
    #[database.replicas.name]

    # The host.
    # required
    #host =

    # The port.
    #port = 5432
    "#);
    insta::assert_snapshot!(reference("shop", &sections()), @r#"
    # Configuration

    From the weakest to the strongest: compiled defaults, `config/default.toml`, `config/{profile}.toml` (`--profile` or `SHOP_PROFILE`), `config/tenants/{tenant}.toml`, files of secrets (`SHOP_SECRETS_DIR`, or a variable with `_FILE` after its name), environment variables, `--set key=value`. Files may also be `.yaml` or `.json`.

    ## `http`

    The HTTP server.

    | key | type | default | variable | |
    |---|---|---|---|---|
    | `listen` | socket address | `"127.0.0.1:8080"` | `SHOP__HTTP__LISTEN` | Where to listen. |
    | `timeout` | duration | `"30s"` | `SHOP__HTTP__TIMEOUT` | How long a request may take.<br>from 1ms to 10m<br>a change is taken over without a restart |
    | `max-body` | byte size | `"1MiB"` | `SHOP__HTTP__MAX_BODY` | The largest body.<br>at most 64MiB |
    | `origins` | list of text | `[]` | `SHOP__HTTP__ORIGINS` | Who may call from a browser.<br>at most 3 long |
    | `compress` | boolean | `true` | `SHOP__HTTP__COMPRESS` | Compress answers. |
    | `log` | choice | `"short"` | `SHOP__HTTP__LOG` | What to log of each request.<br>`off`, `short`, `full-detail` |

    ## `http.tls`

    Transport security.

    | key | type | default | variable | |
    |---|---|---|---|---|
    | `certificates` | path |  | `SHOP__HTTP__TLS__CERTIFICATES` | The certificates.<br>required |
    | `version` | text | `"1.3"` | `SHOP__HTTP__TLS__VERSION` | The version of the protocol.<br>`1.2` or `1.3` |

    ## `database`

    The database.

    | key | type | default | variable | |
    |---|---|---|---|---|
    | `url` | text |  | `SHOP__DATABASE__URL_FILE`, or `SHOP__DATABASE__URL` | Where it is, with the password.<br>required<br>secret: keep it out of files under version control |
    | `min` | integer | `1` | `SHOP__DATABASE__MIN` | Connections kept open. |
    | `max` | integer | `10` | `SHOP__DATABASE__MAX` | Connections at most.<br>from 1 to 100 |
    | `load` | number | `0.8` | `SHOP__DATABASE__LOAD` | How much of the connections to use.<br>from 0.0 to 1.0 |
    | `passwords` | list of text | `[]` | `SHOP__DATABASE__PASSWORDS_FILE`, or `SHOP__DATABASE__PASSWORDS` | Passwords of other users.<br>secret: keep it out of files under version control |
    | `replicas` | map of table |  |  | Read replicas, by name. |
    | `hello` | text |  | `SHOP__DATABASE__HELLO_FILE`, or `SHOP__DATABASE__HELLO` | What to run on every connection.<br>confidential: keep it out of files under version control |

    ## `database.replicas.*`

    A read replica.

    | key | type | default | variable | |
    |---|---|---|---|---|
    | `host` | text |  |  | The host.<br>required |
    | `port` | integer | `5432` |  | The port. |
    "#);
    let schema = json_schema(&[Section::of::<Database>("stores.main")]);
    insta::assert_snapshot!(format!("{schema:#}"), @r#"
    {
      "type": "object",
      "properties": {
        "stores": {
          "type": "object",
          "properties": {
            "main": {
              "type": "object",
              "properties": {
                "url": {
                  "type": "string",
                  "description": "Where it is, with the password.",
                  "writeOnly": true
                },
                "min": {
                  "type": "integer",
                  "minimum": 0,
                  "maximum": 65535,
                  "description": "Connections kept open.",
                  "default": 1
                },
                "max": {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 100,
                  "description": "Connections at most.",
                  "default": 10
                },
                "load": {
                  "type": "number",
                  "description": "How much of the connections to use.",
                  "default": 0.8,
                  "minimum": 0.0,
                  "maximum": 1.0
                },
                "passwords": {
                  "type": "array",
                  "items": {
                    "type": "string"
                  },
                  "description": "Passwords of other users.",
                  "default": [],
                  "writeOnly": true
                },
                "replicas": {
                  "type": "object",
                  "additionalProperties": {
                    "type": "object",
                    "properties": {
                      "host": {
                        "type": "string",
                        "description": "The host."
                      },
                      "port": {
                        "type": "integer",
                        "minimum": 0,
                        "maximum": 65535,
                        "description": "The port.",
                        "default": 5432
                      }
                    },
                    "additionalProperties": false,
                    "description": "A read replica."
                  },
                  "description": "Read replicas, by name."
                },
                "hello": {
                  "type": "string",
                  "description": "What to run on every connection.",
                  "writeOnly": true
                }
              },
              "additionalProperties": false,
              "description": "The database."
            }
          },
          "additionalProperties": false
        }
      },
      "additionalProperties": false,
      "$schema": "https://json-schema.org/draft/2020-12/schema"
    }
    "#);
}

/// A queue.
#[expect(dead_code, reason = "the values are of no interest")]
#[derive(Config)]
struct Queue {
    /// Where it is.
    #[config(default = "nats://localhost")]
    url: Url,
    /// What it is called.
    #[config(default = "jobs", pattern = "[a-z]+", tenant)]
    name: String,
}

/// Instances, and what only some fields have.
#[test]
fn instances_and_every_attribute_are_in_the_pages() {
    let sections = [
        Section::of::<Queue>("queue"),
        Section::of::<Queue>("queue").instance("slow"),
    ];
    insta::assert_snapshot!(sample(&sections), @r#"
    # A queue.
    [queue]

    # Where it is.
    #url = "nats://localhost"

    # What it is called.
    # like the regular expression `[a-z]+`; tenants may have their own
    #name = "jobs"

    # The instance `slow`: every key above may be set here too.
    #[queue.instances.slow]
    "#);
    let page = reference("shop", &sections);
    let table = page.split_once("## ").expect("there is a table").1;
    insta::assert_snapshot!(table, @r#"
    `queue`

    A queue.

    The values of each instance lie over these: `queue.instances.slow`.

    | key | type | default | variable | |
    |---|---|---|---|---|
    | `url` | address | `"nats://localhost"` | `SHOP__QUEUE__URL` | Where it is. |
    | `name` | text | `"jobs"` | `SHOP__QUEUE__NAME` | What it is called.<br>like the regular expression `[a-z]+`<br>tenants may have their own |
    "#);
    let schema = json_schema(&sections);
    let properties = &schema["properties"]["queue"]["properties"];
    let own = &properties["instances"]["properties"]["slow"]["properties"];
    assert_eq!(own["name"]["pattern"], "^(?:[a-z]+)$");
    assert_eq!(own["name"], properties["name"]);
    assert_eq!(own["url"]["format"], "uri");
    assert_eq!(own["instances"], serde_json::Value::Null);
    let sources = Sources::new().file("config/default.toml", &sample(&sections));
    let snapshot = sources.loader().load(&sections);
    assert!(snapshot.is_ok(), "the sample is valid");
}

/// The sample as it is changes nothing, and every setting in it is one.
#[test]
fn the_sample_can_be_loaded() {
    let text = sample(&sections());
    let load = |text: &str| {
        let sources = Sources::complete().file("config/default.toml", text);
        let snapshot = sources.load().expect("the sample is valid");
        (http(&snapshot), database(&snapshot))
    };
    let defaults = load("");
    assert_eq!(load(&text), defaults);

    let settings: Vec<_> = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with([' ', '[']) && !setting.ends_with('=') => setting,
            _ => line,
        })
        .filter(|line| !line.contains("[database.replicas"))
        .collect();
    let settings = settings.join("\n");
    let settings = settings.split("#[http.tls]").collect::<Vec<_>>();
    assert_eq!(load(settings[0]), defaults);
}
