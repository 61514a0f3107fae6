//! A configuration file with everything in it, commented out.

use std::fmt::Write;

use crate::section::{INSTANCES, join};
use crate::{FieldSchema, Schema, Section, Shape};

/// The width of comments.
const WIDTH: usize = 96;

/// A TOML file with every key: its description, its default, its limits. Settings are commented
/// out with `#` and no space, so that the file as it is changes nothing.
pub fn sample(sections: &[Section]) -> String {
    let mut text = String::new();
    for (place, instances) in super::places(sections) {
        table(place.schema(), place.base(), "", &mut text);
        for name in instances {
            let path = format!("{}.{INSTANCES}.{name}", place.base());
            let note = format!("The instance `{name}`: every key above may be set here too.");
            text.push('\n');
            comment(&note, &mut text);
            let _ = writeln!(text, "#[{path}]");
        }
    }
    text
}

/// `off` stands before the heading of a table that is left out as a whole.
fn table(schema: &Schema, prefix: &str, off: &str, text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
    comment(schema.description, text);
    let _ = writeln!(text, "{off}[{prefix}]");
    values(schema, text);
    for field in schema.fields {
        let path = join(prefix, field.key);
        match field.shape.bare() {
            Shape::Struct(inner) => {
                let optional = matches!(field.shape, Shape::Optional(_));
                table(inner, &path, if optional { "#" } else { off }, text);
            }
            Shape::List(item) | Shape::Map(item) => {
                if let Shape::Struct(inner) = item.bare() {
                    several(field, inner, &path, text);
                }
            }
            _ => {}
        }
    }
}

/// A list or a map of structs, all commented out.
fn several(field: &FieldSchema, schema: &Schema, path: &str, text: &mut String) {
    text.push('\n');
    comment(field.description, text);
    let _ = match field.shape.bare() {
        Shape::List(_) => writeln!(text, "#[[{path}]]"),
        _ => writeln!(text, "#[{path}.name]"),
    };
    values(schema, text);
}

fn values(schema: &Schema, text: &mut String) {
    for field in schema.fields {
        if field.shape.is_nested() {
            continue;
        }
        text.push('\n');
        comment(field.description, text);
        comment(&notes(field).join("; "), text);
        let value = field
            .default
            .map_or_else(String::new, |default| default.to_string());
        let line = format!("#{} = {value}", field.key);
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// What there is to know beyond the description.
pub(super) fn notes(field: &FieldSchema) -> Vec<String> {
    let mut notes = Vec::new();
    if field.is_required() {
        notes.push("required".to_owned());
    }
    if let Shape::Choice(choices) = field.shape.bare() {
        let names = choices.iter().map(|choice| format!("`{}`", choice.name));
        notes.push(names.collect::<Vec<_>>().join(", "));
    }
    notes.extend(field.rules.iter().map(ToString::to_string));
    if field.is_sealed() {
        notes.push(format!(
            "{}: keep it out of files under version control",
            field.class().as_str()
        ));
    }
    if field.tenant {
        notes.push("tenants may have their own".to_owned());
    }
    if field.dynamic {
        notes.push("a change is taken over without a restart".to_owned());
    }
    notes
}

fn comment(paragraphs: &str, text: &mut String) {
    for paragraph in paragraphs.split("\n\n").filter(|it| !it.is_empty()) {
        let mut line = "#".to_owned();
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                let _ = writeln!(text, "{line}");
                "#".clone_into(&mut line);
            }
            line.push(' ');
            line.push_str(word);
        }
        let _ = writeln!(text, "{line}");
    }
}
