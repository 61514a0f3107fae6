//! Generation: a resolved plan and a model become a tree in memory, then files on disk.

mod cargo_lock;
mod change;
mod compose;
mod dependencies;
mod document;
mod error;
mod layout;
mod lock;
mod merge;
mod names;
mod pack;
mod packs;
mod project;
mod recipe;
mod recipe_edit;
mod records;
mod render;
mod runtime;
pub mod scaffold;
mod scenario;
mod transaction;
mod tree;
mod write;

pub use change::{
    Change as ProjectChange, ChangeError, ChangedFile, Target, base_or_remake, keep_locked,
    unified_diff,
};
pub use compose::{Composition, compose};
pub use document::{
    Change, PlanDocument, PlannedAction, PlannedFeature, PlannedFile, PlannedProbe,
};
pub use error::ComposeError;
pub use lock::{Lock, LockError, LockedFeature};
pub use pack::{Base, BaseFile, PackError, compress};
pub use packs::{PackEntry, Packs};
pub use project::{NameError, Project, RuntimeFrom};
pub use recipe::{Recipe, RecipeMistake};
pub use records::{Drift, DriftKind, RecordError, drift, read_base, read_lock, records, write_new};
pub use runtime::{LoadError, RuntimeSources};
pub use transaction::{Outcome, TransactionError, Waiting, abort, recover, resume, waiting};
pub use tree::{Class, Entry, Tree};
pub use write::WriteError;
