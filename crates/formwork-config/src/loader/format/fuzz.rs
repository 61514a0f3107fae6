//! Random texts: readers answer, whatever they are given. `PROPTEST_CASES` sets how many are tried.

use proptest::prelude::*;

use super::Format;
use crate::node::{Node, Value};
use crate::{Origin, OriginKind};

const FORMATS: [Format; 3] = [Format::Toml, Format::Yaml, Format::Json];

/// What stands in for a secret. No reader knows it, so that it is in a message only if the text is.
const CANARY: &str = "c4n4ry";

/// Texts that were trouble, here or in the readers underneath, or are likely to be.
const SEEDS: [&str; 31] = [
    "",
    "\u{feff}",
    "\0",
    "\r",
    "a = \"c4n4ry",
    "a = \"\"\"c4n4ry",
    "a = 'c4n4ry\n'",
    "a = \"\\uD800\"",
    "a = \"\\U00110000\"",
    "a = 0x",
    "a = 99999999999999999999",
    "a = 1e999",
    "[[a]]\n[a]\n",
    "a.b = 1\n[a]\nb.c = 2",
    "a = { b = 1, }",
    "a: &a [*a]",
    "a: &a\n  <<: *a",
    "? |\n c4n4ry\n: >-\n c4n4ry",
    "%YAML 9.9\n---\na: 1",
    "%TAG ! c4n4ry\n---\na: !x y",
    "--- a\n... b",
    "a: 'c4n4ry",
    "a: \"\\x\"",
    "\t- a",
    "- - - a: [",
    "{\"a\": \"\\ud83d\\ude00\\udc00\"}",
    "{\"a\": 1E+}",
    "{\"a\": -0}",
    "{\"a\": -1.5e34}",
    "{\"\": {\"\": {\"\": []}}}",
    "{\"a\": 18446744073709551616}",
];

/// Every reader's answer to a text is a tree whose places lie in the text, or a message without a
/// piece of it.
fn check(text: &str) {
    let origin = Origin::new(OriginKind::BaseFile, "file");
    for format in FORMATS {
        match format.parse(text, &origin) {
            Ok(node) => places(&node, text),
            Err(violations) => {
                assert!(!violations.is_empty() && violations.len() <= 20);
                for violation in violations {
                    let shown = format!("{violation} {violation:?}");
                    assert!(!shown.contains(CANARY), "{format:?}: {shown} in {text:?}");
                }
            }
        }
    }
    if let Ok(expected) = serde_json::from_str::<serde_json::Value>(text) {
        let read = Format::Json.parse(text, &origin);
        match (&expected, read) {
            (_, Ok(node)) => assert!(agree(&node, &expected), "{text:?}"),
            // What is valid JSON and refused all the same.
            (serde_json::Value::Object(_), Err(violations)) => {
                let told = violations[0].message.as_str();
                let known = ["`null`", "duplicate key", "too deep"];
                assert!(known.iter().any(|it| told.contains(it)), "{told}: {text:?}");
            }
            _ => {}
        }
    } else {
        assert!(Format::Json.parse(text, &origin).is_err(), "{text:?}");
    }
}

fn places(node: &Node, text: &str) {
    if let Some(position) = node.origin.position {
        let lines = text.split('\n').count() as u32;
        assert!(
            (1..=lines + 1).contains(&position.line),
            "{position:?} in {text:?}"
        );
        assert!(
            position.column as usize <= text.len() + 1,
            "{position:?} in {text:?}"
        );
    }
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| places(item, text)),
        Value::Table(entries) => entries.values().for_each(|item| places(item, text)),
        _ => {}
    }
}

/// Whether another reader of JSON reads the same.
fn agree(node: &Node, other: &serde_json::Value) -> bool {
    match (&node.value, other) {
        (Value::Boolean(one), serde_json::Value::Bool(other)) => one == other,
        (Value::Integer(0), serde_json::Value::Number(other)) => other.as_f64() == Some(0.0),
        (Value::Integer(one), serde_json::Value::Number(other)) => other.as_i64() == Some(*one),
        // The other reader rounds the last digits as it likes.
        (Value::Float(one), serde_json::Value::Number(other)) => other
            .as_f64()
            .is_some_and(|other| (one - other).abs() <= one.abs() * 1e-14),
        // What is beyond the numbers of this crate is kept as text, for a message.
        (Value::Text(_), serde_json::Value::Number(other)) => other.as_i64().is_none(),
        (Value::Text(one), serde_json::Value::String(other)) => **one == *other,
        (Value::List(one), serde_json::Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| agree(one, other))
        }
        (Value::Table(one), serde_json::Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| agree(one, other)))
        }
        _ => false,
    }
}

#[test]
fn seeds_are_answered() {
    SEEDS.iter().for_each(|seed| check(seed));
}

/// Pieces of the three languages, one after the other.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "http",
        "c4n4ry",
        "\"",
        "'",
        "\"\"\"",
        "'''",
        "=",
        ":",
        ": ",
        ",",
        ".",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "\n",
        "\r\n",
        "  ",
        "\t",
        "#",
        "- ",
        "? ",
        "|\n",
        ">\n",
        "&a ",
        "*a",
        "!t ",
        "<<",
        "%",
        "---\n",
        "...\n",
        "true",
        "null",
        "~",
        "1",
        "-0",
        "0x1",
        "1.5",
        "1e9",
        "inf",
        "nan",
        "1979-05-27",
        "\\",
        "\\u00e4",
        "\\ud83d",
        "\\x",
        "ä",
        "€",
        "𝄞",
        "\u{feff}",
        "\0",
        "\u{7f}",
        "\u{2028}",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A valid text with a few bytes changed.
fn mutations() -> impl Strategy<Value = String> {
    let texts = prop::sample::select(vec![
        "[http]\nlisten = \"c4n4ry\"\ntimeout = 5\nlist = [1, \"c4n4ry\", { a = true }]\n[[x]]\na.b = 'c4n4ry'\n",
        "http:\n  listen: \"c4n4ry\"\n  list: [1, c4n4ry, {a: true}]\nx: &x\n  - a: 'c4n4ry'\ny: *x\nz: |\n  c4n4ry\n",
        "{\"http\": {\"listen\": \"c4n4ry\", \"n\": -1.5e3, \"list\": [1, \"\\u00e4c4n4ry\", {\"a\": true}]}}\n",
    ]);
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    (texts, prop::collection::vec(change, 0..8)).prop_map(|(text, changes)| {
        let mut bytes = text.as_bytes().to_vec();
        for (index, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let index = index.index(bytes.len());
            match how {
                0 => bytes[index] = byte,
                1 => bytes.insert(index, byte),
                _ => {
                    bytes.remove(index);
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_pieces_are_answered(text in pieces()) {
        check(&text);
    }

    #[test]
    fn any_mutation_is_answered(text in mutations()) {
        check(&text);
    }
}
