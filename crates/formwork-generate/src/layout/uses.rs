//! Which names a file uses, so that it imports no others.

use std::collections::HashSet;

use super::lexer::{Lexer, is_comment, is_word};

/// The names that code outside of `use` statements refers to.
pub(super) fn names(text: &str) -> HashSet<&str> {
    let mut names = HashSet::new();
    // The two lexemes before, without white space.
    let (mut before, mut previous) = ("", "");
    let mut lexer = Lexer::new(text);
    while let Some(lexeme) = lexer.next() {
        if lexeme.trim().is_empty() || is_comment(lexeme) {
            continue;
        }
        if lexeme == "use" && matches!(previous, "" | ";" | "}" | "{" | "pub" | ")" | "]") {
            for lexeme in lexer.by_ref() {
                if lexeme == ";" {
                    break;
                }
            }
            (before, previous) = (previous, ";");
            continue;
        }
        let qualified = previous == "." || (previous == ":" && before == ":");
        let declared = matches!(
            previous,
            "struct"
                | "enum"
                | "trait"
                | "type"
                | "fn"
                | "mod"
                | "const"
                | "static"
                | "let"
                | "mut"
        );
        if is_word(lexeme) && !qualified && !declared {
            let type_like = lexeme.starts_with(char::is_uppercase);
            let following = lexer.rest();
            if type_like || following.starts_with("::") || following.starts_with(['(', '!']) {
                names.insert(lexeme);
            }
        }
        (before, previous) = (previous, lexeme);
    }
    names
}

/// The name that `text` starts with.
pub(super) fn first_name(text: &str) -> &str {
    let end = text.find(|character: char| !character.is_alphanumeric() && character != '_');
    &text[..end.unwrap_or(text.len())]
}
