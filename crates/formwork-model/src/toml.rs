//! Reading TOML by key, with every wrong key and type reported where it stands.

use toml_edit::{Item, TableLike};

use crate::mistake::Report;
use crate::source::{Span, Spanned};

/// A table of a model file whose keys are known.
pub(crate) struct Table<'a> {
    table: &'a dyn TableLike,
    /// What it describes, for messages: `a command`.
    what: &'static str,
    pub(crate) span: Span,
}

/// A text together with where its characters are.
pub(crate) type Text = Spanned<String>;

impl<'a> Table<'a> {
    /// Reads an item that must be a table with no keys but `known`.
    pub(crate) fn new(
        item: &'a Item,
        span: Span,
        what: &'static str,
        known: &[&str],
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let table = Self::open(item, span, what, report)?;
        for (key, _) in table.entries() {
            if !known.contains(&key.value.as_str()) {
                let message = format!("{what} has no key `{}`", key.value);
                report.unknown(key.span, message, &key.value, known.iter().copied());
            }
        }
        Some(table)
    }

    /// Reads an item that must be a table whose keys are names.
    pub(crate) fn open(
        item: &'a Item,
        span: Span,
        what: &'static str,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let Some(table) = item.as_table_like() else {
            wrong_type(span, what, "a table", item, report);
            return None;
        };
        Some(Self { table, what, span })
    }

    /// The keys and what they hold, as written.
    pub(crate) fn entries(&self) -> Vec<(Text, &'a Item)> {
        let file = self.span.file;
        self.table
            .iter()
            .filter_map(|(name, _)| self.table.get_key_value(name))
            .map(|(key, item)| {
                let span = span_in(file, key.span().or_else(|| item.span()), self.span);
                let value = key.get().to_owned();
                (Spanned { value, span }, item)
            })
            .collect()
    }

    /// What a key holds, with the span of the value.
    pub(crate) fn item(&self, key: &str) -> Option<(&'a Item, Span)> {
        let (name, item) = self.table.get_key_value(key)?;
        let key = span_in(self.span.file, name.span(), self.span);
        let span = if item.is_value() {
            span_in(self.span.file, item.span(), key)
        } else {
            key
        };
        Some((item, span))
    }

    pub(crate) fn text(&self, key: &str, report: &mut Report<'_>) -> Option<Text> {
        let (item, span) = self.item(key)?;
        text(item, span, &format!("`{key}`"), report)
    }

    /// A text that must be there.
    pub(crate) fn required(&self, key: &str, report: &mut Report<'_>) -> Option<Text> {
        if self.item(key).is_none() {
            report.add(self.span, format!("{} needs `{key}`", self.what));
        }
        self.text(key, report)
    }

    /// A sentence for readers of the service and its API; empty when there is none.
    pub(crate) fn summary(&self, report: &mut Report<'_>) -> String {
        self.text("summary", report)
            .map(|text| text.value)
            .unwrap_or_default()
    }

    pub(crate) fn texts(&self, key: &str, report: &mut Report<'_>) -> Option<Vec<Text>> {
        let (item, span) = self.item(key)?;
        let Some(array) = item.as_array() else {
            wrong_type(span, &format!("`{key}`"), "a list of texts", item, report);
            return None;
        };
        let texts = array.iter().filter_map(|value| {
            let span = span_in(span.file, value.span(), span);
            match value.as_str() {
                Some(text) => Some(Spanned {
                    value: text.to_owned(),
                    span,
                }),
                None => {
                    report.add(span, mismatch("this", "a text", value.type_name()));
                    None
                }
            }
        });
        Some(texts.collect())
    }

    pub(crate) fn integer(&self, key: &str, report: &mut Report<'_>) -> Option<Spanned<i64>> {
        let (item, span) = self.item(key)?;
        match item.as_integer() {
            Some(value) => Some(Spanned { value, span }),
            None => {
                wrong_type(span, &format!("`{key}`"), "an integer", item, report);
                None
            }
        }
    }

    /// A switch, off unless said otherwise.
    pub(crate) fn flag(&self, key: &str, report: &mut Report<'_>) -> bool {
        let Some((item, span)) = self.item(key) else {
            return false;
        };
        item.as_bool().unwrap_or_else(|| {
            wrong_type(span, &format!("`{key}`"), "`true` or `false`", item, report);
            false
        })
    }

    /// The tables of an array, however it is written.
    pub(crate) fn tables(
        &self,
        key: &str,
        what: &'static str,
        known: &[&str],
        report: &mut Report<'_>,
    ) -> Vec<Table<'a>> {
        let Some((item, span)) = self.item(key) else {
            return Vec::new();
        };
        let file = span.file;
        let mut parts: Vec<(&'a dyn TableLike, Span)> = Vec::new();
        if let Some(array) = item.as_array_of_tables() {
            for table in array {
                parts.push((table, span_in(file, table.span(), span)));
            }
        } else if let Some(array) = item.as_array() {
            for value in array {
                let span = span_in(file, value.span(), span);
                match value.as_inline_table() {
                    Some(table) => parts.push((table, span)),
                    None => report.add(span, mismatch(what, "a table", value.type_name())),
                }
            }
        } else {
            wrong_type(span, &format!("`{key}`"), "a list of tables", item, report);
        }
        let mut tables = Vec::new();
        for (table, span) in parts {
            let table = Table { table, what, span };
            for (name, _) in table.entries() {
                if !known.contains(&name.value.as_str()) {
                    let message = format!("{what} has no key `{}`", name.value);
                    report.unknown(name.span, message, &name.value, known.iter().copied());
                }
            }
            tables.push(table);
        }
        tables
    }

    /// The named things in the table `key`.
    pub(crate) fn named(
        &self,
        key: &str,
        what: &'static str,
        report: &mut Report<'_>,
    ) -> Vec<(Text, &'a Item)> {
        self.item(key)
            .and_then(|(item, span)| Table::open(item, span, what, report))
            .map(|table| table.entries())
            .unwrap_or_default()
    }
}

/// An item that must be a text.
pub(crate) fn text(item: &Item, span: Span, what: &str, report: &mut Report<'_>) -> Option<Text> {
    match item.as_str() {
        Some(text) => Some(Spanned {
            value: text.to_owned(),
            span,
        }),
        None => {
            wrong_type(span, what, "a text", item, report);
            None
        }
    }
}

/// The span of an item with a name: of its value, or of the name when it is a section.
pub(crate) fn span_of(item: &Item, name: Span) -> Span {
    if item.is_value() {
        span_in(name.file, item.span(), name)
    } else {
        name
    }
}

fn span_in(file: usize, range: Option<std::ops::Range<usize>>, otherwise: Span) -> Span {
    range.map_or(otherwise, |range| Span {
        file,
        start: range.start,
        end: range.end,
    })
}

fn wrong_type(span: Span, what: &str, expected: &str, found: &Item, report: &mut Report<'_>) {
    report.add(span, mismatch(what, expected, found.type_name()));
}

fn mismatch(what: &str, expected: &str, found: &str) -> String {
    let article = if found.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("{what} must be {expected}, not {article} {found}")
}
