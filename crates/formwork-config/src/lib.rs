//! Layered configuration with provenance: typed, validated as a whole, secrets never printed.
//!
//! ```
//! use std::net::SocketAddr;
//! use std::time::Duration;
//! use formwork_config::{Config, Environment, Loader, Secret, Section};
//!
//! /// The HTTP server.
//! #[derive(Config)]
//! struct Http {
//!     /// Where to listen.
//!     #[config(default = "127.0.0.1:8080")]
//!     listen: SocketAddr,
//!     /// How long a request may take.
//!     #[config(default = "30s", range(min = "1ms", max = "10m"))]
//!     timeout: Duration,
//!     /// Who may ask for metrics.
//!     token: Option<Secret<String>>,
//! }
//!
//! let environment = Environment::of([("SHOP__HTTP__LISTEN", "0.0.0.0:80")]);
//! let loader = Loader::new("shop").with_environment(environment);
//! let snapshot = loader.load(&[Section::of::<Http>("http")])?;
//! let http: Http = snapshot.get("http")?;
//! assert_eq!(http.listen.port(), 80);
//! assert_eq!(http.timeout, Duration::from_secs(30));
//! # Ok::<(), formwork_config::Errors>(())
//! ```
//!
//! # When it goes wrong
//!
//! Every mistake is reported in one run, with its place and what to do about it:
//!
//! ```
//! # use formwork_config::{Config, Environment, Loader, Section};
//! # /// The HTTP server.
//! # #[derive(Config)]
//! # struct Http {
//! #     /// Where to listen.
//! #     #[config(default = "127.0.0.1:8080")]
//! #     listen: std::net::SocketAddr,
//! # }
//! let environment = Environment::of([
//!     ("SHOP__HTTP__LISTEN", "localhost"),
//!     ("SHOP__HTTP__LISSEN", "127.0.0.1:80"),
//! ]);
//! let loader = Loader::new("shop").with_environment(environment);
//! let errors = loader.load(&[Section::of::<Http>("http")]).unwrap_err();
//! assert_eq!(
//!     errors.to_string(),
//!     "\
//! the configuration has 2 mistakes
//!   environment variable `SHOP__HTTP__LISSEN`: sets nothing this service knows
//!     hint: did you mean `SHOP__HTTP__LISTEN`?
//!   environment variable `SHOP__HTTP__LISTEN`: `http.listen` expected an IP address with a port \
//! such as `127.0.0.1:8080`, found `localhost`"
//! );
//! ```
//!
//! # Layers
//!
//! From the weakest to the strongest, for the service `shop`:
//!
//! 1. the compiled default;
//! 2. the base file, `config/default.toml` ([`Loader::with_location`] or `SHOP_CONFIG`);
//! 3. the profile's file, `config/{profile}.toml` ([`Loader::with_profile`] or `SHOP_PROFILE`);
//! 4. of an instance ([`Section::instance`]), its own values over the shared ones;
//! 5. of a tenant ([`Loader::load_tenant`]), `config/tenants/{tenant}.toml`;
//! 6. files that hold one value: named by `SHOP__HTTP__TOKEN_FILE`, or called `http.token` in a
//!    directory of secrets ([`Loader::with_secrets`] or `SHOP_SECRETS_DIR`);
//! 7. environment variables, `SHOP__HTTP__LISTEN`;
//! 8. flags, `http.listen=…`; secrets are refused here;
//! 9. the program, [`Loader::with_value`].
//!
//! A value that is there counts, also when it is `false`, `0` or empty. Tables merge, lists are
//! replaced as a whole. In variables, flags and files of one value, lists are written `a,b` or
//! `["a", "b"]`, maps as TOML inline tables. What one layer sets twice is a mistake: a variable and
//! the same with `_FILE`, two spellings of a variable, a flag given twice.
//!
//! A value of an instance itself beats a shared one, whatever sources they come from; see
//! [`Section::instance`].
//!
//! # Files
//!
//! Files are TOML; `.yaml`, `.yml` (YAML 1.2) and `.json` are read too, each value with its line
//! and column. Two files that could both be the base are a mistake. A file is UTF-8 text of at most
//! 1 MiB, tables lie at most 80 deep, aliases multiply to at most 100,000 values; `null` is no
//! value; pipes and devices are not opened. What is reported of 10,000 mistakes is a page and a
//! count.
//!
//! # Attributes
//!
//! `#[derive(Config)]` takes structs with named fields, and enums without data for choices. Keys
//! and choices are the Rust names in kebab-case. Doc comments are the descriptions.
//!
//! | on a field | |
//! |---|---|
//! | `default = …` | text, a number, `true`, `false`, or an array; without it the field is required, unless it is an `Option` |
//! | `range(min = …, max = …)` | of a number, time span or byte size; either may be left out |
//! | `length(min = …, max = …)` | of text in characters, of a list in items, of a map in entries |
//! | `pattern = "…"` | a regular expression that the whole text is like |
//! | `one_of(…, …)` | the values allowed |
//! | `secret` | never shown, as if its type were [`Secret`] |
//! | `class = "…"` | `public`, `internal`, `confidential` (redacted) or `secret` |
//! | `dynamic` | a running service takes a change over |
//! | `tenant` | tenants may have a value of their own |
//! | `nested` | asserts that the field holds structs |
//! | `rename = "…"` | another key |
//!
//! What a field says of class, `dynamic` and `tenant` holds for everything in it. A class keeps a value
//! out of everything this crate prints; only the types [`Secret`] and [`Url`] keep it out of the
//! struct's own `Debug` too.
//!
//! A limit that the type cannot have does not compile:
//!
//! ```compile_fail,E0080
//! # use formwork_config::Config;
//! /// The HTTP server.
//! #[derive(Config)]
//! struct Http {
//!     /// What it is called.
//!     #[config(range(min = 1))]
//!     name: String,
//! }
//! ```
//!
//! On a struct, `check = "path::to::function"` names a `fn(&Self, &mut Checks)` that looks at the
//! values together; see [`Checks`].
//!
//! # What is not promised
//!
//! Memory of secrets is overwritten where this crate holds them; the operating system's copy of the
//! environment, and buffers of the TOML and YAML parsers where a text has escapes or is broken, are
//! not. Files of one value never pass through a parser, unless they hold a list or a map.

#![warn(missing_docs)]

mod document;
mod error;
mod field;
mod loader;
mod naming;
mod nearest;
mod node;
mod origin;
mod quantity;
mod schema;
mod secret;
mod section;
mod snapshot;
mod steps;
mod url;

pub use document::{json_schema, reference, sample};
pub use error::{Errors, Violation, ViolationKind};
pub use field::{Checks, Config, Field, Reader};
pub use formwork_config_derive::Config;
pub use loader::{Environment, Loader};
pub use node::Node;
pub use origin::{Origin, OriginKind, Position};
pub use quantity::{ByteSize, ParseQuantityError, format_duration, parse_duration};
pub use schema::{Choice, Class, FieldSchema, Literal, Rule, Schema, Shape};
pub use secret::Secret;
pub use section::Section;
pub use snapshot::{Change, Explained, Explanation, Snapshot, WatchedKind, WatchedSource};
pub use url::{ParseUrlError, Url};
