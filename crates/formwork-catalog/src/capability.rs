//! A capability: a role features can fill, and how many of them may.

use serde::Serialize;

use crate::Site;

/// How many features of a plan may, and must, provide a capability.
///
/// The upper bound always holds. The lower bound holds in plans that contain the feature which
/// declares the capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cardinality {
    ExactlyOne,
    AtMostOne,
    AtLeastOne,
    Any,
}

impl Cardinality {
    /// Whether two providers exclude each other.
    pub fn is_exclusive(self) -> bool {
        matches!(self, Self::ExactlyOne | Self::AtMostOne)
    }

    /// Whether a plan needs a provider.
    pub fn is_demanded(self) -> bool {
        matches!(self, Self::ExactlyOne | Self::AtLeastOne)
    }
}

/// A declared capability. Third-party features join it by providing it.
#[derive(Debug, Clone, Serialize)]
pub struct Capability {
    pub id: String,
    pub cardinality: Cardinality,
    /// What a person is asked, when choosing a provider is a question worth asking.
    pub question: Option<String>,
    /// The provider taken when a plan asks for the capability and nothing wished provides it.
    pub default: Option<String>,
    pub reason: Option<String>,
    /// The id of the feature that declares it.
    pub feature: String,
    /// The rule of the cardinality.
    pub site: Site,
}
