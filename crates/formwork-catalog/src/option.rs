//! A question a feature asks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Site, When, nearest};

/// What answers a question takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum OptionKind {
    Choice { choices: Vec<String> },
    Text,
    Integer { min: Option<i64>, max: Option<i64> },
    Boolean,
}

impl OptionKind {
    /// Reads an answer given as text.
    pub fn parse(&self, text: &str) -> Result<OptionValue, String> {
        let value = match self {
            Self::Choice { .. } | Self::Text => OptionValue::Text(text.to_owned()),
            Self::Integer { .. } => text
                .parse()
                .map(OptionValue::Integer)
                .map_err(|_| format!("must be an integer, found `{text}`"))?,
            Self::Boolean => match text {
                "true" | "yes" => OptionValue::Boolean(true),
                "false" | "no" => OptionValue::Boolean(false),
                _ => return Err(format!("must be true or false, found `{text}`")),
            },
        };
        self.check(&value).map(|()| value)
    }

    /// Says what is wrong with a value, as the end of a sentence.
    pub fn check(&self, value: &OptionValue) -> Result<(), String> {
        match (self, value) {
            (Self::Choice { choices }, OptionValue::Text(text)) => {
                if choices.contains(text) {
                    return Ok(());
                }
                let known = choices.iter().map(String::as_str);
                Err(match nearest(text, known) {
                    Some(near) => {
                        format!("`{text}` is none of the choices, did you mean `{near}`?")
                    }
                    None => format!("`{text}` is none of {}", choices.join(", ")),
                })
            }
            (Self::Integer { min, max }, OptionValue::Integer(value)) => match (min, max) {
                (Some(min), _) if value < min => Err(format!("{value} is less than {min}")),
                (_, Some(max)) if value > max => Err(format!("{value} is more than {max}")),
                _ => Ok(()),
            },
            (Self::Text, OptionValue::Text(_)) | (Self::Boolean, OptionValue::Boolean(_)) => Ok(()),
            (Self::Choice { .. } | Self::Text, _) => {
                Err(format!("must be a string, found {value}"))
            }
            (Self::Integer { .. }, _) => Err(format!("must be an integer, found `{value}`")),
            (Self::Boolean, _) => Err(format!("must be true or false, found `{value}`")),
        }
    }
}

/// A question with its default, so that every question can be left open.
#[derive(Debug, Clone, Serialize)]
pub struct OptionSpec {
    pub key: String,
    #[serde(flatten)]
    pub kind: OptionKind,
    pub prompt: String,
    pub default: OptionValue,
    /// When it is worth asking; otherwise the default stands.
    pub when: When,
    pub site: Site,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OptionValue {
    Boolean(bool),
    Integer(i64),
    Text(String),
}

impl fmt::Display for OptionValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(formatter, "{value}"),
            Self::Integer(value) => write!(formatter, "{value}"),
            Self::Text(value) => formatter.write_str(value),
        }
    }
}
