//! JSON (RFC 8259), with the place of every value; the usual readers tell only that of a mistake.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{Lines, MAX_DEPTH, Mistake};
use crate::node::{Node, Value};

/// The tree of a text, or the first mistake in its syntax.
pub(super) fn parse(text: &str, lines: &Lines<'_>) -> Result<Node, Mistake> {
    let mut parser = Parser { text, at: 0, lines };
    parser.space();
    if parser.peek() != Some(b'{') {
        return Err(parser.mistake("expected an object, `{ … }`"));
    }
    let node = parser.value(0)?;
    parser.space();
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.mistake("expected nothing after the object")),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// The offset of the next byte.
    at: usize,
    lines: &'a Lines<'a>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn mistake(&self, message: &str) -> Mistake {
        Mistake {
            at: self.lines.at(self.at),
            message: message.to_owned(),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Mistake> {
        if depth > MAX_DEPTH {
            return Err(self.mistake("tables and lists lie too deep in one another"));
        }
        let at = self.lines.at(self.at);
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Boolean(true))?,
            Some(b'f') => self.word("false", Value::Boolean(false))?,
            Some(b'n') if self.rest().starts_with("null") => {
                return Err(self.mistake("`null` is no value: leave the key out"));
            }
            Some(_) => return Err(self.mistake("expected a value")),
            None => return Err(self.mistake("ends where a value is expected")),
        };
        Ok(Node::new(value, at))
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Mistake> {
        if !self.rest().starts_with(word) {
            return Err(self.mistake("expected a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Value, Mistake> {
        self.at += 1;
        let mut entries = BTreeMap::new();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Table(entries));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.mistake("expected a key in double quotes"));
            }
            let place = self.at;
            let key = std::mem::take(&mut *self.string()?);
            self.space();
            if !self.take(b':') {
                return Err(self.mistake("expected `:` after a key"));
            }
            self.space();
            let value = self.value(depth + 1)?;
            if entries.insert(key, value).is_some() {
                self.at = place;
                return Err(self.mistake("duplicate key"));
            }
            self.space();
            if self.take(b'}') {
                return Ok(Value::Table(entries));
            }
            if !self.take(b',') {
                return Err(self.mistake("expected `,` or `}`"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Mistake> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Value::List(items));
            }
            if !self.take(b',') {
                return Err(self.mistake("expected `,` or `]`"));
            }
        }
    }

    fn number(&mut self) -> Result<Value, Mistake> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut whole = true;
        if self.take(b'.') {
            whole = false;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            whole = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        if !whole {
            let number = text.parse().ok().filter(|it: &f64| it.is_finite());
            return match number {
                Some(number) => Ok(Value::Float(number)),
                None => Err(self.mistake("a number beyond all limits")),
            };
        }
        // One beyond what the type holds is reported by the validation.
        let number = text.parse().map(Value::Integer);
        Ok(number.unwrap_or_else(|_| Value::text(text)))
    }

    fn digits(&mut self) -> Result<(), Mistake> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.mistake("expected a digit"));
        }
        Ok(())
    }

    /// It may be a secret: it never grows, which would leave a copy behind, and is overwritten when
    /// it turns out to be none.
    fn string(&mut self) -> Result<Zeroizing<String>, Mistake> {
        self.at += 1;
        let mut text = Zeroizing::new(String::with_capacity(self.longest()));
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            text.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.mistake("expected no control character in text")),
                None => return Err(self.mistake("text is not closed, expected `\"`")),
            }
        }
    }

    /// How many bytes the text that starts here has at most: no escape is shorter than what it
    /// stands for.
    fn longest(&self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let mut escaped = false;
        let end = rest.iter().position(|&byte| {
            let end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            end
        });
        end.unwrap_or(rest.len())
    }

    fn escape(&mut self) -> Result<char, Mistake> {
        self.at += 1;
        let Some(symbol) = self.peek() else {
            return Err(self.mistake("text is not closed, expected `\"`"));
        };
        let symbol = match symbol {
            b'"' | b'\\' | b'/' => symbol.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.mistake("unknown escape in text")),
        };
        self.at += 1;
        Ok(symbol)
    }

    fn unicode(&mut self) -> Result<char, Mistake> {
        let high = self.unit()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high).ok_or_else(|| self.mistake("half a surrogate pair"));
        }
        if !(self.take(b'\\') && self.peek() == Some(b'u')) {
            return Err(self.mistake("half a surrogate pair"));
        }
        let low = self.unit()?;
        let pair = low
            .checked_sub(0xdc00)
            .filter(|low| *low < 0x400)
            .and_then(|low| char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low));
        pair.ok_or_else(|| self.mistake("half a surrogate pair"))
    }

    /// The four digits after `\u`.
    fn unit(&mut self) -> Result<u32, Mistake> {
        self.at += 1;
        let digits = self.text.get(self.at..self.at + 4);
        let digits = digits.filter(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|it| u32::from_str_radix(it, 16).ok()) else {
            return Err(self.mistake("expected four hexadecimal digits"));
        };
        self.at += 4;
        Ok(unit)
    }
}
