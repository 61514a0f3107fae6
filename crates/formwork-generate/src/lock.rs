//! `formwork.lock`: the exact result of a recipe.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use semver::Version;
use serde::Deserialize;

use crate::compose::Composition;

/// What a project was last generated from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Lock {
    /// The version of this format.
    pub format: u32,
    /// The version of the generator.
    pub generator: String,
    /// The hash of the tree that was generated.
    pub tree: String,
    /// The name of the pack with the bytes that were generated.
    pub base: String,
    /// By id.
    #[serde(default, rename = "feature")]
    pub features: Vec<LockedFeature>,
}

/// A feature, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedFeature {
    pub id: String,
    pub version: Version,
    /// The hash of its folder.
    pub hash: String,
}

/// A lock that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    #[error("`formwork.lock` is not valid: {message}")]
    Syntax { message: String },
    #[error(
        "`formwork.lock` has the format {found}; this version reads {}",
        Lock::FORMAT
    )]
    Format { found: u32 },
    #[error("`formwork.lock` names no valid pack: `{name}`")]
    Base { name: String },
}

impl Lock {
    /// The lock's path in a project.
    pub const PATH: &'static str = "formwork.lock";
    const FORMAT: u32 = 1;

    pub(crate) fn new(composition: &Composition, base: &str) -> Self {
        let mut features: Vec<_> = composition
            .document
            .features
            .iter()
            .map(|feature| LockedFeature {
                id: feature.id.clone(),
                version: feature.version.clone(),
                hash: feature.hash.clone(),
            })
            .collect();
        features.sort_by(|left, right| left.id.cmp(&right.id));
        Self {
            format: Self::FORMAT,
            generator: env!("CARGO_PKG_VERSION").to_owned(),
            tree: composition.document.tree_hash.clone(),
            base: base.to_owned(),
            features,
        }
    }

    /// The versions, in the form resolution takes.
    pub fn versions(&self) -> BTreeMap<String, Version> {
        self.features
            .iter()
            .map(|feature| (feature.id.clone(), feature.version.clone()))
            .collect()
    }

    pub fn to_toml(&self) -> String {
        let mut text = format!(
            "# Written by Formwork; not for editing.\nformat = {}\ngenerator = \"{}\"\ntree = \"{}\"\nbase = \"{}\"\n",
            self.format, self.generator, self.tree, self.base
        );
        for feature in &self.features {
            write!(
                text,
                "\n[[feature]]\nid = \"{}\"\nversion = \"{}\"\nhash = \"{}\"\n",
                feature.id, feature.version, feature.hash
            )
            .expect("writing into a string cannot fail");
        }
        text
    }

    pub fn parse(text: &str) -> Result<Self, LockError> {
        let lock: Self = toml::from_str(text).map_err(|error| LockError::Syntax {
            message: error.to_string(),
        })?;
        if lock.format != Self::FORMAT {
            return Err(LockError::Format { found: lock.format });
        }
        // The name becomes part of a path.
        let hash = lock.base.len() == 64 && lock.base.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hash {
            return Err(LockError::Base { name: lock.base });
        }
        Ok(lock)
    }
}
