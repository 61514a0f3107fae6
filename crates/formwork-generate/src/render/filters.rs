//! Filters of the template language.

use minijinja::Environment;
use minijinja::value::Value;

use crate::{layout, names};

pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_filter("snake", |name: &str| names::snake(name));
    environment.add_filter("kebab", |name: &str| names::kebab(name));
    environment.add_filter("pascal", |name: &str| names::pascal(name));
    environment.add_filter("camel", |name: &str| names::camel(name));
    environment.add_filter("screaming", |name: &str| names::screaming(name));
    environment.add_filter("chain_marks", |text: &str| layout::chain_marks(text));
    environment.add_filter("article", |name: &str| names::with_article(name));
    environment.add_filter("title", |name: &str| names::title(name));
    environment.add_filter("rust_str", |text: &str| rust_string(text));
    environment.add_filter("sql_name", |name: &str| {
        if is_sql_keyword(name) {
            format!("\"{name}\"")
        } else {
            name.to_owned()
        }
    });
    environment.add_filter("rust_char", |text: &str| {
        let character = text.chars().next().unwrap_or_default();
        format!("{character:?}")
    });
    environment.add_filter("sql_str", |text: &str| {
        format!("'{}'", text.replace('\'', "''"))
    });
    environment.add_filter("json", json);
}

/// A Rust string literal.
fn rust_string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            // Hidden layout marks come back as they were.
            '\'' | '\u{10F5E0}' | '\u{10F5E1}' => literal.push(character),
            _ => literal.extend(character.escape_debug()),
        }
    }
    literal.push('"');
    literal
}

fn json(value: &Value) -> Result<String, minijinja::Error> {
    Ok(to_json(value)?.to_string())
}

fn to_json(value: &Value) -> Result<serde_json::Value, minijinja::Error> {
    use minijinja::value::ValueKind;
    Ok(match value.kind() {
        ValueKind::None => serde_json::Value::Null,
        ValueKind::Bool => serde_json::Value::Bool(value.is_true()),
        ValueKind::Number => match value.as_i64() {
            Some(number) if value.is_integer() => number.into(),
            _ => serde_json::Number::from_f64(f64::try_from(value.clone())?)
                .map_or(serde_json::Value::Null, serde_json::Value::Number),
        },
        ValueKind::Seq | ValueKind::Iterable => value
            .try_iter()?
            .map(|item| to_json(&item))
            .collect::<Result<_, _>>()?,
        ValueKind::Map => {
            let mut entries = serde_json::Map::new();
            for key in value.try_iter()? {
                entries.insert(key.to_string(), to_json(&value.get_item(&key)?)?);
            }
            serde_json::Value::Object(entries)
        }
        ValueKind::Undefined => {
            return Err(minijinja::ErrorKind::UndefinedError.into());
        }
        _ => serde_json::Value::String(value.to_string()),
    })
}

/// Whether a column of this name has to be quoted in PostgreSQL or SQLite.
fn is_sql_keyword(name: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "add",
        "all",
        "alter",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "authorization",
        "autoincrement",
        "between",
        "binary",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "collation",
        "column",
        "commit",
        "concurrently",
        "constraint",
        "create",
        "cross",
        "current_catalog",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "default",
        "deferrable",
        "delete",
        "desc",
        "distinct",
        "do",
        "drop",
        "else",
        "end",
        "escape",
        "except",
        "exists",
        "false",
        "fetch",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "grant",
        "group",
        "having",
        "if",
        "ilike",
        "in",
        "index",
        "initially",
        "inner",
        "insert",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "natural",
        "not",
        "nothing",
        "notnull",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "outer",
        "overlaps",
        "placing",
        "primary",
        "references",
        "returning",
        "right",
        "rollback",
        "select",
        "session_user",
        "set",
        "similar",
        "some",
        "symmetric",
        "table",
        "tablesample",
        "then",
        "to",
        "trailing",
        "transaction",
        "true",
        "union",
        "unique",
        "update",
        "user",
        "using",
        "values",
        "variadic",
        "verbose",
        "when",
        "where",
        "window",
        "with",
    ];
    KEYWORDS.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_sql_keyword;

    #[test]
    fn only_keywords_are_quoted() {
        for keyword in ["add", "order", "user", "with", "group"] {
            assert!(is_sql_keyword(keyword), "{keyword}");
        }
        for name in ["orders", "customer", ""] {
            assert!(!is_sql_keyword(name), "{name}");
        }
    }
}
