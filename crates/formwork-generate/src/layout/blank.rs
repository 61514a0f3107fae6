//! Blank lines: at most one, none at the edges of a file or a block.

use super::lexer::Lexer;

/// Drops blank lines that rustfmt would drop, and white space at the ends of lines. Strings stay as they are.
pub(super) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut lexer = Lexer::new(text);
    while let Some(lexeme) = lexer.next() {
        let breaks = if lexeme.starts_with([' ', '\t', '\n', '\r']) {
            lexeme.bytes().filter(|byte| *byte == b'\n').count()
        } else {
            0
        };
        if breaks == 0 {
            tidied.push_str(lexeme);
            continue;
        }
        let (first, last) = (tidied.is_empty(), lexer.rest().is_empty());
        let edge = first || last || tidied.ends_with('{') || lexer.rest().starts_with('}');
        if !first {
            tidied.push('\n');
        }
        if breaks > 1 && !edge {
            tidied.push('\n');
        }
        if !last {
            tidied.push_str(lexeme.rsplit('\n').next().unwrap_or_default());
        }
    }
    if !tidied.is_empty() && !tidied.ends_with('\n') {
        tidied.push('\n');
    }
    tidied
}
