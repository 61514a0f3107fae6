//! TOML.

use formwork_catalog::Format;
use toml_edit::{DocumentMut, Item, Table, Value};

use super::{Contribution, Union, below};

pub(super) fn merge(texts: &[(&Contribution<'_>, &str)], union: &mut Union<'_>) -> String {
    let mut merged: Option<DocumentMut> = None;
    for (contribution, text) in texts {
        let document = match text.parse::<DocumentMut>() {
            Ok(document) => document,
            Err(error) => {
                union.syntax(contribution, Format::Toml, error.to_string());
                continue;
            }
        };
        match &mut merged {
            None => {
                for (key, _) in document.iter() {
                    union.bring(key.to_owned(), contribution.feature);
                }
                merged = Some(document);
            }
            Some(merged) => tables(merged, &document, "", contribution.feature, union),
        }
    }
    let mut text = merged
        .map(|document| document.to_string())
        .unwrap_or_default();
    if !text.ends_with('\n') && !text.is_empty() {
        text.push('\n');
    }
    text
}

fn tables(ours: &mut Table, theirs: &Table, parent: &str, feature: &str, union: &mut Union<'_>) {
    for (name, item) in theirs.iter() {
        let path = below(parent, name);
        let Some(mine) = ours.get_mut(name) else {
            if let Some(key) = theirs.key(name) {
                let mut item = item.clone();
                place_anew(&mut item);
                ours.insert_formatted(key, item);
                union.bring(path, feature);
            }
            continue;
        };
        items(mine, item, &path, feature, union);
    }
}

fn items(mine: &mut Item, theirs: &Item, path: &str, feature: &str, union: &mut Union<'_>) {
    match (mine, theirs) {
        (Item::Table(mine), Item::Table(theirs)) => tables(mine, theirs, path, feature, union),
        (Item::ArrayOfTables(mine), Item::ArrayOfTables(theirs)) => {
            for table in theirs.iter() {
                let known = mine.iter().any(|other| meaning(other) == meaning(table));
                if !known {
                    let mut table = table.clone();
                    reposition(&mut table);
                    mine.push(table);
                }
            }
        }
        (Item::Value(Value::Array(mine)), Item::Value(Value::Array(theirs))) => {
            for value in theirs.iter() {
                let known = mine
                    .iter()
                    .any(|other| value_meaning(other) == value_meaning(value));
                if !known {
                    // An array written over several lines goes on in the same way.
                    let mut value = value.clone();
                    match mine.iter().last().map(|last| last.decor().clone()) {
                        Some(decor) if mine.len() > 1 || decor.prefix().is_some() => {
                            *value.decor_mut() = decor;
                            if mine.len() == 1 && !is_multiline(&value) {
                                value.decor_mut().set_prefix(" ");
                            }
                        }
                        Some(_) => value.decor_mut().set_prefix(" "),
                        None => {}
                    }
                    mine.push_formatted(value);
                }
            }
        }
        (mine, theirs) if mine.is_table_like() && theirs.is_table_like() => {
            // One of them is inline: the result has the shape of ours.
            let Some(theirs) = theirs.as_table_like() else {
                return;
            };
            let Some(ours) = mine.as_table_like_mut() else {
                return;
            };
            for (name, item) in theirs.iter() {
                let path = below(path, name);
                match ours.get_mut(name) {
                    Some(mine) => items(mine, item, &path, feature, union),
                    None => {
                        ours.insert(name, item.clone());
                        union.bring(path, feature);
                    }
                }
            }
        }
        (mine, theirs) => {
            let (ours, others) = (item_meaning(mine), item_meaning(theirs));
            if ours != others {
                union.conflict(path, feature, ours, others);
            }
        }
    }
}

/// A table from another document has no place in this one yet: it goes behind its neighbour, after a blank line.
fn place_anew(item: &mut Item) {
    match item {
        Item::Table(table) => reposition(table),
        Item::ArrayOfTables(array) => array.iter_mut().for_each(reposition),
        _ => {}
    }
}

fn reposition(table: &mut Table) {
    table.set_position(None);
    let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str());
    let prefix = prefix.unwrap_or_default().to_owned();
    if !table.is_implicit() && !table.is_dotted() && !prefix.starts_with('\n') {
        table.decor_mut().set_prefix(format!("\n{prefix}"));
    }
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => reposition(table),
            Item::ArrayOfTables(array) => array.iter_mut().for_each(reposition),
            _ => {}
        }
    }
}

fn is_multiline(value: &Value) -> bool {
    value
        .decor()
        .prefix()
        .and_then(|prefix| prefix.as_str())
        .is_some_and(|prefix| prefix.contains('\n'))
}

/// What an item says, whatever its layout and comments.
fn item_meaning(item: &Item) -> String {
    match item {
        Item::None => String::new(),
        Item::Value(value) => value_meaning(value),
        Item::Table(table) => meaning(table),
        Item::ArrayOfTables(array) => {
            let tables: Vec<_> = array.iter().map(meaning).collect();
            format!("[{}]", tables.join(", "))
        }
    }
}

fn meaning(table: &Table) -> String {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, item)| format!("{key} = {}", item_meaning(item)))
        .collect();
    entries.sort();
    format!("{{ {} }}", entries.join(", "))
}

fn value_meaning(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.value()),
        Value::Integer(number) => number.value().to_string(),
        Value::Float(number) => number.value().to_string(),
        Value::Boolean(value) => value.value().to_string(),
        Value::Datetime(time) => time.value().to_string(),
        Value::Array(array) => {
            let values: Vec<_> = array.iter().map(value_meaning).collect();
            format!("[{}]", values.join(", "))
        }
        Value::InlineTable(table) => {
            let mut entries: Vec<_> = table
                .iter()
                .map(|(key, value)| format!("{key} = {}", value_meaning(value)))
                .collect();
            entries.sort();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}
