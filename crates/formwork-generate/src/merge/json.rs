//! JSON.

use formwork_catalog::Format;
use serde_json::{Map, Value};

use super::{Contribution, Union, below};

pub(super) fn merge(texts: &[(&Contribution<'_>, &str)], union: &mut Union<'_>) -> String {
    let mut merged: Option<Value> = None;
    for (contribution, text) in texts {
        let value = match serde_json::from_str::<Value>(text) {
            Ok(value) => value,
            Err(error) => {
                union.syntax(contribution, Format::Json, error.to_string());
                continue;
            }
        };
        match &mut merged {
            None => {
                for key in value.as_object().into_iter().flat_map(Map::keys) {
                    union.bring(key.clone(), contribution.feature);
                }
                merged = Some(value);
            }
            Some(merged) => values(merged, value, "", contribution.feature, union),
        }
    }
    merged.map_or_else(String::new, |value| format!("{value:#}\n"))
}

fn values(mine: &mut Value, theirs: Value, path: &str, feature: &str, union: &mut Union<'_>) {
    match (mine, theirs) {
        (Value::Object(mine), Value::Object(theirs)) => {
            for (key, value) in theirs {
                let path = below(path, &key);
                match mine.get_mut(&key) {
                    Some(mine) => values(mine, value, &path, feature, union),
                    None => {
                        mine.insert(key, value);
                        union.bring(path, feature);
                    }
                }
            }
        }
        (Value::Array(mine), Value::Array(theirs)) => {
            for value in theirs {
                if !mine.contains(&value) {
                    mine.push(value);
                }
            }
        }
        (mine, theirs) if *mine == theirs => {}
        (mine, theirs) => union.conflict(path, feature, mine.to_string(), theirs.to_string()),
    }
}
