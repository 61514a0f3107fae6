//! Identifiers one can predict.

use std::sync::atomic::{AtomicU64, Ordering};

use formwork_domain::Identifiers;

/// Identifiers that count: the first ends in `…0001`, the second in `…0002`. They look like
/// UUIDv7 values of the year 1970.
///
/// ```
/// use formwork_domain::{Id, Identifiers};
/// use formwork_test::CountingIdentifiers;
///
/// let identifiers = CountingIdentifiers::new();
/// let id = Id::<()>::from_bytes(identifiers.next());
/// assert_eq!(id.to_string(), "00000000-0000-7000-8000-000000000001");
/// ```
#[derive(Debug, Default)]
pub struct CountingIdentifiers {
    last: AtomicU64,
}

impl CountingIdentifiers {
    /// Identifiers that start at one.
    pub const fn new() -> Self {
        Self {
            last: AtomicU64::new(0),
        }
    }
}

impl Identifiers for CountingIdentifiers {
    fn next(&self) -> [u8; 16] {
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        bytes[6] = 0x70;
        bytes[8] |= 0x80;
        bytes
    }
}
