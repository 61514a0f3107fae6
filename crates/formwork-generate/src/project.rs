//! The project that is generated: what it is called and where its runtime comes from.

use std::collections::BTreeMap;

use formwork_model::Source;
use serde::Serialize;

use crate::names;
use crate::packs::Packs;
use crate::tree::path_mistake;

/// A name that cannot be the name of a project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot be the name of a project: {reason}")]
pub struct NameError {
    pub name: String,
    pub reason: &'static str,
    /// A valid name like it.
    pub nearest: Option<String>,
}

/// What a project is called, and where its runtime crates come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Project {
    name: String,
    pub title: String,
    pub summary: String,
    pub runtime: RuntimeFrom,
    /// The packs of third parties it is made with, and whose packs those may be.
    #[serde(skip)]
    pub packs: Packs,
    /// The files of its model: name and text. They become the project's own.
    #[serde(skip)]
    pub(crate) model: BTreeMap<String, String>,
    /// Where they are in the project.
    #[serde(skip)]
    pub(crate) model_folder: String,
}

/// Where a project takes the runtime crates from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum RuntimeFrom {
    /// Their sources are part of the project, under `vendor/`.
    #[default]
    Vendor,
    /// A package registry; the requirement is `version`.
    Registry { version: String },
    /// A Git repository at a revision.
    Git { url: String, rev: String },
    /// A folder that holds one folder per crate.
    Path { path: String },
}

impl Project {
    /// A project with a valid name: kebab-case, and neither a keyword nor a crate it depends on.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if let Some(reason) = name_mistake(name) {
            let kebab = nearest_spelling(name);
            return Err(NameError {
                name: name.to_owned(),
                reason,
                nearest: name_mistake(&kebab).is_none().then_some(kebab),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            title: names::title(name),
            summary: String::new(),
            runtime: RuntimeFrom::default(),
            packs: Packs::default(),
            model: BTreeMap::new(),
            model_folder: "model".to_owned(),
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    pub fn with_summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }

    /// Puts the files a model was read from into the project.
    pub fn with_model(mut self, sources: &[Source]) -> Self {
        for source in sources {
            let name = source
                .path
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or(&source.path);
            self.model.insert(name.to_owned(), source.text.clone());
        }
        self
    }

    /// Where the files of the model are in the project.
    pub fn model_folder(&self) -> &str {
        &self.model_folder
    }

    /// Puts the files of the model into another folder of the project than `model`.
    pub fn with_model_folder(mut self, folder: impl Into<String>) -> Self {
        self.model_folder = folder.into().trim_end_matches('/').to_owned();
        self
    }

    pub fn with_runtime(mut self, runtime: RuntimeFrom) -> Self {
        self.runtime = runtime;
        self
    }
}

/// Why a name cannot be the name of a project, if so.
fn name_mistake(name: &str) -> Option<&'static str> {
    /// Names of the layers' libraries and folders, and of crates every service is built from.
    const TAKEN: [&str; 16] = [
        "domain",
        "application",
        "infrastructure",
        "interfaces",
        "service",
        "test",
        "core",
        "std",
        "alloc",
        "proc-macro",
        "tokio",
        "serde",
        "build",
        "deps",
        "examples",
        "incremental",
    ];
    if let Some(mistake) = spelling_mistake(name).or_else(|| path_mistake(name)) {
        Some(mistake)
    } else if TAKEN.contains(&name) || name.starts_with("formwork-") {
        Some("a crate or folder of the project already has this name")
    } else {
        None
    }
}

/// Why a name is no kebab-case name that Rust can take as well, if so.
pub(crate) fn spelling_mistake(name: &str) -> Option<&'static str> {
    const LONGEST: usize = 50;
    const KEYWORDS: [&str; 51] = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
        "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
        "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
        "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type",
        "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    ];
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > LONGEST {
        Some("it is longer than 50 characters")
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        Some("it must start with a lower-case letter")
    } else if !name.chars().all(|character| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    }) {
        Some("only lower-case letters, digits and `-` are allowed")
    } else if name.ends_with('-') || name.contains("--") {
        Some("each `-` must stand between words")
    } else if KEYWORDS.contains(&name) {
        Some("it is a keyword of Rust")
    } else {
        None
    }
}

/// The name as it would be spelled; it may still be none.
pub(crate) fn nearest_spelling(name: &str) -> String {
    names::kebab(name)
        .trim_start_matches(|first: char| !first.is_ascii_lowercase())
        .chars()
        .filter(char::is_ascii)
        .collect()
}
