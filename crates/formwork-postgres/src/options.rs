//! How the database is reached and used.

use std::time::Duration;

use formwork_config::{Checks, Config, Secret, Url};

/// How the database is reached and used: the `postgres` section.
#[derive(Debug, Clone, Config)]
#[config(check = "PostgresConfig::check")]
pub struct PostgresConfig {
    /// Where the database is: `postgres://user:password@host:port/database`, with the password
    /// better in a setting of its own.
    #[config(dynamic)]
    pub url: Url,

    /// The password of the user in `url`. It goes before one that is written there.
    #[config(secret, dynamic)]
    pub password: Option<Secret<String>>,

    /// Where migrations run, when that is as another role than the service's: one that owns the
    /// tables. The role of `url` is then given what it needs, and no more. Only used at start.
    #[config(dynamic)]
    pub migrations_url: Option<Url>,

    /// The password of the user in `migrations-url`. It goes before one that is written there.
    #[config(secret, dynamic)]
    pub migrations_password: Option<Secret<String>>,

    /// How many transactions may run at a time.
    #[config(default = 10, range(min = 1, max = 1000), dynamic)]
    pub connections: u32,

    /// How many connections all reads share.
    #[config(default = 2, range(min = 1, max = 100), dynamic)]
    pub readers: u32,

    /// How long connecting may take.
    #[config(default = "5s", dynamic)]
    pub connect_timeout: Duration,

    /// How long a transaction waits for a connection when all are in use.
    #[config(default = "5s", dynamic)]
    pub acquire_timeout: Duration,

    /// How long a statement may take; `0` for any time.
    #[config(default = "30s", dynamic)]
    pub statement_timeout: Duration,

    /// Whether migrations run at start.
    #[config(default = true)]
    pub migrate: bool,

    /// Whether the service is not ready while the database cannot be reached. Otherwise it is
    /// degraded.
    #[config(default = true)]
    pub required: bool,

    /// What happens at start when the database would not keep tenants apart; only of interest for
    /// a service that has tenants.
    #[config(default = "strict")]
    pub isolation: Isolation,
}

/// What happens when the database would not keep tenants apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum Isolation {
    /// The service does not start.
    Strict,
    /// It is logged. For development, where everything is done as one role.
    Warn,
}

impl PostgresConfig {
    /// The database at `url`, everything else as by default.
    ///
    /// ```
    /// use formwork_postgres::PostgresConfig;
    ///
    /// let config = PostgresConfig::new("postgres://shop@db/orders".parse()?);
    /// assert_eq!(config.url.to_string(), "postgres://shop@db/orders");
    /// # Ok::<(), formwork_config::ParseUrlError>(())
    /// ```
    pub fn new(url: Url) -> Self {
        Self {
            url,
            password: None,
            migrations_url: None,
            migrations_password: None,
            connections: 10,
            readers: 2,
            connect_timeout: Duration::from_secs(5),
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            migrate: true,
            required: true,
            isolation: Isolation::Strict,
        }
    }

    /// Where the database is, with the password it is reached with.
    pub fn address(&self) -> Url {
        with(&self.url, self.password.as_ref())
    }

    /// Where migrations run when that is as another role, with the password that is done with.
    pub fn migrations_address(&self) -> Option<Url> {
        let url = self.migrations_url.as_ref()?;
        Some(with(url, self.migrations_password.as_ref()))
    }

    fn check(&self, checks: &mut Checks) {
        let nobody = |url: &Url| url.user().is_none_or(|user| user.is_empty());
        if self.password.is_some() && nobody(&self.url) {
            checks.refuse("password", "is nobody's: `url` names no user");
        }
        if self.migrations_password.is_none() {
            return;
        }
        match &self.migrations_url {
            None => checks.refuse("migrations-password", "needs `migrations-url`"),
            Some(url) if nobody(url) => checks.refuse(
                "migrations-password",
                "is nobody's: `migrations-url` names no user",
            ),
            Some(_) => {}
        }
    }
}

fn with(url: &Url, password: Option<&Secret<String>>) -> Url {
    match password {
        Some(password) => url.with_password(password),
        None => url.clone(),
    }
}

#[cfg(test)]
mod tests {
    use formwork_config::{Environment, Loader, Section};

    use super::*;

    fn load(values: &[(&str, &str)]) -> Result<PostgresConfig, String> {
        let values = values.iter().map(|(key, value)| {
            let name = key.replace('-', "_").to_uppercase();
            (format!("SHOP__POSTGRES__{name}"), (*value).to_owned())
        });
        let loader = Loader::new("shop").with_environment(Environment::of(values));
        let snapshot = loader.load(&[Section::of::<PostgresConfig>("postgres")]);
        let snapshot = snapshot.map_err(|errors| errors.to_string())?;
        snapshot
            .get("postgres")
            .map_err(|errors| errors.to_string())
    }

    /// Proves: R-049.
    #[test]
    fn passwords_stand_apart_from_addresses() {
        let config = load(&[
            ("url", "postgres://shop:old@db/orders"),
            ("password", "p@ss"),
            ("migrations-url", "postgres://owner@db/orders"),
            ("migrations-password", "m1grate"),
        ]);
        let config = config.expect("a valid configuration");
        assert_eq!(
            config.url.to_string(),
            "postgres://shop:<redacted>@db/orders"
        );
        assert_eq!(
            config.address().expose(),
            "postgres://shop:p%40ss@db/orders"
        );
        let migrations = config.migrations_address().expect("there is one");
        assert_eq!(migrations.expose(), "postgres://owner:m1grate@db/orders");

        let config = load(&[("url", "postgres://shop:old@db/orders")]);
        let config = config.expect("a valid configuration");
        assert_eq!(config.address(), config.url);
        assert_eq!(config.migrations_address(), None);
    }

    #[test]
    fn a_password_of_nobody_is_refused() {
        let url = ("url", "postgres://db/orders");
        for (values, key) in [
            (vec![url, ("password", "x")], "postgres.password"),
            (
                vec![url, ("migrations-password", "x")],
                "postgres.migrations-password",
            ),
            (
                vec![
                    url,
                    ("migrations-url", "postgres://db/orders"),
                    ("migrations-password", "x"),
                ],
                "postgres.migrations-password",
            ),
        ] {
            let refused = load(&values).expect_err("nobody has the password");
            assert!(refused.contains(key), "{refused}");
        }
    }
}
