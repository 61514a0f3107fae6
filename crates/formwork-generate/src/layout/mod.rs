//! Layout marks: places in rendered Rust where a line may break, resolved as rustfmt would.
//!
//! Templates cannot know how long names are, so `place(⟦call:customer, lines⟧)` leaves it open whether the
//! arguments stay on the line. The rules are those of rustfmt's 2024 style; a property test compares them
//! with the real one. Neighbouring imports and modules are sorted, blank lines reduced to what rustfmt keeps.
//!
//! | mark | place |
//! |---|---|
//! | `name(⟦sig:a: A, b: B⟧) -> C {` | the parameters of a function |
//! | `f(⟦call:a, b⟧)`, `x.f(⟦call:a⟧)`, `m!(⟦call:a⟧)` | arguments |
//! | `[⟦array:a, b⟧]` | the elements of an array |
//! | `Foo {⟦lit:a, b: c⟧}` | the fields of a struct literal |
//! | `let x =⟦let:expression⟧;` | the right side of any `=` |
//! | `pattern =>⟦arm:expression⟧` | the body of a match arm, its comma included |
//! | `if ⟦cond:expression⟧ {` | the condition of an `if` or `while` |
//! | `⟦or:A, B⟧ =>` | alternatives of a pattern |
//! | `base⟦chain:.a(b)|.c()?⟧` | the links of a method chain |
//! | `use a::{⟦use:B, C⟧};` | names to import |
//! | `use a::{⟦need:B, +C⟧};` | names to import if the rest of the file uses them, and with `+` in any case: a trait is used without being named |

mod binary;
mod blank;
mod chain;
mod chain_marks;
mod expression;
mod imports;
mod lexer;
mod list;
mod mark;
mod shape;
mod uses;

use std::collections::HashSet;

pub(crate) use self::chain_marks::chain_marks;
use self::imports::Import;
use self::mark::{Atom, CLOSE, Kind, OPEN, flat, has_marks, split_comment};
use self::shape::{MAX_WIDTH, Shape, TAB, break_to, width};

/// A mark that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The line of the rendered text, from one.
    pub(crate) line: usize,
    /// The beginning of that line.
    pub(crate) excerpt: String,
    pub(crate) message: String,
}

/// Resolves every mark of rendered Rust.
pub(crate) fn resolve(text: &str) -> Result<String, Vec<Mistake>> {
    let used = if text.contains("⟦need:") {
        uses::names(text)
    } else {
        HashSet::new()
    };
    let mut resolved = String::with_capacity(text.len());
    let mut mistakes = Vec::new();
    let mut run = Run::default();
    let mut rest = text;
    let mut number = 1;
    while !rest.is_empty() {
        let line = &rest[..logical_line(rest)];
        rest = &rest[line.len()..];
        match resolve_line(line, &used) {
            Ok(Line::Code(code)) => {
                run.flush(&mut resolved);
                resolved.push_str(&code);
            }
            Ok(Line::Plain) => {
                if !run.continues(line) {
                    run.flush(&mut resolved);
                    resolved.push_str(line);
                }
            }
            Ok(Line::Import(indent, import)) => run.import(indent, import, &mut resolved),
            Ok(Line::Nothing) => run.drop_attributes(),
            Err(message) => mistakes.push(Mistake {
                line: number,
                excerpt: line
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .chars()
                    .take(60)
                    .collect(),
                message,
            }),
        }
        number += shape::newlines(line);
    }
    run.flush(&mut resolved);
    if mistakes.is_empty() {
        Ok(blank::tidy(&resolved))
    } else {
        Err(mistakes)
    }
}

/// A line of code, resolved.
enum Line {
    Plain,
    Code(String),
    Import(usize, Import),
    /// An import of which nothing is needed.
    Nothing,
}

/// Neighbouring imports, or neighbouring module declarations, which rustfmt sorts.
#[derive(Default)]
struct Run {
    indent: usize,
    /// Attributes and doc comments of the item that comes next.
    attributes: String,
    imports: Vec<(String, Import)>,
    /// Name and text of module declarations.
    modules: Vec<(String, String)>,
}

impl Run {
    fn import(&mut self, indent: usize, import: Import, resolved: &mut String) {
        if !self.modules.is_empty() || indent != self.indent {
            let attributes = std::mem::take(&mut self.attributes);
            self.flush(resolved);
            self.attributes = attributes;
        }
        self.indent = indent;
        self.imports
            .push((std::mem::take(&mut self.attributes), import));
    }

    /// Takes a line without marks when it is part of a run.
    fn continues(&mut self, line: &str) -> bool {
        let code = line.trim();
        let indent = line.len() - line.trim_start_matches(' ').len();
        let within = self.is_empty() || indent == self.indent;
        if (code.starts_with("#[") && code.ends_with(']')) || code.starts_with("///") {
            if within {
                self.indent = indent;
                self.attributes.push_str(line);
            }
            return within;
        }
        let declaration = code.strip_suffix(';').and_then(|code| {
            let (visibility, name) = match code.strip_prefix("mod ") {
                Some(name) => ("", name),
                None => code.split_once(" mod ")?,
            };
            (visibility.is_empty() || visibility.starts_with("pub")).then_some(name)
        });
        let Some(name) = declaration else {
            return false;
        };
        if !within || !self.imports.is_empty() {
            return false;
        }
        self.indent = indent;
        let text = std::mem::take(&mut self.attributes) + line;
        self.modules.push((name.to_owned(), text));
        true
    }

    fn drop_attributes(&mut self) {
        self.attributes.clear();
    }

    fn is_empty(&self) -> bool {
        self.imports.is_empty() && self.modules.is_empty() && self.attributes.is_empty()
    }

    fn flush(&mut self, resolved: &mut String) {
        // By letter, unlike imports.
        self.modules.sort();
        for (_, text) in self.modules.drain(..) {
            resolved.push_str(&text);
        }
        self.imports
            .sort_by(|(_, left), (_, right)| left.order(right));
        let shape = Shape::indented(self.indent);
        for (attributes, import) in self.imports.drain(..) {
            resolved.push_str(&attributes);
            resolved.push_str(&break_to(self.indent)[1..]);
            if let Some(text) = import.write(shape) {
                resolved.push_str(&text);
            }
            resolved.push('\n');
        }
        resolved.push_str(&std::mem::take(&mut self.attributes));
    }
}

/// The length of the next line with its end; an open mark or import goes on over the end of a line.
fn logical_line(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut end = 0;
    let mut import = false;
    for line in text.split_inclusive('\n') {
        // What is never closed must not swallow the file.
        if (depth > 0 || import) && line.trim().is_empty() {
            break;
        }
        if end == 0 {
            import = starts_import(line);
        }
        for character in line.chars() {
            match character {
                OPEN => depth += 1,
                CLOSE => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        end += line.len();
        import = import && !line.trim_end().ends_with(';');
        if depth == 0 && !import {
            break;
        }
    }
    end
}

fn starts_import(line: &str) -> bool {
    let code = line.trim_start();
    code.starts_with("use ") || (code.starts_with("pub") && code.contains(" use "))
}

fn resolve_line(line: &str, used: &HashSet<&str>) -> Result<Line, String> {
    let import = starts_import(line);
    if !import && !line.contains([OPEN, CLOSE]) {
        return Ok(Line::Plain);
    }
    let body = line.trim_end_matches(['\n', '\r']);
    let end = &line[body.len()..];
    let code = body.trim_start_matches(' ');
    let indent = body.len() - code.len();
    let atoms = mark::read(code)?;
    if import {
        let needed = atoms
            .iter()
            .filter_map(Atom::mark)
            .any(|mark| mark.kind == Kind::Need);
        let text = flat(&atoms);
        let always: HashSet<&str> = text.split('+').skip(1).map(uses::first_name).collect();
        let kept = |name: &str| used.contains(name) || always.contains(name);
        return Ok(match Import::parse(&text.replace('+', "")) {
            Some(import) if needed => match import.keep(&kept) {
                Some(import) => Line::Import(indent, import),
                None => Line::Nothing,
            },
            Some(import) => Line::Import(indent, import),
            None if has_marks(&atoms) => Line::Nothing,
            None => Line::Plain,
        });
    }
    let (atoms, comment) = split_comment(&atoms);
    let laid = statement(atoms, Shape::indented(indent)).unwrap_or_else(|| flat(atoms));
    let mut text = body[..indent].to_owned();
    text.push_str(&laid);
    text.push_str(&flat(comment));
    text.push_str(end);
    Ok(Line::Code(text))
}

/// One line of code; `None` when no layout fits, which rustfmt leaves alone.
fn statement(atoms: &[Atom<'_>], shape: Shape) -> Option<String> {
    let special = atoms.iter().position(|atom| {
        atom.mark().is_some_and(|mark| {
            matches!(
                mark.kind,
                Kind::Signature | Kind::Arm | Kind::Let | Kind::Condition
            )
        })
    });
    let Some(at) = special else {
        return match atoms.first().and_then(Atom::mark) {
            Some(mark) if mark.kind == Kind::Or => {
                Some(alternatives(&mark.items, shape)? + &flat(&atoms[1..]))
            }
            _ => match assignment(atoms) {
                Some((head, value, tail)) => {
                    let head = flat(head);
                    let tail = flat(tail);
                    let inner = shape.after(width(&head))?.before(width(&tail))?;
                    Some(head + &expression::assigned(value, inner)? + &tail)
                }
                None => match atoms.split_last() {
                    Some((comma, item)) if comma.is(",") && expression::closure(item).is_some() => {
                        Some(expression::rewrite(item, shape.before(1)?)? + ",")
                    }
                    _ => expression::rewrite(atoms, shape),
                },
            },
        };
    };
    let mark = atoms[at].mark()?;
    let (before, after) = (&atoms[..at], &atoms[at + 1..]);
    if mark.kind == Kind::Signature {
        return Some(signature(&flat(before), &mark.items, &flat(after), shape));
    }
    if mark.kind == Kind::Condition {
        let head = flat(before);
        let (space, rest) = after.split_first()?;
        let (brace, rest) = rest.split_first()?;
        if !space.is(" ") || !brace.is("{") {
            return None;
        }
        let value: Vec<_> = mark.items.concat();
        let text = binary::condition(&value, shape.after(width(&head))?)?;
        return Some(head + &text + &flat(rest));
    }
    // What stands left of the mark may break on its own.
    let head = match before.first().and_then(Atom::mark) {
        Some(first) if first.kind == Kind::Or => {
            alternatives(&first.items, shape)? + &flat(&before[1..])
        }
        _ if has_marks(before) => expression::rewrite(before, shape)?,
        _ => flat(before),
    };
    let tail = flat(after);
    let used = if head.contains('\n') {
        shape::last_line(&head).saturating_sub(shape.used())
    } else {
        width(&head)
    };
    let inner = shape.after(used.min(shape.width))?.before(width(&tail))?;
    let value: Vec<_> = mark.items.concat();
    let value = if mark.kind == Kind::Arm {
        expression::arm(&value, inner)
    } else {
        expression::assigned(&value, inner)
    }?;
    Some(head + &value + &tail)
}

/// Splits `let x = value;` and `x = value;` where the value has marks.
fn assignment<'a, 't>(
    atoms: &'a [Atom<'t>],
) -> Option<(&'a [Atom<'t>], &'a [Atom<'t>], &'a [Atom<'t>])> {
    let mark = atoms.iter().position(|atom| atom.mark().is_some())?;
    let equals = atoms[..mark]
        .windows(3)
        .position(|window| window[0].is(" ") && window[1].is("=") && window[2].is(" "))?;
    let plain = atoms[..equals]
        .iter()
        .all(|atom| !matches!(atom.text(), Some("|" | "{" | "if" | "while")));
    let (last, value) = atoms[equals + 3..].split_last()?;
    if !plain || !last.is(";") {
        return None;
    }
    Some((&atoms[..equals + 2], value, std::slice::from_ref(last)))
}

/// The alternatives of a match arm's pattern, on one line or one per line.
fn alternatives(items: &[Vec<Atom<'_>>], shape: Shape) -> Option<String> {
    /// ` => {`
    const ARROW: usize = 5;
    let items: Vec<_> = items.iter().map(|item| flat(item)).collect();
    let line = items.join(" | ");
    if width(&line) <= shape.before(ARROW)?.width {
        return Some(line);
    }
    Some(items.join(&format!("{}| ", break_to(shape.indent))))
}

/// The parameters of a function on its line, or one per line.
fn signature(head: &str, items: &[Vec<Atom<'_>>], tail: &str, shape: Shape) -> String {
    let items: Vec<_> = items.iter().map(|item| flat(item)).collect();
    let line = format!("{head}{}{tail}", items.join(", "));
    let end = shape.indent + width(&line);
    if items.is_empty() || end <= MAX_WIDTH {
        // rustfmt wants room for a brace behind a return type, even where a semicolon stands.
        return match line.rsplit_once(" -> ") {
            Some((before, returned))
                if end == MAX_WIDTH && tail.ends_with(';') && !items.is_empty() =>
            {
                format!("{before}{}-> {returned}", break_to(shape.indent))
            }
            _ => line,
        };
    }
    let mut text = head.to_owned();
    for item in &items {
        text.push_str(&break_to(shape.indent + TAB));
        text.push_str(item);
        text.push(',');
    }
    text.push_str(&break_to(shape.indent));
    text.push_str(tail);
    text
}

/// Marks in data (a summary somebody wrote) are not layout: they are hidden before rendering.
pub(crate) fn protect(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains([OPEN, CLOSE]) {
        text.replace(OPEN, HIDDEN_OPEN)
            .replace(CLOSE, HIDDEN_CLOSE)
            .into()
    } else {
        text.into()
    }
}

/// Undoes [`protect`] in rendered text.
pub(crate) fn reveal(text: String) -> String {
    if text.contains(HIDDEN_OPEN) || text.contains(HIDDEN_CLOSE) {
        text.replace(HIDDEN_OPEN, "⟦").replace(HIDDEN_CLOSE, "⟧")
    } else {
        text
    }
}

/// Private characters that stand for marks in data.
const HIDDEN_OPEN: &str = "\u{10F5E0}";
const HIDDEN_CLOSE: &str = "\u{10F5E1}";

/// The lexemes of Rust; joined again they are the text.
pub(crate) fn lexemes(text: &str) -> impl Iterator<Item = &str> {
    lexer::Lexer::new(text)
}

#[cfg(test)]
pub(crate) mod tests;
