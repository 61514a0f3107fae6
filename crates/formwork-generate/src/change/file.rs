//! What becomes of one file.

use std::borrow::Cow;

use formwork_merge::{Labels, Outcome, Sides};

use super::{ChangeError, ChangedFile, Target};
use crate::cargo_lock;
use crate::document::Change;
use crate::pack::fingerprint;
use crate::transaction::{Content, Found, Write, look};
use crate::tree::{Class, Entry};

/// Written once as far as its owner is concerned, but kept up with what is needed.
pub(super) const CARGO_LOCK: &str = "Cargo.lock";

pub(super) struct Decision {
    pub(super) file: ChangedFile,
    pub(super) write: Option<Write>,
    /// For a file with conflicts: the markers its owner's text had before.
    pub(super) innocent: Option<usize>,
}

/// What to do about a path; nothing where all is as it should be.
pub(super) fn decide(
    target: &Target<'_>,
    path: &str,
    permissions: u32,
) -> Result<Option<Decision>, ChangeError> {
    let found = look(target.folder, path)?;
    let file = File {
        path,
        ours: target.composition.tree.get(path),
        permissions,
    };
    if target.remove.iter().any(|removed| removed == path) {
        return Ok(match found {
            Found::File(before) => Some(file.delete(before, "asked for")),
            _ => None,
        });
    }
    let base = target.base.files.get(path);
    let theirs = match found {
        Found::Absent => None,
        Found::File(content) => Some(content),
        Found::Obstacle(at, kind) => {
            let moved = match (base, file.ours) {
                (Some(base), Some(ours)) => {
                    base.class == Class::Managed
                        && ours.class == Class::Managed
                        && base.bytes != ours.bytes
                }
                // What is no file any more needs no deleting.
                (_, None) => false,
                (None, Some(_)) => true,
            };
            return if moved {
                Err(ChangeError::Obstacle {
                    path: path.to_owned(),
                    at,
                    kind,
                })
            } else {
                Ok(None)
            };
        }
    };
    match (base, file.ours) {
        (_, Some(ours)) if path == CARGO_LOCK && ours.class == Class::Seed => {
            let Some(theirs) = theirs else {
                return Ok(match base {
                    None => Some(file.create(ours)),
                    Some(_) => None,
                });
            };
            let same = base.is_some_and(|base| base.bytes == fingerprint(&ours.bytes));
            if theirs.bytes == ours.bytes || same {
                return Ok(None);
            }
            if base.is_some_and(|base| untouched_by(&theirs, &base.bytes)) {
                return Ok(Some(file.follow(ours, theirs, false)));
            }
            let merged = cargo_lock::complete(&theirs.bytes, &ours.bytes);
            Ok((merged != theirs.bytes).then(|| {
                file.write(
                    Change::CleanMerge,
                    "yours, with the packages that are new",
                    theirs,
                    merged,
                )
            }))
        }
        (None, Some(ours)) if ours.class == Class::Seed => Ok(match theirs {
            None => Some(file.create(ours)),
            Some(theirs) if theirs.bytes == ours.bytes => None,
            Some(_) => Some(file.kept(Change::Kept, "yours already")),
        }),
        // Written once: whatever became of it is its owner's.
        (Some(_), Some(ours)) if ours.class == Class::Seed => Ok(None),
        (Some(base), None) if base.class == Class::Seed => Ok(match theirs {
            None => None,
            Some(theirs) if untouched_by(&theirs, &base.bytes) => {
                Some(file.delete(theirs, "no longer needed, and as it was written"))
            }
            Some(_) => Some(file.kept(Change::Kept, "no longer needed, but you changed it")),
        }),
        (base, ours) => {
            let base_bytes = match base {
                Some(base) if base.class == Class::Managed => Some(Cow::Borrowed(&*base.bytes)),
                // Written once and left alone: what is there is what was written.
                Some(base) => theirs
                    .as_ref()
                    .filter(|theirs| untouched_by(theirs, &base.bytes))
                    .map(|theirs| Cow::Owned(theirs.bytes.clone())),
                None => None,
            };
            let turned = match (base, ours) {
                (Some(base), Some(ours)) => base.executable != ours.executable,
                _ => false,
            };
            file.merge(base_bytes.as_deref(), theirs, turned)
        }
    }
}

fn untouched_by(theirs: &Content, hash: &[u8]) -> bool {
    fingerprint(&theirs.bytes) == hash
}

struct File<'a> {
    path: &'a str,
    ours: Option<&'a Entry>,
    permissions: u32,
}

impl File<'_> {
    fn merge(
        &self,
        base: Option<&[u8]>,
        theirs: Option<Content>,
        turned: bool,
    ) -> Result<Option<Decision>, ChangeError> {
        let sides = Sides {
            base,
            ours: self.ours.map(|ours| ours.bytes.as_slice()),
            theirs: theirs.as_ref().map(|theirs| theirs.bytes.as_slice()),
        };
        let merged = formwork_merge::merge(self.path.as_ref(), &sides, &Labels::default());
        let followed = sides.theirs == sides.base;
        Ok(match (merged, self.ours, theirs) {
            (Outcome::Written(_), Some(ours), None) => Some(self.create(ours)),
            (Outcome::Written(_), Some(ours), Some(theirs)) if followed => {
                Some(self.follow(ours, theirs, turned))
            }
            (Outcome::Written(bytes), Some(_), Some(theirs)) => Some(self.write(
                Change::CleanMerge,
                "your changes and the new ones fit each other",
                theirs,
                bytes,
            )),
            (Outcome::Unchanged, Some(ours), Some(theirs)) if turned => Some(self.follow(
                &Entry {
                    bytes: theirs.bytes.clone(),
                    ..ours.clone()
                },
                theirs,
                turned,
            )),
            (Outcome::Deleted, _, Some(theirs)) => {
                Some(self.delete(theirs, "no longer generated, and as it was generated"))
            }
            (Outcome::StaysDeleted, Some(_), _) => Some(self.kept(
                Change::KeptDeleted,
                "you deleted it; what would be generated has changed",
            )),
            (Outcome::Conflicted(conflicted), _, Some(theirs)) => {
                let innocent = String::from_utf8_lossy(&theirs.bytes);
                let innocent = formwork_merge::unresolved(&innocent).len();
                let reason = "your changes and the new ones contradict each other";
                let mut decision = self.write(Change::Conflict, reason, theirs, conflicted.bytes);
                decision.innocent = Some(innocent);
                decision.file.conflicts = conflicted
                    .conflicts
                    .iter()
                    .map(ToString::to_string)
                    .collect();
                Some(decision)
            }
            _ => None,
        })
    }

    fn create(&self, ours: &Entry) -> Decision {
        let after = Content {
            bytes: ours.bytes.clone(),
            mode: mode(self.permissions, ours.executable),
        };
        self.decision(Change::Create, "new", None, Some(after))
    }

    /// What nobody touched becomes what is generated now; its permissions stay unless they turned.
    fn follow(&self, ours: &Entry, theirs: Content, turned: bool) -> Decision {
        let after = Content {
            bytes: ours.bytes.clone(),
            mode: if turned {
                mode(theirs.mode, ours.executable)
            } else {
                theirs.mode
            },
        };
        let reason = "you did not change it";
        self.decision(Change::Follow, reason, Some(theirs), Some(after))
    }

    fn write(
        &self,
        change: Change,
        reason: &'static str,
        theirs: Content,
        bytes: Vec<u8>,
    ) -> Decision {
        let after = Content {
            bytes,
            mode: theirs.mode,
        };
        self.decision(change, reason, Some(theirs), Some(after))
    }

    fn delete(&self, theirs: Content, reason: &'static str) -> Decision {
        self.decision(Change::Delete, reason, Some(theirs), None)
    }

    /// Something stays as it is, and its owner should know.
    fn kept(&self, change: Change, reason: &'static str) -> Decision {
        Decision {
            write: None,
            ..self.decision(change, reason, None, None)
        }
    }

    fn decision(
        &self,
        change: Change,
        reason: &'static str,
        before: Option<Content>,
        after: Option<Content>,
    ) -> Decision {
        let bytes =
            |content: &Option<Content>| content.as_ref().map(|content| content.bytes.clone());
        Decision {
            file: ChangedFile {
                path: self.path.to_owned(),
                change,
                reason,
                features: self
                    .ours
                    .map(|ours| ours.features.clone())
                    .unwrap_or_default(),
                conflicts: Vec::new(),
                before: bytes(&before),
                after: bytes(&after),
            },
            write: (before != after).then(|| Write {
                path: self.path.to_owned(),
                before,
                after,
            }),
            innocent: None,
        }
    }
}

/// Who may read may run it, if it is to be run.
fn mode(permissions: u32, executable: bool) -> u32 {
    if executable {
        permissions | ((permissions & 0o444) >> 2)
    } else {
        permissions & !0o111
    }
}
