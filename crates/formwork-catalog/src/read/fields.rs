//! The keys of one table, taken one by one; what is left over is unknown.

use semver::{Version, VersionReq};
use toml_edit::{Item, TableLike, Value};

use super::manifest::Manifest;
use crate::suggest::did_you_mean;
use crate::{OptionValue, Position};

pub(super) struct Fields<'a> {
    table: &'a dyn TableLike,
    /// What a reader calls the table: `[[requires]]`.
    name: String,
    pub(super) position: Position,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(table: &'a dyn TableLike, name: &str, position: Position) -> Self {
        Self {
            table,
            name: name.to_owned(),
            position,
            asked: Vec::new(),
        }
    }

    pub(super) fn get(&mut self, key: &'static str) -> Option<&'a Item> {
        self.asked.push(key);
        self.table.get(key)
    }

    /// The position of a key's value, or of the table when the key is not there.
    pub(super) fn place(&self, manifest: &Manifest<'_>, key: &str) -> Position {
        match self.table.get(key).and_then(Item::span) {
            Some(span) => manifest.position(Some(span)),
            None => self.position,
        }
    }

    pub(super) fn text(
        &mut self,
        manifest: &mut Manifest<'_>,
        key: &'static str,
    ) -> Option<String> {
        let item = self.get(key)?;
        let text = item.as_str();
        if text.is_none() {
            wrong_type(manifest, key, "a string", item);
        }
        text.map(str::to_owned)
    }

    pub(super) fn required(&mut self, manifest: &mut Manifest<'_>, key: &'static str) -> String {
        if self.missing(manifest, key) {
            return String::new();
        }
        let text = self.text(manifest, key);
        if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
            let position = self.place(manifest, key);
            manifest.error(position, format!("`{key}` is empty"), None);
        }
        text.unwrap_or_default()
    }

    /// Reports a required key that is not there.
    pub(super) fn missing(&mut self, manifest: &mut Manifest<'_>, key: &'static str) -> bool {
        let missing = self.get(key).is_none();
        if missing {
            let message = format!("{} has no `{key}`", self.name);
            manifest.error(self.position, message, None);
        }
        missing
    }

    pub(super) fn integer(
        &mut self,
        manifest: &mut Manifest<'_>,
        key: &'static str,
    ) -> Option<i64> {
        let item = self.get(key)?;
        let integer = item.as_integer();
        if integer.is_none() {
            wrong_type(manifest, key, "an integer", item);
        }
        integer
    }

    pub(super) fn boolean(
        &mut self,
        manifest: &mut Manifest<'_>,
        key: &'static str,
    ) -> Option<bool> {
        let item = self.get(key)?;
        let boolean = item.as_bool();
        if boolean.is_none() {
            wrong_type(manifest, key, "true or false", item);
        }
        boolean
    }

    pub(super) fn scalar(
        &mut self,
        manifest: &mut Manifest<'_>,
        key: &'static str,
    ) -> Option<OptionValue> {
        let item = self.get(key)?;
        scalar(manifest, key, item)
    }

    pub(super) fn texts(
        &mut self,
        manifest: &mut Manifest<'_>,
        key: &'static str,
    ) -> Vec<(String, Position)> {
        let Some(item) = self.get(key) else {
            return Vec::new();
        };
        let Some(array) = item.as_array() else {
            wrong_type(manifest, key, "a list of strings", item);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for value in array {
            let position = manifest.position(value.span());
            match value.as_str() {
                Some(text) => texts.push((text.to_owned(), position)),
                None => {
                    let found = value.type_name();
                    let message = format!("`{key}` holds strings, found {found}");
                    manifest.error(position, message, None);
                }
            }
        }
        texts
    }

    pub(super) fn version(&mut self, manifest: &mut Manifest<'_>, key: &'static str) -> Version {
        let text = self.required(manifest, key);
        match Version::parse(&text) {
            Ok(version) => version,
            Err(error) => {
                if !text.is_empty() {
                    let position = self.place(manifest, key);
                    let message = format!("`{text}` is not a version: {error}");
                    let help = "write all three numbers, as in `1.0.0`".to_owned();
                    manifest.error(position, message, Some(help));
                }
                Version::new(0, 0, 0)
            }
        }
    }

    pub(super) fn range(&mut self, manifest: &mut Manifest<'_>, key: &'static str) -> VersionReq {
        match self.text(manifest, key) {
            Some(text) => {
                let position = self.place(manifest, key);
                range(manifest, position, &text)
            }
            None => VersionReq::STAR,
        }
    }

    /// One of a few names.
    pub(super) fn one_of<T>(
        &mut self,
        manifest: &mut Manifest<'_>,
        key: &'static str,
        names: &[(&'static str, T)],
    ) -> Option<T>
    where
        T: Copy,
    {
        let text = self.text(manifest, key)?;
        let found = names.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let known = names.iter().map(|(name, _)| *name);
            let help = did_you_mean(&text, known.clone())
                .unwrap_or_else(|| format!("known are {}", known.collect::<Vec<_>>().join(", ")));
            let position = self.place(manifest, key);
            manifest.error(position, format!("unknown `{key}`: `{text}`"), Some(help));
        }
        found.map(|(_, value)| *value)
    }

    /// The tables under a key, written as `[[key]]` or as a list of inline tables.
    pub(super) fn tables(&mut self, manifest: &mut Manifest<'_>, key: &'static str) -> Vec<Self> {
        let Some(item) = self.get(key) else {
            return Vec::new();
        };
        let name = format!("[[{key}]]");
        if let Some(tables) = item.as_array_of_tables() {
            return tables
                .iter()
                .map(|table| Self::new(table, &name, manifest.position(table.span())))
                .collect();
        }
        let Some(array) = item.as_array() else {
            wrong_type(manifest, key, "a list of tables", item);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for value in array {
            let position = manifest.position(value.span());
            match value.as_inline_table() {
                Some(table) => tables.push(Self::new(table, &name, position)),
                None => {
                    let found = value.type_name();
                    let message = format!("`{key}` holds tables, found {found}");
                    manifest.error(position, message, None);
                }
            }
        }
        tables
    }

    /// The table under a key.
    pub(super) fn table(&mut self, manifest: &mut Manifest<'_>, key: &'static str) -> Option<Self> {
        let item = self.get(key)?;
        let Some(table) = item.as_table_like() else {
            wrong_type(manifest, key, "a table", item);
            return None;
        };
        let position = manifest.position(item.span());
        Some(Self::new(table, &format!("[{key}]"), position))
    }

    /// Every entry of a table whose keys are names of things, with the place of the key.
    pub(super) fn entries(&self, manifest: &Manifest<'_>) -> Vec<(&'a str, &'a Item, Position)> {
        self.table
            .iter()
            .map(|(name, item)| {
                let span = self.table.key(name).and_then(toml_edit::Key::span);
                (name, item, manifest.position(span.or_else(|| item.span())))
            })
            .collect()
    }

    /// Warns of every key nobody asked for.
    pub(super) fn finish(self, manifest: &mut Manifest<'_>) {
        for (name, _, position) in self.entries(manifest) {
            if !self.asked.contains(&name) {
                let help = did_you_mean(name, self.asked.iter().copied());
                let message = format!("{} has an unknown key `{name}`", self.name);
                manifest.warn(position, message, help);
            }
        }
    }
}

pub(super) fn wrong_type(manifest: &mut Manifest<'_>, key: &str, expected: &str, item: &Item) {
    let position = manifest.position(item.span());
    let found = item.type_name();
    manifest.error(
        position,
        format!("`{key}` must be {expected}, found {found}"),
        None,
    );
}

pub(super) fn scalar(manifest: &mut Manifest<'_>, key: &str, item: &Item) -> Option<OptionValue> {
    match item.as_value() {
        Some(Value::String(text)) => Some(OptionValue::Text(text.value().clone())),
        Some(Value::Integer(integer)) => Some(OptionValue::Integer(*integer.value())),
        Some(Value::Boolean(boolean)) => Some(OptionValue::Boolean(*boolean.value())),
        _ => {
            wrong_type(manifest, key, "a string, an integer, true or false", item);
            None
        }
    }
}

pub(super) fn range(manifest: &mut Manifest<'_>, position: Position, text: &str) -> VersionReq {
    VersionReq::parse(text).unwrap_or_else(|error| {
        let message = format!("`{text}` is not a version range: {error}");
        let help = "write it as in `^1.2` or `>=1, <3`".to_owned();
        manifest.error(position, message, Some(help));
        VersionReq::STAR
    })
}
