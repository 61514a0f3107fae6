//! Environment variables: `SHOP__HTTP__LISTEN`, or `SHOP__HTTP__LISTEN_FILE` for a file that holds
//! the value.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use zeroize::Zeroize;

use super::read::{self, ReadError};
use super::{Loading, secrets, twin};
use crate::error::{Violation, ViolationKind, shown};
use crate::nearest::{did_you_mean, nearest};
use crate::section::Located;
use crate::{Class, Node, Origin, OriginKind, Secret, Shape, WatchedKind};

/// Environment variables, of the process or made up. Values are kept from view: many are secrets.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Result<Secret<String>, NotUnicode>>,
}

#[derive(Debug, Clone, Copy)]
struct NotUnicode;

impl Environment {
    /// The variables of this process.
    pub fn process() -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            // A name that is no Unicode is none of ours.
            let name = name.into_string().ok()?;
            let value = value.into_string().map(Secret::new);
            let value = value.map_err(|value| {
                value.into_encoded_bytes().zeroize();
                NotUnicode
            });
            Some((name, value))
        });
        Self {
            variables: variables.collect(),
        }
    }

    /// Made up variables.
    pub fn of<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), Ok(Secret::new(value.into()))));
        Self {
            variables: variables.collect(),
        }
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?.as_ref().ok()?;
        Some(value.expose())
    }
}

/// What a variable is about.
enum Subject {
    /// A value, which it holds.
    Value(Located),
    /// A value, in the file it names.
    File(Located),
}

impl Loading<'_> {
    /// Files are weaker than variables, so they are laid first. `lower` holds what lies apart below.
    pub(super) fn lay_environment(&mut self, environment: &Environment, lower: Option<&Node>) {
        let prefix = self.naming.prefix();
        let ours = environment
            .variables
            .range(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix));
        // Which variable sets what, to find what is set twice.
        let mut set: BTreeMap<Vec<String>, &str> = BTreeMap::new();
        let mut files = Vec::new();
        let mut values = Vec::new();
        for (name, value) in ours {
            let origin = Origin::new(OriginKind::Environment, name.as_str());
            let (mut path, subject) = self.subject(name);
            if let Some((one, other)) = self.spell(lower, &mut path) {
                let message =
                    format!("is about `{one}` and `{other}`, and variables cannot tell them apart");
                let hint = Some("set them in files, or rename one of them".to_owned());
                self.refuse(&path, origin, ViolationKind::Conflict, message, hint);
                continue;
            }
            if matches!(
                subject,
                Subject::Value(Located::Value { .. }) | Subject::File(_)
            ) && let Some(other) = twin(&set, &path)
            {
                let message = format!("is set both here and by `{other}`");
                let hint = Some("keep one of the two".to_owned());
                self.refuse(&path, origin, ViolationKind::Conflict, message, hint);
                continue;
            }
            set.insert(path.clone(), name);
            let Ok(value) = value else {
                self.incomplete = true;
                let message = "is not valid Unicode";
                self.refuse(&path, origin, ViolationKind::Source, message, None);
                continue;
            };
            match subject {
                Subject::File(target) => files.push((path, target, origin, value)),
                Subject::Value(target) => values.push((path, target, origin, value)),
            }
        }
        for (path, target, variable, file) in files {
            if let Located::Value { shape, class } = target {
                let hidden =
                    class >= Class::Confidential || matches!(shape.innermost(), Shape::Url);
                match self.file_of(&path, hidden, variable, file.expose()) {
                    Some((text, origin)) => self.lay_text(&path, shape, class, &text, origin),
                    None => self.incomplete = true,
                }
            }
        }
        for (path, target, origin, value) in values {
            match target {
                Located::Value { shape, class } => {
                    self.lay_text(&path, shape, class, value.expose(), origin);
                }
                Located::Table => {
                    let hint = format!("set its keys one by one, as `{}__…`", origin.name);
                    let message = "is a table and cannot be set as a whole";
                    self.refuse(&path, origin, ViolationKind::Type, message, Some(hint));
                }
                Located::Unknown => self.refuse_variable(origin),
            }
        }
    }

    /// The text of the file that a variable names.
    fn file_of(
        &mut self,
        path: &[String],
        hidden: bool,
        variable: Origin,
        name: &str,
    ) -> Option<(zeroize::Zeroizing<String>, Origin)> {
        let origin = Origin::new(OriginKind::SecretFile, name);
        if let Some(other) = twin(&self.secret_files, path) {
            let message = format!("is set both here and in `{other}`");
            let hint = Some("keep one of the two".to_owned());
            self.refuse(path, variable, ViolationKind::Conflict, message, hint);
            return None;
        }
        self.watch(Path::new(name), WatchedKind::File);
        let error = match read::text(Path::new(name)) {
            Ok(mut text) => {
                secrets::trim(&mut text);
                return Some((text, origin));
            }
            Err(error) => error,
        };
        // Somebody may have put the secret where the name of its file belongs.
        let named = if hidden && is_absent(&error) {
            "names a file, which is not told as it may be the secret itself:".to_owned()
        } else {
            format!("names the file `{}`:", shown(name))
        };
        let message = format!("{named} {error}");
        self.refuse(path, variable, ViolationKind::Source, message, None);
        None
    }

    fn refuse_variable(&mut self, origin: Origin) {
        let (keys, naming) = (self.keys, &self.naming);
        let known = &mut self.variables;
        self.mistakes.unknown(|| {
            let known = known.get_or_insert_with(|| {
                let paths = keys.paths();
                paths.iter().map(|path| naming.variable(path)).collect()
            });
            let known: Vec<_> = known.iter().map(String::as_str).collect();
            // Who names a file is told of the variable that names it.
            let named = origin.name.strip_suffix("_FILE");
            let of_file = named.and_then(|name| nearest(name, known.iter().copied()));
            let hint = match of_file {
                Some(variable) => Some(format!("did you mean `{variable}_FILE`?")),
                None => did_you_mean(&origin.name, &known),
            };
            Violation {
                path: String::new(),
                hint,
                origin: Some(Origin::new(OriginKind::Environment, shown(&origin.name))),
                kind: ViolationKind::Unknown,
                message: "sets nothing this service knows".to_owned(),
            }
        });
    }

    /// Spells the keys of maps as the layers below do: a variable has no way to write `EU` or `b_c`.
    /// When two of them would be written alike, these are they.
    fn spell(&self, lower: Option<&Node>, path: &mut [String]) -> Option<(String, String)> {
        let mut nodes: Vec<&Node> = lower.into_iter().chain([&self.root]).collect();
        for step in path {
            if !nodes.iter().any(|node| node.entry(step).is_some()) {
                let keys = nodes.iter().filter_map(|node| node.as_table());
                let keys = keys.flat_map(|entries| entries.keys());
                let alike: BTreeSet<_> = keys.filter(|key| kebab(key) == *step).cloned().collect();
                let mut alike = alike.into_iter();
                match (alike.next(), alike.next()) {
                    (Some(one), Some(other)) => return Some((one, other)),
                    (Some(only), None) => *step = only,
                    _ => return None,
                }
            }
            nodes = nodes.iter().filter_map(|node| node.entry(step)).collect();
        }
        None
    }

    /// What a variable is about. One that ends in `_FILE` names a file, unless there is a value of
    /// that name. In a map of secrets any value might be there, and it always names a file: its
    /// name must not become the secret.
    fn subject(&self, name: &str) -> (Vec<String>, Subject) {
        let whole = self.path_of(name);
        let located = self.keys.locate(&whole);
        let open = match &located {
            Located::Unknown => true,
            Located::Value { class, .. } => {
                let above = self.keys.locate(&whole[..whole.len().saturating_sub(1)]);
                *class >= Class::Confidential
                    && matches!(above, Located::Value { shape, .. } if matches!(shape, Shape::Map(_)))
            }
            Located::Table => false,
        };
        if let (true, Some(name)) = (open, name.strip_suffix("_FILE")) {
            let path = self.path_of(name);
            if let target @ Located::Value { .. } = self.keys.locate(&path) {
                return (path, Subject::File(target));
            }
        }
        (whole, Subject::Value(located))
    }

    /// `SHOP__HTTP__MAX_BODY` is about `http.max-body`.
    fn path_of(&self, name: &str) -> Vec<String> {
        let rest = name.strip_prefix(&self.naming.prefix()).unwrap_or(name);
        rest.split("__").map(kebab).collect()
    }
}

fn kebab(text: &str) -> String {
    text.to_lowercase().replace(['_', ' '], "-")
}

/// Whether the error may be because there is no such file, and the name is none.
fn is_absent(error: &ReadError) -> bool {
    matches!(error, ReadError::Io(error) if error.kind() != std::io::ErrorKind::PermissionDenied)
}
