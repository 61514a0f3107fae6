//! What can be wrong with a composition.

/// One mistake. A composition reports all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    #[error("the plan has `{feature}` {version}, which the catalog does not")]
    Missing { feature: String, version: String },
    #[error("{template}{}: {message} (feature `{feature}`)", at(*.line))]
    Template {
        feature: String,
        /// The path in the pack.
        template: String,
        line: Option<usize>,
        message: String,
    },
    #[error(
        "{template}: {message} in line {line} of `{path}` as rendered, `{excerpt}` (feature `{feature}`)"
    )]
    Layout {
        feature: String,
        template: String,
        /// The path in the project, and the line there.
        path: String,
        line: usize,
        excerpt: String,
        message: String,
    },
    #[error("{template}: the path `{path}` cannot be in a project: {reason} (feature `{feature}`)")]
    Path {
        feature: String,
        template: String,
        path: String,
        reason: &'static str,
    },
    #[error("`{path}` is written by both `{first}` and `{second}`")]
    Owners {
        path: String,
        first: String,
        second: String,
    },
    #[error(
        "`{path}` and `{other}` (features `{second}`, `{first}`) are one file where case does not count"
    )]
    Case {
        path: String,
        other: String,
        first: String,
        second: String,
    },
    #[error("`{path}` of `{first}` is a file, but `{second}` has files below it")]
    Folder {
        path: String,
        first: String,
        second: String,
    },
    #[error("`{path}`: the key `{key}` is {theirs} for `{second}`, but {ours} for `{first}`")]
    Key {
        path: String,
        key: String,
        first: String,
        second: String,
        ours: String,
        theirs: String,
    },
    #[error("{template}: not valid {format}: {message} (feature `{feature}`, for `{path}`)")]
    Syntax {
        feature: String,
        template: String,
        path: String,
        format: &'static str,
        message: String,
    },
    #[error(
        "the crate `{name}` is pinned as `{theirs}` by `{second}`, but as `{ours}` by `{first}`"
    )]
    Pin {
        name: String,
        first: String,
        second: String,
        ours: String,
        theirs: String,
    },
    #[error(
        "the crate `{name}` is used by `{feature}`, but no feature of the plan pins its version"
    )]
    Unpinned { name: String, feature: String },
    #[error("the runtime crate `{name}`, used by `{feature}`, is not among the runtime sources")]
    Runtime { name: String, feature: String },
    #[error("the manifest of the runtime crate `{name}` is not valid: {message}")]
    Manifest { name: String, message: String },
}

impl ComposeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Layout { .. } => {
                "a mark is `⟦kind:items⟧`, opened and closed within one statement".to_owned()
            }
            Self::Owners { .. } => {
                "let one feature own the file and the other contribute with `[[merges]]` or `[[wiring]]`"
                    .to_owned()
            }
            Self::Unpinned { name, .. } => {
                format!("add `{name} = \"…\"` under `[versions]` in the manifest of the feature")
            }
            Self::Pin { name, .. } => format!("give `{name}` the same value under `[versions]` in both"),
            _ => return None,
        })
    }
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(":{line}")).unwrap_or_default()
}
