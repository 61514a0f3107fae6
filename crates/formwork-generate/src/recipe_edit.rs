//! Other wishes in the text of a recipe: what stays keeps its place, its spelling and its comments.

use formwork_catalog::Tier;
use semver::VersionReq;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value};

use crate::recipe::{Recipe, wish_text};

/// The line by which a new recipe shows where a tier would go.
const NO_TIER: &str = "# tier = \"basic\"";

impl Recipe {
    /// The text of this recipe, made from the text of another one.
    ///
    /// Only wishes, answers and pins are carried over; `text` must be the text of a valid recipe.
    pub fn rewrite(&self, text: &str) -> String {
        let Ok(before) = Self::parse(text) else {
            return self.to_toml();
        };
        let text = if before.tier == self.tier {
            text.to_owned()
        } else {
            write_tier(text, before.tier, self.tier)
        };
        let Ok(mut document) = text.parse::<DocumentMut>() else {
            return self.to_toml();
        };
        if before.features != self.features {
            let list: Vec<_> = self.features.iter().map(wish_text).collect();
            let array = array(&mut document, "features");
            // An entry may be spelled in its own way: what it says counts.
            let says = |value: &Value| value.as_str().and_then(spelled);
            write_list(array, &list, says);
        }
        if before.without != self.without {
            let array = array(&mut document, "without");
            write_list(array, &self.without, |value| {
                value.as_str().map(str::to_owned)
            });
        }
        for question in before.answers.keys() {
            if !self.answers.contains_key(question) {
                let table = table(&mut document, "answers");
                remove(table, question);
            }
        }
        for (question, value) in &self.answers {
            if before.answers.get(question) != Some(value) {
                let table = table(&mut document, "answers");
                insert(table, question, value);
            }
        }
        for feature in before.pins.keys() {
            if !self.pins.contains_key(feature) {
                table(&mut document, "pins").remove(feature);
            }
        }
        for (feature, version) in &self.pins {
            if before.pins.get(feature) != Some(version) {
                let text = version.to_string();
                table(&mut document, "pins").insert(feature, toml_edit::value(text));
            }
        }
        let emptied = document
            .get("pins")
            .and_then(Item::as_table_like)
            .is_some_and(TableLike::is_empty);
        if emptied && !before.pins.is_empty() {
            document.remove("pins");
        }
        document.to_string()
    }
}

/// A new recipe has a commented line for the tier, which changes places with a real one.
fn write_tier(text: &str, before: Option<Tier>, after: Option<Tier>) -> String {
    let line = |tier: Option<Tier>| match tier {
        Some(tier) => format!("tier = \"{tier}\""),
        None => NO_TIER.to_owned(),
    };
    let (from, to) = (line(before), line(after));
    if text.lines().filter(|line| *line == from).count() == 1 {
        let lines: Vec<_> = text
            .split('\n')
            .map(|line| if line == from { to.as_str() } else { line })
            .collect();
        return lines.join("\n");
    }
    let Ok(mut document) = text.parse::<DocumentMut>() else {
        return text.to_owned();
    };
    let wishes = table(&mut document, "wishes");
    match after {
        Some(tier) => match wishes.get_mut("tier").and_then(Item::as_value_mut) {
            Some(value) => replace(value, tier.as_str()),
            None => {
                wishes.insert("tier", toml_edit::value(tier.as_str()));
            }
        },
        None => {
            wishes.remove("tier");
        }
    }
    document.to_string()
}

/// An entry of the list of features as [`wish_text`] spells it.
fn spelled(entry: &str) -> Option<String> {
    let (id, range) = entry.split_once(' ').unwrap_or((entry, "*"));
    let range = VersionReq::parse(range.trim()).ok()?;
    Some(wish_text(&(id.to_owned(), range)))
}

fn table<'d>(document: &'d mut DocumentMut, key: &str) -> &'d mut dyn TableLike {
    document
        .entry(key)
        .or_insert_with(|| Item::Table(Table::new()))
        .as_table_like_mut()
        .expect("a valid recipe has only tables at its root")
}

fn array<'d>(document: &'d mut DocumentMut, key: &str) -> &'d mut Array {
    table(document, "wishes")
        .entry(key)
        .or_insert_with(|| toml_edit::value(Array::new()))
        .as_array_mut()
        .expect("a valid recipe has lists of wishes")
}

/// Makes a list say what `wanted` says; what it says already stays where it is.
fn write_list(array: &mut Array, wanted: &[String], says: impl Fn(&Value) -> Option<String>) {
    array.retain(|value| says(value).is_some_and(|text| wanted.contains(&text)));
    let lines = array.is_empty()
        || array.iter().any(|value| {
            let prefix = value.decor().prefix().and_then(|prefix| prefix.as_str());
            prefix.is_some_and(|prefix| prefix.contains('\n'))
        });
    for text in wanted {
        if array.iter().any(|value| says(value).as_ref() == Some(text)) {
            continue;
        }
        if lines {
            array.push_formatted(Value::from(text).decorated("\n    ", ""));
        } else {
            array.push(text);
        }
    }
    if array.is_empty() {
        array.clear();
        array.set_trailing("");
        array.set_trailing_comma(false);
    } else if lines {
        let trailing = array.trailing().as_str().unwrap_or_default();
        if !trailing.contains('\n') {
            array.set_trailing("\n");
        }
        array.set_trailing_comma(true);
    }
}

fn insert(answers: &mut dyn TableLike, question: &str, value: &str) {
    let (table, key) = match question.split_once('.') {
        None => (answers, question),
        Some((feature, option)) => {
            let item = answers.entry(feature).or_insert_with(|| {
                let mut table = Table::new();
                table.set_dotted(true);
                table.set_implicit(true);
                Item::Table(table)
            });
            match item.as_table_like_mut() {
                Some(table) => (table, option),
                None => return,
            }
        }
    };
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(found) => replace(found, value),
        None => {
            table.insert(key, toml_edit::value(value));
        }
    }
}

fn remove(answers: &mut dyn TableLike, question: &str) {
    let Some((feature, option)) = question.split_once('.') else {
        answers.remove(question);
        return;
    };
    let Some(options) = answers.get_mut(feature).and_then(Item::as_table_like_mut) else {
        return;
    };
    options.remove(option);
    if options.is_empty() {
        answers.remove(feature);
    }
}

/// Another value in the place of one, with the same comment behind it.
fn replace(value: &mut Value, text: &str) {
    let decor = value.decor().clone();
    *value = Value::from(text);
    *value.decor_mut() = decor;
}
