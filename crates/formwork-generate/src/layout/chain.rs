//! Method chains.

use super::expression::operand;
use super::mark::{Atom, flat};
use super::shape::{Shape, TAB, break_to, first_line, last_line, width};

/// rustfmt's `chain_width`.
const CHAIN_WIDTH: usize = 60;

/// Writes `parent` and its links, on one line or one link per line.
pub(super) fn rewrite(parent: &[Atom<'_>], links: &[&[Atom<'_>]], shape: Shape) -> Option<String> {
    let mut root = operand(parent, shape)?;
    let mut ends_with_block = root.contains('\n');
    let mut remaining = links;
    // A short root keeps its first links: `self.orders`, not `self` alone.
    let orphan = TAB.saturating_sub(shape.offset);
    while root.len() <= orphan && !root.contains('\n') {
        let Some((link, further)) = remaining.split_first() else {
            break;
        };
        let Some(text) = shape
            .after(width(&root))
            .and_then(|shape| operand(link, shape))
        else {
            break;
        };
        root.push_str(&text);
        ends_with_block = extendable(&root);
        remaining = further;
    }
    let Some((last, middle)) = remaining.split_last() else {
        return shape.fits(&root).then_some(root);
    };
    let child = shape.nested(if ends_with_block { 0 } else { TAB });

    let mut texts = vec![root];
    for link in middle {
        texts.push(operand(link, child)?);
    }
    let (last, one_line) = rewrite_last(last, &texts, links.len(), ends_with_block, shape, child)?;
    texts.push(last);
    let text = if one_line {
        texts.concat()
    } else {
        texts.join(&break_to(child.indent))
    };
    shape.fits(&text).then_some(text)
}

/// Writes the last link, and says whether the chain stays on one line.
///
/// The last link may spread its arguments over lines while the chain itself is not broken, when that
/// is no longer than the broken chain or the arguments are many.
fn rewrite_last(
    link: &[Atom<'_>],
    before: &[String],
    count: usize,
    ends_with_block: bool,
    shape: Shape,
    child: Shape,
) -> Option<(String, bool)> {
    const MANY: usize = 5;
    let tries = flat(link)
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'?')
        .count();
    let link = &link[..link.len() - tries];
    let finish = |text: String, one_line: bool| Some((text + &"?".repeat(tries), one_line));

    let extends = ends_with_block && extendable(&before[0]);
    let taken = tries
        + if extends {
            last_line(&before[0])
        } else {
            before.iter().map(|text| width(text)).sum()
        };
    let budget = if count == 1 {
        shape.width
    } else {
        shape.width.min(CHAIN_WIDTH)
    }
    .saturating_sub(taken);
    let single = before.iter().all(|text| !text.contains('\n')) && budget > 0;
    // rustfmt counts a final `?` again at every step.
    let alone = child.before(shape.overhead() + 2 * tries)?;

    let same = if single {
        shape.before(2 * tries)?.after(taken)
    } else if extends {
        child.before(2 * tries)?.after(taken)
    } else {
        None
    };
    let same = same.and_then(|shape| operand(link, shape));
    let Some(same) = same else {
        return finish(operand(link, alone)?, false);
    };
    let lines = same.lines().count();
    let ending = if same.contains('\n') { 0 } else { tries };
    let fits = first_line(&same) + ending <= budget;
    if fits && lines >= MANY {
        return finish(same, single);
    }
    match operand(link, alone) {
        Some(own) if !fits => finish(own, false),
        Some(own) if own.lines().count() < lines => finish(own, false),
        _ => finish(same, fits && single),
    }
}

/// Whether text can go on after its last line, which holds nothing but closing brackets.
fn extendable(text: &str) -> bool {
    text.chars()
        .rev()
        .take_while(|character| *character != '\n')
        .all(|character| {
            matches!(character, '(' | ')' | ']' | '}' | '?' | '>') || character.is_whitespace()
        })
}
