//! From where a pack is to the pack: cached, fetched, and held to what is pinned.

use std::path::{Path, PathBuf};

use formwork_catalog::PackFrom;
use semver::{Version, VersionReq};

use crate::{Limits, Pack, PackError, cache, index, read, web};

/// Where packs are taken from and kept.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// The folder of packs by content.
    pub cache: PathBuf,
    /// The folder that relative paths start in.
    pub base: PathBuf,
    /// The version of Formwork packs have to be for.
    pub formwork: Version,
    pub limits: Limits,
}

impl Shelf {
    pub fn new(cache: impl Into<PathBuf>, base: impl Into<PathBuf>, formwork: Version) -> Self {
        Self {
            cache: cache.into(),
            base: base.into(),
            formwork,
            limits: Limits::default(),
        }
    }

    /// The pack called `id`. With a pinned hash it is that content or none; what the cache has is not fetched, but a
    /// folder is always looked at.
    ///
    /// Says nothing about trust: see [`Trust::judge`](crate::Trust::judge).
    pub fn get(&self, id: &str, from: &PackFrom, pinned: Option<&str>) -> Result<Pack, PackError> {
        if let (Some(hash), false) = (pinned, self.is_folder(from))
            && let Some(pack) = cache::get(&self.cache, hash, &self.limits)?
        {
            return self.checked(pack, Some(id), from);
        }
        let pack = self.read(Some(id), from)?;
        if let Some(expected) = pinned.filter(|hash| *hash != pack.hash) {
            return Err(PackError::Hash {
                id: id.to_owned(),
                from: from.to_string(),
                expected: expected.to_owned(),
                found: pack.hash,
            });
        }
        cache::put(&self.cache, &pack)?;
        Ok(pack)
    }

    /// The pack that is somewhere, whatever it is called; an index has to be told which one.
    pub fn find(&self, id: Option<&str>, from: &PackFrom) -> Result<Pack, PackError> {
        let pack = self.read(id, from)?;
        cache::put(&self.cache, &pack)?;
        Ok(pack)
    }

    /// Keeps a pack that is trusted where its content can be found again.
    pub fn keep(&self, pack: &Pack) -> Result<(), PackError> {
        cache::put(&self.cache, pack)
    }

    /// The commit a revision of a repository is.
    pub fn commit(&self, url: &str, rev: &str) -> Result<String, PackError> {
        read::commit(&self.place(url), rev, &self.limits)
    }

    /// The ids an index lists, each once.
    pub fn listed(&self, at: &str) -> Result<Vec<String>, PackError> {
        let bytes = web::get(at, &self.base, &self.limits)?;
        let mut ids: Vec<_> = index::read(&bytes, at)?
            .into_iter()
            .map(|pack| pack.id)
            .collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    /// A folder that is gone is no reason to forget what was in it.
    fn is_folder(&self, from: &PackFrom) -> bool {
        matches!(from, PackFrom::Folder { path } if self.base.join(path).is_dir())
    }

    fn read(&self, id: Option<&str>, from: &PackFrom) -> Result<Pack, PackError> {
        let name = from.to_string();
        let pack = match from {
            PackFrom::Folder { path } => read::folder(&self.base.join(path), &name, &self.limits)?,
            PackFrom::Git { url, rev } => read::git(&self.place(url), rev, &name, &self.limits)?,
            PackFrom::Archive { at } => read::archive(
                &web::get(at, &self.base, &self.limits)?,
                &name,
                &self.limits,
            )?,
            PackFrom::Index { at, range } => self.listed_pack(id, at, range, &name)?,
        };
        self.checked(pack, id, from)
    }

    fn listed_pack(
        &self,
        id: Option<&str>,
        at: &str,
        range: &VersionReq,
        name: &str,
    ) -> Result<Pack, PackError> {
        let packs = index::read(&web::get(at, &self.base, &self.limits)?, at)?;
        let id = id.unwrap_or_default();
        let listed = index::choose(packs, id, range, &self.formwork, at)?;
        let archive = web::beside(at, &listed.archive);
        let bytes = web::get(&archive, &self.base, &self.limits)?;
        let mut pack = read::archive(&bytes, name, &self.limits)?;
        if !pack.hash.eq_ignore_ascii_case(&listed.hash) {
            return Err(PackError::Hash {
                id: id.to_owned(),
                from: format!("archive {archive}"),
                expected: listed.hash,
                found: pack.hash,
            });
        }
        pack.signature = listed.signature.or(pack.signature);
        Ok(pack)
    }

    fn checked(&self, pack: Pack, id: Option<&str>, from: &PackFrom) -> Result<Pack, PackError> {
        let manifest = &pack.manifest;
        if let Some(expected) = id.filter(|id| *id != manifest.id) {
            return Err(PackError::Id {
                from: from.to_string(),
                expected: expected.to_owned(),
                found: manifest.id.clone(),
            });
        }
        if !manifest.formwork.matches(&self.formwork) {
            return Err(PackError::Formwork {
                id: manifest.id.clone(),
                version: manifest.version.to_string(),
                needs: manifest.formwork.clone(),
                have: self.formwork.to_string(),
            });
        }
        Ok(pack)
    }

    /// A repository: a URL, or a folder relative to the base.
    fn place(&self, url: &str) -> String {
        let is_local = !web::is_url(url) && !is_remote(url);
        if is_local {
            let path: &Path = &self.base.join(url);
            path.to_string_lossy().into_owned()
        } else {
            url.to_owned()
        }
    }
}

/// `git@example.org:packs/tide`, as ssh has it.
fn is_remote(url: &str) -> bool {
    url.split_once(':')
        .is_some_and(|(host, _)| host.contains('@') && !host.contains('/'))
}
