//! Layout marks, and how they are read from a line of rendered text.

use super::lexer::{Lexer, is_comment, is_word};

pub(super) const OPEN: char = '⟦';
pub(super) const CLOSE: char = '⟧';

/// What a mark may do when its content does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Signature,
    Call,
    Array,
    Literal,
    Use,
    /// Names to import if the file uses them.
    Need,
    Arm,
    /// Alternatives of a pattern.
    Or,
    Let,
    /// The condition of an `if` or `while`.
    Condition,
    Chain,
}

impl Kind {
    const ALL: [(&'static str, Self); 11] = [
        ("sig", Self::Signature),
        ("call", Self::Call),
        ("array", Self::Array),
        ("lit", Self::Literal),
        ("use", Self::Use),
        ("need", Self::Need),
        ("arm", Self::Arm),
        ("or", Self::Or),
        ("let", Self::Let),
        ("cond", Self::Condition),
        ("chain", Self::Chain),
    ];

    fn separator(self) -> Option<&'static str> {
        match self {
            Self::Signature
            | Self::Call
            | Self::Array
            | Self::Literal
            | Self::Use
            | Self::Need
            | Self::Or => Some(","),
            Self::Chain => Some("|"),
            Self::Arm | Self::Let | Self::Condition => None,
        }
    }
}

/// A piece of a line: one lexeme or one mark.
#[derive(Debug, Clone)]
pub(super) enum Atom<'t> {
    Text(&'t str),
    Mark(Mark<'t>),
}

#[derive(Debug, Clone)]
pub(super) struct Mark<'t> {
    pub(super) kind: Kind,
    pub(super) items: Vec<Vec<Atom<'t>>>,
}

impl<'t> Atom<'t> {
    pub(super) fn text(&self) -> Option<&'t str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Mark(_) => None,
        }
    }

    pub(super) fn mark(&self) -> Option<&Mark<'t>> {
        match self {
            Self::Text(_) => None,
            Self::Mark(mark) => Some(mark),
        }
    }

    pub(super) fn is(&self, lexeme: &str) -> bool {
        self.text() == Some(lexeme)
    }
}

/// The text with every mark laid flat.
pub(super) fn flat(atoms: &[Atom<'_>]) -> String {
    let mut text = String::new();
    write_flat(atoms, &mut text);
    text
}

fn write_flat(atoms: &[Atom<'_>], text: &mut String) {
    for atom in atoms {
        match atom {
            Atom::Text(lexeme) => text.push_str(lexeme),
            Atom::Mark(mark) => {
                let (before, between, after) = match mark.kind {
                    Kind::Signature | Kind::Call | Kind::Array | Kind::Use | Kind::Need => {
                        ("", ", ", "")
                    }
                    Kind::Or => ("", " | ", ""),
                    Kind::Literal if mark.items.is_empty() => ("", "", ""),
                    Kind::Literal => (" ", ", ", " "),
                    Kind::Arm => (" ", "", ","),
                    Kind::Let => (" ", "", ""),
                    Kind::Chain | Kind::Condition => ("", "", ""),
                };
                text.push_str(before);
                for (index, item) in mark.items.iter().enumerate() {
                    if index > 0 {
                        text.push_str(between);
                    }
                    write_flat(item, text);
                }
                text.push_str(after);
            }
        }
    }
}

/// Reads a line that may contain marks.
pub(super) fn read(line: &str) -> Result<Vec<Atom<'_>>, String> {
    let mut lexer = Lexer::new(line);
    let mut sequences = read_sequences(&mut lexer, None, false)?;
    Ok(sequences.pop().unwrap_or_default())
}

/// Reads until the end of the text, or of the mark. `inside` is the kind of the mark being read.
fn read_sequences<'t>(
    lexer: &mut Lexer<'t>,
    inside: Option<Kind>,
    nested: bool,
) -> Result<Vec<Vec<Atom<'t>>>, String> {
    let separator = inside.and_then(Kind::separator);
    let mut sequences = Vec::new();
    let mut sequence: Vec<Atom<'t>> = Vec::new();
    let mut depth = Depth::default();
    loop {
        if lexer.rest().starts_with(OPEN) {
            sequence.push(Atom::Mark(read_mark(lexer)?));
            continue;
        }
        if lexer.rest().starts_with(CLOSE) {
            if !nested {
                return Err(format!("`{CLOSE}` closes nothing"));
            }
            lexer.skip(CLOSE.len_utf8());
            break;
        }
        let following = lexer.rest();
        let Some(lexeme) = lexer.next() else {
            if nested {
                return Err(format!("`{OPEN}` is not closed on its line"));
            }
            break;
        };
        if nested && lexeme.starts_with("//") {
            return Err("a `//` comment inside a mark would swallow what follows it".to_owned());
        }
        if separator == Some(lexeme) && depth.is_top() {
            sequences.push(std::mem::take(&mut sequence));
            continue;
        }
        depth.step(&sequence, lexeme, &following[lexeme.len()..]);
        if nested && lexeme.trim().is_empty() {
            if !sequence.is_empty() {
                sequence.push(Atom::Text(" "));
            }
        } else {
            sequence.push(Atom::Text(lexeme));
        }
    }
    sequences.push(sequence);
    if nested {
        for sequence in &mut sequences {
            while sequence.last().is_some_and(|atom| atom.is(" ")) {
                sequence.pop();
            }
        }
        sequences.retain(|sequence| !sequence.is_empty());
        let values = matches!(
            inside,
            Some(
                Kind::Call
                    | Kind::Array
                    | Kind::Literal
                    | Kind::Arm
                    | Kind::Let
                    | Kind::Condition
                    | Kind::Chain
            )
        );
        if values {
            sequences = sequences.into_iter().map(marked).collect();
        }
    }
    Ok(sequences)
}

/// Marks the calls and arrays of an expression, so that they may break like those that were marked.
fn marked(atoms: Vec<Atom<'_>>) -> Vec<Atom<'_>> {
    let mut marked_atoms: Vec<Atom<'_>> = Vec::with_capacity(atoms.len());
    let mut index = 0;
    while index < atoms.len() {
        let bracket = atoms[index]
            .text()
            .filter(|text| matches!(*text, "(" | "["));
        let end = bracket.and_then(|_| closing(&atoms, index));
        let (Some(bracket), Some(end)) = (bracket, end) else {
            marked_atoms.push(atoms[index].clone());
            index += 1;
            continue;
        };
        let inner = &atoms[index + 1..end - 1];
        let called = marked_atoms
            .last()
            .and_then(Atom::text)
            .is_some_and(|text| text == "!" || text == ">" || (is_word(text) && !is_keyword(text)));
        let array =
            bracket == "[" && (!called || marked_atoms.last().is_some_and(|atom| atom.is("!")));
        let kind = match bracket {
            "(" if called => Some(Kind::Call),
            "[" if array => Some(Kind::Array),
            _ => None,
        };
        let done = inner
            .iter()
            .any(|atom| atom.mark().is_some() || matches!(atom.text(), Some(";" | "{")));
        marked_atoms.push(atoms[index].clone());
        match kind {
            Some(kind) if !done => {
                let items = split_items(inner).into_iter().map(marked).collect();
                marked_atoms.push(Atom::Mark(Mark { kind, items }));
            }
            _ => marked_atoms.extend(inner.iter().cloned()),
        }
        marked_atoms.push(atoms[end - 1].clone());
        index = end;
    }
    marked_atoms
}

/// Splits at the commas outside of brackets and generics.
fn split_items<'t>(atoms: &[Atom<'t>]) -> Vec<Vec<Atom<'t>>> {
    let mut items = Vec::new();
    let mut item: Vec<Atom<'t>> = Vec::new();
    let mut depth = Depth::default();
    for (index, atom) in atoms.iter().enumerate() {
        if atom.is(",") && depth.is_top() {
            items.push(std::mem::take(&mut item));
            continue;
        }
        if let Some(text) = atom.text() {
            let following = atoms
                .get(index + 1)
                .and_then(Atom::text)
                .unwrap_or_default();
            depth.step(&item, text, following);
        }
        if !item.is_empty() || !atom.is(" ") {
            item.push(atom.clone());
        }
    }
    items.push(item);
    items.retain(|item| !item.is_empty());
    items
}

fn read_mark<'t>(lexer: &mut Lexer<'t>) -> Result<Mark<'t>, String> {
    let after = &lexer.rest()[OPEN.len_utf8()..];
    let name = after
        .split(|character: char| !character.is_ascii_lowercase())
        .next();
    let name = name.unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|(known, _)| *known == name);
    let (Some((_, kind)), Some(b':')) = (kind, after.as_bytes().get(name.len())) else {
        let known: Vec<_> = Kind::ALL.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "`{OPEN}{name}` is no layout mark; expected one of {} and a colon",
            known.join(", ")
        ));
    };
    lexer.skip(OPEN.len_utf8() + name.len() + 1);
    let items = read_sequences(lexer, Some(kind), true)?;
    Ok(Mark { kind, items })
}

/// How deep a place is inside brackets, generics and closure parameters.
#[derive(Default)]
struct Depth {
    brackets: usize,
    angles: usize,
    parameters: bool,
}

impl Depth {
    fn is_top(&self) -> bool {
        self.brackets == 0 && self.angles == 0 && !self.parameters
    }

    fn step(&mut self, sequence: &[Atom<'_>], lexeme: &str, following: &str) {
        let previous = sequence.last().and_then(Atom::text).unwrap_or_default();
        match lexeme {
            "(" | "[" | "{" => self.brackets += 1,
            ")" | "]" | "}" => self.brackets = self.brackets.saturating_sub(1),
            // rustfmt puts spaces around a comparison and none inside generics.
            "<" if !following.starts_with([' ', '=', '<', '-']) => self.angles += 1,
            ">" if previous != "-" && previous != "=" => {
                self.angles = self.angles.saturating_sub(1);
            }
            "|" if self.parameters => self.parameters = false,
            "|" if self.brackets == 0 && opens_closure(sequence) => {
                self.parameters = !following.starts_with('|');
            }
            _ => {}
        }
    }
}

/// Whether a `|` at the end of an item starts the parameters of a closure.
fn opens_closure(sequence: &[Atom<'_>]) -> bool {
    sequence
        .iter()
        .rev()
        .find(|atom| !atom.is(" "))
        .is_none_or(|atom| matches!(atom.text(), Some("move" | "async" | ":" | "=" | "return")))
}

/// The index after the bracket that closes the one at `open`.
pub(super) fn closing(atoms: &[Atom<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, atom) in atoms.iter().enumerate().skip(open) {
        match atom.text() {
            Some("(" | "[" | "{") => depth += 1,
            Some(")" | "]" | "}") => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The index of the bracket that the one before `end` closes.
fn opening(atoms: &[Atom<'_>], end: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for index in (0..end).rev() {
        match atoms[index].text() {
            Some(")" | "]" | "}") => depth += 1,
            Some("(" | "[" | "{") => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

/// Where the operand that ends at `end` (a path, calls, fields, macros) starts.
pub(super) fn operand_start(atoms: &[Atom<'_>], end: usize) -> usize {
    let mut start = end;
    while start > 0 {
        let Some(lexeme) = atoms[start - 1].text() else {
            start -= 1;
            continue;
        };
        start = match lexeme {
            ")" | "]" => match opening(atoms, start) {
                Some(open) => open,
                None => return start,
            },
            ">" => match generics(atoms, start) {
                Some(open) => open,
                None => return start,
            },
            "." | ":" | "?" | "!" => start - 1,
            _ if is_word(lexeme) || lexeme.starts_with('"') => {
                if is_keyword(lexeme) {
                    return start;
                }
                start - 1
            }
            _ => return start,
        };
    }
    start
}

/// The index of the `<` that the `>` before `end` closes.
fn generics(atoms: &[Atom<'_>], end: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for index in (0..end).rev() {
        match atoms[index].text()? {
            ">" if index > 0 && (atoms[index - 1].is("-") || atoms[index - 1].is("=")) => {
                return None;
            }
            ">" => depth += 1,
            "<" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "return"
            | "break"
            | "let"
            | "mut"
            | "move"
            | "if"
            | "match"
            | "in"
            | "while"
            | "as"
            | "else"
            | "async"
            | "ref"
            | "dyn"
            | "impl"
    )
}

pub(super) fn has_marks(atoms: &[Atom<'_>]) -> bool {
    atoms.iter().any(|atom| atom.mark().is_some())
}

/// Splits off the comment at the end of a line, with the space before it.
pub(super) fn split_comment<'a, 't>(atoms: &'a [Atom<'t>]) -> (&'a [Atom<'t>], &'a [Atom<'t>]) {
    let comment = atoms
        .last()
        .and_then(Atom::text)
        .is_some_and(|text| is_comment(text) && text.starts_with("//"));
    if !comment {
        return (atoms, &[]);
    }
    let mut code = atoms.len() - 1;
    while code > 0
        && atoms[code - 1]
            .text()
            .is_some_and(|text| text.trim().is_empty())
    {
        code -= 1;
    }
    atoms.split_at(code)
}
