//! Where to look for changes: directories, and names in them.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use formwork_config::{WatchedKind, WatchedSource};

/// Links that lead in circles are followed so far.
const LINKS: usize = 40;

/// Where to look for changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// What to watch.
    pub(super) directories: BTreeSet<PathBuf>,
    /// What matters in them: files, and links on the way to them.
    names: BTreeSet<PathBuf>,
    /// Directories in which everything matters.
    whole: BTreeSet<PathBuf>,
}

impl Places {
    /// The places of these sources as they are now. Blocks.
    pub(super) fn of(sources: &[WatchedSource]) -> Self {
        let mut places = Self::default();
        for source in sources {
            let Ok(path) = std::path::absolute(&source.path) else {
                continue;
            };
            if source.kind == WatchedKind::Directory {
                places.directories.insert(path.clone());
                places.whole.insert(path.clone());
            }
            places.add(path);
        }
        places.directories.retain(|directory| directory.is_dir());
        places
    }

    /// Whether a change there may be one of the configuration.
    pub(super) fn matter(&self, path: &Path) -> bool {
        self.names.contains(path) || path.parent().is_some_and(|it| self.whole.contains(it))
    }

    /// A file and every link on the way to it, each with the directory it lies in.
    fn add(&mut self, mut path: PathBuf) {
        for _ in 0..LINKS {
            self.name(&path);
            match next_link(&path) {
                Some((link, target)) => {
                    self.name(&link);
                    path = target;
                }
                None => return,
            }
        }
    }

    fn name(&mut self, path: &Path) {
        self.names.insert(path.to_owned());
        // The directory; when there is none, the one in which it or what it lies in appears.
        let mut above = path.ancestors().skip(1);
        if let Some(directory) = above.find(|it| it.is_dir()) {
            if let Ok(missing) = path.strip_prefix(directory)
                && let Some(first) = missing.components().next()
            {
                self.names.insert(directory.join(first));
            }
            self.directories.insert(directory.to_owned());
        }
    }
}

/// The first link on the way to a file, and the file's path with the link resolved.
fn next_link(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let mut walked = PathBuf::new();
    let mut components = path.components();
    while let Some(component) = components.next() {
        match component {
            Component::ParentDir => {
                walked.pop();
                continue;
            }
            Component::CurDir => continue,
            other => walked.push(other),
        }
        if let Ok(target) = std::fs::read_link(&walked) {
            let parent = walked.parent().unwrap_or(Path::new("/"));
            let resolved = parent.join(target).join(components.as_path());
            return Some((walked, resolved));
        }
    }
    None
}
