//! The owner's list of modules, extended: a declaration and a statement are added, nothing else moves.

use crate::layout::{self, lexemes};

/// Why a list cannot be extended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mistake {
    /// It has the module already.
    Listed,
    /// It is not the Rust that was expected.
    Shape {
        reason: &'static str,
        lines: Vec<String>,
    },
}

/// A lexeme that is neither white space nor a comment, and where it starts.
pub(super) type Token<'t> = (usize, &'t str);

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut at = 0;
    let mut tokens = Vec::new();
    for lexeme in lexemes(text) {
        let blank = lexeme.trim().is_empty();
        if !blank && !lexeme.starts_with("//") && !lexeme.starts_with("/*") {
            tokens.push((at, lexeme));
        }
        at += lexeme.len();
    }
    tokens
}

/// The text with `mod file;` among its modules and `file::Type` added in `assemble`.
pub(super) fn extend(text: &str, file: &str, kind: &str) -> Result<String, Mistake> {
    let newline = match text.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    };
    let tokens = tokens(text);
    let shape = |reason| Mistake::Shape {
        reason,
        lines: vec![
            format!("`mod {file};`, and in `assemble` before it ends"),
            format!("`app = app.module({file}::{kind});`"),
        ],
    };
    let modules = modules(&tokens);
    if modules.iter().any(|(name, _)| *name == file) {
        return Err(Mistake::Listed);
    }
    let body = Body::find(&tokens)
        .ok_or_else(|| shape("it has no `fn assemble(app: App) -> App` that ends with `app`"))?;

    let mut edits = Vec::new();
    let declaration = format!("mod {file};{newline}");
    let before = modules.iter().rfind(|(name, _)| *name < file);
    edits.push(match (before, modules.first()) {
        (Some((_, end)), _) => (line_end(text, *end), declaration),
        (None, Some((_, end))) => (item_start(text, *end), declaration),
        (None, None) => {
            let first = first_item(&tokens).map_or(text.len(), |at| item_start(text, at));
            (first, declaration + newline)
        }
    });
    if !body.mutable {
        edits.push((body.parameter, "mut ".to_owned()));
    }
    let name = body.name;
    let statement = format!("    {name} =⟦let:{name}.module(⟦call:{file}::{kind}⟧)⟧;\n");
    let statement = layout::resolve(&statement).expect("the marks are sound");
    let statement = statement.replace('\n', newline);
    edits.push((line_start(text, body.tail), statement));

    edits.sort_by_key(|(at, _)| *at);
    let mut extended = String::with_capacity(text.len() + 100);
    let mut at = 0;
    for (place, added) in edits {
        extended.push_str(&text[at..place]);
        extended.push_str(&added);
        at = place;
    }
    extended.push_str(&text[at..]);
    Ok(extended)
}

/// The function that adds the modules.
struct Body<'t> {
    /// What its parameter is called.
    name: &'t str,
    mutable: bool,
    /// Where the parameter starts.
    parameter: usize,
    /// Where the expression starts that it ends with: the parameter.
    tail: usize,
}

impl<'t> Body<'t> {
    fn find(tokens: &[Token<'t>]) -> Option<Self> {
        let start = tokens
            .windows(3)
            .position(|three| [three[0].1, three[1].1, three[2].1] == ["fn", "assemble", "("])?;
        let mut rest = &tokens[start + 3..];
        let (parameter, first) = *rest.first()?;
        let mutable = first == "mut";
        if mutable {
            rest = &rest[1..];
        }
        let (_, name) = *rest.first()?;
        let signature = [":", "App", ")", "-", ">", "App", "{"];
        let found = rest.get(1..=signature.len())?.iter();
        if !found.map(|(_, token)| *token).eq(signature) {
            return None;
        }
        let body = &rest[1 + signature.len()..];
        let mut depth = 1_usize;
        let end = body.iter().position(|(_, token)| {
            match *token {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        let (tail, last) = *body.get(end.checked_sub(1)?)?;
        let alone = end == 1 || matches!(body[end - 2].1, ";" | "}");
        (last == name && alone).then_some(Self {
            name,
            mutable,
            parameter,
            tail,
        })
    }
}

/// The modules declared at the top, and where each declaration ends.
fn modules<'t>(tokens: &[Token<'t>]) -> Vec<(&'t str, usize)> {
    let mut depth = 0_usize;
    let mut modules = Vec::new();
    for (index, (_, token)) in tokens.iter().enumerate() {
        match *token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            "mod" if depth == 0 => {
                if let Some([(_, name), (end, ";")]) = tokens.get(index + 1..index + 3) {
                    modules.push((*name, *end));
                }
            }
            _ => {}
        }
    }
    modules
}

/// Where the first item starts: behind inner attributes.
fn first_item(tokens: &[Token<'_>]) -> Option<usize> {
    let mut rest = tokens;
    while let [(_, "#"), (_, "!"), (_, "["), ..] = rest {
        let mut depth = 0_usize;
        let end = rest.iter().position(|(_, token)| {
            match *token {
                "[" => depth += 1,
                "]" => depth -= 1,
                _ => return false,
            }
            depth == 0
        })?;
        rest = &rest[end + 1..];
    }
    rest.first().map(|(at, _)| *at)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline + 1)
}

/// The start of the line of an item, or of its attributes and doc comments.
fn item_start(text: &str, at: usize) -> usize {
    let mut start = line_start(text, at);
    while let Some(end) = start.checked_sub(1) {
        let above = line_start(text, end);
        let line = text[above..end].trim();
        if !(line.starts_with("#[") || line.starts_with("///")) {
            break;
        }
        start = above;
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = include_str!("../../../../features/core/seeds/service/src/own/mod.rs");

    fn check(text: &str, file: &str, kind: &str, expected: &str) {
        assert_eq!(
            extend(text, file, kind).expect("it can be extended"),
            expected
        );
    }

    #[test]
    fn modules_are_declared_in_order_and_added_in_the_order_they_came() {
        let once = extend(SEED, "rate_card", "RateCardModule").expect("it can be extended");
        assert_eq!(
            once,
            "\
//! Modules of this service's own, beside those in `modules`. `formwork module new NAME` adds one.

mod rate_card;

use formwork_app::App;

/// Adds them to the application.
pub fn assemble(mut app: App) -> App {
    app = app.module(rate_card::RateCardModule);
    app
}
"
        );
        let mut text = once;
        for (file, kind) in [
            ("mailer", "MailerModule"),
            ("rate_10", "Ten"),
            ("rate_2", "Two"),
        ] {
            text = extend(&text, file, kind).expect("it can be extended");
        }
        assert_eq!(
            text,
            "\
//! Modules of this service's own, beside those in `modules`. `formwork module new NAME` adds one.

mod mailer;
mod rate_10;
mod rate_2;
mod rate_card;

use formwork_app::App;

/// Adds them to the application.
pub fn assemble(mut app: App) -> App {
    app = app.module(rate_card::RateCardModule);
    app = app.module(mailer::MailerModule);
    app = app.module(rate_10::Ten);
    app = app.module(rate_2::Two);
    app
}
"
        );
        assert_eq!(text, layout::tests::rustfmt(&text));
    }

    /// Shows a part of: C-33.
    #[test]
    fn what_the_owner_wrote_stays() {
        check(
            "#![allow(dead_code)]\r\n// mod commented_out;\r\nuse formwork_app::App;\r\n\r\n\
             /// Ours.\r\n#[cfg(unix)]\r\npub mod zebra;\r\n\r\n\
             fn assemble(mut all: App) -> App {\r\n    if true {\r\n        all = all.module(zebra::Z);\r\n    }\r\n    all\r\n}\r\n\
             mod inner { mod nested; }\r\n",
            "nested",
            "N",
            "#![allow(dead_code)]\r\n// mod commented_out;\r\nuse formwork_app::App;\r\n\r\n\
             mod nested;\r\n/// Ours.\r\n#[cfg(unix)]\r\npub mod zebra;\r\n\r\n\
             fn assemble(mut all: App) -> App {\r\n    if true {\r\n        all = all.module(zebra::Z);\r\n    }\r\n    all = all.module(nested::N);\r\n    all\r\n}\r\n\
             mod inner { mod nested; }\r\n",
        );
        check(
            "#![warn(missing_docs)]\nfn assemble(app: App) -> App {\n    app\n}",
            "a",
            "A",
            "#![warn(missing_docs)]\nmod a;\n\nfn assemble(mut app: App) -> App {\n    app = app.module(a::A);\n    app\n}",
        );
    }

    #[test]
    fn long_names_are_broken_as_rustfmt_does() {
        let file = "very_".repeat(11);
        let kind = "Very".repeat(13);
        let text = extend(SEED, &file, &kind).expect("it can be extended");
        assert_eq!(text, layout::tests::rustfmt(&text));
    }

    #[test]
    fn other_shapes_are_not_touched() {
        for text in [
            "",
            "pub fn assemble(app: App) -> App { app.module(X) }",
            "pub fn assemble(app: App) -> App {",
            "pub fn assemble(app: App) -> Result<App> {\n    app\n}",
            "// fn assemble(app: App) -> App { app }",
            "pub fn assemble(app: App) -> App {\n    return app\n}",
        ] {
            let refused = extend(text, "a", "A").expect_err(text);
            assert!(matches!(refused, Mistake::Shape { .. }), "{text}");
        }
        assert_eq!(
            extend("mod a;\nfn assemble(app: App) -> App { app }", "a", "A"),
            Err(Mistake::Listed)
        );
    }
}
