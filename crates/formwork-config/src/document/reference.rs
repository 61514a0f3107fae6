//! The reference page.

use std::fmt::Write;

use super::sample::notes;
use crate::naming::Naming;
use crate::section::{INSTANCES, join};
use crate::{Schema, Section, Shape};

/// A Markdown page with every key of the service's configuration.
pub fn reference(service: &str, sections: &[Section]) -> String {
    let naming = Naming::of(service);
    let mut text = format!(
        "# Configuration\n\n\
         From the weakest to the strongest: compiled defaults, `config/default.toml`, \
         `config/{{profile}}.toml` (`--profile` or `{profile}`), `config/tenants/{{tenant}}.toml`, \
         files of secrets (`{secrets}`, or a variable with `_FILE` after its name), environment \
         variables, `--set key=value`. Files may also be `.yaml` or `.json`.\n",
        profile = naming.profile_variable(),
        secrets = naming.secrets_variable(),
    );
    for (place, instances) in super::places(sections) {
        table(place.schema(), place.base(), &instances, &naming, &mut text);
    }
    text
}

fn table(schema: &Schema, prefix: &str, instances: &[&str], naming: &Naming, text: &mut String) {
    let _ = write!(text, "\n## `{prefix}`\n");
    if !schema.description.is_empty() {
        let _ = write!(text, "\n{}\n", schema.description);
    }
    if !instances.is_empty() {
        let paths = instances
            .iter()
            .map(|name| format!("`{prefix}.{INSTANCES}.{name}`"));
        let _ = write!(
            text,
            "\nThe values of each instance lie over these: {}.\n",
            paths.collect::<Vec<_>>().join(", ")
        );
    }
    text.push_str("\n| key | type | default | variable | |\n|---|---|---|---|---|\n");
    let mut inner = Vec::new();
    for field in schema.fields {
        let path = join(prefix, field.key);
        match field.shape.bare() {
            Shape::Struct(schema) => {
                inner.push((path, *schema));
                continue;
            }
            Shape::List(item) => inner.extend(structure(item).map(|it| (format!("{path}[]"), it))),
            Shape::Map(item) => inner.extend(structure(item).map(|it| (format!("{path}.*"), it))),
            _ => {}
        }
        let default = field
            .default
            .map_or_else(String::new, |default| format!("`{default}`"));
        let in_variable = !prefix.contains(['[', '*']) && !field.shape.is_nested();
        let variable = naming.variable(&path);
        let variable = match (in_variable, field.is_sealed()) {
            (false, _) => String::new(),
            (true, false) => format!("`{variable}`"),
            (true, true) => format!("`{variable}_FILE`, or `{variable}`"),
        };
        let mut about = field.description.replace("\n\n", "<br>");
        for note in notes(field) {
            let _ = write!(about, "<br>{note}");
        }
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {variable} | {} |",
            field.key,
            field.shape.noun(),
            escaped(&default),
            escaped(&about),
        );
    }
    for (path, schema) in inner {
        table(schema, &path, &[], naming, text);
    }
}

fn structure(shape: &Shape) -> Option<&'static Schema> {
    match shape.bare() {
        Shape::Struct(schema) => Some(schema),
        _ => None,
    }
}

/// A bar would end the cell.
fn escaped(cell: &str) -> String {
    cell.replace('|', "\\|")
}
