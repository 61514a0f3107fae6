//! Operators between two values.

use super::expression::rewrite;
use super::mark::Atom;
use super::shape::{Shape, TAB, break_to, first_line, last_line, width};

/// An expression that is made of others by one operator, used one or more times.
pub(super) struct Operands<'a, 't> {
    values: Vec<&'a [Atom<'t>]>,
    operator: String,
}

/// How tightly an operator binds; the loosest splits an expression first.
fn strength(operator: &str) -> Option<u8> {
    Some(match operator {
        "||" => 0,
        "&&" => 1,
        "==" | "!=" | "<" | ">" | "<=" | ">=" => 2,
        "|" => 3,
        "^" => 4,
        "&" => 5,
        "<<" | ">>" => 6,
        "+" | "-" => 7,
        "*" | "/" | "%" => 8,
        _ => return None,
    })
}

/// Splits an expression at its loosest operator, as far as that one goes from the right.
pub(super) fn split<'a, 't>(atoms: &'a [Atom<'t>]) -> Option<Operands<'a, 't>> {
    let mut found: Vec<(usize, usize, String, u8)> = Vec::new();
    let mut depth = 0_usize;
    let mut index = 0;
    while index < atoms.len() {
        match atoms[index].text() {
            Some("(" | "[" | "{") => depth += 1,
            Some(")" | "]" | "}") => depth = depth.saturating_sub(1),
            // A closure's body, a block or a pattern is not looked into.
            Some("|")
                if depth == 0
                    && !matches!(atoms.get(index.wrapping_sub(1)), Some(atom) if atom.is(" ")) =>
            {
                return None;
            }
            Some(" ") if depth == 0 => {
                let operator: String = atoms[index + 1..]
                    .iter()
                    .map_while(|atom| atom.text().filter(|text| "|&=!<>^+-*/%".contains(text)))
                    .collect();
                let end = index + 1 + operator.len();
                let spaced = atoms.get(end).is_some_and(|atom| atom.is(" "));
                if let Some(strength) = strength(&operator).filter(|_| spaced && index > 0) {
                    found.push((index, end + 1, operator, strength));
                    index = end;
                    continue;
                }
                // `let`, `if`, `match` and `=` make something else than a value of it.
                if matches!(
                    atoms.get(index + 1).and_then(Atom::text),
                    Some("=" | "if" | "else")
                ) {
                    return None;
                }
            }
            Some("if" | "match" | "return" | "break" | "let" | "move") if index == 0 => {
                return None;
            }
            _ => {}
        }
        index += 1;
    }
    let loosest = found.iter().map(|(.., strength)| *strength).min()?;
    found.retain(|(.., strength)| *strength == loosest);
    let operator = found.last()?.2.clone();
    let first = found
        .iter()
        .rposition(|(_, _, other, _)| *other != operator)
        .map_or(0, |other| other + 1);
    let mut values = Vec::new();
    let mut start = 0;
    for (end, next, ..) in &found[first..] {
        values.push(&atoms[start..*end]);
        start = *next;
    }
    values.push(&atoms[start..]);
    Some(Operands { values, operator })
}

/// Writes the operands on one line, or each but the first on its own, one step deeper.
pub(super) fn write(operands: &Operands<'_, '_>, shape: Shape) -> Option<String> {
    one_line(operands, shape).or_else(|| lines(operands, shape))
}

fn one_line(operands: &Operands<'_, '_>, shape: Shape) -> Option<String> {
    let (last, before) = operands.values.split_last()?;
    let nested = shape.nested(TAB).before(shape.overhead())?;
    let mut text = String::new();
    for (index, value) in before.iter().enumerate() {
        let room = if index == 0 {
            shape
        } else {
            nested.after(operands.operator.len() + 1)?
        };
        let value = rewrite(value, room)?;
        if value.contains('\n') || text.len() > shape.width {
            return None;
        }
        text.push_str(&value);
        text.push(' ');
        text.push_str(&operands.operator);
        text.push(' ');
    }
    let prefix = text.len();
    let last = rewrite(last, Shape { offset: 0, ..shape }.after(width(&text))?)?;
    text.push_str(&last);
    if first_line(&text) > shape.width {
        return None;
    }
    if last.contains('\n') && (last.starts_with('(') || prefix > TAB) {
        return None;
    }
    shape.fits(&text).then_some(text)
}

fn lines(operands: &Operands<'_, '_>, shape: Shape) -> Option<String> {
    let nested = shape.nested(TAB).before(shape.overhead())?;
    let (first, others) = operands.values.split_first()?;
    let operator = &operands.operator;
    let mut text = rewrite(first, shape)?;
    for value in others {
        let left = if text.contains('\n') { 0 } else { shape.used() };
        if last_line(&text) + left <= nested.used() {
            // Something as short as `a` does not stand alone on its line.
            let trimmed = text.rsplit('\n').next().unwrap_or(&text).trim();
            let room = shape.after(operator.len() + 2 + width(trimmed));
            if let Some(value) = room.and_then(|room| rewrite(value, room)) {
                text.push(' ');
                text.push_str(operator);
                text.push(' ');
                text.push_str(&value);
                continue;
            }
        }
        text.push_str(&break_to(nested.indent));
        text.push_str(operator);
        text.push(' ');
        text.push_str(&rewrite(value, nested.after(operator.len() + 1)?)?);
    }
    Some(text)
}

/// The condition of an `if` or `while`, with the brace behind it, on its own line where the condition takes several.
pub(super) fn condition(atoms: &[Atom<'_>], shape: Shape) -> Option<String> {
    /// ` {`
    const BRACE: usize = 2;
    let text = rewrite(atoms, shape)?;
    let last = text.rsplit('\n').next().unwrap_or(&text);
    let closing = last.trim();
    // Closing brackets at the indentation of the statement are followed by the brace.
    let closes = closing.chars().all(|character| ")]}?>".contains(character))
        && last.len() - closing.len() <= shape.indent;
    let long = first_line(&text) > shape.before(BRACE)?.width;
    if (text.contains('\n') && !closes) || (!text.contains('\n') && long) {
        Some(format!("{text}{}{{", break_to(shape.indent)))
    } else {
        Some(format!("{text} {{"))
    }
}
