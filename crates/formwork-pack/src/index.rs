//! A static index: a TOML or JSON file that lists packs, each version with its archive, its hash and its signature.

use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::PackError;

/// One version of one pack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) formwork: VersionReq,
    /// Where the archive is; relative to the index.
    pub(crate) archive: String,
    /// The hash of the content, not of the archive.
    pub(crate) hash: String,
    /// The text of a `pack.minisig`.
    pub(crate) signature: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    format: u32,
    #[serde(default, rename = "pack")]
    packs: Vec<Listed>,
}

const FORMAT: u32 = 1;

/// Reads an index, or gives every mistake in its entries.
pub(crate) fn read(bytes: &[u8], at: &str) -> Result<Vec<Listed>, PackError> {
    let invalid = |mistakes: Vec<String>| PackError::Index {
        at: at.to_owned(),
        mistakes,
    };
    let text = std::str::from_utf8(bytes).map_err(|error| invalid(vec![error.to_string()]))?;
    let index: Index = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| invalid(vec![error.to_string()]))?
    } else {
        toml::from_str(text).map_err(|error| invalid(vec![error.message().to_owned()]))?
    };
    let mut mistakes = Vec::new();
    if index.format != FORMAT {
        mistakes.push(format!(
            "it has the format {}; this version reads {FORMAT}",
            index.format
        ));
    }
    for (position, pack) in index.packs.iter().enumerate() {
        let name = format!("`{}` {}", pack.id, pack.version);
        let is_hash = pack.hash.len() == 64 && pack.hash.bytes().all(|it| it.is_ascii_hexdigit());
        if !is_hash {
            mistakes.push(format!("{name} has no valid hash: `{}`", pack.hash));
        }
        let same = |other: &&Listed| other.id == pack.id && other.version == pack.version;
        if index.packs[..position].iter().any(|other| same(&other)) {
            mistakes.push(format!("{name} is listed twice"));
        }
    }
    if mistakes.is_empty() {
        Ok(index.packs)
    } else {
        Err(invalid(mistakes))
    }
}

/// The newest version that fits.
pub(crate) fn choose(
    packs: Vec<Listed>,
    id: &str,
    range: &VersionReq,
    formwork: &Version,
    at: &str,
) -> Result<Listed, PackError> {
    let fits = |pack: &Listed| range.matches(&pack.version) && pack.formwork.matches(formwork);
    let (mut fitting, others): (Vec<_>, Vec<_>) = packs
        .into_iter()
        .filter(|pack| pack.id == id)
        .partition(fits);
    fitting.sort_by(|left, right| left.version.cmp(&right.version));
    let there = others.iter().map(|pack| {
        if range.matches(&pack.version) {
            format!("{} for formwork {}", pack.version, pack.formwork)
        } else {
            pack.version.to_string()
        }
    });
    fitting.pop().ok_or_else(|| PackError::Range {
        at: at.to_owned(),
        id: id.to_owned(),
        range: range.clone(),
        there: there.collect(),
    })
}
