//! Expressions with marks: which of their parts break, following rustfmt's rules.

use super::lexer::is_word;
use super::list::{self, List};
use super::mark::{Atom, Kind, closing, flat, has_marks, operand_start};
use super::shape::{Shape, TAB, break_to, first_line, newlines, width};
use super::{binary, chain};

/// What rustfmt thinks of an expression when it is an argument or the body of a match arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Call,
    MethodCall,
    /// An array, a struct literal or a tuple.
    Delimited,
    Other,
}

/// An expression: what stands before its operand, the operand, the links of its method chain, and what follows.
pub(super) struct Parts<'a, 't> {
    pub(super) prefix: &'a [Atom<'t>],
    pub(super) parent: &'a [Atom<'t>],
    pub(super) links: Vec<&'a [Atom<'t>]>,
    pub(super) rest: &'a [Atom<'t>],
}

/// Writes an expression into a shape; `None` when it cannot fit.
pub(super) fn rewrite(atoms: &[Atom<'_>], shape: Shape) -> Option<String> {
    if !has_marks(atoms) {
        let text = flat(atoms);
        let room = shape.width.saturating_sub(leaving(atoms));
        // A string is never too long: nothing can be done about it.
        let string = atoms.len() == 1 && text.starts_with('"');
        if string || width(&text) <= room {
            return Some(text);
        }
    }
    if let Some((parameters, body)) = closure(atoms) {
        return write_closure(&parameters, body, shape);
    }
    if let Some(operands) = binary::split(atoms) {
        return binary::write(&operands, shape);
    }
    if !has_marks(atoms) {
        return None;
    }
    let parts = split(atoms);
    let prefix = flat(parts.prefix);
    let (follows, further) = match parts.rest.iter().position(|atom| atom.mark().is_some()) {
        Some(_) => {
            let next = split(parts.rest);
            (flat(next.prefix), true)
        }
        None => (flat(parts.rest), false),
    };
    let inner = shape
        .after(width(&prefix))?
        .before(width(&follows) + leaving(parts.prefix))?;
    let mut text = prefix;
    if parts.links.is_empty() {
        text.push_str(&operand(parts.parent, inner)?);
    } else {
        text.push_str(&chain::rewrite(parts.parent, &parts.links, inner)?);
    }
    if further {
        let used = super::shape::last_line(&text);
        let tail = if text.contains('\n') {
            Shape {
                indent: shape.indent,
                offset: used.saturating_sub(shape.indent),
                width: (shape.used() + shape.width).saturating_sub(used),
            }
        } else {
            shape.after(used)?
        };
        text.push_str(&rewrite(parts.rest, tail)?);
    } else {
        text.push_str(&follows);
    }
    Some(text)
}

/// Splits `|a, b| body`, with `move` where it stands; a body that is a block already is left alone.
pub(super) fn closure<'a, 't>(atoms: &'a [Atom<'t>]) -> Option<(String, &'a [Atom<'t>])> {
    let start = match atoms.first()?.text()? {
        "move" => 2,
        _ => 0,
    };
    if !atoms.get(start)?.is("|") {
        return None;
    }
    let end = start + 2 + atoms[start + 1..].iter().position(|atom| atom.is("|"))?;
    if !atoms.get(end)?.is(" ") || atoms.get(end + 1)?.is("{") {
        return None;
    }
    Some((flat(&atoms[..end]), &atoms[end + 1..]))
}

/// A closure on its line, or with a block.
fn write_closure(parameters: &str, body: &[Atom<'_>], shape: Shape) -> Option<String> {
    let room = shape.after(width(parameters) + 1);
    if let Some(text) = room.and_then(|room| rewrite(body, room))
        && (!text.contains('\n') || text.ends_with('}'))
    {
        return Some(format!("{parameters} {text}"));
    }
    let nested = shape.nested(TAB);
    let body = rewrite(body, nested)?;
    Some(format!(
        "{parameters} {{{}{body}{}}}",
        break_to(nested.indent),
        break_to(shape.indent)
    ))
}

/// rustfmt keeps a column free behind an expression that leaves its block.
fn leaving(atoms: &[Atom<'_>]) -> usize {
    let leaves = ["return", "break"]
        .iter()
        .any(|word| atoms.first().is_some_and(|atom| atom.is(word)));
    usize::from(leaves)
}

/// Writes an operand without a method chain: a call, a macro, an array or a struct literal.
pub(super) fn operand(atoms: &[Atom<'_>], shape: Shape) -> Option<String> {
    let Some(at) = atoms.iter().position(|atom| atom.mark().is_some()) else {
        let text = flat(atoms);
        return (width(&text) <= shape.width).then_some(text);
    };
    let mark = atoms[at].mark()?;
    let head = flat(&atoms[..at]);
    let tail = &atoms[at + 1..];
    match mark.kind {
        Kind::Call | Kind::Array if at > 0 => {
            let (close, tail) = tail.split_first()?;
            let after = flat(tail);
            let list = List {
                callee: head.get(..head.len() - 1)?,
                open: atoms[at - 1].text()?,
                close: close.text()?,
                items: &mark.items,
            };
            let text = list::rewrite(&list, shape.before(width(&after))?)?;
            Some(text + &after)
        }
        Kind::Literal => {
            let after = flat(tail.get(1..)?);
            let text = literal(&head, &mark.items, shape.before(width(&after))?)?;
            Some(text + &after)
        }
        _ => {
            let text = flat(atoms);
            (width(&text) <= shape.width).then_some(text)
        }
    }
}

/// A struct literal; `head` ends with ` {`.
fn literal(head: &str, fields: &[Vec<Atom<'_>>], shape: Shape) -> Option<String> {
    /// rustfmt's `struct_lit_width`.
    const FLAT: usize = 18;
    if fields.is_empty() {
        return Some(format!("{head}}}"));
    }
    let vertical = shape.nested(TAB);
    // The spaces inside the braces and the closing one.
    let flat_width = shape.width.checked_sub(width(head) + 3);
    let mut lines = Vec::with_capacity(fields.len());
    for field in fields {
        lines.push(struct_field(field, vertical.before(1)?)?);
    }
    let joined = lines.join(", ");
    if flat_width.is_some_and(|room| width(&joined) <= room.min(FLAT)) && !joined.contains('\n') {
        return Some(format!("{head} {joined} }}"));
    }
    let mut text = head.to_owned();
    let last = lines.len() - 1;
    for (index, line) in lines.iter().enumerate() {
        text.push_str(&break_to(vertical.indent));
        text.push_str(line);
        if index < last || !line.starts_with("..") {
            text.push(',');
        }
    }
    text.push_str(&break_to(shape.indent));
    text.push('}');
    Some(text)
}

/// `name: value`, `name` or `..base`.
fn struct_field(field: &[Atom<'_>], shape: Shape) -> Option<String> {
    let named = field.first().and_then(Atom::text).is_some_and(is_word)
        && field.get(1).is_some_and(|atom| atom.is(":"))
        && !field.get(2).is_some_and(|atom| atom.is(":"));
    if !named {
        return rewrite(field, shape);
    }
    let name = flat(&field[..1]);
    let value = if field.get(2).is_some_and(|atom| atom.is(" ")) {
        &field[3..]
    } else {
        &field[2..]
    };
    if let Some(text) = shape
        .after(width(&name) + 2)
        .and_then(|shape| rewrite(value, shape))
    {
        return Some(format!("{name}: {text}"));
    }
    let below = shape.nested(TAB);
    let text = rewrite(value, below)?;
    Some(format!("{name}:{}{text}", break_to(below.indent)))
}

/// The right side of `=`: on the same line, or one step deeper on the next.
pub(super) fn assigned(value: &[Atom<'_>], shape: Shape) -> Option<String> {
    let room = shape.after(1);
    let same = room.and_then(|shape| rewrite(value, shape));
    if let (Some(text), Some(room)) = (&same, room)
        && !text.contains('\n')
        && width(text) <= room.width
    {
        return Some(format!(" {text}"));
    }
    let below = shape.nested(TAB).before(shape.overhead())?;
    let next = rewrite(value, below);
    match (same, next) {
        (Some(same), Some(next)) if below.fits(&next) && prefers_next(&same, &next) => {
            Some(break_to(below.indent) + &next)
        }
        (Some(same), _) => Some(format!(" {same}")),
        (None, Some(next)) => Some(break_to(below.indent) + &next),
        (None, None) => None,
    }
}

/// The body of a match arm, from after `=>` on.
pub(super) fn arm(body: &[Atom<'_>], shape: Shape) -> Option<String> {
    let room = shape.after(1).and_then(|shape| shape.before(1));
    let same = room.and_then(|shape| rewrite(body, shape));
    if let (Some(text), Some(room)) = (&same, room)
        && !text.contains('\n')
        && width(text) <= room.width
    {
        return Some(format!(" {text},"));
    }
    let leaves = ["return", "break", "continue"]
        .iter()
        .any(|word| body.first().is_some_and(|atom| atom.is(word)));
    let below = shape.nested(TAB);
    let next = rewrite(body, below.before(usize::from(leaves))?);
    let block = |text: &str| {
        let semicolon = if leaves { ";" } else { "" };
        format!(
            " {{{}{text}{semicolon}{}}}",
            break_to(below.indent),
            break_to(shape.indent)
        )
    };
    match (same, next) {
        (Some(same), Some(next)) if prefers_next(&same, &next) => Some(block(&next)),
        (Some(same), _)
            if form(body) != Form::Other
                && room.is_some_and(|room| first_line(&same) <= room.width) =>
        {
            Some(format!(" {same},"))
        }
        (_, Some(next)) => Some(block(&next)),
        (Some(same), None) => Some(format!(" {same},")),
        (None, None) => None,
    }
}

/// Whether a value reads better one step deeper on the next line.
fn prefers_next(same: &str, next: &str) -> bool {
    let ends = |text: &str, last: char| {
        text.split('\n')
            .next()
            .is_some_and(|line| line.ends_with(last))
    };
    !next.contains('\n')
        || newlines(same) > newlines(next) + 1
        || ['(', '{', '[']
            .into_iter()
            .any(|bracket| ends(same, bracket) && !ends(next, bracket))
}

/// The form of an expression, seen through `&`, `!`, `?` and the like.
pub(super) fn form(atoms: &[Atom<'_>]) -> Form {
    let unary = atoms
        .iter()
        .take_while(|atom| matches!(atom.text(), Some("&" | "*" | "!" | "-" | "mut" | " ")))
        .count();
    let mut atoms = &atoms[unary..];
    while let Some((last, before)) = atoms.split_last() {
        if !last.is("?") {
            break;
        }
        atoms = before;
    }
    let (end, links) = operand_end(atoms, 0);
    if end < atoms.len() || atoms.is_empty() {
        return Form::Other;
    }
    match links.last() {
        Some(link) => {
            let last = link.iter().rev().find(|atom| !atom.is("?"));
            if last.is_some_and(|atom| atom.is(")")) {
                Form::MethodCall
            } else {
                Form::Other
            }
        }
        None => match atoms.last().and_then(Atom::text) {
            Some(")") if atoms[0].is("(") => Form::Delimited,
            Some(")") => Form::Call,
            Some("}") => Form::Delimited,
            Some("]") if atoms[0].is("[") => Form::Delimited,
            Some("]") if atoms.iter().any(|atom| atom.is("!")) => Form::Call,
            _ => Form::Other,
        },
    }
}

/// Splits an expression at the operand that holds its first mark.
pub(super) fn split<'a, 't>(atoms: &'a [Atom<'t>]) -> Parts<'a, 't> {
    let Some(at) = atoms.iter().position(|atom| atom.mark().is_some()) else {
        return Parts {
            prefix: atoms,
            parent: &[],
            links: Vec::new(),
            rest: &[],
        };
    };
    let before = match atoms[at].mark().map(|mark| mark.kind) {
        Some(Kind::Call | Kind::Array) => at.saturating_sub(1),
        // `Foo {`
        Some(Kind::Literal) => at.saturating_sub(2),
        _ => at,
    };
    let start = operand_start(atoms, before);
    let (end, mut links) = operand_end(atoms, start);
    let parent_end = match links.first() {
        Some(first) => first_index(atoms, first),
        None => end,
    };
    let mut parent = &atoms[start..parent_end];
    // A chain mark right behind the operand ends the parent.
    if let Some(cut) = parent
        .iter()
        .position(|atom| atom.mark().is_some_and(|mark| mark.kind == Kind::Chain))
    {
        parent = &parent[..cut];
    }
    links.retain(|link| !link.is_empty());
    Parts {
        prefix: &atoms[..start],
        parent,
        links,
        rest: &atoms[end..],
    }
}

/// Where in `atoms` a sub-slice, or the mark it came from, starts.
fn first_index<'t>(atoms: &[Atom<'t>], link: &[Atom<'t>]) -> usize {
    let base = atoms.as_ptr_range();
    let start = link.as_ptr();
    if base.contains(&start) {
        atoms
            .iter()
            .position(|atom| std::ptr::eq(atom, start))
            .unwrap_or(atoms.len())
    } else {
        atoms
            .iter()
            .position(|atom| atom.mark().is_some_and(|mark| mark.kind == Kind::Chain))
            .unwrap_or(atoms.len())
    }
}

/// The end of the operand that starts at `start`, and the links of its chain.
fn operand_end<'a, 't>(atoms: &'a [Atom<'t>], start: usize) -> (usize, Vec<&'a [Atom<'t>]>) {
    let mut links: Vec<&'a [Atom<'t>]> = Vec::new();
    let mut index = start;
    let mut link_start = None;
    // A number may hold a dot.
    let number = atoms
        .get(start)
        .and_then(Atom::text)
        .is_some_and(|text| text.starts_with(|first: char| first.is_ascii_digit()));
    while index < atoms.len() {
        let atom = &atoms[index];
        match atom {
            Atom::Mark(mark) if mark.kind == Kind::Chain => {
                if let Some(start) = link_start.take() {
                    links.push(&atoms[start..index]);
                }
                for item in &mark.items {
                    links.extend(dotted(item));
                }
                index += 1;
            }
            Atom::Mark(_) => break,
            Atom::Text(".") if !number => {
                if atoms.get(index + 1).is_some_and(|atom| atom.is(".")) {
                    break;
                }
                if let Some(start) = link_start.replace(index) {
                    links.push(&atoms[start..index]);
                }
                index += 1;
            }
            Atom::Text("(" | "[") => match closing(atoms, index) {
                Some(end) => index = end,
                None => break,
            },
            Atom::Text(" ")
                if atoms.get(index + 1).is_some_and(|atom| atom.is("{"))
                    && atoms
                        .get(index + 2)
                        .and_then(Atom::mark)
                        .is_some_and(|mark| mark.kind == Kind::Literal) =>
            {
                index += 4;
            }
            Atom::Text("<") if index > 0 && atoms[index - 1].is(":") => {
                let mut depth = 0_usize;
                let mut end = index;
                while let Some(atom) = atoms.get(end) {
                    match atom.text() {
                        Some("<") => depth += 1,
                        Some(">") if !atoms[end - 1].is("-") => depth -= 1,
                        _ => {}
                    }
                    end += 1;
                    if depth == 0 {
                        break;
                    }
                }
                index = end;
            }
            Atom::Text(":") => {
                let pair = atoms.get(index + 1).is_some_and(|atom| atom.is(":"));
                if !pair {
                    break;
                }
                index += 2;
            }
            Atom::Text("?") => index += 1,
            Atom::Text("!")
                if index > start
                    && atoms[index - 1].text().is_some_and(is_word)
                    && atoms
                        .get(index + 1)
                        .is_some_and(|atom| atom.is("(") || atom.is("[")) =>
            {
                index += 1;
            }
            Atom::Text(".") => index += 1,
            Atom::Text(text) if index == start || is_word(text) => index += 1,
            Atom::Text(_) => break,
        }
    }
    let index = index.min(atoms.len());
    if let Some(start) = link_start {
        links.push(&atoms[start..index]);
    }
    (index, links)
}

/// The links of one item of a chain mark: `.a.b(c)?` has two.
fn dotted<'a, 't>(item: &'a [Atom<'t>]) -> Vec<&'a [Atom<'t>]> {
    let mut links = Vec::new();
    let mut start = 0;
    let mut index = 0;
    while index < item.len() {
        match item[index].text() {
            Some("(" | "[" | "{") => {
                index = closing(item, index).unwrap_or(item.len());
                continue;
            }
            Some(".") if index > start => {
                links.push(&item[start..index]);
                start = index;
            }
            _ => {}
        }
        index += 1;
    }
    if start < item.len() {
        links.push(&item[start..]);
    }
    links
}
