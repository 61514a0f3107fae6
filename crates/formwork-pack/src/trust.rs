//! Whose packs are taken: those signed with a declared key, and those whose content somebody allowed by its hash.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use minisign_verify::{Error, PublicKey, Signature};
use serde::Serialize;

use crate::{Pack, PackError};

/// What makes a pack trusted.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    keys: BTreeMap<String, PublicKey>,
    hashes: BTreeSet<String>,
}

/// Why a pack is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum TrustedBy {
    /// A key signed it; this is what the key is called.
    Key { name: String },
    /// Its content was allowed, whoever made it.
    Hash,
}

impl fmt::Display for TrustedBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { name } => write!(formatter, "signed with the key `{name}`"),
            Self::Hash => formatter.write_str("allowed by its hash"),
        }
    }
}

/// Why a pack is not trusted, as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untrusted {
    Unsigned,
    /// The signature is of a key nobody declared.
    UnknownKey,
    /// The signature is of this key, but not of this content.
    Forged {
        key: String,
    },
    /// What came as a signature is none.
    Unreadable {
        message: String,
    },
}

impl fmt::Display for Untrusted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => formatter.write_str("it is not signed"),
            Self::UnknownKey => formatter.write_str("it is signed with a key that is not declared"),
            Self::Forged { key } => {
                write!(
                    formatter,
                    "its signature names the key `{key}`, but is not of this content"
                )
            }
            Self::Unreadable { message } => {
                write!(formatter, "its signature is not valid: {message}")
            }
        }
    }
}

impl Untrusted {
    pub(crate) fn hint(&self, id: &str, hash: &str) -> String {
        match self {
            Self::UnknownKey => format!(
                "declare the key under `[trust]` in formwork.toml, or with --trust {id}=KEY; or allow exactly this content with --allow {hash}"
            ),
            Self::Forged { .. } => {
                "the content was changed after it was signed: get it again, or ask its author"
                    .to_owned()
            }
            _ => format!("after a look at it, allow exactly this content with --allow {hash}"),
        }
    }
}

impl Trust {
    /// Declares a key: what it is called, and what stands in the second line of its `minisign.pub`.
    pub fn key(&mut self, name: &str, key: &str) -> Result<(), PackError> {
        let key = PublicKey::from_base64(key.trim()).map_err(|_| PackError::Key {
            name: name.to_owned(),
        })?;
        self.keys.insert(name.to_owned(), key);
        Ok(())
    }

    /// Allows content by its hash.
    pub fn allow(&mut self, hash: &str) {
        let hash = hash.strip_prefix("sha256:").unwrap_or(hash);
        self.hashes.insert(hash.to_ascii_lowercase());
    }

    /// Why a pack is trusted, or why not.
    pub fn judge(&self, pack: &Pack) -> Result<TrustedBy, PackError> {
        let why = match self.signed(pack) {
            Ok(name) => return Ok(TrustedBy::Key { name }),
            Err(_) if self.hashes.contains(&pack.hash) => return Ok(TrustedBy::Hash),
            Err(why) => why,
        };
        Err(PackError::Untrusted {
            id: pack.manifest.id.clone(),
            version: pack.manifest.version.to_string(),
            hash: pack.hash.clone(),
            why,
        })
    }

    fn signed(&self, pack: &Pack) -> Result<String, Untrusted> {
        let text = pack.signature.as_deref().ok_or(Untrusted::Unsigned)?;
        let unreadable = |error: Error| Untrusted::Unreadable {
            message: error.to_string().to_lowercase(),
        };
        let signature = Signature::decode(text.trim_end()).map_err(unreadable)?;
        for (name, key) in &self.keys {
            match key.verify(pack.statement().as_bytes(), &signature, false) {
                Ok(()) => return Ok(name.clone()),
                Err(Error::UnexpectedKeyId) => {}
                Err(Error::InvalidSignature) => {
                    return Err(Untrusted::Forged { key: name.clone() });
                }
                Err(error) => return Err(unreadable(error)),
            }
        }
        Err(Untrusted::UnknownKey)
    }
}
