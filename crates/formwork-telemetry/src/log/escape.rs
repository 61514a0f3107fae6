//! Texts as JSON strings.

use std::fmt;

/// Writes what is formatted into it as the inside of a JSON string.
pub(super) struct Escaped<'a>(pub(super) &'a mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push(self.0, text);
        Ok(())
    }
}

/// Appends a JSON string.
pub(super) fn string(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(b'"');
    push(bytes, text);
    bytes.push(b'"');
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    // Nearly every text is as it should be; this way the compiler looks at many bytes at once.
    let special = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    if !text.bytes().fold(false, |any, byte| any | special(byte)) {
        bytes.extend_from_slice(text.as_bytes());
        return;
    }
    let mut plain = 0;
    for (index, &byte) in text.as_bytes().iter().enumerate() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..=0x1f => b'u',
            _ => continue,
        };
        bytes.extend_from_slice(&text.as_bytes()[plain..index]);
        bytes.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            bytes.extend_from_slice(&[b'0', b'0', HEX[high], HEX[low]]);
        }
        plain = index + 1;
    }
    bytes.extend_from_slice(&text.as_bytes()[plain..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_a_json_string() {
        let text: String = (0..0x100).filter_map(char::from_u32).collect();
        let mut bytes = Vec::new();
        string(&mut bytes, &text);
        assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
    }
}
