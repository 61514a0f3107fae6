//! Several files of a project change as one: killed at any instruction, the project is the old one or the new one.
//!
//! Everything is prepared in `.formwork/change`, beside what it replaces: the bytes as they will be in `new/`, those
//! that are replaced in `old/`. Then a journal takes its name in one step, and from there on the change is going to
//! happen: every step is a rename or a removal that can be done again, and whoever opens the project next finishes
//! what was begun. Without a journal the folder is scrap. A change that waits for its owner, because of conflicts,
//! keeps `old/`, from which every byte can be put back.
//!
//! What somebody wrote in the meantime is never overwritten: it stays, or is moved to `.formwork/set-aside`.

mod disk;
mod journal;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rayon::prelude::*;

pub(crate) use self::disk::{Found, look};
use self::disk::{link_or_copy, remove_empty_folders, sync_folder};
pub(crate) use self::journal::Conflicted;
use self::journal::{Journal, State, Step};
use crate::write::retry;

/// Where a change is prepared and kept.
const FOLDER: &str = ".formwork/change";
/// Where what nobody expected is moved to.
const SET_ASIDE: &str = ".formwork/set-aside";
const HOME: &str = ".formwork";
/// A change takes a fraction of this; whoever holds the project longer is worth telling about.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(5);

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) path: String,
    /// What is there now, as it was read; nothing where there is no file.
    pub(crate) before: Option<Content>,
    /// What will be there; nothing where the file goes.
    pub(crate) after: Option<Content>,
}

/// A file's bytes and its permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    pub(crate) mode: u32,
}

/// A change could not be made, finished or taken back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    #[error("another run of formwork is changing `{}`", project.display())]
    Busy { project: PathBuf },
    #[error("a change of the project waits for its conflicts to be settled")]
    Waiting,
    #[error("no change of the project is waiting")]
    Nothing,
    #[error("`{path}` was changed while the project was being looked at")]
    Changed { path: String },
    #[error("`{path}` cannot be written: {obstacle} is in the way")]
    Obstacle { path: String, obstacle: String },
    #[error("the conflicts are not settled: {} still stand", count(places))]
    Unsettled {
        /// Paths with lines, from one.
        places: Vec<(String, usize)>,
    },
    #[error("the record of an interrupted change, `{}`, cannot be used: {reason}", path.display())]
    Journal { path: PathBuf, reason: String },
    #[error("could not {action} `{}`", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

fn count(places: &[(String, usize)]) -> String {
    match places.len() {
        1 => "one marker".to_owned(),
        many => format!("{many} markers"),
    }
}

impl TransactionError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Busy { .. } => "wait for it to end, and run the command again".to_owned(),
            Self::Waiting => {
                "settle them and run `formwork continue`, or take the change back with `formwork abort`".to_owned()
            }
            Self::Nothing => "there is nothing to continue or to take back".to_owned(),
            Self::Changed { .. } => "run the command again".to_owned(),
            Self::Obstacle { .. } => {
                "move it away, or put a real file or folder in its place: links are not followed".to_owned()
            }
            Self::Unsettled { .. } => {
                "edit each place, remove the lines that start with `<<<<<<<`, `|||||||`, `=======` and `>>>>>>>`, and run `formwork continue` again".to_owned()
            }
            Self::Journal { path, .. } => format!(
                "what was replaced is in `{}`; put it back, and remove `{}`",
                path.with_file_name("old").display(),
                path.parent().unwrap_or(path).display()
            ),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => {
                    "make the folder writable for you, and run the command again; nothing is lost".to_owned()
                }
                io::ErrorKind::ReadOnlyFilesystem => {
                    "the disk cannot be written; nothing was changed".to_owned()
                }
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge => {
                    "free some space and run the command again; nothing is lost".to_owned()
                }
                _ => return None,
            },
        })
    }
}

/// What became of an interrupted or finished change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What the change was, as its command line said it.
    pub title: String,
    /// Files somebody else had written, and where they, or what the change would have made of them, are now.
    pub set_aside: Vec<(String, String)>,
}

/// A change that waits for its conflicts to be settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub title: String,
    /// The files with conflicts.
    pub conflicts: Vec<String>,
}

/// Makes a change of several files. With conflicts it waits to be continued or aborted.
///
/// On an error nothing was changed, or the next run takes back what was.
pub(crate) fn run(
    project: &Path,
    title: &str,
    writes: &[Write],
    conflicts: &[Conflicted],
) -> Result<Outcome, TransactionError> {
    let home = project.join(HOME);
    let fresh = !home.exists();
    fs::create_dir_all(&home).map_err(io_error("create the folder", &home))?;
    let result = Guard::take(project).and_then(|guard| {
        guard.recover()?;
        if guard.journal()?.is_some() {
            return Err(TransactionError::Waiting);
        }
        guard.change(title, writes, conflicts)
    });
    if fresh {
        // It stays where something is in it.
        let _ = fs::remove_dir(&home);
    }
    result
}

/// Finishes, or clears away, what a run that was killed left behind. Says what it finished.
pub fn recover(project: &Path) -> Result<Option<Outcome>, TransactionError> {
    if !project.join(FOLDER).exists() {
        return Ok(None);
    }
    Guard::take(project)?.recover()
}

/// The change that waits, if one does.
pub fn waiting(project: &Path) -> Result<Option<Waiting>, TransactionError> {
    if !project.join(FOLDER).exists() {
        return Ok(None);
    }
    let journal = Guard::take(project)?.journal()?;
    Ok(journal.map(|journal| Waiting {
        title: journal.title,
        conflicts: journal
            .conflicts
            .into_iter()
            .map(|conflict| conflict.path)
            .collect(),
    }))
}

/// Finishes a change that waits. Refused as long as a file with conflicts has markers.
pub fn resume(project: &Path) -> Result<Outcome, TransactionError> {
    let guard = Guard::take(project)?;
    guard.recover()?;
    let Some(journal) = guard.journal()? else {
        return Err(TransactionError::Nothing);
    };
    let mut places = Vec::new();
    for conflict in &journal.conflicts {
        if let Found::File(content) = look(project, &conflict.path)? {
            let lines = conflict.unsettled(&content.bytes);
            places.extend(lines.into_iter().map(|line| (conflict.path.clone(), line)));
        }
    }
    if !places.is_empty() {
        return Err(TransactionError::Unsettled { places });
    }
    guard.close()?;
    Ok(Outcome {
        title: journal.title,
        set_aside: Vec::new(),
    })
}

/// Takes a change that waits back: every file is as it was before.
pub fn abort(project: &Path) -> Result<Outcome, TransactionError> {
    let guard = Guard::take(project)?;
    guard.recover()?;
    let Some(journal) = guard.journal()? else {
        return Err(TransactionError::Nothing);
    };
    guard.mark("undo")?;
    guard.undo(&journal)
}

fn io_error<'p>(
    action: &'static str,
    path: impl Into<PathBuf> + 'p,
) -> impl FnOnce(io::Error) -> TransactionError + 'p {
    move |source| TransactionError::Io {
        action,
        path: path.into(),
        source,
    }
}

/// The right to change a project; one run has it at a time.
struct Guard<'p> {
    project: &'p Path,
    folder: PathBuf,
    _lock: File,
}

impl<'p> Guard<'p> {
    fn take(project: &'p Path) -> Result<Self, TransactionError> {
        let home = project.join(HOME);
        let lock = match File::open(&home) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(TransactionError::Nothing);
            }
            Err(source) => return Err(io_error("open", home)(source)),
        };
        let started = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        project,
                        folder: project.join(FOLDER),
                        _lock: lock,
                    });
                }
                Err(fs::TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    thread::sleep(PAUSE);
                }
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(TransactionError::Busy {
                        project: project.to_owned(),
                    });
                }
                Err(fs::TryLockError::Error(source)) => {
                    return Err(io_error("lock", home)(source));
                }
            }
        }
    }

    fn has(&self, mark: &str) -> bool {
        self.folder.join(mark).exists()
    }

    /// A fact about the change that outlives this run.
    fn mark(&self, mark: &str) -> Result<(), TransactionError> {
        let path = self.folder.join(mark);
        File::create(&path)
            .and_then(|file| file.sync_all())
            .and_then(|()| sync_folder(&self.folder))
            .map_err(io_error("write", path))
    }

    fn journal(&self) -> Result<Option<Journal>, TransactionError> {
        Journal::read(&self.folder)
    }

    /// After this there is no change, or one that waits.
    fn recover(&self) -> Result<Option<Outcome>, TransactionError> {
        if !self.folder.exists() {
            return Ok(None);
        }
        let Some(journal) = self.journal()? else {
            self.clear()?;
            return Ok(None);
        };
        if self.has("undo") {
            return self.undo(&journal).map(Some);
        }
        if !self.has("applied") {
            return self.apply(&journal).map(Some);
        }
        if journal.conflicts.is_empty() {
            self.close()?;
        }
        Ok(None)
    }

    fn change(
        &self,
        title: &str,
        writes: &[Write],
        conflicts: &[Conflicted],
    ) -> Result<Outcome, TransactionError> {
        let prepared = self.prepare(title, writes, conflicts);
        let journal = match prepared {
            Ok(journal) => journal,
            Err(error) => {
                // The journal has not taken its name: nothing was changed.
                let _ = self.clear();
                return Err(error);
            }
        };
        self.apply(&journal).inspect_err(|_| {
            // What cannot be taken back now is taken back by the next run.
            if self.mark("undo").is_ok() {
                let _ = self.undo(&journal);
            }
        })
    }

    /// Everything that takes time or may fail, before anything of the project is touched.
    fn prepare(
        &self,
        title: &str,
        writes: &[Write],
        conflicts: &[Conflicted],
    ) -> Result<Journal, TransactionError> {
        for folder in ["new", "old"] {
            let path = self.folder.join(folder);
            retry(|| fs::create_dir_all(&path)).map_err(io_error("create the folder", &path))?;
        }
        let ignore = self.folder.join(".gitignore");
        fs::write(&ignore, "*\n").map_err(io_error("write", &ignore))?;
        let steps: Vec<Step> = writes
            .par_iter()
            .enumerate()
            .map(|(index, write)| self.prepare_one(index, write))
            .collect::<Result<_, _>>()?;
        let mut folders = BTreeMap::new();
        for write in writes {
            for (end, _) in write.path.match_indices('/') {
                let folder = &write.path[..end];
                let metadata = fs::symlink_metadata(self.project.join(folder)).ok();
                folders.insert(
                    folder.to_owned(),
                    metadata.map(|metadata| disk::mode(&metadata)),
                );
            }
        }
        let journal = Journal::new(title, steps, folders, conflicts.to_vec());
        for folder in ["new", "old", ""] {
            let path = self.folder.join(folder);
            sync_folder(&path).map_err(io_error("write", &path))?;
        }
        journal.write(&self.folder)?;
        Ok(journal)
    }

    fn prepare_one(&self, index: usize, write: &Write) -> Result<Step, TransactionError> {
        let changed = || TransactionError::Changed {
            path: write.path.clone(),
        };
        let target = self.project.join(&write.path);
        match (look(self.project, &write.path)?, &write.before) {
            (Found::Absent, None) => {}
            (Found::File(found), Some(before)) if found == *before => {}
            (Found::Obstacle(path, kind), _) => {
                return Err(TransactionError::Obstacle {
                    path: write.path.clone(),
                    obstacle: format!("{kind} at `{path}`"),
                });
            }
            _ => return Err(changed()),
        }
        if let Some(before) = &write.before {
            let old = self.folder.join(format!("old/{index}"));
            link_or_copy(&target, &old, before).map_err(io_error("keep", &target))?;
        }
        if let Some(after) = &write.after {
            let new = self.folder.join(format!("new/{index}"));
            retry(|| disk::write(&new, after)).map_err(io_error("write", &new))?;
        }
        Ok(Step {
            path: write.path.clone(),
            before: write.before.as_ref().map(State::of),
            after: write.after.as_ref().map(State::of),
        })
    }

    /// Every step that is not done yet.
    fn apply(&self, journal: &Journal) -> Result<Outcome, TransactionError> {
        let mut outcome = Outcome {
            title: journal.title.clone(),
            set_aside: Vec::new(),
        };
        for (index, step) in journal.steps.iter().enumerate() {
            let found = self.state(&step.path)?;
            if found == step.after {
                continue;
            }
            let target = self.project.join(&step.path);
            let new = self.folder.join(format!("new/{index}"));
            if found != step.before {
                // Somebody wrote here after the run was killed: theirs stays, ours goes aside.
                if step.after.is_some() && new.exists() {
                    let place = self.set_aside(&new, &step.path)?;
                    outcome.set_aside.push((step.path.clone(), place));
                }
                continue;
            }
            match step.after {
                Some(_) => {
                    let parent = target.parent().unwrap_or(self.project);
                    fs::create_dir_all(parent).map_err(io_error("create the folder", parent))?;
                    retry(|| fs::rename(&new, &target)).map_err(io_error("write", &target))?;
                }
                None => {
                    retry(|| fs::remove_file(&target)).map_err(io_error("remove", &target))?;
                }
            }
        }
        for step in journal.steps.iter().filter(|step| step.after.is_none()) {
            remove_empty_folders(self.project, &step.path, |_| true);
        }
        self.sync(journal)?;
        self.mark("applied")?;
        if journal.conflicts.is_empty() {
            self.close()?;
        }
        Ok(outcome)
    }

    /// Every step backwards, as far as it was done.
    fn undo(&self, journal: &Journal) -> Result<Outcome, TransactionError> {
        let mut outcome = Outcome {
            title: journal.title.clone(),
            set_aside: Vec::new(),
        };
        for (index, step) in journal.steps.iter().enumerate() {
            let found = self.state(&step.path)?;
            if found == step.before {
                continue;
            }
            let target = self.project.join(&step.path);
            if found != step.after && fs::symlink_metadata(&target).is_ok() {
                let place = self.set_aside(&target, &step.path)?;
                outcome.set_aside.push((step.path.clone(), place));
            }
            if step.before.is_some() {
                self.restore_folders(journal, &step.path)?;
                let old = self.folder.join(format!("old/{index}"));
                retry(|| fs::rename(&old, &target)).map_err(io_error("put back", &target))?;
            } else if fs::symlink_metadata(&target).is_ok() {
                retry(|| fs::remove_file(&target)).map_err(io_error("remove", &target))?;
            }
        }
        for step in journal.steps.iter().filter(|step| step.before.is_none()) {
            // Only folders that the change made.
            let made = |folder: &str| matches!(journal.folders.get(folder), Some(None));
            remove_empty_folders(self.project, &step.path, made);
        }
        self.sync(journal)?;
        self.close()?;
        Ok(outcome)
    }

    /// The folders of a file that is put back, as they were.
    fn restore_folders(&self, journal: &Journal, path: &str) -> Result<(), TransactionError> {
        for (end, _) in path.match_indices('/') {
            let folder = self.project.join(&path[..end]);
            match fs::create_dir(&folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(source) => return Err(io_error("create the folder", folder)(source)),
            }
            if let Some(Some(mode)) = journal.folders.get(&path[..end]) {
                disk::set_mode(&folder, *mode).map_err(io_error("put back", &folder))?;
            }
        }
        Ok(())
    }

    fn state(&self, path: &str) -> Result<Option<State>, TransactionError> {
        Ok(match look(self.project, path)? {
            Found::Absent => None,
            Found::File(content) => Some(State::of(&content)),
            Found::Obstacle(..) => Some(State::unknown()),
        })
    }

    /// Moves something out of the way; says where it is now.
    fn set_aside(&self, from: &Path, path: &str) -> Result<String, TransactionError> {
        let free = (0..)
            .map(|number| match number {
                0 => format!("{SET_ASIDE}/{path}"),
                _ => format!("{SET_ASIDE}/{path}.{number}"),
            })
            .find(|place| fs::symlink_metadata(self.project.join(place)).is_err())
            .expect("there are more numbers than files");
        let to = self.project.join(&free);
        let parent = to.parent().unwrap_or(self.project);
        fs::create_dir_all(parent).map_err(io_error("create the folder", parent))?;
        fs::rename(from, &to).map_err(io_error("move", from))?;
        Ok(free)
    }

    /// The steps outlive a power cut before the journal goes.
    fn sync(&self, journal: &Journal) -> Result<(), TransactionError> {
        let mut folders: Vec<PathBuf> = journal
            .steps
            .iter()
            .flat_map(|step| Path::new(&step.path).ancestors().skip(1))
            .map(|folder| self.project.join(folder))
            .collect();
        folders.sort_unstable();
        folders.dedup();
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            sync_folder(folder).map_err(io_error("write", folder))?;
        }
        Ok(())
    }

    /// The change is over. Without a journal the rest is scrap.
    fn close(&self) -> Result<(), TransactionError> {
        let journal = self.folder.join(Journal::NAME);
        fs::remove_file(&journal)
            .and_then(|()| sync_folder(&self.folder))
            .map_err(io_error("remove", &journal))?;
        // The next run clears away what cannot be removed now.
        let _ = self.clear();
        Ok(())
    }

    fn clear(&self) -> Result<(), TransactionError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error("remove", &self.folder)(error))
            }
            _ => Ok(()),
        }
    }
}
