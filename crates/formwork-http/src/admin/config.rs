//! What can be configured, under `admin`.

use std::net::SocketAddr;

use formwork_config::{Config, Secret};

/// What operators may look at and do.
#[derive(Debug, Clone, Config)]
pub struct AdminConfig {
    /// Who sends it, as `authorization: Bearer TOKEN`, is let in. At least 16 characters.
    #[config(length(min = 16), dynamic)]
    pub token: Secret<String>,
    /// An address of its own to listen on. Not set: that of the service, under `/admin`.
    pub listen: Option<SocketAddr>,
}
