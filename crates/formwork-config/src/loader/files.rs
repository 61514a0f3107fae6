//! Which files to read, and reading them.

use std::path::{Path, PathBuf};

use super::admit::Admission;
use super::format::Format;
use super::read::{self, ReadError};
use super::{Loader, Loading};
use crate::error::ViolationKind;
use crate::naming::{Naming, is_file_name};
use crate::{Node, Origin, OriginKind, WatchedKind};

/// Which files to read.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// Where they are.
    directory: PathBuf,
    base: File,
    profile: Option<String>,
}

/// A file that may be written in any of several formats.
#[derive(Debug, Clone)]
pub(super) struct File {
    candidates: Vec<PathBuf>,
    /// Whether somebody asked for it: then it must exist.
    required: bool,
}

impl Files {
    pub(super) fn of(loader: &Loader) -> Self {
        let naming = Naming::of(loader.service());
        let variable = |name: String| loader.environment().get(&name).map(str::to_owned);
        let location = loader
            .location
            .clone()
            .or_else(|| variable(naming.location_variable()).map(PathBuf::from));
        let profile = loader
            .profile
            .clone()
            .or_else(|| variable(naming.profile_variable()));

        let required = location.is_some();
        let location = location.unwrap_or_else(|| PathBuf::from("config"));
        if Format::of(&location).is_some() && !location.is_dir() {
            return Self {
                directory: location.parent().unwrap_or(Path::new("")).to_owned(),
                base: File {
                    candidates: vec![location],
                    required,
                },
                profile,
            };
        }
        Self {
            base: File::new(&location, "default", required),
            directory: location,
            profile,
        }
    }

    /// What the base file is called, also when there is none.
    pub(super) fn base_name(&self) -> String {
        self.base.name()
    }

    /// The directory with the files of tenants.
    pub(super) fn tenants(&self) -> PathBuf {
        self.directory.join("tenants")
    }
}

impl File {
    pub(super) fn new(directory: &Path, name: &str, required: bool) -> Self {
        let path = |extension: &str| directory.join(format!("{name}.{extension}"));
        Self {
            candidates: Format::EXTENSIONS.map(path).to_vec(),
            required,
        }
    }

    fn name(&self) -> String {
        self.candidates[0].display().to_string()
    }
}

impl Loading<'_> {
    pub(super) fn lay_files(&mut self, files: &Files) {
        if let Some(base) = self.read(OriginKind::BaseFile, &files.base) {
            self.root.overlay(base);
        }
        let Some(profile) = &files.profile else {
            return;
        };
        if !is_file_name(profile) {
            let origin = Origin::new(OriginKind::ProfileFile, "the profile's name");
            let message = "expected letters, digits, `-`, `_` and `.`, as in the name of a file";
            self.refuse(&[], origin, ViolationKind::Source, message, None);
            self.incomplete = true;
            return;
        }
        let file = File::new(&files.directory, profile, true);
        if let Some(profile) = self.read(OriginKind::ProfileFile, &file) {
            self.root.overlay(profile);
        }
    }

    /// The tree of a file without what is not known; `None` when there is none, or it is wrong.
    pub(super) fn read(&mut self, kind: OriginKind, file: &File) -> Option<Node> {
        for candidate in &file.candidates {
            self.watch(candidate, WatchedKind::File);
        }
        // A link that leads nowhere is there too, and a mistake.
        let there = |path: &&PathBuf| path.symlink_metadata().is_ok();
        let mut found = file.candidates.iter().filter(there);
        let path = match (found.next(), found.next()) {
            (None, _) if !file.required => return None,
            (None, _) => &file.candidates[0],
            (Some(path), None) => path,
            (Some(path), Some(other)) => {
                let origin = Origin::new(kind, path.display().to_string());
                let message = format!(
                    "there is `{}` too, and only one of them can count",
                    other.display()
                );
                let hint = Some("move everything into one file and remove the other".to_owned());
                self.refuse(&[], origin, ViolationKind::Conflict, message, hint);
                self.incomplete = true;
                return None;
            }
        };
        let origin = Origin::new(kind, path.display().to_string());
        let text = match read::text(path) {
            Ok(text) => text,
            Err(error) => {
                self.refuse_source(&[], origin, &error);
                return None;
            }
        };
        let format = Format::of(path).unwrap_or(Format::Toml);
        match format.parse(&text, &origin) {
            Ok(mut node) => {
                Admission::new(self.keys, &mut self.mistakes).root(&mut node);
                Some(node)
            }
            Err(violations) => {
                self.incomplete = true;
                self.mistakes.extend(violations);
                None
            }
        }
    }

    /// A file that is needed cannot be read.
    pub(super) fn refuse_source(&mut self, path: &[String], origin: Origin, error: &ReadError) {
        self.incomplete = true;
        self.refuse(path, origin, ViolationKind::Source, error.to_string(), None);
    }
}
