//! Listings, a page at a time, by the place where the last page ended.

use std::fmt;
use std::str::FromStr;

use crate::Id;

/// Which part of a listing is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Where the last page ended; `None` for the first page.
    pub after: Option<Cursor>,
    /// At most so many items.
    pub limit: u32,
    /// From the greatest to the least.
    pub descending: bool,
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the order asked for.
    pub items: Vec<T>,
    /// Where the next page continues; `None` when this is the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// A page from up to one item more than `limit`: the surplus item only tells that there is a
    /// next page. `cursor` gives the place of an item in the order of the listing.
    pub fn cut(mut items: Vec<T>, limit: u32, cursor: impl FnOnce(&T) -> Cursor) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
}

/// The place of an item in a listing: what it is sorted by, then its identifier.
///
/// As text it is safe in a URL, and meant to be handed back unread.
///
/// ```
/// use formwork_domain::{Cursor, SortKey};
///
/// let cursor = Cursor { key: SortKey::Integer(-5), id: [7; 16] };
/// assert_eq!(cursor.to_string().parse(), Ok(cursor));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// What the item is sorted by.
    pub key: SortKey,
    /// The bytes of its identifier.
    pub id: [u8; 16],
}

/// What an item is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// A number: integers, amounts in minor units, instants in microseconds.
    Integer(i64),
    /// A text.
    Text(String),
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            SortKey::Integer(number) => write!(f, "i{number}")?,
            SortKey::Text(text) => {
                f.write_str("t")?;
                for byte in text.bytes() {
                    write!(f, "{byte:02x}")?;
                }
            }
        }
        write!(f, "_{}", Id::<()>::from_bytes(self.id))
    }
}

/// A text that is no cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseCursorError;

impl fmt::Display for ParseCursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a cursor as a listing returned it")
    }
}

impl std::error::Error for ParseCursorError {}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, id) = text.split_once('_').ok_or(ParseCursorError)?;
        let id: Id<()> = id.parse().map_err(|_| ParseCursorError)?;
        let key = match key.split_at_checked(1) {
            Some(("i", number)) => number.parse().ok().map(SortKey::Integer),
            Some(("t", hex)) => text_from_hex(hex.as_bytes()).map(SortKey::Text),
            _ => None,
        };
        let key = key.ok_or(ParseCursorError)?;
        Ok(Self {
            key,
            id: id.to_bytes(),
        })
    }
}

fn text_from_hex(hex: &[u8]) -> Option<String> {
    let digit = |symbol: u8| (symbol as char).to_digit(16);
    let bytes: Option<Vec<u8>> = hex
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
            _ => None,
        })
        .collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_reject_everything_else() {
        for key in [
            SortKey::Integer(i64::MIN),
            SortKey::Integer(i64::MAX),
            SortKey::Text(String::new()),
            SortKey::Text("a_b/ü%".to_owned()),
        ] {
            let cursor = Cursor { key, id: [9; 16] };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        let id = Id::<()>::from_bytes([9; 16]);
        for wrong in [
            "",
            "_",
            &format!("_{id}"),
            &format!("i_{id}"),
            &format!("x1_{id}"),
        ] {
            assert_eq!(wrong.parse::<Cursor>(), Err(ParseCursorError), "{wrong}");
        }
        for wrong in ["tf", "tzz", "tff", "i1.5", "é1"] {
            let wrong = format!("{wrong}_{id}");
            assert_eq!(wrong.parse::<Cursor>(), Err(ParseCursorError), "{wrong}");
        }
    }

    #[test]
    fn a_page_knows_whether_there_is_more() {
        let cursor = |item: &i64| Cursor {
            key: SortKey::Integer(*item),
            id: [0; 16],
        };
        let page = Page::cut(vec![1, 2, 3], 2, cursor);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(page.next, Some(cursor(&2)));
        assert_eq!(Page::cut(vec![1, 2], 2, cursor).next, None);
        assert_eq!(Page::cut(vec![], 2, cursor).next, None);
    }
}
