//! Names: how they are spelled, and which are taken.

use std::collections::BTreeMap;

use crate::mistake::Report;
use crate::source::{Span, Spanned};

/// What a name becomes in Rust, which decides the words it must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A variable, a field or a method.
    Variable,
    /// A type or a variant of an enum.
    Type,
    /// A text that nothing is named after.
    Label,
}

/// The keywords of Rust, edition 2024, those reserved for the future included.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The longest a name may be that other names are made from: those have to fit in a line of code, and in databases.
const MAX_LENGTH: usize = 28;

/// Words of the expression language, which a name in an expression cannot be.
const WORDS: &[&str] = &["and", "or", "not", "true", "false", "none", "now"];

/// `stock_item`, from `stock-item`.
pub(crate) fn snake(name: &str) -> String {
    name.replace('-', "_")
}

/// `StockItem`, from `stock-item`.
pub(crate) fn pascal(name: &str) -> String {
    name.split('-')
        .map(|part| {
            let mut rest = part.chars();
            rest.next().map_or_else(String::new, |first| {
                first.to_ascii_uppercase().to_string() + rest.as_str()
            })
        })
        .collect()
}

/// The usual English plural, for aggregates that do not give theirs.
pub(crate) fn plural(name: &str) -> String {
    let consonant_y = name
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match consonant_y {
        Some(stem) => format!("{stem}ies"),
        None if ["s", "x", "z", "ch", "sh"]
            .iter()
            .any(|end| name.ends_with(end)) =>
        {
            format!("{name}es")
        }
        None => format!("{name}s"),
    }
}

/// Whether a name is written in kebab-case.
pub(crate) fn is_kebab(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('-').all(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|symbol| symbol.is_ascii_lowercase() || symbol.is_ascii_digit())
        })
}

/// Whether Rust keeps a word for itself.
pub(crate) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// Checks the spelling of a name and that Rust lets it be used.
pub(crate) fn check(what: &str, name: &Spanned<String>, used: Use, report: &mut Report<'_>) {
    let Spanned { value: name, span } = name;
    if !is_kebab(name) {
        let message = format!("the {what} `{name}` is not written in kebab-case");
        let kebab = kebab(name);
        if is_kebab(&kebab) {
            report.hint(*span, message, format!("write `{kebab}`"));
        } else {
            report.hint(
                *span,
                message,
                "write lower-case words with `-` between them",
            );
        }
        return;
    }
    if used != Use::Label && name.len() > MAX_LENGTH {
        report.hint(
            *span,
            format!("the {what} `{name}` is longer than {MAX_LENGTH} characters"),
            "other names are made from it: say the same in fewer words",
        );
        return;
    }
    let taken = match used {
        Use::Variable => is_keyword(name) || WORDS.contains(&name.as_str()),
        Use::Type | Use::Label => name == "self" || WORDS.contains(&name.as_str()),
    };
    if taken {
        let by = if is_keyword(name) {
            "Rust"
        } else {
            "expressions"
        };
        report.add(
            *span,
            format!("the {what} cannot be called `{name}`: that is a reserved word of {by}"),
        );
    }
}

/// A guess at how a name would be written in kebab-case.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for symbol in name.chars() {
        if symbol.is_ascii_uppercase() {
            if !kebab.is_empty() && !kebab.ends_with('-') {
                kebab.push('-');
            }
            kebab.push(symbol.to_ascii_lowercase());
        } else if matches!(symbol, '_' | ' ') {
            kebab.push('-');
        } else {
            kebab.push(symbol);
        }
    }
    kebab
}

/// The names of one scope in Rust: each once, in whatever spelling.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    taken: BTreeMap<String, (String, Option<Span>)>,
}

impl Names {
    /// A scope in which the generated service has names of its own.
    pub(crate) fn reserving<'n>(what: &str, names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut scope = Self::default();
        for name in names {
            scope.reserve(what, name);
        }
        scope
    }

    /// Takes a name for the generated service.
    pub(crate) fn reserve(&mut self, what: &str, name: &str) {
        self.taken
            .entry(key(name))
            .or_insert_with(|| (format!("{what} `{name}`"), None));
    }

    /// Takes a name for something of the model, and reports a clash.
    pub(crate) fn take(&mut self, what: &str, name: &Spanned<String>, report: &mut Report<'_>) {
        match self.taken.get(&key(&name.value)) {
            None => {
                self.taken.insert(
                    key(&name.value),
                    (format!("the {what} `{}`", name.value), Some(name.span)),
                );
            }
            Some((other, place)) => {
                let place =
                    place.map_or_else(String::new, |span| format!(" ({})", report.place(span)));
                report.add(
                    name.span,
                    format!("the {what} `{}` clashes with {other}{place}", name.value),
                );
            }
        }
    }
}

/// What all spellings of a name have in common.
fn key(name: &str) -> String {
    name.chars()
        .filter(|symbol| !matches!(symbol, '-' | '_'))
        .map(|symbol| symbol.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        assert_eq!(pascal("stock-item"), "StockItem");
        assert_eq!(snake("stock-item"), "stock_item");
        for (name, expected) in [
            ("order", "orders"),
            ("address", "addresses"),
            ("category", "categories"),
            ("essay", "essays"),
            ("stock-item", "stock-items"),
        ] {
            assert_eq!(plural(name), expected);
        }
        for wrong in ["", "a--b", "-a", "a-", "1a", "aB", "a_b", "ä"] {
            assert!(!is_kebab(wrong), "{wrong}");
        }
        assert_eq!(kebab("StockItem_two"), "stock-item-two");
    }
}
