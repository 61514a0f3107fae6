//! Cutting an expression into words.

use super::ExpressionError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Integer(i64),
    Text(String),
    Name(String),
    /// An operator or a piece of punctuation.
    Sign(&'static str),
}

/// The longer ones first.
const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "(", ")", ",", ".",
];

/// The words of an expression, each with the byte it starts at.
pub(super) fn tokens(source: &str) -> Result<Vec<(usize, Token)>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    while let Some(first) = source[offset..].chars().next() {
        let rest = &source[offset..];
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if first.is_ascii_digit() {
            let length = rest
                .find(|symbol: char| !symbol.is_ascii_digit() && symbol != '_')
                .unwrap_or(rest.len());
            let number = rest[..length]
                .replace('_', "")
                .parse()
                .map_err(|_| ExpressionError::new(offset, "the number does not fit 64 bits"))?;
            tokens.push((offset, Token::Integer(number)));
            length
        } else if first.is_ascii_lowercase() {
            let length = name(rest);
            tokens.push((offset, Token::Name(rest[..length].to_owned())));
            length
        } else if first == '"' {
            let (text, length) = text(rest, offset)?;
            tokens.push((offset, Token::Text(text)));
            length
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push((offset, Token::Sign(sign)));
            sign.len()
        } else {
            return Err(unexpected(first, rest, offset));
        };
        offset += length;
    }
    Ok(tokens)
}

/// How long the kebab-case name at the start is: a `-` belongs to it when a letter or digit
/// follows at once.
fn name(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let word = |index: usize| {
        bytes
            .get(index)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let mut length = 0;
    while word(length) || (bytes.get(length) == Some(&b'-') && word(length + 1)) {
        length += 1;
    }
    length
}

fn text(rest: &str, offset: usize) -> Result<(String, usize), ExpressionError> {
    let mut text = String::new();
    let mut symbols = rest.char_indices().skip(1);
    while let Some((index, symbol)) = symbols.next() {
        match symbol {
            '"' => return Ok((text, index + 1)),
            '\\' => match symbols.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                _ => {
                    return Err(ExpressionError::new(
                        offset + index,
                        "a text knows the escapes `\\\"` and `\\\\` only",
                    ));
                }
            },
            symbol => text.push(symbol),
        }
    }
    Err(ExpressionError::new(offset, "the text is never closed"))
}

fn unexpected(first: char, rest: &str, offset: usize) -> ExpressionError {
    let error = ExpressionError::new(offset, format!("`{first}` means nothing here"));
    let instead = [
        ("&&", "and"),
        ("||", "or"),
        ("!", "not"),
        ("=", "=="),
        ("'", "\""),
    ];
    let instead = instead.iter().find(|(wrong, _)| rest.starts_with(wrong));
    match instead {
        Some((_, right)) => error.with_hint(format!("write `{right}`")),
        None if first == '/' => error.with_hint("there is no division"),
        None if first.is_ascii_uppercase() => error.with_hint("names are written in kebab-case"),
        None => error,
    }
}
