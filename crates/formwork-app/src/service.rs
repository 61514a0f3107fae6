//! Which service this is.

/// The name and version of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceInfo {
    /// The name, in kebab-case.
    pub name: String,
    /// The version.
    pub version: String,
}

impl ServiceInfo {
    /// The service `name`; pass `env!("CARGO_PKG_VERSION")` for the version.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
        }
    }
}
