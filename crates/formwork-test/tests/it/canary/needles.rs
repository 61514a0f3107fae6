//! The marker, and the disguises it is looked for in.

/// What is put into every secret. Its letters and digits survive any encoding of URLs; the rest
/// does not.
pub(super) const MARKER: &str = "kanarie5f1d9c2b/+=&~7e";

/// The marker as a part of a URL.
pub(super) const IN_URLS: &str = "kanarie5f1d9c2b%2F%2B%3D%26~7e";

/// The part of the marker that no encoding of URLs, quotes or JSON changes.
const CORE: &str = "kanarie5f1d9c2b";

/// Everywhere in `text` the marker is, plain or in disguise, with what is around it.
pub(super) fn find(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let hex: String = CORE.bytes().map(|byte| format!("{byte:02x}")).collect();
    let plain = [CORE.to_owned(), hex];
    let mut found = found(&lower, &plain);
    found.extend(self::found(text, &in_base64()));
    found
}

fn found(text: &str, needles: &[String]) -> Vec<String> {
    let places = needles
        .iter()
        .flat_map(|needle| text.match_indices(needle.as_str()));
    places
        .map(|(at, _)| {
            let from = text[..at]
                .char_indices()
                .rev()
                .nth(40)
                .map_or(0, |(from, _)| from);
            text[from..].chars().take(120).collect()
        })
        .collect()
}

/// The core in base64, whatever stands before and after it, in both alphabets.
fn in_base64() -> Vec<String> {
    let mut needles = Vec::new();
    for shift in 0..3 {
        let bytes: Vec<u8> = std::iter::repeat_n(0, shift).chain(CORE.bytes()).collect();
        // The first symbols depend on what stands before, the last one on what comes after.
        let symbols = &bytes[..bytes.len() / 3 * 3];
        let text = base64(symbols);
        let text = text[(shift * 8).div_ceil(6)..].to_owned();
        needles.push(text.replace('+', "-").replace('/', "_"));
        needles.push(text);
    }
    needles.dedup();
    needles
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let symbol = |group: u32, shift: u32| char::from(ALPHABET[(group >> shift) as usize % 64]);
    let groups = bytes.chunks_exact(3);
    groups
        .map(|chunk| u32::from_be_bytes([0, chunk[0], chunk[1], chunk[2]]))
        .flat_map(|group| [18, 12, 6, 0].map(|shift| symbol(group, shift)))
        .collect()
}

#[test]
fn the_marker_is_found_in_every_disguise() {
    assert_eq!(base64(b"Many hands make "), "TWFueSBoYW5kcyBtYWtl");
    for text in [
        format!("a {MARKER} b"),
        format!("a {IN_URLS} b"),
        format!("a {} b", MARKER.to_uppercase()),
        // `x`, `xy` and `xyz` before the marker.
        "eGthbmFyaWU1ZjFkOWMyYi8rPSZ+N2U=".to_owned(),
        "eHlrYW5hcmllNWYxZDljMmIvKz0mfjdl".to_owned(),
        "eHl6a2FuYXJpZTVmMWQ5YzJiLys9Jn43ZQ==".to_owned(),
        "6b616e617269653566316439633262".to_owned(),
    ] {
        assert_eq!(find(&text).len(), 1, "{text}");
    }
    assert_eq!(find("a canary 5f1d9c2b in a mine"), [""; 0]);
}
