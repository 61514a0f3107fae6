//! What can be configured, under `health` and `health-history`.

use formwork_config::{Config, Secret};

/// What probes tell.
#[derive(Debug, Clone, Config)]
pub struct HealthConfig {
    /// Who is shown components, in `/health` and `/health-history`; everybody else is told the
    /// status only.
    #[config(default = "authorised")]
    pub details: HealthDetails,
    /// What makes a caller an authorised one: `authorization: Bearer TOKEN`. Without it nobody is.
    #[config(length(min = 16))]
    pub token: Option<Secret<String>>,
}

/// Who is shown the components behind a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum HealthDetails {
    /// Everybody.
    Always,
    /// Those who send the token.
    Authorised,
    /// Nobody: the status only.
    Never,
}

/// The history of health.
#[derive(Debug, Clone, Config)]
pub struct HealthHistoryConfig {
    /// How many changes are kept; then the oldest is forgotten.
    #[config(default = 200, range(min = 1, max = 10000))]
    pub keep: u32,
}
