//! The places packs are read from.

mod archive;
mod folder;
mod git;

pub(crate) use archive::archive;
pub(crate) use folder::folder;
pub(crate) use git::{commit, git};
