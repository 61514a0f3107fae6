//! The room an expression has on its line, and how wide text is.

/// The widest line rustfmt writes.
pub(super) const MAX_WIDTH: usize = 100;
/// One step of indentation.
pub(super) const TAB: usize = 4;

/// Where an expression starts and how many columns it may take.
///
/// `indent` is the indentation of the enclosing block, `offset` how far right of it the expression
/// starts, `width` what is left for its first line once everything that follows it is reserved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) indent: usize,
    pub(super) offset: usize,
    pub(super) width: usize,
}

impl Shape {
    /// A whole line at an indentation.
    pub(super) fn indented(indent: usize) -> Self {
        Self {
            indent,
            offset: 0,
            width: MAX_WIDTH.saturating_sub(indent),
        }
    }

    /// A whole line, one or more steps deeper (or none).
    pub(super) fn nested(self, by: usize) -> Self {
        Self::indented(self.indent + by)
    }

    /// What remains after `width` columns at the left.
    pub(super) fn after(self, width: usize) -> Option<Self> {
        Some(Self {
            offset: self.offset + width,
            width: self.width.checked_sub(width)?,
            ..self
        })
    }

    /// What remains when `width` columns at the right are taken.
    pub(super) fn before(self, width: usize) -> Option<Self> {
        Some(Self {
            width: self.width.checked_sub(width)?,
            ..self
        })
    }

    /// The columns left of the expression.
    pub(super) fn used(self) -> usize {
        self.indent + self.offset
    }

    /// The columns reserved right of the expression.
    pub(super) fn overhead(self) -> usize {
        MAX_WIDTH.saturating_sub(self.used() + self.width)
    }

    /// Whether finished text respects the shape: its first line, its last one, and all between.
    pub(super) fn fits(self, text: &str) -> bool {
        if first_line(text) > self.width {
            return false;
        }
        if !text.contains('\n') {
            return true;
        }
        text.lines().skip(1).all(|line| width(line) <= MAX_WIDTH)
            && last_line(text) <= self.used() + self.width
    }
}

/// The columns of one line. Wide East Asian characters count double, as rustfmt counts them.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().map(columns).sum()
    }
}

pub(super) fn first_line(text: &str) -> usize {
    width(text.split('\n').next().unwrap_or(text))
}

pub(super) fn last_line(text: &str) -> usize {
    width(text.rsplit('\n').next().unwrap_or(text))
}

pub(super) fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// A line break followed by an indentation.
pub(super) fn break_to(indent: usize) -> String {
    let mut text = String::with_capacity(indent + 1);
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', indent));
    text
}

fn columns(character: char) -> usize {
    match character as u32 {
        0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0x33FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xA000..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F900..=0x1F9FF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}
