//! Lexemes of a line of Rust: enough to tell code from strings, characters and comments.

/// Cuts text into lexemes; joined again they are the text.
pub(super) struct Lexer<'t> {
    rest: &'t str,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    /// Drops the next `length` bytes.
    pub(super) fn skip(&mut self, length: usize) {
        self.rest = &self.rest[length..];
    }
}

impl<'t> Iterator for Lexer<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        if self.rest.is_empty() {
            return None;
        }
        let (lexeme, rest) = self.rest.split_at(length(self.rest));
        self.rest = rest;
        Some(lexeme)
    }
}

pub(super) fn is_comment(lexeme: &str) -> bool {
    lexeme.starts_with("//") || lexeme.starts_with("/*")
}

pub(super) fn is_word(lexeme: &str) -> bool {
    lexeme.starts_with(|first: char| first.is_alphanumeric() || first == '_')
}

/// How long the first lexeme of (not empty) text is.
fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes[0] {
        b' ' | b'\t' | b'\n' | b'\r' => run(text, |character| character.is_ascii_whitespace()),
        b'"' => string(text, 0),
        b'\'' => quote(text),
        b'/' if text.starts_with("//") => text.find('\n').unwrap_or(text.len()),
        b'/' if text.starts_with("/*") => block_comment(text),
        _ => {
            let word = run(text, |character| {
                character.is_alphanumeric() || character == '_'
            });
            if word == 0 {
                return text.chars().next().map_or(1, char::len_utf8);
            }
            match (&text[..word], bytes.get(word)) {
                ("b" | "c", Some(b'"')) => string(text, word),
                ("b", Some(b'\'')) => word + quote(&text[word..]),
                ("r" | "br" | "cr", Some(b'"' | b'#')) => raw_string(text, word).unwrap_or(word),
                _ => word,
            }
        }
    }
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|character| !belongs(character))
        .unwrap_or(text.len())
}

/// A string whose opening quote is at `start`.
fn string(text: &str, start: usize) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(start + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// A raw string whose `#`s or quote start at `start`; `None` for a raw identifier.
fn raw_string(text: &str, start: usize) -> Option<usize> {
    let hashes = run(&text[start..], |character| character == '#');
    let body = text[start + hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(match body.find(&close) {
        Some(end) => start + hashes + 1 + end + close.len(),
        None => text.len(),
    })
}

/// A character literal, a lifetime, or a lone quote.
fn quote(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => {
            characters.next();
            match characters.find(|(_, character)| *character == '\'') {
                Some((index, _)) => index + 1,
                None => text.len(),
            }
        }
        Some((_, first)) => match characters.next() {
            Some((index, '\'')) => index + 1,
            _ if first.is_alphanumeric() || first == '_' => {
                1 + run(&text[1..], |character| {
                    character.is_alphanumeric() || character == '_'
                })
            }
            _ => 1,
        },
        None => 1,
    }
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut index = 0;
    while index < text.len() {
        if text[index..].starts_with("/*") {
            depth += 1;
            index += 2;
        } else if text[index..].starts_with("*/") {
            depth -= 1;
            index += 2;
            if depth == 0 {
                return index;
            }
        } else {
            index += text[index..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}
