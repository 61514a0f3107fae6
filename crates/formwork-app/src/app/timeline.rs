//! When each module started.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// When each module started, and how long it took. Serialised, times are in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// The modules in the order of their start.
    pub entries: Vec<TimelineEntry>,
    /// From the first start until accepting; zero until then.
    #[serde(rename = "total_ms", serialize_with = "milliseconds")]
    pub total: Duration,
}

/// The start of one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimelineEntry {
    /// The module.
    pub module: String,
    /// Its level.
    pub level: usize,
    /// When its start began, from the first one.
    #[serde(rename = "at_ms", serialize_with = "milliseconds")]
    pub at: Duration,
    /// How long it took.
    #[serde(rename = "took_ms", serialize_with = "milliseconds")]
    pub took: Duration,
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.entries.iter().map(|entry| entry.module.len()).max();
        let width = width.unwrap_or(0);
        for entry in &self.entries {
            writeln!(
                f,
                "{} {:width$}  at {:>10.3?}  took {:>10.3?}",
                entry.level, entry.module, entry.at, entry.took
            )?;
        }
        writeln!(f, "accepting after {:.3?}", self.total)
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(crate::milliseconds::milliseconds(*duration))
}
