//! What the sources say: read as tokens, so that comments and texts do not count.

use std::str::FromStr;

use anyhow::Result;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{Finding, Workspace};

/// Modules of `std` with a world behind them, and collections without an order.
const WORLD: &[&str] = &["env", "fs", "net", "process", "thread", "time"];
const UNORDERED: &[&str] = &["HashMap", "HashSet", "Instant", "RandomState", "SystemTime"];

/// The crates whose sources may not touch the world.
const PURE: &[&str] = &[
    "crates/formwork-domain/src/",
    "crates/formwork-merge/src/",
    "crates/formwork-resolve/src/",
];

/// Where a service's `main` speaks before it logs: its help, and why it does not start.
const MAINS: &[&str] = &[
    "crates/formwork-app/src/app/mod.rs",
    "crates/formwork-app/src/entry/",
];

/// Invariant 2: only the binary prints or exits; only it and the configuration read the environment.
pub(super) fn edges(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (path, code) in sources(workspace) {
        let Some(crate_name) = path
            .strip_prefix("crates/")
            .and_then(|rest| rest.split('/').next())
        else {
            continue;
        };
        if !path.contains("/src/") || crate_name == "formwork" {
            continue;
        }
        for print in ["print", "println", "eprint", "eprintln", "dbg"] {
            if MAINS.iter().any(|main| path.starts_with(main)) {
                continue;
            }
            for line in code.find(&[print, "!"]) {
                findings.push(Finding::new(
                    format!("{path}:{line}"),
                    format!("`{print}!` outside the binary: return the text, or log it"),
                ));
            }
        }
        for line in code.find(&["process", ":", ":", "exit"]) {
            findings.push(Finding::new(
                format!("{path}:{line}"),
                "`process::exit` outside the binary: return an error",
            ));
        }
        if crate_name == "formwork-config" {
            continue;
        }
        for read in ["var", "var_os", "vars", "vars_os"] {
            for line in code.find(&["env", ":", ":", read]) {
                findings.push(Finding::new(
                    format!("{path}:{line}"),
                    format!("`env::{read}` outside the binary and the configuration"),
                ));
            }
        }
    }
    Ok(findings)
}

/// Invariant 1: no I/O, clock, randomness, environment, and nothing that depends on hash order.
pub(super) fn purity(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, code) in sources(workspace) {
        if !PURE.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        for (name, line) in code.std_modules() {
            if WORLD.contains(&name) {
                findings.push(Finding::new(
                    format!("{path}:{line}"),
                    format!("`std::{name}` in a pure crate"),
                ));
            }
        }
        for name in UNORDERED {
            for line in code.find(&[name]) {
                findings.push(Finding::new(
                    format!("{path}:{line}"),
                    format!("`{name}` in a pure crate: the same inputs must give the same bytes"),
                ));
            }
        }
    }
    findings
}

/// A test that does not run proves nothing.
pub(super) fn ignored(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (path, text) in rust_files(workspace) {
        match TokenStream::from_str(text) {
            Ok(tokens) => {
                let code = Code::read(tokens, true);
                findings.extend(code.find(&["#", "[", "ignore"]).into_iter().map(|line| {
                    Finding::new(format!("{path}:{line}"), "`#[ignore]`: make the test run")
                }));
            }
            Err(error) => {
                let line = error.span().start().line;
                findings.push(Finding::new(format!("{path}:{line}"), "this is not Rust"));
            }
        }
    }
    Ok(findings)
}

/// Rust that compiles as it stands; templates do only after rendering.
fn rust_files(workspace: &Workspace) -> impl Iterator<Item = (&str, &str)> {
    workspace
        .files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .filter(|(path, _)| path.ends_with(".rs") && !path.starts_with("features/"))
}

/// The sources of crates without their tests and benchmarks, which print what they measured.
fn sources(workspace: &Workspace) -> impl Iterator<Item = (&str, Code)> {
    rust_files(workspace)
        .filter(|(path, _)| !path.ends_with("/tests.rs") && !path.contains("/tests/"))
        .filter(|(path, _)| !path.contains("/benches/"))
        .filter_map(|(path, text)| {
            Some((path, Code::read(TokenStream::from_str(text).ok()?, false)))
        })
}

/// Tokens in a row, each with its line.
struct Code(Vec<(String, usize)>);

impl Code {
    /// The tokens of a file; `tests` says whether those of unit tests are wanted.
    fn read(tokens: TokenStream, tests: bool) -> Self {
        let mut code = Self(Vec::new());
        code.add(tokens, tests);
        code
    }

    fn add(&mut self, tokens: TokenStream, tests: bool) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            if !tests
                && matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#')
                && matches!(tokens.peek(), Some(TokenTree::Group(group)) if is_test_only(group))
            {
                // Up to the end of the item the attribute stands on.
                for token in tokens.by_ref() {
                    match token {
                        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
                        TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                        _ => {}
                    }
                }
                continue;
            }
            let line = token.span().start().line;
            match token {
                TokenTree::Ident(ident) => self.0.push((ident.to_string(), line)),
                TokenTree::Punct(punct) => self.0.push((punct.as_char().to_string(), line)),
                TokenTree::Literal(_) => self.0.push((String::new(), line)),
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::None => ("", ""),
                    };
                    self.0.push((open.to_owned(), line));
                    self.add(group.stream(), tests);
                    self.0
                        .push((close.to_owned(), group.span_close().start().line));
                }
            }
        }
    }

    /// The lines where `pattern` starts.
    fn find(&self, pattern: &[&str]) -> Vec<usize> {
        let matches = |window: &&[(String, usize)]| {
            window
                .iter()
                .zip(pattern)
                .all(|((token, _), wanted)| token == wanted)
        };
        self.0
            .windows(pattern.len())
            .filter(matches)
            .map(|window| window[0].1)
            .collect()
    }

    /// What follows `std::` or stands in the braces after it.
    fn std_modules(&self) -> Vec<(&str, usize)> {
        let mut modules = Vec::new();
        let start = ["std", ":", ":"];
        for (index, window) in self.0.windows(start.len()).enumerate() {
            if !window
                .iter()
                .zip(start)
                .all(|((token, _), wanted)| token == wanted)
            {
                continue;
            }
            let rest = &self.0[index + start.len()..];
            let grouped = rest.first().is_some_and(|(token, _)| token == "{");
            if !grouped {
                modules.extend(rest.first().map(|(token, line)| (token.as_str(), *line)));
                continue;
            }
            let mut depth = 0;
            let mut first = false;
            for (token, line) in rest {
                match token.as_str() {
                    "{" => {
                        depth += 1;
                        first = depth == 1;
                    }
                    "}" => depth -= 1,
                    "," => first = depth == 1,
                    name if first => {
                        modules.push((name, *line));
                        first = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        }
        modules
    }
}

/// `[cfg(test)]`, or `cfg` of something that needs `test`.
fn is_test_only(attribute: &proc_macro2::Group) -> bool {
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        Code::read(TokenStream::from_str(text).expect("tokens"), false)
    }

    #[test]
    fn comments_texts_and_tests_do_not_count() {
        let code = code(
            "/// println!(\"x\")\nfn a() { let x = \"println!\"; }\n\
             #[cfg(test)]\n#[expect(x)]\nmod tests { fn b() { println!(); } }\nfn c() { println!(); }\n",
        );
        assert_eq!(code.find(&["println", "!"]), [6]);
    }

    #[test]
    fn modules_of_std_are_found_in_every_spelling() {
        let code = code(
            "use std::fs::File;\nuse std::{\n    collections::{BTreeMap, net},\n    time,\n};\nfn a() { ::std::env::var(\"X\"); }\n",
        );
        assert_eq!(
            code.std_modules(),
            [("fs", 1), ("collections", 3), ("time", 4), ("env", 6)]
        );
    }
}
