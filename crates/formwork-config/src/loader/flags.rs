//! `--set` flags, and values the program sets.

use std::collections::BTreeMap;

use super::{Loading, twin};
use crate::error::{Violation, ViolationKind, shown};
use crate::nearest::{did_you_mean, nearest};
use crate::section::Located;
use crate::{Class, Origin, OriginKind, Secret, Shape};

impl Loading<'_> {
    pub(super) fn lay_flags(&mut self, flags: &[Secret<String>]) {
        let mut set = BTreeMap::new();
        for flag in flags {
            let split = flag.expose().split_once('=');
            // The text may be a value whose key was forgotten, and an address has a `=` in it.
            let Some((key, value)) = split.filter(|(key, _)| is_key(key)) else {
                let origin = Origin::new(OriginKind::Flag, "…");
                let hint = Some("write it as `--set http.listen=127.0.0.1:8080`".to_owned());
                let message = "is no key, `=` and a value";
                self.refuse(&[], origin, ViolationKind::Syntax, message, hint);
                continue;
            };
            let origin = Origin::new(OriginKind::Flag, key);
            let path = path_of(key);
            if let Some(other) = twin(&set, &path) {
                let message = match *other == key {
                    true => "is set twice".to_owned(),
                    false => format!("is set both here and by `--set {other}`"),
                };
                let hint = Some("keep one of the two".to_owned());
                self.refuse(&path, origin, ViolationKind::Conflict, message, hint);
                continue;
            }
            set.insert(path, key);
            self.lay_setting(key, value, origin, true);
        }
    }

    pub(super) fn lay_program(&mut self, values: &[(String, Secret<String>)]) {
        for (key, value) in values {
            let origin = Origin::new(OriginKind::Program, key.as_str());
            self.lay_setting(key, value.expose(), origin, false);
        }
    }

    fn lay_setting(&mut self, key: &str, value: &str, origin: Origin, visible: bool) {
        let path = path_of(key);
        match self.keys.locate(&path) {
            Located::Value { shape, class } if visible && is_exposed(shape, class, value) => {
                let variable = self.naming.variable(key);
                let hint = Some(format!(
                    "put it into a file and name that with environment variable `{variable}_FILE`"
                ));
                let message = "is secret, and everybody on the machine can read flags";
                self.refuse(&path, origin, ViolationKind::Exposed, message, hint);
            }
            Located::Value { shape, class } => self.lay_text(&path, shape, class, value, origin),
            Located::Table => {
                let message = "is a table and cannot be set as a whole";
                self.refuse(&path, origin, ViolationKind::Type, message, None);
            }
            Located::Unknown => {
                let keys = self.keys;
                self.mistakes.unknown(|| {
                    let paths = keys.paths();
                    let paths: Vec<_> = paths.iter().map(String::as_str).collect();
                    let likely = nearest(key, paths.iter().copied()).is_some()
                        || !matches!(keys.locate(&path[..1]), Located::Unknown);
                    // What is like no key may be a value whose key was forgotten.
                    let (path, origin) = if likely {
                        (shown(key), origin)
                    } else {
                        (String::new(), Origin::new(origin.kind, "…"))
                    };
                    Violation {
                        path,
                        hint: did_you_mean(key, &paths),
                        origin: Some(origin),
                        kind: ViolationKind::Unknown,
                        message: "is unknown".to_owned(),
                    }
                });
            }
        }
    }
}

fn path_of(key: &str) -> Vec<String> {
    key.split('.').map(str::to_owned).collect()
}

/// Whether this can be the path of a value.
fn is_key(text: &str) -> bool {
    let allowed = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    !text.is_empty() && text.len() <= 200 && text.chars().all(allowed)
}

/// Whether the value must not be seen by everybody: a secret, or an address with one in it.
fn is_exposed(shape: &Shape, class: Class, value: &str) -> bool {
    if class >= Class::Confidential {
        return true;
    }
    let address = |text: &str| match text.parse::<crate::Url>() {
        Ok(url) => url.secrets().next().is_some(),
        // What it is instead may be a password.
        Err(_) => text.contains('@'),
    };
    match shape.bare() {
        Shape::Url => address(value),
        Shape::List(item) => matches!(item.bare(), Shape::Url) && value.split(',').any(address),
        _ => false,
    }
}
