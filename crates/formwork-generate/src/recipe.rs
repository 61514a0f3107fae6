//! `formwork.toml`: what somebody wants of a project, in a form people edit.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use formwork_catalog::Tier;
use formwork_resolve::{Wish, Wishes};
use semver::{Version, VersionReq};
use toml_edit::{Document, Item, TableLike, Value};

use crate::project::{Project, RuntimeFrom};

/// The wishes for a project, and the project they are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    pub project: Project,
    pub tier: Option<Tier>,
    /// Features and capabilities wished for, with the versions that will do.
    pub features: Vec<(String, VersionReq)>,
    /// Features and capabilities refused.
    pub without: Vec<String>,
    /// Features at one exact version.
    pub pins: BTreeMap<String, Version>,
    /// Answers by question: a capability, or a feature's option as `memory-cache.capacity`.
    pub answers: BTreeMap<String, String>,
    /// The folder of the domain model, relative to the project.
    pub model: String,
}

/// One mistake in a recipe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct RecipeMistake {
    /// Line and column, from one; columns count characters.
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl Recipe {
    /// The recipe's path in a project.
    pub const PATH: &'static str = "formwork.toml";

    /// Writes wishes down.
    pub fn new(project: Project, wishes: &Wishes) -> Self {
        let mut recipe = Self {
            project,
            tier: None,
            features: Vec::new(),
            without: Vec::new(),
            pins: BTreeMap::new(),
            answers: BTreeMap::new(),
            model: "model".to_owned(),
        };
        for wish in &wishes.list {
            match wish.clone() {
                Wish::Want { id, range } => {
                    if !recipe.features.contains(&(id.clone(), range.clone())) {
                        recipe.features.push((id, range));
                    }
                }
                Wish::Refuse { id } => {
                    if !recipe.without.contains(&id) {
                        recipe.without.push(id);
                    }
                }
                Wish::Pin { feature, version } => {
                    recipe.pins.insert(feature, version);
                }
                Wish::Answer { question, value } => {
                    recipe.answers.insert(question, value);
                }
                Wish::Tier { tier } => recipe.tier = recipe.tier.max(Some(tier)),
            }
        }
        recipe
    }

    /// The wishes of the recipe; `locked` are the versions of its lock.
    pub fn wishes(&self, locked: BTreeMap<String, Version>) -> Wishes {
        let mut wishes = Wishes::new();
        for (id, range) in &self.features {
            wishes = wishes.want_range(id, range.clone());
        }
        for (feature, version) in &self.pins {
            wishes = wishes.pin(feature, version.clone());
        }
        for (question, value) in &self.answers {
            wishes = wishes.answer(question, value);
        }
        if let Some(tier) = self.tier {
            wishes = wishes.tier(tier);
        }
        for id in &self.without {
            wishes = wishes.refuse(id);
        }
        wishes.locked = locked;
        wishes
    }

    /// The text of `formwork.toml`, with comments for whoever edits it.
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# What this project is made of. `formwork check` says whether it still is that.\n\n",
        );
        let mut line = |line: std::fmt::Arguments<'_>| {
            writeln!(text, "{line}").expect("writing into a string cannot fail");
        };
        line(format_args!("[project]"));
        line(format_args!("name = {}", quoted(self.project.name())));
        line(format_args!("title = {}", quoted(&self.project.title)));
        line(format_args!("summary = {}", quoted(&self.project.summary)));
        line(format_args!("# One file per aggregate."));
        line(format_args!("model = {}", quoted(&self.model)));
        line(format_args!(""));
        line(format_args!("[wishes]"));
        line(format_args!(
            "# basic, intermediate, advanced or enterprise: what operations demand."
        ));
        match self.tier {
            Some(tier) => line(format_args!("tier = \"{tier}\"")),
            None => line(format_args!("# tier = \"basic\"")),
        }
        line(format_args!(
            "# What is asked for; what that needs comes along. A range may follow: \"rest ^1\"."
        ));
        line(format_args!(
            "features = {}",
            list(self.features.iter().map(wish_text))
        ));
        line(format_args!("# What must stay out."));
        line(format_args!(
            "without = {}",
            list(self.without.iter().cloned())
        ));
        line(format_args!(""));
        line(format_args!(
            "# Answers: to a question (`database = \"sqlite\"`) or to an option of a feature"
        ));
        line(format_args!(
            "# (`memory-cache.capacity = 5000`). What is not answered keeps its default."
        ));
        line(format_args!("[answers]"));
        for (question, value) in &self.answers {
            let key: Vec<_> = question.split('.').map(bare).collect();
            line(format_args!("{} = {}", key.join("."), quoted(value)));
        }
        if !self.pins.is_empty() {
            line(format_args!(""));
            line(format_args!("# Exact versions."));
            line(format_args!("[pins]"));
            for (feature, version) in &self.pins {
                line(format_args!("{} = \"{version}\"", bare(feature)));
            }
        }
        line(format_args!(""));
        line(format_args!(
            "# Where the runtime crates come from: `vendor` keeps their sources in this project; or"
        ));
        line(format_args!(
            "# `registry` with `version`, `git` with `url` and `rev`, `path` with `path`."
        ));
        line(format_args!("[runtime]"));
        match &self.project.runtime {
            RuntimeFrom::Vendor => line(format_args!("from = \"vendor\"")),
            RuntimeFrom::Registry { version } => {
                line(format_args!(
                    "from = \"registry\"\nversion = {}",
                    quoted(version)
                ));
            }
            RuntimeFrom::Git { url, rev } => {
                line(format_args!(
                    "from = \"git\"\nurl = {}\nrev = {}",
                    quoted(url),
                    quoted(rev)
                ));
            }
            RuntimeFrom::Path { path } => {
                line(format_args!("from = \"path\"\npath = {}", quoted(path)));
            }
        }
        text.push_str(&self.project.packs.to_toml());
        text
    }

    /// Reads `formwork.toml`; every mistake is reported.
    pub fn parse(text: &str) -> Result<Self, Vec<RecipeMistake>> {
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let mut reader = Reader {
                    text,
                    mistakes: Vec::new(),
                };
                reader.mistake(error.span(), error.message().to_owned(), None);
                return Err(reader.mistakes);
            }
        };
        let mut reader = Reader {
            text,
            mistakes: Vec::new(),
        };
        let root: &dyn TableLike = document.as_table();
        reader.known(
            root,
            "",
            &[
                "project", "wishes", "answers", "pins", "runtime", "packs", "trust",
            ],
        );
        let project = reader.project(root);
        let wishes = reader.table(root, "wishes");
        let mut recipe = project.map(|project| Self::new(project, &Wishes::new()));
        let mut unnamed = Project::new("unnamed")
            .ok()
            .map(|project| Self::new(project, &Wishes::new()));
        // Without a sound project the rest is read all the same, for its mistakes.
        if let Some(recipe) = recipe.as_mut().or(unnamed.as_mut()) {
            if let Some(model) = reader
                .table(root, "project")
                .and_then(|project| reader.text(project, "model"))
            {
                recipe.model = model.to_owned();
            }
            reader.wishes(wishes, recipe);
            reader.answers(root, recipe);
            reader.pins(root, recipe);
            recipe.project.runtime = reader.runtime(root);
            recipe.project.packs = reader.packs(root);
        }
        reader.mistakes.sort();
        match recipe {
            Some(recipe) if reader.mistakes.is_empty() => Ok(recipe),
            _ => Err(reader.mistakes),
        }
    }
}

pub(crate) struct Reader<'t> {
    text: &'t str,
    mistakes: Vec<RecipeMistake>,
}

impl Reader<'_> {
    pub(crate) fn mistake(
        &mut self,
        span: Option<Range<usize>>,
        message: String,
        hint: Option<String>,
    ) {
        let start = span.map_or(0, |span| span.start.min(self.text.len()));
        let before = self.text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.mistakes.push(RecipeMistake {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message,
            hint,
        });
    }

    /// Reports keys that mean nothing.
    pub(crate) fn known(&mut self, table: &dyn TableLike, name: &str, keys: &[&str]) {
        for (key, item) in table.iter() {
            if !keys.contains(&key) {
                let place = if name.is_empty() {
                    String::new()
                } else {
                    format!(" in `[{name}]`")
                };
                let nearest = nearest(key, keys).map(|near| format!("did you mean `{near}`?"));
                let span = table.key(key).and_then(|key| key.span()).or(item.span());
                self.mistake(span, format!("unknown key `{key}`{place}"), nearest);
            }
        }
    }

    pub(crate) fn table<'d>(
        &mut self,
        parent: &'d dyn TableLike,
        key: &str,
    ) -> Option<&'d dyn TableLike> {
        let item = parent.get(key)?;
        let table = item.as_table_like();
        if table.is_none() {
            let message = format!("`{key}` must be a table, found {}", item.type_name());
            self.mistake(item.span(), message, None);
        }
        table
    }

    pub(crate) fn text<'d>(&mut self, table: &'d dyn TableLike, key: &str) -> Option<&'d str> {
        let item = table.get(key)?;
        let text = item.as_str();
        if text.is_none() {
            let message = format!("`{key}` must be a text, found {}", item.type_name());
            self.mistake(item.span(), message, None);
        }
        text
    }

    fn texts(&mut self, table: &dyn TableLike, key: &str) -> Vec<(String, Option<Range<usize>>)> {
        let Some(item) = table.get(key) else {
            return Vec::new();
        };
        let Some(array) = item.as_array() else {
            let message = format!(
                "`{key}` must be a list of texts, found {}",
                item.type_name()
            );
            self.mistake(item.span(), message, None);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for value in array {
            match value.as_str() {
                Some(text) => texts.push((text.to_owned(), value.span())),
                None => {
                    let message = format!("`{key}` must hold texts, found {}", value.type_name());
                    self.mistake(value.span(), message, None);
                }
            }
        }
        texts
    }

    fn project(&mut self, root: &dyn TableLike) -> Option<Project> {
        let Some(table) = self.table(root, "project") else {
            if root.get("project").is_none() {
                let hint = "add `[project]` with a `name`".to_owned();
                self.mistake(None, "the recipe names no project".to_owned(), Some(hint));
            }
            return None;
        };
        self.known(table, "project", &["name", "title", "summary", "model"]);
        let title = self.text(table, "title").map(str::to_owned);
        let summary = self.text(table, "summary").map(str::to_owned);
        let Some(name) = self.text(table, "name") else {
            if table.get("name").is_none() {
                let span = root.get("project").and_then(Item::span);
                self.mistake(span, "`[project]` has no `name`".to_owned(), None);
            }
            return None;
        };
        match Project::new(name) {
            Ok(project) => {
                let title = title.unwrap_or_else(|| project.title.clone());
                let project = project.with_title(title);
                Some(project.with_summary(summary.unwrap_or_default()))
            }
            Err(error) => {
                let hint = error
                    .nearest
                    .as_ref()
                    .map(|near| format!("`{near}` would do"));
                let span = table.get("name").and_then(Item::span);
                self.mistake(span, error.to_string(), hint);
                None
            }
        }
    }

    fn wishes(&mut self, table: Option<&dyn TableLike>, recipe: &mut Recipe) {
        let Some(table) = table else {
            return;
        };
        self.known(table, "wishes", &["tier", "features", "without"]);
        if let Some(name) = self.text(table, "tier") {
            recipe.tier = Tier::from_name(name);
            if recipe.tier.is_none() {
                let names = Tier::ALL.map(Tier::as_str);
                let hint = nearest(name, &names).map(|near| format!("did you mean `{near}`?"));
                let message = format!("unknown tier `{name}`: expected {}", names.join(", "));
                self.mistake(table.get("tier").and_then(Item::span), message, hint);
            }
        }
        for (wish, span) in self.texts(table, "features") {
            let (id, range) = match wish.split_once(' ') {
                Some((id, range)) => (id, VersionReq::parse(range.trim())),
                None => (wish.as_str(), Ok(VersionReq::STAR)),
            };
            match range {
                Ok(range) => recipe.features.push((id.to_owned(), range)),
                Err(error) => {
                    let hint = "a range is written as in `rest ^1` or `rest >=1.2, <2`".to_owned();
                    let message = format!("`{wish}` has no valid range: {error}");
                    self.mistake(span, message, Some(hint));
                }
            }
        }
        recipe.without = self
            .texts(table, "without")
            .into_iter()
            .map(|(id, _)| id)
            .collect();
    }

    fn answers(&mut self, root: &dyn TableLike, recipe: &mut Recipe) {
        let Some(table) = self.table(root, "answers") else {
            return;
        };
        for (question, item) in table.iter() {
            match item.as_table_like() {
                Some(options) => {
                    for (option, item) in options.iter() {
                        let question = format!("{question}.{option}");
                        if let Some(value) = self.answer(&question, item) {
                            recipe.answers.insert(question, value);
                        }
                    }
                }
                None => {
                    if let Some(value) = self.answer(question, item) {
                        recipe.answers.insert(question.to_owned(), value);
                    }
                }
            }
        }
    }

    fn answer(&mut self, question: &str, item: &Item) -> Option<String> {
        match item.as_value() {
            Some(Value::String(text)) => Some(text.value().clone()),
            Some(Value::Integer(number)) => Some(number.value().to_string()),
            Some(Value::Boolean(value)) => Some(value.value().to_string()),
            _ => {
                let message = format!(
                    "the answer to `{question}` must be a text, an integer or a boolean, found {}",
                    item.type_name()
                );
                self.mistake(item.span(), message, None);
                None
            }
        }
    }

    fn pins(&mut self, root: &dyn TableLike, recipe: &mut Recipe) {
        let Some(table) = self.table(root, "pins") else {
            return;
        };
        for (feature, item) in table.iter() {
            let Some(text) = self.text(table, feature) else {
                continue;
            };
            match Version::parse(text) {
                Ok(version) => {
                    recipe.pins.insert(feature.to_owned(), version);
                }
                Err(error) => {
                    let message = format!("`{text}` is no exact version: {error}");
                    self.mistake(item.span(), message, None);
                }
            }
        }
    }

    fn runtime(&mut self, root: &dyn TableLike) -> RuntimeFrom {
        let Some(table) = self.table(root, "runtime") else {
            return RuntimeFrom::default();
        };
        let from = self.text(table, "from").unwrap_or("vendor");
        let keys: &[&str] = match from {
            "vendor" => &["from"],
            "registry" => &["from", "version"],
            "git" => &["from", "url", "rev"],
            "path" => &["from", "path"],
            _ => {
                let names = ["vendor", "registry", "git", "path"];
                let hint = nearest(from, &names).map(|near| format!("did you mean `{near}`?"));
                let message = format!("unknown source `{from}`: expected {}", names.join(", "));
                self.mistake(table.get("from").and_then(Item::span), message, hint);
                return RuntimeFrom::default();
            }
        };
        self.known(table, "runtime", keys);
        let mut needed = |key: &str| {
            if table.get(key).is_none() {
                let span = root.get("runtime").and_then(Item::span);
                let message = format!("the runtime from `{from}` needs `{key}`");
                self.mistake(span, message, None);
            }
            self.text(table, key).unwrap_or_default().to_owned()
        };
        match from {
            "registry" => RuntimeFrom::Registry {
                version: needed("version"),
            },
            "git" => RuntimeFrom::Git {
                url: needed("url"),
                rev: needed("rev"),
            },
            "path" => RuntimeFrom::Path {
                path: needed("path"),
            },
            _ => RuntimeFrom::Vendor,
        }
    }
}

pub(crate) fn wish_text((id, range): &(String, VersionReq)) -> String {
    if *range == VersionReq::STAR {
        id.clone()
    } else {
        format!("{id} {range}")
    }
}

pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

pub(crate) fn bare(key: &str) -> String {
    toml_edit::Key::new(key).to_string()
}

/// One text to a line; nobody's list of features fits on one.
fn list(texts: impl Iterator<Item = String>) -> String {
    let mut list = String::new();
    for text in texts {
        list.push_str("\n    ");
        list.push_str(&quoted(&text));
        list.push(',');
    }
    if list.is_empty() {
        "[]".to_owned()
    } else {
        format!("[{list}\n]")
    }
}

/// The known name that was probably meant.
fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    known
        .iter()
        .map(|other| (strsim::damerau_levenshtein(name, other), *other))
        .filter(|(distance, other)| *distance <= 1.max(other.len() / 3))
        .min()
        .map(|(_, other)| other)
}
