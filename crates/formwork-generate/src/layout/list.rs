//! Bracketed lists of arguments and elements.

use super::expression::{self, Form, form};
use super::lexer::is_word;
use super::mark::{Atom, flat};
use super::shape::{Shape, TAB, break_to, first_line, newlines, width};

/// rustfmt's `fn_call_width` and `array_width`.
const ITEMS_WIDTH: usize = 60;
/// rustfmt's `short_array_element_width_threshold`.
const SHORT: usize = 10;

/// Macros whose leading arguments and format arguments are laid out apart.
const FORMAT_MACROS: [(&str, usize); 20] = [
    ("eprint!", 0),
    ("eprintln!", 0),
    ("format!", 0),
    ("format_args!", 0),
    ("print!", 0),
    ("println!", 0),
    ("panic!", 0),
    ("unreachable!", 0),
    ("debug!", 0),
    ("error!", 0),
    ("info!", 0),
    ("warn!", 0),
    ("assert!", 1),
    ("debug_assert!", 1),
    ("write!", 1),
    ("writeln!", 1),
    ("assert_eq!", 2),
    ("assert_ne!", 2),
    ("debug_assert_eq!", 2),
    ("debug_assert_ne!", 2),
];

pub(super) struct List<'a, 't> {
    /// Everything before the opening bracket.
    pub(super) callee: &'a str,
    pub(super) open: &'t str,
    pub(super) close: &'t str,
    pub(super) items: &'a [Vec<Atom<'t>>],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tactic {
    Horizontal,
    Vertical,
    /// As many to a line as fit.
    Filled,
    /// The format string of a macro on its own line, this many arguments before it.
    Format(usize),
}

pub(super) fn rewrite(list: &List<'_, '_>, shape: Shape) -> Option<String> {
    let List {
        callee,
        open,
        close,
        items,
    } = *list;
    if items.is_empty() {
        let text = format!("{callee}{open}{close}");
        return (width(&text) <= shape.width).then_some(text);
    }
    let one_line = shape.width.saturating_sub(width(callee) + 2);
    let nested = shape.nested(TAB).before(1)?;
    let mut texts: Vec<Option<String>> = items
        .iter()
        .map(|item| expression::rewrite(item, nested))
        .collect();
    let tactic = arrange(list, &mut texts, shape, one_line, nested);
    let texts: Vec<String> = texts.into_iter().collect::<Option<_>>()?;

    let mut text = format!("{callee}{open}");
    let inside = match tactic {
        Tactic::Horizontal => texts.join(", "),
        Tactic::Vertical => {
            let mut inside = texts.join(&format!(",{}", break_to(nested.indent)));
            inside.push(',');
            inside
        }
        Tactic::Filled => fill(&texts, nested),
        Tactic::Format(before) => format_arguments(&texts, before, nested),
    };
    if tactic == Tactic::Horizontal
        && first_line(&inside) < shape.width.saturating_sub(width(callee))
    {
        text.push_str(&inside);
    } else {
        text.push_str(&break_to(nested.indent));
        text.push_str(&inside);
        text.push_str(&break_to(shape.indent));
    }
    text.push_str(close);
    Some(text)
}

/// Decides how the items are arranged; the last one may be rewritten to open on the line of the call.
fn arrange(
    list: &List<'_, '_>,
    texts: &mut [Option<String>],
    shape: Shape,
    one_line: usize,
    nested: Shape,
) -> Tactic {
    let items = list.items;
    let alone = items.len() == 1;
    let last = items.len() - 1;
    let combines = alone && list.callee.len() < TAB;
    if combines || (alone && form(&items[0]) != Form::Other) || is_closure(&items[last]) {
        let room = shape
            .after(width(list.callee) + 1)
            .and_then(|shape| shape.before(1))
            .unwrap_or(Shape { width: 0, ..shape });
        let room = if alone && form(&items[0]) != Form::Call {
            Some(room)
        } else {
            let taken = texts[..last]
                .iter()
                .map(|text| 2 + text.as_deref().map_or(0, width))
                .sum();
            Shape {
                width: room.width.min(ITEMS_WIDTH),
                ..room
            }
            .after(taken)
        };
        let one_line_chain = !combines && form(&items[last]) == Form::MethodCall;
        let overflowed = room.and_then(|room| {
            expression::rewrite(&items[last], room)
                .filter(|text| !one_line_chain || !broken_chain(&items[last], text))
        });
        if let Some(overflowed) = overflowed {
            let first: String = overflowed.split('\n').next().unwrap_or_default().to_owned();
            let whole = texts[last].replace(first);
            if tactic(texts, one_line) == Tactic::Horizontal {
                let single = whole.as_ref().is_some_and(|text| !text.contains('\n'));
                texts[last] = if alone && newlines(&overflowed) == 1 && single {
                    whole
                } else {
                    Some(overflowed)
                };
                return Tactic::Horizontal;
            }
            texts[last] = whole;
        }
    }
    if alone
        && one_line != 0
        && let Some(text) = &texts[0]
        && !text.contains('\n')
        && width(text) <= one_line
    {
        return Tactic::Horizontal;
    }
    if tactic(texts, one_line) == Tactic::Horizontal {
        return Tactic::Horizontal;
    }
    let special = FORMAT_MACROS.iter().find(|(name, _)| *name == list.callee);
    if let Some((_, before)) = special {
        let apart = items.len() > *before
            && items[..*before].iter().all(|item| is_simple(item))
            && items[before + 1..].iter().all(|item| is_simple(item))
            && joined(&texts[..*before]) <= nested.width
            && joined(&texts[before + 1..]) <= nested.width;
        if apart {
            return Tactic::Format(*before);
        }
    } else if items.iter().all(|item| is_simple(item))
        && texts
            .iter()
            .all(|text| text.as_ref().is_some_and(|text| text.len() <= SHORT))
    {
        return Tactic::Filled;
    }
    Tactic::Vertical
}

fn tactic(texts: &[Option<String>], one_line: usize) -> Tactic {
    let multiline = texts.iter().flatten().any(|text| text.contains('\n'));
    if joined(texts) <= one_line.min(ITEMS_WIDTH) && !multiline {
        Tactic::Horizontal
    } else {
        Tactic::Vertical
    }
}

/// The width of items joined on one line.
fn joined(texts: &[Option<String>]) -> usize {
    let items: usize = texts.iter().flatten().map(|text| width(text)).sum();
    items + 2 * texts.len().saturating_sub(1)
}

/// As many items to a line as fit.
pub(super) fn fill(texts: &[String], shape: Shape) -> String {
    let mut text = String::new();
    let mut line = 0_usize;
    let mut broken = false;
    for (index, item) in texts.iter().enumerate() {
        let last = index + 1 == texts.len();
        let total = width(item) + usize::from(!last || broken);
        if line > 0 && line + 1 + total > shape.width {
            text.push_str(&break_to(shape.indent));
            line = 0;
            broken = true;
        } else if line > 0 {
            text.push(' ');
            line += 1;
        }
        text.push_str(item);
        text.push(',');
        line += total;
    }
    text
}

/// Arguments of a formatting macro: those before the format string, the string, those after it.
fn format_arguments(texts: &[String], before: usize, shape: Shape) -> String {
    let mut text = String::new();
    for (index, item) in texts.iter().enumerate() {
        if index > 0 && (index < before || index > before + 1) {
            text.push(' ');
        } else if index > 0 {
            text.push_str(&break_to(shape.indent));
        }
        text.push_str(item);
        if index + 1 < texts.len() {
            text.push(',');
        }
    }
    text
}

/// A name, a field, a literal, or one of them behind `&`, `*`, `!`, `-` or before `?`.
fn is_simple(item: &[Atom<'_>]) -> bool {
    let text = flat(item);
    if text.starts_with('"') {
        return item.len() == 1;
    }
    let core = text.trim_start_matches(['&', '*', '!', '-']);
    let core = core.strip_prefix("mut ").unwrap_or(core);
    let core = core.trim_end_matches('?');
    let chars = core.starts_with('\'') || core.starts_with("b'");
    is_word(core)
        && core
            .chars()
            .all(|character| character.is_alphanumeric() || character == '_' || character == '.')
        || (chars && item.len() == 1)
}

/// A closure opens on the line of the call even behind other arguments.
fn is_closure(item: &[Atom<'_>]) -> bool {
    let text = flat(item);
    let text = text.strip_prefix("move ").unwrap_or(&text);
    text.starts_with('|')
}

/// Whether a method chain was broken between its links.
fn broken_chain(item: &[Atom<'_>], text: &str) -> bool {
    let links = expression::split(item).links.len();
    links > 0
        && text
            .lines()
            .skip(1)
            .any(|line| line.trim_start().starts_with('.'))
}
