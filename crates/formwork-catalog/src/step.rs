//! One step of a scenario: a request and what its answer must be, or a change of the configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::OptionValue;

/// A step. Texts may refer to values: `${id}` was saved by a step before, `${unique}` differs from run to run,
/// `${ADMIN__TOKEN}` is the variable of that name behind the service's prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Step {
    /// Changes values of the configuration file.
    Change(Change),
    /// Gives the configuration file back as it was.
    Restore(Restore),
    /// A request.
    Request(Request),
}

/// Values of `config/default.toml` by path, which the running service is to take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub change: BTreeMap<String, OptionValue>,
}

/// The end of all changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    pub restore: bool,
}

/// A request, and what its answer must be. A `GET` is repeated until the answer is that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    #[serde(default)]
    pub method: Method,
    pub path: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A body of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(default = "ok")]
    pub status: u16,
    /// Text the body must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// Text the body must not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
    /// JSON pointer and the value expected there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, OptionValue>,
    /// Headers the answer must have, with a text in them; the empty text is in every one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answer: BTreeMap<String, String>,
    /// Name and the JSON pointer to the value that goes by it from here on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub save: BTreeMap<String, String>,
}

/// What a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    #[default]
    Get,
    Post,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

fn ok() -> u16 {
    200
}

impl Step {
    /// The texts of a step that may refer to values.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let request = match self {
            Self::Request(request) => Some(request),
            Self::Change(_) | Self::Restore(_) => None,
        };
        request.into_iter().flat_map(|request| {
            std::iter::once(&request.path)
                .chain(request.headers.values())
                .chain(&request.body)
                .chain(&request.contains)
                .chain(&request.lacks)
                .map(String::as_str)
        })
    }
}
