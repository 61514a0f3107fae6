//! Packs of third parties for a command: those a recipe names, taken from where they are, held to the lock and trusted.

use std::collections::BTreeMap;
use std::env;
use std::path::{Component, Path, PathBuf};

use formwork_catalog::PackFrom;
use formwork_generate::{PackEntry, Packs, Recipe, read_lock};
use formwork_pack::{Pack, PackError, Shelf, Trust};
use semver::Version;

use crate::cli::Choices;
use crate::recipe;
use crate::report::{Exit, Failure, Problem};

/// What recipes and a lock say about packs.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// The folder relative paths start in.
    pub(crate) base: PathBuf,
    pub(crate) packs: Packs,
    /// Hashes by id.
    pub(crate) pins: BTreeMap<String, String>,
}

impl Wanted {
    /// What the project in a folder is made with, or the one the current folder is.
    pub(crate) fn of_project(folder: Option<&Path>) -> Self {
        let base = folder.unwrap_or(Path::new("."));
        let pins = read_lock(base).map(|lock| lock.packs).unwrap_or_default();
        Self {
            base: base.to_owned(),
            packs: recipe::packs(&base.join(Recipe::PATH)),
            pins: pins.into_iter().map(|pin| (pin.id, pin.hash)).collect(),
        }
    }

    /// What an answers file asks for.
    pub(crate) fn of_answers(choices: &Choices) -> Self {
        let Some(path) = &choices.answers else {
            return Self::default();
        };
        Self {
            base: path.parent().unwrap_or(Path::new("")).to_owned(),
            packs: recipe::packs(path),
            pins: BTreeMap::new(),
        }
    }

    /// The packs, each as it is pinned and trusted; or what is wrong with every one of them.
    pub(crate) fn load(&self) -> Result<Vec<Pack>, Failure> {
        let shelf = shelf(&self.base);
        let mut packs = Vec::new();
        let mut failures = Vec::new();
        for (id, entry) in &self.packs.entries {
            let pinned = self.pins.get(id).map(String::as_str);
            let trust = trust(&self.packs, id);
            let pack = trust.and_then(|trust| {
                let pack = shelf.get(id, &entry.from, pinned)?;
                trust.judge(&pack).map(|_| pack)
            });
            match pack {
                Ok(pack) => packs.push(pack),
                Err(error) => failures.push(failure(&error)),
            }
        }
        match failures.into_iter().reduce(|mut all, other| {
            all.problems.extend(other.problems);
            all
        }) {
            Some(failure) => Err(failure),
            None => Ok(packs),
        }
    }
}

/// What a recipe trusts for one of its packs.
pub(crate) fn trust(packs: &Packs, id: &str) -> Result<Trust, PackError> {
    let mut trust = Trust::default();
    for (name, key) in &packs.trust {
        trust.key(name, key)?;
    }
    if let Some(hash) = packs.entries.get(id).and_then(|entry| entry.allow.as_ref()) {
        trust.allow(hash);
    }
    Ok(trust)
}

/// Where packs are taken from, seen from a folder.
pub(crate) fn shelf(base: &Path) -> Shelf {
    let version = Version::parse(env!("CARGO_PKG_VERSION")).expect("our version is a version");
    Shelf::new(cache_folder(), base, version)
}

/// The user's cache, or else a folder of the system's temporary one.
fn cache_folder() -> PathBuf {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("FORMWORK_CACHE").unwrap_or_else(|| {
        absolute("XDG_CACHE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(env::temp_dir)
            .join("formwork")
    })
}

/// Why a pack is not taken, with every reason.
pub(crate) fn failure(error: &PackError) -> Failure {
    let exit = match error {
        PackError::Read { .. } | PackError::Write { .. } | PackError::Fetch { .. } => Exit::Io,
        _ => Exit::Input,
    };
    let mut problem = Problem::from_error(error);
    let reasons = error.reasons().iter();
    problem.notes.extend(reasons.map(ToString::to_string));
    Failure::new(exit, error.hint().into_iter().fold(problem, Problem::hint))
}

/// The packs of a recipe in one folder, for a recipe in another: what is named by its path is somewhere else from there.
pub(crate) fn moved(packs: &Packs, from: &Path, to: &Path) -> Packs {
    let moved = |path: &String| -> String {
        let is_local =
            !path.contains("://") && !path.contains('@') && Path::new(path).is_relative();
        if is_local {
            relative(&from.join(path), to)
        } else {
            path.clone()
        }
    };
    let entries = packs.entries.iter().map(|(id, entry)| {
        let from = match &entry.from {
            PackFrom::Folder { path } => PackFrom::Folder { path: moved(path) },
            PackFrom::Git { url, rev } => PackFrom::Git {
                url: moved(url),
                rev: rev.clone(),
            },
            PackFrom::Archive { at } => PackFrom::Archive { at: moved(at) },
            PackFrom::Index { at, range } => PackFrom::Index {
                at: moved(at),
                range: range.clone(),
            },
        };
        let allow = entry.allow.clone();
        (id.clone(), PackEntry { from, allow })
    });
    Packs {
        entries: entries.collect(),
        trust: packs.trust.clone(),
    }
}

/// A path as it is seen from a folder.
pub(crate) fn relative(path: &Path, folder: &Path) -> String {
    let (path, folder) = (absolute(path), absolute(folder));
    let common = path
        .components()
        .zip(folder.components())
        .take_while(|(left, right)| left == right)
        .count();
    let up = folder.components().skip(common).map(|_| "..".to_owned());
    let down = path
        .components()
        .skip(common)
        .map(|step| step.as_os_str().to_string_lossy().into_owned());
    let steps: Vec<String> = up.chain(down).collect();
    if steps.is_empty() {
        ".".to_owned()
    } else {
        steps.join("/")
    }
}

/// The path from the root, without `.` and `..`.
fn absolute(path: &Path) -> PathBuf {
    let whole = path.canonicalize().unwrap_or_else(|_| {
        env::current_dir()
            .and_then(|current| current.canonicalize())
            .unwrap_or_default()
            .join(path)
    });
    let mut plain = PathBuf::new();
    for component in whole.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::relative;

    #[test]
    fn a_path_is_seen_from_a_folder() {
        let seen = |path: &str, folder: &str| relative(Path::new(path), Path::new(folder));
        assert_eq!(seen("/nowhere/a/b", "/nowhere/a"), "b");
        assert_eq!(seen("/nowhere/a/../c", "/nowhere/a/b"), "../../c");
        assert_eq!(seen("/nowhere/a", "/nowhere/a"), ".");
        assert_eq!(seen("not-there/pack", "not-there/shop"), "../pack");
    }
}
