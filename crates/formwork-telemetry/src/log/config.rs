//! What can be configured, under `log`.

use formwork_config::{Checks, Config};

use super::filter;

/// Logs.
#[derive(Debug, Clone, Config)]
#[config(check = "LogConfig::check")]
pub struct LogConfig {
    /// What is logged: `off`, `error`, `warn`, `info`, `debug` or `trace`, and other levels for
    /// single targets, as in `info,sqlx=warn,shop=debug`.
    #[config(default = "info", dynamic)]
    pub level: String,
    /// How a line looks: `json`, one object per line, or `text`, for people. Only a restart takes
    /// it over: who collects the lines has been told what they look like.
    #[config(default = "json")]
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum LogFormat {
    /// One JSON object.
    Json,
    /// For people.
    Text,
}

impl LogConfig {
    fn check(&self, checks: &mut Checks) {
        if let Err(error) = filter::parse(&self.level) {
            checks.refuse("level", error.to_string());
        }
    }
}
