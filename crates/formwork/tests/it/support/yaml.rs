//! Reads the plain YAML of a file we wrote.

use granit_parser::{Event, Options, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// The document, which must be one without anchors and tags.
///
/// # Panics
/// When it is not, or is no YAML, or has a key twice.
pub(crate) fn read(text: &str) -> Value {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut events = Parser::new_from_str_with_options(text, options).map(|event| match event {
        Ok((event, _)) => event,
        Err(error) => panic!("{error}:\n{text}"),
    });
    let mut root = Value::Null;
    while let Some(event) = events.next() {
        if let Event::DocumentStart(..) = event {
            assert!(root.is_null(), "there is one document");
            let first = next(&mut events);
            root = value(first, &mut events);
        }
    }
    root
}

fn next<'a>(events: &mut impl Iterator<Item = Event<'a>>) -> Event<'a> {
    events.next().expect("the document goes on")
}

fn value<'a>(event: Event<'a>, events: &mut impl Iterator<Item = Event<'a>>) -> Value {
    match event {
        Event::Scalar(text, style, 0, None) => match (style, &*text) {
            (ScalarStyle::Plain, "true") => Value::Bool(true),
            (ScalarStyle::Plain, "false") => Value::Bool(false),
            (ScalarStyle::Plain, "" | "~" | "null") => Value::Null,
            (ScalarStyle::Plain, text) if text.parse::<f64>().is_ok() => {
                serde_json::from_str(text).expect("a number")
            }
            (_, text) => Value::String(text.to_owned()),
        },
        Event::SequenceStart(_, 0, None) => {
            let mut items = Vec::new();
            loop {
                match next(events) {
                    Event::SequenceEnd => return Value::Array(items),
                    event => items.push(value(event, events)),
                }
            }
        }
        Event::MappingStart(_, 0, None) => {
            let mut entries = Map::new();
            loop {
                let key = match next(events) {
                    Event::MappingEnd => return Value::Object(entries),
                    Event::Scalar(key, ..) => key.into_owned(),
                    other => panic!("expected a key, found {other:?}"),
                };
                let first = next(events);
                let value = value(first, events);
                assert!(!entries.contains_key(&key), "{key} is there twice");
                entries.insert(key, value);
            }
        }
        other => panic!("expected a plain value, found {other:?}"),
    }
}
