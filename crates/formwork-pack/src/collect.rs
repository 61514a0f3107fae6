//! The entries of a pack, taken one by one within bounds; what is wrong is collected.

use std::collections::BTreeMap;
use std::io::Read;

use crate::path;
use crate::{Limits, Reason};

/// What an entry is, besides a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    /// Something a pack may not hold.
    Other(&'static str),
}

/// The entries so far.
#[derive(Debug)]
pub(crate) struct Collector<'l> {
    limits: &'l Limits,
    files: BTreeMap<String, Vec<u8>>,
    folders: BTreeMap<String, ()>,
    /// Every path by what it is where case does not count.
    folded: BTreeMap<String, String>,
    reasons: Vec<Reason>,
    entries: usize,
    bytes: u64,
}

impl<'l> Collector<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            files: BTreeMap::new(),
            folders: BTreeMap::new(),
            folded: BTreeMap::new(),
            reasons: Vec::new(),
            entries: 0,
            bytes: 0,
        }
    }

    /// Takes an entry. Says whether there is any point in going on.
    pub(crate) fn take(
        &mut self,
        path: &[u8],
        kind: Kind,
        size: u64,
        content: &mut dyn Read,
    ) -> bool {
        if self.entries == self.limits.entries {
            self.refuse(Reason::Entries {
                limit: self.limits.entries,
            });
            return false;
        }
        self.entries += 1;
        let path = match std::str::from_utf8(path) {
            Ok(path) => path,
            Err(_) => {
                let path = String::from_utf8_lossy(path).into_owned();
                self.refuse(Reason::PathEncoding { path });
                return true;
            }
        };
        let path = match kind {
            Kind::Folder => path.strip_suffix('/').unwrap_or(path),
            _ => path,
        };
        if !self.is_sound(path) {
            return true;
        }
        match kind {
            Kind::Folder => {
                self.folders.insert(path.to_owned(), ());
                true
            }
            Kind::Other(what) => {
                let path = path.to_owned();
                self.refuse(Reason::Kind { path, what });
                true
            }
            Kind::File => self.file(path, size, content),
        }
    }

    pub(crate) fn refuse(&mut self, reason: Reason) {
        // One bomb has many sparks.
        if self.reasons.len() < 200 && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    /// The files, and what was wrong.
    pub(crate) fn finish(mut self) -> (BTreeMap<String, Vec<u8>>, Vec<Reason>) {
        let paths = self.files.keys().chain(self.folders.keys());
        let below: Vec<_> = paths
            .flat_map(|below| {
                let ends = below.match_indices('/').map(|(end, _)| &below[..end]);
                ends.filter(|path| self.files.contains_key(*path))
                    .map(|path| Reason::Below {
                        path: path.to_owned(),
                        below: below.clone(),
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
        for reason in below {
            self.refuse(reason);
        }
        (self.files, self.reasons)
    }

    fn is_sound(&mut self, path: &str) -> bool {
        let mut is_sound = true;
        let mut refuse = |this: &mut Self, reason| {
            this.refuse(reason);
            is_sound = false;
        };
        if path.len() > self.limits.path {
            let path: String = path.chars().take(60).chain("…".chars()).collect();
            let limit = self.limits.path;
            refuse(self, Reason::Length { path, limit });
            return false;
        }
        for mistake in path::mistakes(path) {
            let path = path.to_owned();
            refuse(self, Reason::Path { path, mistake });
        }
        if path.split('/').count() > self.limits.depth {
            let limit = self.limits.depth;
            let path = path.to_owned();
            refuse(self, Reason::Depth { path, limit });
        }
        // Two spellings of a folder are as bad as two of a file.
        let steps = path.match_indices('/').map(|(end, _)| end);
        for end in steps.chain([path.len()]) {
            let part = &path[..end];
            let known = self
                .folded
                .entry(part.to_lowercase())
                .or_insert_with(|| part.to_owned());
            if known != part {
                let (path, other) = (part.to_owned(), known.clone());
                refuse(self, Reason::Case { path, other });
                break;
            }
        }
        is_sound
    }

    fn file(&mut self, path: &str, size: u64, content: &mut dyn Read) -> bool {
        let limit = self.limits.file;
        let too_large = |this: &mut Self| {
            let path = path.to_owned();
            this.refuse(Reason::File { path, limit });
            true
        };
        if size > limit {
            return too_large(self);
        }
        // What an entry says of its size is a claim.
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        if let Err(error) = content.take(limit + 1).read_to_end(&mut bytes) {
            return self.interrupted(path, &error);
        }
        if bytes.len() as u64 > limit {
            return too_large(self);
        }
        self.bytes += bytes.len() as u64;
        if self.bytes > self.limits.total {
            self.refuse(Reason::Total {
                limit: self.limits.total,
            });
            return false;
        }
        if self.files.insert(path.to_owned(), bytes).is_some() {
            let path = path.to_owned();
            self.refuse(Reason::Twice { path });
        }
        true
    }

    /// A failed read: the end of an archive's patience, or of one file. Says whether there is any point in going on.
    pub(crate) fn interrupted(&mut self, path: &str, error: &std::io::Error) -> bool {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Reason>());
        match inner {
            Some(reason) => {
                self.refuse(reason.clone());
                false
            }
            None => {
                let (path, message) = (path.to_owned(), error.to_string());
                self.refuse(Reason::Unpack { path, message });
                true
            }
        }
    }
}
