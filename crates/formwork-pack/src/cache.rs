//! Packs on disk by the hash of their content: what is known need not be fetched.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::pack::SIGNATURE;
use crate::read;
use crate::{Limits, Pack, PackError};

/// The pack with a hash. What is on disk is not believed: its content is hashed again.
pub(crate) fn get(cache: &Path, hash: &str, limits: &Limits) -> Result<Option<Pack>, PackError> {
    let path = folder(cache, hash);
    if !is_hash(hash) || !path.is_dir() {
        return Ok(None);
    }
    let from = format!("cache `{}`", path.display());
    let pack = read::folder(&path, &from, limits)?;
    if pack.hash != hash {
        return Err(PackError::Cache {
            path,
            expected: hash.to_owned(),
            found: pack.hash,
        });
    }
    Ok(Some(pack))
}

/// Keeps a pack. The folder is complete when it has its name; a signature that came later joins it.
pub(crate) fn put(cache: &Path, pack: &Pack) -> Result<(), PackError> {
    let target = folder(cache, &pack.hash);
    let write = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| PackError::Write { path, source }
    };
    if target.is_dir() {
        let path = target.join(SIGNATURE);
        return match &pack.signature {
            Some(signature) if !path.exists() => fs::write(&path, signature).map_err(write(&path)),
            _ => Ok(()),
        };
    }
    let parent = target.parent().unwrap_or(cache);
    fs::create_dir_all(parent).map_err(write(parent))?;
    let staging = tempfile::Builder::new()
        .prefix(".staging-")
        .tempdir_in(parent)
        .map_err(write(parent))?;
    let signature = pack.signature.iter();
    let files = pack
        .files()
        .chain(signature.map(|text| (SIGNATURE, text.as_bytes())));
    for (path, bytes) in files {
        let path = staging.path().join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(write(folder))?;
        }
        fs::write(&path, bytes).map_err(write(&path))?;
    }
    match fs::rename(staging.path(), &target) {
        Ok(()) => {
            // It has another name now; there is nothing to remove.
            let _ = staging.keep();
            Ok(())
        }
        // Somebody else was faster, with the same content.
        Err(_) if target.is_dir() => Ok(()),
        Err(error) => Err(write(&target)(error)),
    }
}

fn folder(cache: &Path, hash: &str) -> PathBuf {
    cache.join("packs").join(hash)
}

fn is_hash(hash: &str) -> bool {
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}
