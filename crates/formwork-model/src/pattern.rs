//! Patterns for texts: a small part of regular expressions, matched from left to right without
//! ever going back.
//!
//! A pattern is a row of atoms and always describes the whole text. An atom is a character, a
//! class such as `[A-Z0-9_]`, or one of `\d` and `\w`, optionally followed by `?`, `*`, `+`, `{n}`,
//! `{n,}` or `{n,m}`. Each atom takes as many characters as it may; a pattern for which that
//! could miss a match is refused.

use crate::model::{Atom, Pattern};

/// What is wrong with a pattern, and where: a byte offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternError {
    pub(crate) offset: usize,
    pub(crate) message: String,
}

/// The most repetitions that may be counted.
const MOST: u32 = 10_000;

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn parse(source: &str) -> Result<Self, PatternError> {
        let mut reader = Reader {
            source,
            offset: 0,
            parts: Vec::new(),
        };
        reader.anchors();
        while reader.offset < reader.end() {
            reader.atom()?;
        }
        if reader.parts.is_empty() {
            return Err(reader.error("the pattern describes no text"));
        }
        exact(&reader.parts)?;
        Ok(Self {
            source: source.to_owned(),
            atoms: reader.parts.into_iter().map(|(_, atom)| atom).collect(),
        })
    }

    /// Whether a text is described by the pattern.
    pub fn matches(&self, text: &str) -> bool {
        let mut symbols = text.chars().peekable();
        for atom in &self.atoms {
            let mut count = 0;
            while atom.max.is_none_or(|max| count < max)
                && symbols.next_if(|symbol| atom.contains(*symbol)).is_some()
            {
                count += 1;
            }
            if count < atom.min {
                return false;
            }
        }
        symbols.next().is_none()
    }
}

impl Atom {
    fn contains(&self, symbol: char) -> bool {
        self.ranges
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&symbol))
    }

    /// A character that both describe.
    fn common(&self, other: &Self) -> Option<char> {
        self.ranges.iter().find_map(|(first, last)| {
            other
                .ranges
                .iter()
                .find(|(start, end)| start <= last && first <= end)
                .map(|(start, _)| *first.max(start))
        })
    }
}

/// Checks that taking as much as possible at each atom never misses a match.
///
/// An atom with a fixed number of characters has no choice. One with a variable number may only
/// stop where it must: nothing that can come next may begin with a character it could still take.
/// What can come next are the following atoms, up to and including the first that takes at least
/// one character.
fn exact(parts: &[(usize, Atom)]) -> Result<(), PatternError> {
    for (index, (_, atom)) in parts.iter().enumerate() {
        if atom.max == Some(atom.min) {
            continue;
        }
        for (offset, next) in &parts[index + 1..] {
            if let Some(symbol) = atom.common(next) {
                return Err(PatternError {
                    offset: *offset,
                    message: format!(
                        "the pattern is ambiguous: `{symbol}` could belong to this or to an earlier part"
                    ),
                });
            }
            if next.min > 0 {
                break;
            }
        }
    }
    Ok(())
}

struct Reader<'a> {
    source: &'a str,
    offset: usize,
    parts: Vec<(usize, Atom)>,
}

impl Reader<'_> {
    /// `^` and `$` around the whole say what is the case anyway.
    fn anchors(&mut self) {
        if self.source.starts_with('^') {
            self.offset = 1;
        }
    }

    fn end(&self) -> usize {
        let Some(rest) = self.source.strip_suffix('$') else {
            return self.source.len();
        };
        let backslashes = rest.len() - rest.trim_end_matches('\\').len();
        self.source.len() - usize::from(backslashes.is_multiple_of(2))
    }

    fn error(&self, message: impl Into<String>) -> PatternError {
        PatternError {
            offset: self.offset,
            message: message.into(),
        }
    }

    fn peek(&self) -> Option<char> {
        self.source[self.offset..self.end()].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let symbol = self.peek()?;
        self.offset += symbol.len_utf8();
        Some(symbol)
    }

    fn atom(&mut self) -> Result<(), PatternError> {
        let start = self.offset;
        let unsupported = |reader: &Self, symbol: char| PatternError {
            offset: start,
            message: format!(
                "{} are not supported in patterns; a literal `{symbol}` is written `\\{symbol}`",
                if reader.source[start..].starts_with('.') {
                    "wildcards"
                } else {
                    "groups, alternatives and anchors"
                }
            ),
        };
        let ranges = match self.next() {
            Some('[') => self.class(start)?,
            Some('\\') => self.escape(start)?,
            Some(symbol @ ('.' | '(' | ')' | '|' | '^' | '$')) => {
                return Err(unsupported(self, symbol));
            }
            Some(symbol @ ('?' | '*' | '+' | '{' | '}' | ']')) => {
                return Err(PatternError {
                    offset: start,
                    message: format!(
                        "`{symbol}` has nothing before it; a literal one is written `\\{symbol}`"
                    ),
                });
            }
            Some(symbol) => vec![(symbol, symbol)],
            None => return Ok(()),
        };
        let (min, max) = self.quantifier()?;
        self.parts.push((
            start,
            Atom {
                ranges: merged(ranges),
                min,
                max,
            },
        ));
        Ok(())
    }

    fn escape(&mut self, start: usize) -> Result<Vec<(char, char)>, PatternError> {
        match self.next() {
            Some('d') => Ok(vec![('0', '9')]),
            Some('w') => Ok(vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
            Some(symbol) if symbol.is_ascii_punctuation() => Ok(vec![(symbol, symbol)]),
            Some(symbol) => Err(PatternError {
                offset: start,
                message: format!("`\\{symbol}` is not supported in patterns"),
            }),
            None => Err(PatternError {
                offset: start,
                message: "`\\` has nothing after it".to_owned(),
            }),
        }
    }

    fn class(&mut self, start: usize) -> Result<Vec<(char, char)>, PatternError> {
        if self.peek() == Some('^') {
            return Err(self.error("a class lists what is allowed; `[^` is not supported"));
        }
        let mut ranges = Vec::new();
        loop {
            let place = self.offset;
            let part = match self.next() {
                Some(']') => break,
                Some('\\') => self.escape(place)?,
                Some('[') => {
                    self.offset = place;
                    return Err(self.error("a literal `[` in a class is written `\\[`"));
                }
                Some(symbol) => vec![(symbol, symbol)],
                None => {
                    self.offset = start;
                    return Err(self.error("the class is never closed"));
                }
            };
            let rest = &self.source[self.offset..self.end()];
            let is_range = rest.starts_with('-') && !rest.starts_with("-]") && rest.len() > 1;
            if let ([(first, single)], true) = (part.as_slice(), is_range)
                && first == single
            {
                self.offset += 1;
                let last = match self.next() {
                    Some('\\') => match self.escape(place)?.as_slice() {
                        [(last, end)] if last == end => *last,
                        _ => return Err(self.error("a range ends in one character")),
                    },
                    Some(last) => last,
                    None => return Err(self.error("the class is never closed")),
                };
                if *first > last {
                    self.offset = place;
                    return Err(self.error(format!("the range `{first}-{last}` is empty")));
                }
                ranges.push((*first, last));
            } else {
                ranges.extend(part);
            }
        }
        if ranges.is_empty() {
            self.offset = start;
            return Err(self.error("the class allows nothing"));
        }
        Ok(ranges)
    }

    fn quantifier(&mut self) -> Result<(u32, Option<u32>), PatternError> {
        let start = self.offset;
        let times = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                let rest = &self.source[start + 1..self.end()];
                let Some(close) = rest.find('}') else {
                    return Err(self.error("the repetition is never closed"));
                };
                let times = counts(&rest[..close]).ok_or_else(|| {
                    self.error(format!(
                        "a repetition is written `{{2}}`, `{{2,}}` or `{{2,4}}`, up to {MOST}, the least first"
                    ))
                })?;
                self.offset += close + 1;
                times
            }
            _ => return Ok((1, Some(1))),
        };
        self.offset += 1;
        if matches!(self.peek(), Some('?' | '*' | '+' | '{')) {
            return Err(self.error("a part is repeated in one way only"));
        }
        Ok(times)
    }
}

fn counts(text: &str) -> Option<(u32, Option<u32>)> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        text.parse::<u32>()
            .ok()
            .filter(|number| digits && *number <= MOST)
    };
    let (min, max) = match text.split_once(',') {
        None => (number(text)?, Some(number(text)?)),
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    (max != Some(0) && max.is_none_or(|max| min <= max)).then_some((min, max))
}

/// The ranges in order, without overlap.
fn merged(mut ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    ranges.sort_unstable();
    let mut merged: Vec<(char, char)> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if first <= *end => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(source: &str, expected: &[(char, char)], min: u32, max: Option<u32>) {
        let pattern = Pattern::parse(source).expect(source);
        let atom = Atom {
            ranges: expected.to_vec(),
            min,
            max,
        };
        assert_eq!(pattern.atoms, [atom], "{source}");
    }

    #[test]
    fn atoms() {
        check("a", &[('a', 'a')], 1, Some(1));
        check("^[A-Z-]{2,}$", &[('-', '-'), ('A', 'Z')], 2, None);
        check("[a-mf-z]*", &[('a', 'z')], 0, None);
        check(r"\d{3}", &[('0', '9')], 3, Some(3));
        check(r"[\]\-]?", &[('-', '-'), (']', ']')], 0, Some(1));
        check(r"\$+", &[('$', '$')], 1, None);
    }

    #[test]
    fn mistakes() {
        for (source, offset, message) in [
            ("", 0, "the pattern describes no text"),
            ("^$", 1, "the pattern describes no text"),
            ("a[", 1, "the class is never closed"),
            ("[]", 0, "the class allows nothing"),
            (
                "[^a]",
                1,
                "a class lists what is allowed; `[^` is not supported",
            ),
            ("[z-a]", 1, "the range `z-a` is empty"),
            (
                "a{3,2}",
                1,
                "a repetition is written `{2}`, `{2,}` or `{2,4}`, up to 10000, the least first",
            ),
            ("a+?", 2, "a part is repeated in one way only"),
            (
                "*a",
                0,
                "`*` has nothing before it; a literal one is written `\\*`",
            ),
            (
                "(ab)+",
                0,
                "groups, alternatives and anchors are not supported in patterns; a literal `(` is written `\\(`",
            ),
            (
                ".+",
                0,
                "wildcards are not supported in patterns; a literal `.` is written `\\.`",
            ),
            (
                "[a-z]+[0-9a]",
                6,
                "the pattern is ambiguous: `a` could belong to this or to an earlier part",
            ),
            (
                "a?b*a",
                4,
                "the pattern is ambiguous: `a` could belong to this or to an earlier part",
            ),
        ] {
            let error = Pattern::parse(source).expect_err(source);
            let expected = PatternError {
                offset,
                message: message.to_owned(),
            };
            assert_eq!(error, expected, "{source}");
        }
    }

    /// Whether there is any way to divide the text among the atoms.
    fn matches_somehow(atoms: &[Atom], text: &[char]) -> bool {
        let Some((atom, rest)) = atoms.split_first() else {
            return text.is_empty();
        };
        let most = atom.max.map_or(text.len(), |max| max as usize);
        let run = text
            .iter()
            .take_while(|symbol| atom.contains(**symbol))
            .count();
        (atom.min as usize..=run.min(most)).any(|count| matches_somehow(rest, &text[count..]))
    }

    proptest! {
        /// Shows a part of: C-40.
        #[test]
        fn an_accepted_pattern_never_misses_a_match(
            parts in prop::collection::vec(("a|b|c|\\[ab\\]|\\[bc\\]", "|\\?|\\*|\\+|\\{2\\}|\\{1,2\\}"), 1..5),
            texts in prop::collection::vec("[abc]{0,7}", 20),
        ) {
            let source: String = parts.iter().map(|(atom, times)| format!("{atom}{times}")).collect();
            if let Ok(pattern) = Pattern::parse(&source) {
                for text in texts {
                    let symbols: Vec<char> = text.chars().collect();
                    let somehow = matches_somehow(&pattern.atoms, &symbols);
                    prop_assert_eq!(pattern.matches(&text), somehow, "{} on {}", source, text);
                }
            }
        }

        #[test]
        fn nothing_makes_it_panic(source in "\\PC{0,20}", like in "[-\\[\\]{}()?*+^$\\\\,0-9a-c]{0,20}") {
            let _ = Pattern::parse(&source);
            let _ = Pattern::parse(&like);
        }
    }
}
