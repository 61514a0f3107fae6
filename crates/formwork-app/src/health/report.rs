//! What a probe is told.

use std::sync::Arc;
use std::time::Duration;

use formwork_domain::Timestamp;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::milliseconds::milliseconds;

/// How well a component, or the whole, works. From better to worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Works.
    Healthy,
    /// Works less well than it should.
    Degraded,
    /// Not known: no result yet, or the last one is too old.
    Unknown,
    /// Does not work.
    Unhealthy,
}

impl Status {
    /// The status in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// Whether a probe answers that all is well: healthy or degraded.
    pub fn is_serving(self) -> bool {
        self <= Self::Degraded
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The health of a set of components at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The worst of all components; healthy when there are none.
    pub status: Status,
    /// The components, by name.
    pub components: Vec<Arc<Component>>,
}

/// The health of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The name.
    pub name: String,
    /// How well it works.
    pub status: Status,
    /// Whether the application is not ready without it.
    pub required: bool,
    /// What is wrong, if something is.
    pub message: Option<String>,
    /// Since when it has had this status.
    pub since: Timestamp,
    /// How long the last check took.
    pub latency: Option<Duration>,
}

impl Report {
    pub(crate) fn of(components: Vec<Arc<Component>>) -> Self {
        Self {
            status: components
                .iter()
                .map(|component| component.status)
                .max()
                .unwrap_or(Status::Healthy),
            components,
        }
    }

    /// Whether no required component is unhealthy.
    pub fn required_work(&self) -> bool {
        !self
            .components
            .iter()
            .any(|component| component.required && component.status == Status::Unhealthy)
    }

    /// The component of this name.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components
            .iter()
            .map(|component| &**component)
            .find(|component| component.name == name)
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 2)?;
        report.serialize_field("status", &self.status)?;
        let components: Vec<&Component> = self.components.iter().map(|one| &**one).collect();
        report.serialize_field("components", &components)?;
        report.end()
    }
}

impl Serialize for Component {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut component = serializer.serialize_struct("Component", 6)?;
        component.serialize_field("name", &self.name)?;
        component.serialize_field("status", &self.status)?;
        component.serialize_field("required", &self.required)?;
        component.serialize_field("message", &self.message)?;
        component.serialize_field("since", &self.since.to_string())?;
        let millis = self.latency.map(milliseconds);
        component.serialize_field("latency_ms", &millis)?;
        component.end()
    }
}
