//! Pieces become text again: commas between them, newlines where there are lines.

use crate::tree::{Comma, List};

/// An entry of the result.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) lead: String,
    pub(crate) core: String,
    /// What follows the core and its comma.
    pub(crate) trail: String,
    /// Whether it was made of whole lines.
    pub(crate) lines: bool,
    /// Whether it had a comma.
    pub(crate) comma: bool,
    /// Whether it is lines that are to be left as they are.
    pub(crate) whole: bool,
}

impl Piece {
    /// Whole lines: a conflict, or the merge of texts.
    pub(crate) fn lines(core: String) -> Self {
        Self {
            lead: String::new(),
            core,
            trail: String::new(),
            lines: true,
            comma: false,
            whole: true,
        }
    }

    fn has_comments(&self) -> bool {
        !self.lead.trim().is_empty() || !self.trail.trim().is_empty()
    }
}

/// The span of a list with these pieces, in the shape of the list `frame`.
pub(crate) fn render(
    frame: &List,
    text: &str,
    lines: bool,
    opening: &str,
    pieces: Vec<Piece>,
    ending: &str,
) -> String {
    let (mut opening, mut ending) = (opening.to_owned(), ending.to_owned());
    if frame.comma == Comma::Braced {
        let braced = opening.starts_with('{');
        let keep = pieces.len() != 1
            || pieces
                .iter()
                .any(|it| it.core.trim() == "self" || it.has_comments());
        if keep && !braced {
            opening.insert(0, '{');
            ending.push('}');
        } else if !keep && braced {
            return pieces
                .into_iter()
                .map(|it| it.core.trim().to_owned())
                .collect();
        }
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let starts_line = frame
        .entries
        .first()
        .is_some_and(|first| first.span.start == 0 || text[..first.span.start].ends_with('\n'));
    let indent = frame.indent(text).unwrap_or_default();
    let first_lead = frame
        .entries
        .first()
        .map_or("", |first| &text[first.lead()]);
    let last_comma = frame
        .entries
        .last()
        .is_some_and(|last| last.comma.is_some());
    let mut result = opening;
    let count = pieces.len();
    let mut commented = false;
    for (index, piece) in pieces.into_iter().enumerate() {
        let last = index + 1 == count;
        if piece.whole {
            if !result.is_empty() && !result.ends_with('\n') {
                result.push_str(newline);
            }
            result.push_str(&piece.core);
            continue;
        }
        let comma = match frame.comma {
            Comma::No => false,
            Comma::Arms if piece.core.ends_with('}') => piece.comma,
            _ if last => last_comma,
            _ => true,
        };
        if lines {
            if index > 0 && !result.ends_with('\n') {
                result.push_str(newline);
            }
            match (piece.lines, index) {
                (_, 0) if !starts_line => result.push_str(piece.lead.trim_start()),
                (true, _) => result.push_str(&piece.lead),
                (false, _) => {
                    for line in piece
                        .lead
                        .lines()
                        .map(str::trim)
                        .filter(|it| !it.is_empty())
                    {
                        result.push_str(indent);
                        result.push_str(line);
                        result.push_str(newline);
                    }
                    result.push_str(indent);
                }
            }
            result.push_str(&piece.core);
            if comma {
                result.push(',');
            }
            result.push_str(&piece.trail);
            let ended = piece.core.ends_with('\n') || piece.trail.ends_with('\n');
            let at_end = last && ending.is_empty() && piece.lines;
            if !ended && !at_end {
                result.truncate(result.trim_end_matches([' ', '\t']).len());
                result.push_str(newline);
            }
            continue;
        }
        // A comment that ends its line must end it.
        if commented && !piece.lead.starts_with(['\n', '\r']) && !result.ends_with('\n') {
            result.push_str(newline);
        }
        commented = !piece.trail.trim().is_empty();
        if piece.has_comments() && piece.lines {
            if !result.ends_with('\n') {
                result.push_str(newline);
            }
            result.push_str(&piece.lead);
        } else if piece.has_comments() {
            result.push_str(&piece.lead);
        } else if index == 0 {
            result.push_str(first_lead);
        } else if piece.lines || (piece.lead.is_empty() && comma_list(frame.comma)) {
            if !result.ends_with(['\n', ' ']) {
                result.push(' ');
            }
        } else {
            result.push_str(&piece.lead);
        }
        result.push_str(&piece.core);
        if comma {
            result.push(',');
        }
        match piece.lines && !piece.has_comments() {
            true => {}
            false => result.push_str(&piece.trail),
        }
    }
    result.push_str(&ending);
    result
}

fn comma_list(comma: Comma) -> bool {
    comma != Comma::No
}
