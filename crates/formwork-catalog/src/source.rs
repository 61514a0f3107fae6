//! The bytes of a pack, wherever they come from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::PackPin;
use crate::pack::PACKS;

/// An ordered map from path (relative to the pack, with `/`) to bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    files: BTreeMap<String, Cow<'static, [u8]>>,
    packs: Vec<PackPin>,
}

/// A folder could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    #[error("could not read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the path `{}` is not valid UTF-8", path.display())]
    Name { path: PathBuf },
}

impl Source {
    /// Loads the `features` folder of a pack. Links are not followed.
    pub fn load(pack: &Path) -> Result<Self, LoadError> {
        let mut source = Self::default();
        source.load_folder(pack, "features")?;
        Ok(source)
    }

    pub fn insert(&mut self, path: impl Into<String>, bytes: impl Into<Cow<'static, [u8]>>) {
        self.files.insert(path.into(), bytes.into());
    }

    /// Puts a pack of a third party beside what is there: its files lie below `packs/ID/` from here on.
    pub fn mount<P, B>(&mut self, pack: PackPin, files: impl IntoIterator<Item = (P, B)>)
    where
        P: AsRef<str>,
        B: Into<Cow<'static, [u8]>>,
    {
        for (path, bytes) in files {
            let path = format!("{PACKS}/{}/{}", pack.id, path.as_ref());
            self.files.insert(path, bytes.into());
        }
        self.packs.push(pack);
        self.packs.sort();
    }

    /// The packs that were mounted, by id.
    pub fn packs(&self) -> &[PackPin] {
        &self.packs
    }

    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(AsRef::as_ref)
    }

    /// All files, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_ref()))
    }

    /// The files of one folder and below, by path relative to the pack.
    pub fn folder<'a>(
        &'a self,
        folder: &str,
    ) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        let prefix = format!("{folder}/");
        self.files
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, bytes)| (path.as_str(), bytes.as_ref()))
    }

    fn load_folder(&mut self, pack: &Path, relative: &str) -> Result<(), LoadError> {
        let folder = pack.join(relative);
        let read = |source| LoadError::Read {
            path: folder.clone(),
            source,
        };
        for entry in fs::read_dir(&folder).map_err(read)? {
            let entry = entry.map_err(read)?;
            let kind = entry.file_type().map_err(read)?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(LoadError::Name { path: entry.path() });
            };
            let path = format!("{relative}/{name}");
            if kind.is_dir() {
                self.load_folder(pack, &path)?;
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).map_err(|source| LoadError::Read {
                    path: entry.path(),
                    source,
                })?;
                self.insert(path, bytes);
            }
        }
        Ok(())
    }
}

impl<P: Into<String>> FromIterator<(P, &'static str)> for Source {
    fn from_iter<I: IntoIterator<Item = (P, &'static str)>>(files: I) -> Self {
        let mut source = Self::default();
        for (path, text) in files {
            source.insert(path, text.as_bytes());
        }
        source
    }
}
