//! A shop's configuration, and a directory to load it from.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use formwork_config::{
    ByteSize, Checks, Config, Environment, Errors, Loader, Secret, Section, Snapshot,
};
use tempfile::TempDir;

/// The HTTP server.
#[derive(Debug, PartialEq, Config)]
pub(crate) struct Http {
    /// Where to listen.
    #[config(default = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// How long a request may take.
    #[config(default = "30s", range(min = "1ms", max = "10m"), dynamic)]
    pub(crate) timeout: Duration,
    /// The largest body.
    #[config(default = "1MiB", range(max = "64MiB"))]
    pub(crate) max_body: ByteSize,
    /// Who may call from a browser.
    #[config(default = [], length(max = 3))]
    pub(crate) origins: Vec<String>,
    /// Compress answers.
    #[config(default = true)]
    pub(crate) compress: bool,
    /// What to log of each request.
    #[config(default = "short")]
    pub(crate) log: Log,
    /// Transport security.
    #[config(nested)]
    pub(crate) tls: Option<Tls>,
}

/// How much to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub(crate) enum Log {
    /// Nothing.
    Off,
    /// One line.
    Short,
    /// Everything, bodies included.
    FullDetail,
}

/// Transport security.
#[derive(Debug, PartialEq, Config)]
pub(crate) struct Tls {
    /// The certificates.
    pub(crate) certificates: PathBuf,
    /// The version of the protocol.
    #[config(default = "1.3", one_of("1.2", "1.3"))]
    pub(crate) version: String,
}

/// The database.
#[derive(Debug, PartialEq, Config)]
#[config(check = "Database::check")]
pub(crate) struct Database {
    /// Where it is, with the password.
    pub(crate) url: Secret<String>,
    /// Connections kept open.
    #[config(default = 1)]
    pub(crate) min: u16,
    /// Connections at most.
    #[config(default = 10, range(min = 1, max = 100))]
    pub(crate) max: u16,
    /// How much of the connections to use.
    #[config(default = 0.8, range(min = 0.0, max = 1.0))]
    pub(crate) load: f64,
    /// Passwords of other users.
    #[config(default = [], secret)]
    pub(crate) passwords: Vec<String>,
    /// Read replicas, by name.
    #[config(nested)]
    pub(crate) replicas: Option<BTreeMap<String, Replica>>,
    /// What to run on every connection.
    #[config(class = "confidential")]
    pub(crate) hello: Option<String>,
}

/// A read replica.
#[derive(Debug, PartialEq, Config)]
pub(crate) struct Replica {
    /// The host.
    pub(crate) host: String,
    /// The port.
    #[config(default = 5432)]
    pub(crate) port: u16,
}

impl Database {
    fn check(&self, checks: &mut Checks) {
        if self.min > self.max {
            checks.refuse("min", "must not be more than `max`");
        }
    }
}

/// A directory with files, variables and flags.
pub(crate) struct Sources {
    directory: TempDir,
    variables: Vec<(String, String)>,
    flags: Vec<String>,
    values: Vec<(String, String)>,
    profile: Option<String>,
    secrets: bool,
}

impl Sources {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            variables: Vec::new(),
            flags: Vec::new(),
            values: Vec::new(),
            profile: None,
            secrets: false,
        }
    }

    /// A shop with all that is required.
    pub(crate) fn complete() -> Self {
        Self::new().variable("SHOP__DATABASE__URL", "postgres://shop")
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        let parent = path.parent().expect("a file has a directory");
        std::fs::create_dir_all(parent).expect("the directory can be made");
        std::fs::write(path, text).expect("the file can be written");
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    pub(crate) fn value(mut self, path: &str, value: &str) -> Self {
        self.values.push((path.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn profile(mut self, profile: &str) -> Self {
        self.profile = Some(profile.to_owned());
        self
    }

    pub(crate) fn secrets(mut self) -> Self {
        self.secrets = true;
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn loader(&self) -> Loader {
        let mut loader =
            Loader::new("shop").with_environment(Environment::of(self.variables.clone()));
        if self.path("config").is_dir() {
            loader = loader.with_location(self.path("config"));
        }
        if let Some(profile) = &self.profile {
            loader = loader.with_profile(profile);
        }
        if self.secrets {
            loader = loader.with_secrets(self.path("secrets"));
        }
        let loader = self
            .flags
            .iter()
            .fold(loader, |loader, flag| loader.with_flag(flag));
        self.values.iter().fold(loader, |loader, (path, value)| {
            loader.with_value(path, value)
        })
    }

    pub(crate) fn load(&self) -> Result<Snapshot, Errors> {
        self.loader().load(&sections())
    }

    /// The text with the directory's name taken out.
    pub(crate) fn relative(&self, text: impl ToString) -> String {
        let directory = self.directory.path().display().to_string();
        text.to_string()
            .replace(&format!("{directory}{}", std::path::MAIN_SEPARATOR), "")
    }

    /// The report of a configuration that cannot be loaded.
    #[track_caller]
    pub(crate) fn report(&self) -> String {
        match self.load() {
            Ok(snapshot) => panic!("the configuration was loaded:\n{}", snapshot.explain()),
            Err(errors) => self.relative(errors),
        }
    }
}

pub(crate) fn sections() -> Vec<Section> {
    vec![
        Section::of::<Http>("http"),
        Section::of::<Database>("database"),
    ]
}

pub(crate) fn http(snapshot: &Snapshot) -> Http {
    snapshot.get("http").expect("the section was loaded")
}

pub(crate) fn database(snapshot: &Snapshot) -> Database {
    snapshot.get("database").expect("the section was loaded")
}
