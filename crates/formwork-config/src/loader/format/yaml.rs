//! YAML 1.2 with the core schema: `yes` and `on` are text, `null` is no value. Aliases are
//! followed up to a bound; tags and several documents are refused.

use std::collections::{BTreeMap, HashMap};

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, Span, StrInput};

use super::{MAX_DEPTH, Mistake};
use crate::Origin;
use crate::node::{Node, Value};

/// How many values aliases may multiply a file into.
const MAX_VALUES: usize = 100_000;

/// The tree of a text, or the first mistake in its syntax.
pub(super) fn parse(text: &str, origin: &Origin) -> Result<Node, Mistake> {
    let mut options = Options::default();
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    options.set_emit_comments(false);
    let mut composer = Composer {
        parser: Parser::new_from_str_with_options(text, options),
        origin,
        anchors: HashMap::new(),
        values: 0,
    };
    composer.document()
}

struct Composer<'a> {
    parser: Parser<'a, StrInput<'a>>,
    origin: &'a Origin,
    /// Values by their anchor, with how many values each is.
    anchors: HashMap<usize, (Node, usize)>,
    /// How many values there are by now.
    values: usize,
}

impl<'a> Composer<'a> {
    fn document(&mut self) -> Result<Node, Mistake> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(self.mistake(span, "expected one document, found several"));
                }
                Event::DocumentStart(..) => {
                    let (event, span) = self.next()?;
                    // An empty document is an empty table, as an empty file is.
                    root = match self.value(event, span, 0)? {
                        Some(node) if node.as_table().is_some() => Some(node),
                        Some(_) => return Err(self.mistake(span, "expected keys with values")),
                        None => Some(Node::empty_table(self.at(span))),
                    };
                }
                Event::StreamEnd => {
                    return Ok(root.unwrap_or_else(|| Node::empty_table(self.origin.clone())));
                }
                _ => return Err(self.mistake(span, "expected a document")),
            }
        }
    }

    /// The next event that is about values.
    fn next(&mut self) -> Result<(Event<'a>, Span), Mistake> {
        match self.parser.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let marker = error.marker();
                let message = match error.kind() {
                    // It is a character of the text, which may be a secret.
                    ErrorKind::UnexpectedCharacter { .. } => "unexpected character".to_owned(),
                    kind => kind.to_string(),
                };
                Err(Mistake {
                    at: self
                        .origin
                        .at(marker.line() as u32, marker.col() as u32 + 1),
                    message,
                })
            }
            None => Err(Mistake {
                at: self.origin.clone(),
                message: "ends too early".to_owned(),
            }),
        }
    }

    /// The value that starts with an event; `None` when it is `null`.
    fn value(
        &mut self,
        event: Event<'a>,
        span: Span,
        depth: usize,
    ) -> Result<Option<Node>, Mistake> {
        if depth > MAX_DEPTH {
            return Err(self.mistake(span, "tables and lists lie too deep in one another"));
        }
        let before = self.values;
        self.count(1, span)?;
        let (value, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span).map(Some),
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => {
                return Err(self.mistake(span, "tags are not read: leave it out"));
            }
            Event::Scalar(text, style, anchor, None) => {
                let value = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => Some(Value::text(text)),
                };
                let Some(value) = value else {
                    return Ok(None);
                };
                (value, anchor)
            }
            Event::SequenceStart(_, anchor, None) => (self.sequence(depth)?, anchor),
            Event::MappingStart(_, anchor, None) => (self.mapping(depth)?, anchor),
            _ => return Err(self.mistake(span, "expected a value")),
        };
        let node = Node::new(value, self.at(span));
        if anchor != 0 {
            let size = self.values - before;
            // A copy is kept, and anchors may lie in one another.
            self.count(size, span)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(Some(node))
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Mistake> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => match self.value(event, span, depth + 1)? {
                    Some(item) => items.push(item),
                    None => return Err(self.mistake(span, NULL)),
                },
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Mistake> {
        let mut entries = BTreeMap::new();
        loop {
            let (event, place) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Table(entries)),
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                _ => return Err(self.mistake(place, "expected a key that is plain text")),
            };
            let (event, span) = self.next()?;
            let Some(value) = self.value(event, span, depth + 1)? else {
                return Err(self.mistake(place, NULL));
            };
            if entries.insert(key, value).is_some() {
                return Err(self.mistake(place, "duplicate key"));
            }
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node, Mistake> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(self.mistake(span, "an alias for what it is part of"));
        };
        let (node, size) = (node.clone(), *size);
        self.count(size, span)?;
        Ok(node)
    }

    fn count(&mut self, values: usize, span: Span) -> Result<(), Mistake> {
        self.values += values;
        if self.values > MAX_VALUES {
            return Err(self.mistake(span, "aliases make it too many values"));
        }
        Ok(())
    }

    fn at(&self, span: Span) -> Origin {
        let (line, column) = (span.start.line(), span.start.col());
        self.origin.at(line as u32, column as u32 + 1)
    }

    fn mistake(&self, span: Span, message: &str) -> Mistake {
        Mistake {
            at: self.at(span),
            message: message.to_owned(),
        }
    }
}

const NULL: &str = "`null` is no value: leave the key out";

/// A text without quotes, by the core schema; `None` for `null`.
fn plain(text: &str) -> Option<Value> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => return None,
        "true" | "True" | "TRUE" => Value::Boolean(true),
        "false" | "False" | "FALSE" => Value::Boolean(false),
        _ => number(text).unwrap_or_else(|| Value::text(text)),
    })
}

fn number(text: &str) -> Option<Value> {
    if let Some(digits) = text.strip_prefix("0x") {
        return unsigned(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return unsigned(digits, 8);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    match digits {
        ".inf" | ".Inf" | ".INF" => {
            let infinity = f64::INFINITY;
            return Some(Value::Float(if text.starts_with('-') {
                -infinity
            } else {
                infinity
            }));
        }
        ".nan" | ".NaN" | ".NAN" if digits.len() == text.len() => {
            return Some(Value::Float(f64::NAN));
        }
        _ => {}
    }
    // Rust reads `inf` and `nan` too, YAML does not.
    let first = digits.strip_prefix('.').unwrap_or(digits).chars().next()?;
    let allowed = |symbol: char| symbol.is_ascii_digit() || "+-.eE".contains(symbol);
    if !first.is_ascii_digit() || !digits.chars().all(allowed) {
        return None;
    }
    match text.parse() {
        Ok(whole) => Some(Value::Integer(whole)),
        Err(_) => text.parse().ok().map(Value::Float),
    }
}

fn unsigned(digits: &str, radix: u32) -> Option<Value> {
    let all = digits.chars().all(|symbol| symbol.is_digit(radix));
    let number = i64::from_str_radix(digits, radix).ok();
    number.filter(|_| all).map(Value::Integer)
}
