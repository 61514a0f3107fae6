//! How NATS is reached and used.

use std::time::Duration;

use formwork_config::{Checks, Config, Secret, Url};

/// How NATS is reached and used: the `nats` section.
#[derive(Debug, Clone, Config)]
#[config(check = "NatsConfig::check")]
pub struct NatsConfig {
    /// Where the server is: `nats://user:password@host:port`, with the password better in a setting
    /// of its own. Several are separated by commas, `nats://user@one:4222,two:4222`. The streams stay
    /// where they are: another cluster begins with none.
    #[config(dynamic)]
    pub url: Url,

    /// The password of the user in `url`. It goes before one that is written there.
    #[config(secret, dynamic)]
    pub password: Option<Secret<String>>,

    /// What to log in with. It goes before a user and a password.
    #[config(secret, dynamic)]
    pub token: Option<Secret<String>>,

    /// The stream that holds the events. Services that exchange events share it. It is created
    /// when there is none, and used as it is when there is one; its dead letters go to
    /// `{stream}-dead`.
    #[config(default = "events", length(min = 1, max = 100))]
    pub stream: String,

    /// What stands before the name of an event in its subject: `{prefix}.{aggregate}.{action}`.
    #[config(default = "events", length(min = 1, max = 100))]
    pub prefix: String,

    /// Whether the subject of a tenant's event ends with the tenant:
    /// `{prefix}.{aggregate}.{action}.{tenant}`. All services of a stream have it alike: while a
    /// consumer of the stream takes subjects without a tenant only, events wait in the outbox.
    #[config(default = false)]
    pub tenant_subjects: bool,

    /// On how many servers of a cluster a new stream is kept.
    #[config(default = 1, range(min = 1, max = 5))]
    pub replicas: u32,

    /// How long a new stream keeps events.
    #[config(default = "7d")]
    pub retention: Duration,

    /// Within which time a new stream drops repetitions of an event.
    #[config(default = "2m")]
    pub duplicate_window: Duration,

    /// How long connecting, and each answer, may take.
    #[config(default = "5s")]
    pub timeout: Duration,

    /// How long a delivery may stay unsettled before it comes again. Consumers that take longer
    /// say that they are still working.
    #[config(default = "30s")]
    pub ack_wait: Duration,
}

impl NatsConfig {
    /// The server at `url`, everything else as by default.
    ///
    /// ```
    /// use formwork_nats::NatsConfig;
    ///
    /// let config = NatsConfig::new("nats://127.0.0.1:4222".parse()?);
    /// assert_eq!(config.stream, "events");
    /// # Ok::<(), formwork_config::ParseUrlError>(())
    /// ```
    pub fn new(url: Url) -> Self {
        Self {
            url,
            password: None,
            token: None,
            stream: "events".to_owned(),
            prefix: "events".to_owned(),
            tenant_subjects: false,
            replicas: 1,
            retention: Duration::from_secs(7 * 86_400),
            duplicate_window: Duration::from_secs(120),
            timeout: Duration::from_secs(5),
            ack_wait: Duration::from_secs(30),
        }
    }

    /// Who logs in is known before anything of it is shown: a token in the place of a user would
    /// be.
    fn check(&self, checks: &mut Checks) {
        let named = self.url.user().is_some_and(|user| !user.is_empty());
        let password = self.password.is_some() || self.url.password().is_some();
        match (named, password) {
            (true, false) => checks.refuse(
                "url",
                "names somebody without a password: set `password`, or put a token into `token`",
            ),
            (false, true) if self.password.is_some() => {
                checks.refuse("password", "is nobody's: `url` names no user");
            }
            (false, true) => checks.refuse("url", "holds a password and names no user"),
            _ => {}
        }
    }
}
