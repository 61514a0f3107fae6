//! `formwork.lock`: the exact result of a recipe.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use formwork_catalog::PackPin;
use formwork_resolve::Wish;
use semver::Version;
use serde::Deserialize;

use crate::change;
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
    /// The wishes it came from, so that a change of the recipe is known as one.
    #[serde(deserialize_with = "read_wishes")]
    pub wishes: Vec<Wish>,
    /// The packs of third parties, exactly; by id.
    #[serde(default, rename = "pack")]
    pub packs: Vec<PackPin>,
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
        "`formwork.lock` has the format {found}{}; this version reads {}",
        by(.generator),
        Lock::FORMAT
    )]
    Format {
        found: u32,
        /// The version of Formwork that wrote it.
        generator: Option<String>,
    },
    #[error("`formwork.lock` names no valid pack: `{name}`")]
    Base { name: String },
}

fn by(generator: &Option<String>) -> String {
    match generator {
        Some(version) => format!(", written by formwork {version}"),
        None => String::new(),
    }
}

impl LockError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Format { found, generator } if *found > Lock::FORMAT => match generator {
                Some(version) => format!("use formwork {version} or newer for this project"),
                None => "use a newer formwork for this project".to_owned(),
            },
            Self::Format { .. } => {
                "make the project anew in another folder with `formwork new NAME DIR --answers formwork.toml`, and take over your changes".to_owned()
            }
            _ => "take `formwork.lock` from version control; it is not for editing".to_owned(),
        }
    }
}

impl Lock {
    /// The lock's path in a project.
    pub const PATH: &'static str = "formwork.lock";
    const FORMAT: u32 = 2;

    pub(crate) fn new(composition: &Composition, base: &str, wishes: Vec<Wish>) -> Self {
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
            wishes,
            packs: composition.document.packs.clone(),
            features,
        }
    }

    /// The hash a pack is pinned to.
    pub fn pack(&self, id: &str) -> Option<&str> {
        let pin = self.packs.iter().find(|pack| pack.id == id)?;
        Some(&pin.hash)
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
            "# Written by Formwork; not for editing.\nformat = {}\ngenerator = \"{}\"\ntree = \"{}\"\nbase = \"{}\"\nwishes = [\n",
            self.format, self.generator, self.tree, self.base
        );
        for wish in &self.wishes {
            let line = toml_edit::Value::from(change::to_line(wish));
            writeln!(text, "    {line},").expect("writing into a string cannot fail");
        }
        text.push_str("]\n");
        for PackPin { id, version, hash } in &self.packs {
            write!(
                text,
                "\n[[pack]]\nid = \"{id}\"\nversion = \"{version}\"\nhash = \"{hash}\"\n"
            )
            .expect("writing into a string cannot fail");
        }
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
        let syntax = |error: toml::de::Error| LockError::Syntax {
            message: error.to_string(),
        };
        // What another format means is not ours to judge.
        let head: Head = toml::from_str(text).map_err(syntax)?;
        if head.format != Self::FORMAT {
            return Err(LockError::Format {
                found: head.format,
                generator: head.generator,
            });
        }
        let lock: Self = toml::from_str(text).map_err(syntax)?;
        // The name becomes part of a path.
        let hash = lock.base.len() == 64 && lock.base.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hash {
            return Err(LockError::Base { name: lock.base });
        }
        Ok(lock)
    }
}

/// What every format has.
#[derive(Deserialize)]
struct Head {
    format: u32,
    generator: Option<String>,
}

fn read_wishes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Wish>, D::Error> {
    let lines = Vec::<String>::deserialize(deserializer)?;
    lines
        .iter()
        .map(|line| {
            change::from_line(line)
                .ok_or_else(|| serde::de::Error::custom(format!("`{line}` is no wish")))
        })
        .collect()
}
