//! Fields of spans and events, rendered once.

use std::error::Error;
use std::fmt::{self, Write};
use std::io::Write as _;

use tracing::field::{Field, Visit};

use super::escape::{Escaped, string};

/// Names and JSON values, in the order they were recorded, in two allocations.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// Each name with the end of its value.
    names: Vec<(&'static str, usize)>,
    values: Vec<u8>,
}

impl Fields {
    /// Fields with room for those of a request.
    pub(super) fn of_span() -> Self {
        Self {
            names: Vec::with_capacity(6),
            values: Vec::with_capacity(160),
        }
    }

    pub(super) fn clear(&mut self) {
        self.names.clear();
        self.values.clear();
    }

    /// The last value of each name, in the order of recording.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.names
            .iter()
            .enumerate()
            .filter(|(index, (name, _))| {
                let later = &self.names[index + 1..];
                !later.iter().any(|(other, _)| other == name)
            })
            .map(|(index, &(name, end))| {
                let start = match index {
                    0 => 0,
                    index => self.names[index - 1].1,
                };
                (name, &self.values[start..end])
            })
    }

    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find_map(|(other, value)| (other == name).then_some(value))
    }

    fn end(&mut self, field: &Field) {
        self.names.push((field.name(), self.values.len()));
    }

    /// A value that is its own JSON.
    fn plain(&mut self, field: &Field, value: impl fmt::Display) {
        write!(self.values, "{value}").expect("a vector takes every byte");
        self.end(field);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.plain(field, value);
        } else {
            self.plain(field, "null");
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        string(&mut self.values, value);
        self.end(field);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.values.push(b'"');
        let mut escaped = Escaped(&mut self.values);
        // An error that fails to print leaves what it printed so far.
        let _ = write!(escaped, "{value}");
        let mut source = value.source();
        while let Some(error) = source {
            let _ = write!(escaped, ": {error}");
            source = error.source();
        }
        self.values.push(b'"');
        self.end(field);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.values.push(b'"');
        let _ = write!(Escaped(&mut self.values), "{value:?}");
        self.values.push(b'"');
        self.end(field);
    }
}
